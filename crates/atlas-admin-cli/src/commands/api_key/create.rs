//! `api-key create`

use clap::Args;

use crate::{
    args::{OrgArgs, RoleArgs},
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
  atlas-admin api-key create --org 32b6e34b3d91647abb20e7b8 --desc \"ci deploys\" \\
    --role ORG_MEMBER --secret-file ci.key
  atlas-admin api-key create --desc \"ci deploys\" --role ORG_READ_ONLY --show-secret \\
    --output json | jq -r .privateKey
  atlas-admin api-key list --public-key abcdefgh --private-key-file ci.key";

/// Create an API key in an organization
///
/// The service shows the private key this once. --secret-file writes it to a new file, made before
/// the request is sent, which holds the private key alone, as --private-key-file reads it.
/// --show-secret prints it to standard output: as the last line, or as privateKey with --output
/// json. One of the two is required.
///
/// After Ctrl-C, the command still waits for the response, because nobody could get the private
/// key later. A second Ctrl-C exits immediately.
#[derive(Args)]
#[command(after_help = EXAMPLES, mut_arg("role", |arg| arg.required(true)))]
pub(in crate::commands) struct Create {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: NewKeyArgs,

    #[command(flatten)]
    roles: RoleArgs,
}

pub(super) fn run(command: &Create, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    context.check_roles(RoleScope::Organization, &command.roles)?;
    let list = format!("atlas-admin api-key list --org {org}");
    create::run(context, &command.key, &list, |client| {
        let create = client.org(org).api_keys().create(&command.key.desc);
        let create = create.roles(command.roles.names());
        Call::new(create.to_request(), create)
    })
}
