//! Commands that take something away.

use atlas_admin::{Client, Error, ErrorKind, Response};
use clap::Args;
use serde_json::Value;

use super::{context::Context, prompt};
use crate::{
    client::{Call, Session},
    error::{CliError, ExitStatus},
    ui::{eprint, response},
};

#[derive(Args)]
pub(super) struct DeletionArgs {
    /// Skip the confirmation prompt
    #[arg(long, short)]
    yes: bool,

    /// Succeed if it does not exist
    #[arg(long)]
    pub(super) missing_ok: bool,
}

/// What is taken away.
pub(super) struct Deletion {
    /// Such as "Delete".
    pub(super) verb: &'static str,
    /// Such as "deleted"; also the field of the result that says whether it was there.
    pub(super) participle: &'static str,
    /// Such as "API key 6a793f752c88faeba59bba49".
    pub(super) name: String,
    /// The identifying fields of the result.
    pub(super) fields: Value,
}

/// Asks, unless `--yes` is set, sends the call and prints the result; with `--dry-run`, prints
/// the request. `read` returns what is to be taken away as lines for the question, or `None` if
/// it does not exist.
pub(super) fn run(
    context: &Context<'_>,
    args: &DeletionArgs,
    deletion: &Deletion,
    call: impl FnOnce(&Client) -> Result<Call<Response<()>>, Error>,
    read: impl AsyncFnOnce(&Session) -> Result<Option<String>, Error>,
) -> Result<ExitStatus, CliError> {
    if context.dry_run {
        return context.preview(call);
    }
    if !args.yes {
        prompt::require_terminal("add --yes")?;
    }
    context.with_session(async |session| {
        if !args.yes {
            let Some(lines) = read(session).await? else {
                return deletion.missing(context, args);
            };
            eprint(&lines);
            if !prompt::confirm(&format!("{} {}?", deletion.verb, deletion.name)).await {
                context.output.note("nothing was changed");
                return Ok(ExitStatus::Failure);
            }
        }
        let response = call(&session.client)?.send().await?;
        // With `missing_ok`, the refusal of the service is a success.
        deletion.print(context, response.status().is_success())?;
        response::notes(&response, context.output);
        Ok(ExitStatus::Success)
    })
}

impl Deletion {
    fn missing(&self, context: &Context<'_>, args: &DeletionArgs) -> Result<ExitStatus, CliError> {
        if args.missing_ok {
            self.print(context, false)?;
            return Ok(ExitStatus::Success);
        }
        let message = format!("{} does not exist", self.name);
        Err(Error::new(ErrorKind::NotFound, message).into())
    }

    fn print(&self, context: &Context<'_>, existed: bool) -> Result<(), CliError> {
        let mut result = self.fields.clone();
        result[self.participle] = existed.into();
        let sentence = if existed {
            format!("{} {}", self.participle, self.name)
        } else {
            format!("{} does not exist", self.name)
        };
        context.output.outcome(&result, &sentence)
    }
}
