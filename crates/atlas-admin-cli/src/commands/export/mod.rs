//! `export`: write today's keys as a manifest.

mod document;

use atlas_admin::{Error, ErrorKind};
use clap::Args;

use self::document::Document;
use super::{context::Context, listing};
use crate::{
    args::{DescGlobArgs, Format, OrgArgs},
    error::{CliError, ExitStatus},
    roles::KnownRoles,
    ui::table::count,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin export --org 32b6e34b3d91647abb20e7b8 > keys.yaml
  atlas-admin apply keys.yaml --plan --exit-code
  atlas-admin export --desc-glob 'ci-*' --desc-glob '*deploys' --output json";

/// Write an organization's API keys as a manifest for apply
///
/// The manifest has each key's description and all its roles, so that its plan changes nothing until
/// a key or the manifest changes. Keys are in the order of their IDs. Fields that apply would refuse,
/// such as an empty description, are left out, with a comment and a warning.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Export {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    desc_glob: DescGlobArgs,
}

pub(super) fn run(command: &Export, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    let list = org.clone();
    context.run(
        |client| listing::call(client.org(list).api_keys().list()),
        |keys, output| {
            let mut keys: Vec<_> = keys
                .iter()
                .filter(|key| command.desc_glob.matches(key.desc.as_deref()))
                .collect();
            keys.sort_unstable_by_key(|key| key.id.as_str());
            let known_roles = KnownRoles::new(context.config.service.value, false);
            let document = Document::new(org, &keys, &known_roles);
            for warning in document.warnings() {
                output.note(&format!("warning: {warning}"));
            }
            if document.is_empty() {
                let message = "there is no API key to export";
                return Err(Error::new(ErrorKind::NotFound, message).into());
            }
            match output.format {
                Format::Json => output.data(&document)?,
                _ => output.text(&document.to_yaml()?)?,
            }
            output.note(&format!("exported {}", count(document.len(), "key")));
            Ok(())
        },
    )
}
