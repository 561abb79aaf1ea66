//! Options shared by all commands.

mod global;
mod output;
mod secrets;
mod service;

pub(crate) use self::{
    global::GlobalArgs,
    output::{Color, Format},
    secrets::without_secrets,
    service::NamedService,
};
