//! `roles`: what the catalogue knows.

use clap::Args;
use serde::Serialize;

use crate::{
    catalog::{self, Level},
    cli::Global,
    exit::Failure,
    output::{Output, table},
    service::Service,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin roles
  atlas-admin roles --service ops-manager --output json | jq -r .[].role";

/// List the roles that are known, by service
///
/// Services add roles at any time. One that is not listed here can be used all the
/// same.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Roles {}

#[derive(Serialize)]
struct Role {
    role: &'static str,
    level: &'static str,
    services: Vec<Service>,
}

pub(super) fn run(global: &Global, output: &Output) -> Result<(), Failure> {
    let services: Vec<_> = Service::ALL
        .into_iter()
        .filter(|service| global.service.is_none_or(|wanted| wanted == *service))
        .collect();
    let roles: Vec<_> = Level::ALL
        .into_iter()
        .flat_map(|level| known(level, &services))
        .collect();
    output.result(&roles, |roles| {
        let mut table = table();
        table.set_header(["ROLE", "LEVEL", "SERVICES"]);
        for role in roles {
            let services: Vec<_> = role.services.iter().map(|service| service.id()).collect();
            table.add_row([role.role, role.level, &services.join(", ")]);
        }
        table
    })
}

/// The roles of a level that any of the services lists, by name.
fn known(level: Level, services: &[Service]) -> Vec<Role> {
    let lists = |service: &Service, role| catalog::roles(*service, level).contains(&role);
    let mut names: Vec<_> = services
        .iter()
        .flat_map(|service| catalog::roles(*service, level))
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|role| Role {
            role,
            level: level.name(),
            services: services
                .iter()
                .filter(|service| lists(service, role))
                .copied()
                .collect(),
        })
        .collect()
}
