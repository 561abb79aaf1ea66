//! Options shared by all commands.

mod global;
mod output;

use atlas_admin::Service;
use clap::builder::{PossibleValuesParser, TypedValueParser};

pub(crate) use self::{
    global::GlobalArgs,
    output::{Color, Format},
};

/// Parses the name of a service.
fn service_parser() -> impl TypedValueParser<Value = Service> {
    PossibleValuesParser::new(Service::ALL.iter().map(|service| service.as_str()))
        .try_map(|name| name.parse::<Service>())
}
