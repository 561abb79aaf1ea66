//! `schema`: print the JSON Schema of the manifest.

use clap::Args;

use super::apply::manifest;
use crate::{error::CliError, ui::Output};

const EXAMPLES: &str = "\
Example:
  atlas-admin schema > apply.schema.json
  # and at the top of keys.yaml, for editors that check YAML:
  # yaml-language-server: $schema=apply.schema.json";

/// Print the JSON Schema of the manifest that apply reads
///
/// The schema (draft 2020-12) describes both YAML and JSON manifests. Use --output yaml to
/// print the schema itself as YAML.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Schema {}

pub(super) fn run(output: &Output) -> Result<(), CliError> {
    output.data(&manifest::schema())
}
