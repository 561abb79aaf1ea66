//! `org-key`: an API key of an organization.

use atlas_admin::{ApiKeyId, OrgId};
use clap::{ArgGroup, Args, Subcommand, builder::NonEmptyStringValueParser};

use super::one_call;
use crate::{
    catalog::Level, cli::Global, exit::Failure, output::Output, read_key::read_key,
    settings::Settings,
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
pub(crate) enum OrgKey {
    /// Read an API key
    Get(Get),
    /// Change an API key's description, its roles in the organization, or both
    ///
    /// What is not given stays as it is. Roles that are given replace those that the
    /// key has in the organization; its roles in projects stay.
    Update(Update),
}

/// Which key.
#[derive(Args)]
struct Key {
    /// Id of the organization [default: MONGODB_ATLAS_ORG_ID, or the profile's org]
    #[arg(long, value_name = "ID")]
    org: Option<OrgId>,

    /// Id of the API key, which is not its public key
    #[arg(long, value_name = "ID")]
    key: ApiKeyId,
}

#[derive(Args)]
#[command(after_help = GET_EXAMPLES)]
pub(crate) struct Get {
    #[command(flatten)]
    key: Key,
}

#[derive(Args)]
#[command(after_help = UPDATE_EXAMPLES)]
#[command(group(ArgGroup::new("change").args(["desc", "role"]).required(true).multiple(true)))]
pub(crate) struct Update {
    #[command(flatten)]
    key: Key,

    /// What the key is for, 1 to 250 characters
    #[arg(long, value_name = "TEXT")]
    desc: Option<String>,

    /// A role that the key is to have in the organization; may be repeated
    #[arg(long, value_name = "ROLE", value_delimiter = ',', value_parser = NonEmptyStringValueParser::new())]
    role: Vec<String>,
}

pub(super) fn run(command: &OrgKey, global: &Global, output: &Output) -> Result<(), Failure> {
    let settings = Settings::gather(global, output)?;
    match command {
        OrgKey::Get(Get { key }) => {
            let org = settings.org(key.org.as_ref())?;
            one_call::run(&settings, global, output, |client| {
                read_key(client, &org, &key.key)
            })
        }
        OrgKey::Update(Update { key, desc, role }) => {
            let org = settings.org(key.org.as_ref())?;
            one_call::warn_of_unknown(role, Level::Organization, &settings, output);
            one_call::run(&settings, global, output, |client| {
                let mut update = client.org(org).api_key(&key.key).update();
                if let Some(desc) = desc {
                    update = update.desc(desc);
                }
                if !role.is_empty() {
                    update = update.roles(role.iter().map(String::as_str));
                }
                update.send()
            })
        }
    }
}
