//! `org-key`: read or update an organization's API key.

use atlas_admin::{ApiKeyId, OrgId};
use clap::{ArgGroup, Args, Subcommand, builder::NonEmptyStringValueParser};

use super::single_call;
use crate::{
    args::GlobalArgs,
    client::Call,
    config::Config,
    error::CliError,
    roles::{self, RoleScope},
    ui::Output,
};

const GET_EXAMPLES: &str = "\
Examples:
  atlas-admin org-key get --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49
  MONGODB_ATLAS_ORG_ID=32b6e34b3d91647abb20e7b8 \\
    atlas-admin org-key get --key 6a793f752c88faeba59bba49 --output json | jq .roles";

const UPDATE_EXAMPLES: &str = "\
Examples:
  atlas-admin org-key update --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49 \\
    --desc \"ci deploys\"
  atlas-admin org-key update --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49 \\
    --role ORG_READ_ONLY,ORG_BILLING_READ_ONLY --dry-run";

const EXAMPLES: &str = "\
Example:
  atlas-admin org-key get --org 32b6e34b3d91647abb20e7b8 --key 6a793f752c88faeba59bba49";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum OrgKey {
    /// Show an API key
    Get(Get),
    /// Update an API key's description or organization roles
    ///
    /// Options that you omit leave the key unchanged. --role replaces all roles that the key
    /// has in the organization; its project roles are not affected.
    Update(Update),
}

/// The key to read or update.
#[derive(Args)]
struct Key {
    /// Organization ID [default: MONGODB_ATLAS_ORG_ID, or org in the profile]
    #[arg(long, value_name = "ID")]
    org: Option<OrgId>,

    /// API key ID (not the public key)
    #[arg(long, value_name = "ID")]
    key: ApiKeyId,
}

#[derive(Args)]
#[command(after_help = GET_EXAMPLES)]
pub(super) struct Get {
    #[command(flatten)]
    key: Key,
}

#[derive(Args)]
#[command(after_help = UPDATE_EXAMPLES)]
#[command(group(ArgGroup::new("change").args(["desc", "role"]).required(true).multiple(true)))]
pub(super) struct Update {
    #[command(flatten)]
    key: Key,

    /// New description, 1 to 250 characters
    #[arg(long, value_name = "TEXT")]
    desc: Option<String>,

    /// Organization role to set; repeat, or separate with commas
    #[arg(
        long,
        value_name = "ROLE",
        value_delimiter = ',',
        value_parser = NonEmptyStringValueParser::new()
    )]
    role: Vec<String>,

    /// Send role names that look like a misspelling of a known role
    #[arg(long)]
    allow_unknown_role: bool,
}

pub(super) fn run(command: &OrgKey, global: &GlobalArgs, output: &Output) -> Result<(), CliError> {
    let config = Config::load(global, output)?;
    match command {
        OrgKey::Get(Get { key }) => {
            let org = config.org(key.org.as_ref())?;
            single_call::run(&config, global, output, |client| {
                Call::Get(client.org(org).api_key(&key.key).get())
            })
        }
        OrgKey::Update(Update {
            key,
            desc,
            role,
            allow_unknown_role,
        }) => {
            let org = config.org(key.org.as_ref())?;
            roles::check(
                config.service.value,
                RoleScope::Organization,
                role,
                *allow_unknown_role,
                output,
            )?;
            single_call::run(&config, global, output, |client| {
                let mut update = client.org(org).api_key(&key.key).update();
                if let Some(desc) = desc {
                    update = update.desc(desc);
                }
                if !role.is_empty() {
                    update = update.roles(role.iter().map(String::as_str));
                }
                Call::Update(update)
            })
        }
    }
}
