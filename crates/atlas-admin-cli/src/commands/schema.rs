//! `schema`: the form of the file that `apply` reads.

use clap::Args;

use crate::{apply, exit::Failure, output::Output};

const EXAMPLES: &str = "\
Example:
  atlas-admin schema > apply.schema.json
  # and at the top of keys.yaml, for editors that check YAML:
  # yaml-language-server: $schema=apply.schema.json";

/// Print the JSON Schema of the file that apply reads
///
/// It is draft 2020-12, and holds for YAML and JSON alike. With --output yaml the
/// schema itself is YAML.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Schema {}

pub(super) fn run(output: &Output) -> Result<(), Failure> {
    output.data(&apply::schema())
}
