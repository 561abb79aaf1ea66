//! `project-key`: manage the API keys of a project.

mod create;
mod edit_roles;
mod list;
mod remove;
mod set_roles;

use clap::Subcommand;

use super::context::Context;
use crate::error::{CliError, ExitStatus};

const EXAMPLES: &str = "\
Examples:
  atlas-admin project-key list --project 32b6e34b3d91647abb20e7b9
  atlas-admin project-key assign --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_READ_ONLY";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum ProjectKey {
    List(list::List),
    Create(create::Create),
    /// Give an organization's API key its first roles in a project
    ///
    /// If the key has roles in the project already, they are replaced: the services have one
    /// request for assign and set-roles.
    #[command(after_help = set_roles::ASSIGN_EXAMPLES)]
    Assign(set_roles::SetRoles),
    /// Replace an API key's roles in a project
    ///
    /// The key loses its other roles in this project. Its organization roles and its roles
    /// in other projects are not affected.
    #[command(after_help = set_roles::EXAMPLES)]
    SetRoles(set_roles::SetRoles),
    /// Add roles to those that an API key has in a project
    ///
    /// Reads the key's roles and replaces them, if that changes anything. What somebody else
    /// changes in between is undone. --dry-run prints the first request, which reads the roles.
    #[command(after_help = edit_roles::ADD_EXAMPLES)]
    AddRoles(edit_roles::EditRoles),
    /// Remove some of the roles that an API key has in a project
    ///
    /// Reads the key's roles and replaces them, if that changes anything. What somebody else
    /// changes in between is undone. The last role stays: use remove to take the key out of the
    /// project. --dry-run prints the first request, which reads the roles.
    #[command(after_help = edit_roles::REMOVE_EXAMPLES)]
    RemoveRoles(edit_roles::EditRoles),
    Remove(remove::Remove),
}

pub(super) fn run(command: &ProjectKey, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    match command {
        ProjectKey::List(command) => list::run(command, context),
        ProjectKey::Create(command) => create::run(command, context),
        ProjectKey::Assign(command) | ProjectKey::SetRoles(command) => {
            set_roles::run(command, context)
        }
        ProjectKey::AddRoles(command) => edit_roles::add(command, context),
        ProjectKey::RemoveRoles(command) => edit_roles::remove(command, context),
        ProjectKey::Remove(command) => remove::run(command, context),
    }
}
