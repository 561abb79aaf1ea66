//! `api-key delete`

use atlas_admin::{Error, ErrorCode};
use clap::Args;
use serde_json::json;

use crate::{
    args::{KeyArgs, OrgArgs},
    client::Call,
    commands::{
        context::Context,
        deletion::{self, Deletion, DeletionArgs},
    },
    error::{CliError, ExitStatus},
    ui::api_key,
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key delete --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49
  atlas-admin api-key delete --key 6a793f752c88faeba59bba49 --yes --missing-ok";

/// Delete an API key, also from all projects
///
/// Nobody can sign in with the key afterwards, and it cannot be restored. Reads the key and asks
/// for confirmation; without a terminal, --yes is required.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::commands) struct Delete {
    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    deletion: DeletionArgs,
}

pub(super) fn run(command: &Delete, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let org = context.org(&command.org)?;
    let key = &command.key.key;
    let deletion = Deletion {
        verb: "Delete",
        participle: "deleted",
        name: format!("API key {key}"),
        fields: json!({ "id": key }),
    };
    deletion::run(
        context,
        &command.deletion,
        &deletion,
        |client| {
            let mut delete = client.org(&org).api_key(key).delete();
            if command.deletion.missing_ok {
                delete = delete.missing_ok();
            }
            Call::new(delete.to_request(), delete)
        },
        async |session| match session.client.org(&org).api_key(key).get().await {
            Ok(key) => Ok(Some(api_key::summary(&key, session.public_key.as_deref()))),
            // Otherwise the service's own words are the better error.
            Err(error) if command.deletion.missing_ok && is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        },
    )
}

fn is_missing(error: &Error) -> bool {
    error.code() == Some(ErrorCode::API_KEY_NOT_FOUND)
}
