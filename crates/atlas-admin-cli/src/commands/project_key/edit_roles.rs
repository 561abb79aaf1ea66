//! `project-key add-roles` and `remove-roles`

use atlas_admin::{EditProjectRoles, ProjectApiKey};
use clap::Args;
use serde::Serialize;

use crate::{
    args::{KeyArgs, ProjectArgs, RoleArgs},
    commands::{context::Context, listing},
    error::{CliError, ExitStatus},
    roles::RoleScope,
    ui::{response, table::table, word},
};

pub(super) const ADD_EXAMPLES: &str = "\
Example:
  atlas-admin project-key add-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_DATA_ACCESS_READ_ONLY";

pub(super) const REMOVE_EXAMPLES: &str = "\
Example:
  atlas-admin project-key remove-roles --project 32b6e34b3d91647abb20e7b9 \\
    --key 6a793f752c88faeba59bba49 --role GROUP_OWNER";

#[derive(Args)]
#[command(mut_arg("role", |arg| arg.required(true)))]
pub(in crate::commands) struct EditRoles {
    #[command(flatten)]
    project: ProjectArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    roles: RoleArgs,
}

/// The result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Edited<'a> {
    id: &'a str,
    group_id: &'a str,
    changed: bool,
    roles: Vec<&'a str>,
}

pub(super) fn add(command: &EditRoles, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    run(command, context, |key| key.add_roles(command.roles.names()))
}

pub(super) fn remove(command: &EditRoles, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let edit = |key: ProjectApiKey| key.remove_roles(command.roles.names());
    run(command, context, edit).map_err(|error| match error {
        // All other input has been checked before.
        CliError::Call(error) if error.is_input() && error.status().is_none() => {
            let hint = "atlas-admin project-key remove takes the key out of the project";
            CliError::CallWithHint(error, hint.to_owned())
        }
        error => error,
    })
}

fn run(
    command: &EditRoles,
    context: &Context<'_>,
    edit: impl FnOnce(ProjectApiKey) -> EditProjectRoles,
) -> Result<ExitStatus, CliError> {
    let project = context.project(&command.project)?;
    let key = &command.key.key;
    context.check_roles(RoleScope::Project, &command.roles)?;
    if context.dry_run {
        let list = |client: &atlas_admin::Client| {
            listing::call(client.project(&project).api_keys().list())
        };
        let status = context.preview(list)?;
        let note = "the update that follows depends on the roles that the key has";
        context.output.note(note);
        return Ok(status);
    }
    let edited = context.with_session(async |session| {
        let key = session.client.project(&project).api_key(key);
        Ok(edit(key).send().await?)
    })?;
    let result = Edited {
        id: key.as_str(),
        group_id: project.as_str(),
        changed: edited.changed,
        roles: edited.roles.iter().map(AsRef::as_ref).collect(),
    };
    context.output.result(&result, |result| {
        let roles: Vec<_> = result.roles.iter().map(|role| word(role)).collect();
        let mut table = table();
        table.add_row(["API key", result.id]);
        table.add_row([&format!("project {}", result.group_id), &roles.join(", ")]);
        table.add_row(["changed", if result.changed { "yes" } else { "no" }]);
        table
    })?;
    response::notes(&edited, context.output);
    Ok(ExitStatus::Success)
}
