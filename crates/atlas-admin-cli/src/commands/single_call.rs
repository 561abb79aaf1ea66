//! Commands that make a single call.

use crate::{
    args::GlobalArgs,
    client::{Call, DryRun, Session},
    config::Config,
    error::CliError,
    runtime::block_on,
    ui::{Output, api_key, request},
};

/// Sends the call and prints the key, or with `--dry-run` prints the request.
pub(super) fn run(
    config: &Config,
    global: &GlobalArgs,
    output: &Output,
    call: impl FnOnce(&atlas_admin::Client) -> Call,
) -> Result<(), CliError> {
    if global.dry_run {
        let dry_run = DryRun::new(config, output)?;
        let preview = dry_run.preview(&call(&dry_run.client))?;
        return request::print(&preview, output);
    }
    block_on(async {
        let session = Session::open(config, output)?;
        let response = call(&session.client).send().await;
        session.close().await;
        api_key::print(&response?, output)
    })
}
