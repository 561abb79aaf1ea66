//! `roles`: list the known roles.

use atlas_admin::Service;
use clap::Args;
use serde::Serialize;

use crate::{
    args::GlobalArgs,
    error::CliError,
    roles::RoleScope,
    ui::{Output, table::table},
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin roles
  atlas-admin roles --service ops-manager --output json | jq -r .[].role";

/// List the known roles of each service
///
/// Services add roles at any time. You can use a role that is not listed.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Roles {}

#[derive(Serialize)]
struct Role {
    role: String,
    level: &'static str,
    services: Vec<&'static str>,
}

pub(super) fn run(global: &GlobalArgs, output: &Output) -> Result<(), CliError> {
    let mut roles: Vec<Role> = Vec::new();
    for scope in RoleScope::ALL {
        let first = roles.len();
        for &service in Service::ALL {
            if global.service.is_some_and(|only| only.service != service) {
                continue;
            }
            for role in scope.roles(service) {
                match roles[first..].iter_mut().find(|known| known.role == role) {
                    Some(known) => known.services.push(service.as_str()),
                    None => roles.push(Role {
                        role,
                        level: scope.name(),
                        services: vec![service.as_str()],
                    }),
                }
            }
        }
        roles[first..].sort_unstable_by(|a, b| a.role.cmp(&b.role));
    }
    output.result(&roles, |roles| {
        let mut table = table();
        table.set_header(["ROLE", "LEVEL", "SERVICES"]);
        for role in roles {
            table.add_row([&role.role, role.level, &role.services.join(", ")]);
        }
        table
    })
}
