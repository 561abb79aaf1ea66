//! `project-key`: an API key as a project sees it.

use atlas_admin::{ApiKeyId, ProjectId};
use clap::{Args, Subcommand, builder::NonEmptyStringValueParser};

use super::one_call;
use crate::{catalog::Level, cli::Global, exit::Failure, output::Output, settings::Settings};

const SET_ROLES_EXAMPLES: &str = "\
Examples:
  atlas-admin project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_READ_ONLY --role GROUP_DATA_ACCESS_READ_WRITE
  atlas-admin --service ops-manager --base-url https://om.example.com:8443 \\
    project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_MONITORING_ADMIN";

const EXAMPLES: &str = "\
Example:
  atlas-admin project-key set-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_READ_ONLY";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum ProjectKey {
    /// Set the roles that an API key has in a project
    ///
    /// A role that is not given is taken from the key in this project; its roles in
    /// the organization and in other projects stay.
    SetRoles(SetRoles),
}

#[derive(Args)]
#[command(after_help = SET_ROLES_EXAMPLES)]
pub(crate) struct SetRoles {
    /// Id of the project [default: MONGODB_ATLAS_PROJECT_ID, or the profile's project]
    #[arg(long, value_name = "ID")]
    project: Option<ProjectId>,

    /// Id of the API key, which is not its public key
    #[arg(long, value_name = "ID")]
    key: ApiKeyId,

    /// A role that the key is to have in the project; may be repeated
    #[arg(long, value_name = "ROLE", value_delimiter = ',', required = true, value_parser = NonEmptyStringValueParser::new())]
    role: Vec<String>,
}

pub(super) fn run(
    ProjectKey::SetRoles(command): &ProjectKey,
    global: &Global,
    output: &Output,
) -> Result<(), Failure> {
    let settings = Settings::gather(global, output)?;
    let project = settings.project(command.project.as_ref())?;
    one_call::warn_of_unknown(&command.role, Level::Project, &settings, output);
    one_call::run(&settings, global, output, |client| {
        client
            .project(project)
            .api_key(&command.key)
            .replace_roles(command.role.iter().map(String::as_str))
            .send()
    })
}
