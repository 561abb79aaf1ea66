//! Commands that are one call: send it and show the key, or show what would be
//! sent.

use atlas_admin::{ApiKey, Client, Error, Response};

use crate::{
    catalog::{self, Level},
    cli::Global,
    connect::connect,
    dry_run::{self, DryRun},
    exit::Failure,
    key_view,
    output::Output,
    runtime::block_on,
    settings::Settings,
};

pub(super) fn run<F>(
    settings: &Settings,
    global: &Global,
    output: &Output,
    call: impl FnOnce(Client) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<Response<ApiKey>, Error>>,
{
    block_on(async {
        if global.dry_run {
            let dry_run = DryRun::start(settings, output).await?;
            let preview = dry_run.preview(call(dry_run.client().clone())).await?;
            return dry_run::show(&preview, output);
        }
        let connection = connect(settings)?;
        let answer = call(connection.client.clone()).await;
        connection.close().await;
        key_view::show(&answer?, output)
    })
}

/// Warns of roles that the service does not list. They are sent all the same.
pub(super) fn warn_of_unknown(
    roles: &[String],
    level: Level,
    settings: &Settings,
    output: &Output,
) {
    for role in roles {
        if let Some(remark) = catalog::remark(settings.service.value, level, role) {
            output.note(&format!("warning: {remark}"));
        }
    }
}
