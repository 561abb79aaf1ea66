//! `schema`: print JSON Schemas.

use clap::{Args, ValueEnum};

use super::apply::{manifest, plan_json};
use crate::{error::CliError, ui::Output};

const EXAMPLES: &str = "\
Examples:
  atlas-admin schema > apply.schema.json
  # and at the top of keys.yaml, for editors that check YAML:
  # yaml-language-server: $schema=apply.schema.json

  atlas-admin schema plan > plan.schema.json";

/// Print the JSON Schema of the manifest that apply reads, or of its plan
///
/// The schemas (draft 2020-12) describe both YAML and JSON. Use --output yaml to print the
/// schema itself as YAML.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Schema {
    /// What the schema describes: the manifest, or what apply --plan prints and --plan-out saves
    #[arg(default_value = "manifest")]
    document: Document,
}

#[derive(Clone, Copy, ValueEnum)]
enum Document {
    Manifest,
    Plan,
}

pub(super) fn run(command: &Schema, output: &Output) -> Result<(), CliError> {
    output.data(&match command.document {
        Document::Manifest => manifest::schema(),
        Document::Plan => plan_json::schema(),
    })
}
