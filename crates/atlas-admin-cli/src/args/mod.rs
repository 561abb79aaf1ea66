//! Options shared by all commands.

mod desc_glob;
mod global;
mod keys;
mod output;
mod roles;
mod secrets;
mod service;

pub(crate) use self::{
    desc_glob::DescGlobArgs,
    global::GlobalArgs,
    keys::{KeyArgs, OrgArgs, ProjectArgs},
    output::{Color, Format},
    roles::RoleArgs,
    secrets::without_secrets,
    service::NamedService,
};
