//! `project-key remove`

use clap::Args;
use serde_json::json;

use crate::{
    args::{KeyArgs, ProjectArgs},
    client::Call,
    commands::{
        context::Context,
        deletion::{self, Deletion, DeletionArgs},
        listing,
    },
    error::{CliError, ExitStatus},
    ui::api_key,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin project-key remove --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49
  atlas-admin project-key remove --key 6a793f752c88faeba59bba49 --yes --missing-ok";

/// Remove an API key from a project, with all its roles there
///
/// The key stays in its organization and in other projects. Reads the key and asks for
/// confirmation; without a terminal, --yes is required.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Remove {
    #[command(flatten)]
    project: ProjectArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    deletion: DeletionArgs,
}

pub(super) fn run(command: &Remove, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let project = context.project(&command.project)?;
    let key = &command.key.key;
    let deletion = Deletion {
        verb: "Remove",
        participle: "removed",
        name: format!("API key {key} in project {project}"),
        fields: json!({ "id": key, "groupId": project }),
    };
    deletion::run(
        context,
        &command.deletion,
        &deletion,
        |client| {
            let mut remove = client.project(&project).api_key(key).remove();
            if command.deletion.missing_ok {
                remove = remove.missing_ok();
            }
            Call::new(remove.to_request(), remove)
        },
        async |session| {
            let keys = listing::call(session.client.project(&project).api_keys().list())?;
            let mut keys = keys.send().await?;
            keys.retain(|listed| listed.id == *key);
            let caller = session.public_key.as_deref();
            Ok(keys.first().map(|key| api_key::summary(key, caller)))
        },
    )
}
