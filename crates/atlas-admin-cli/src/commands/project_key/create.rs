//! `project-key create`

use clap::Args;

use crate::{
    args::{ProjectArgs, RoleArgs},
    client::Call,
    commands::{
        context::Context,
        create::{self, NewKeyArgs},
    },
    error::{CliError, ExitStatus},
    roles::RoleScope,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin project-key create --project 32b6e34b3d91647abb20e7b9 --desc \"ci deploys\" \\
    --role GROUP_READ_ONLY --secret-file ci.key
  atlas-admin project-key create --desc \"ci deploys\" --role GROUP_READ_ONLY --show-secret \\
    --output json | jq -r .privateKey";

/// Create an API key with roles in a project
///
/// The key belongs to the project's organization, and Atlas makes it a member there. Atlas
/// requires --role; Ops Manager does not.
///
/// The service shows the private key this once. --secret-file writes it to a new file, made before
/// the request is sent, which holds the private key alone, as --private-key-file reads it.
/// --show-secret prints it to standard output: as the last line, or as privateKey with --output
/// json. One of the two is required.
///
/// After Ctrl-C, the command still waits for the response, because nobody could get the private
/// key later. A second Ctrl-C exits immediately.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Create {
    #[command(flatten)]
    project: ProjectArgs,

    #[command(flatten)]
    key: NewKeyArgs,

    #[command(flatten)]
    roles: RoleArgs,
}

pub(super) fn run(command: &Create, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let project = context.project(&command.project)?;
    context.check_roles(RoleScope::Project, &command.roles)?;
    let list = format!("atlas-admin project-key list --project {project}");
    create::run(context, &command.key, &list, |client| {
        let mut create = client.project(project).api_keys().create(&command.key.desc);
        if !command.roles.role.is_empty() {
            create = create.roles(command.roles.names());
        }
        Call::new(create.to_request(), create)
    })
}
