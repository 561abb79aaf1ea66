//! Options shared by all commands.

mod global;
mod output;

use clap::builder::{PossibleValuesParser, TypedValueParser};

pub(crate) use self::{
    global::GlobalArgs,
    output::{Color, Format},
};
use crate::service::Service;

/// Parses the name of a service.
fn service_parser() -> impl TypedValueParser<Value = Service> {
    PossibleValuesParser::new(Service::ALL.iter().map(|service| service.as_str()))
        .try_map(|name| name.parse::<Service>())
}
