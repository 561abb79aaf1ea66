//! Commands that make a single call.

use crate::{
    args::GlobalArgs,
    client::{Call, Session},
    config::Config,
    dry_run::{self, DryRun},
    error::CliError,
    roles::{RoleScope, unknown_role_warnings},
    runtime::block_on,
    ui::{Output, api_key},
};

/// Sends the call and prints the key, or with `--dry-run` prints the request.
pub(super) fn run(
    config: &Config,
    global: &GlobalArgs,
    output: &Output,
    call: impl FnOnce(&atlas_admin::Client) -> Call,
) -> Result<(), CliError> {
    block_on(async {
        if global.dry_run {
            let dry_run = DryRun::start(config, output).await?;
            let preview = dry_run.preview(call(dry_run.client()).send()).await?;
            return dry_run::show(&preview, output);
        }
        let session = Session::open(config)?;
        let response = call(&session.client).send().await;
        session.close().await;
        api_key::print(&response?, output)
    })
}

/// Warns about roles that the service does not document. They are sent nevertheless.
pub(super) fn warn_about_unknown_roles(
    roles: &[String],
    scope: RoleScope,
    config: &Config,
    output: &Output,
) {
    for warning in unknown_role_warnings(config.service.value, scope, roles) {
        output.note(&warning);
    }
}
