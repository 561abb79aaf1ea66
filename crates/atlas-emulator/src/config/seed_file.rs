//! What an emulator starts with, as a file.

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use secrecy::SecretString;
use serde::Deserialize;
use serde_saphyr::UserMessageFormatter;

use crate::{Assumptions, Builder, Faults, RateLimit, ResourceVersion, SeedKey, Service};

/// A seed file that cannot be read: where, and why. A value is not shown, as
/// it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seed file: {0}")]
pub struct SeedFileError(String);

/// What an emulator of the Atlas API starts with. Whatever is not given is made
/// up, or as the emulator's own documentation says. Ids are 24 lower-case
/// hexadecimal digits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct SeedFile {
    /// The id of the first organization.
    org_id: Option<String>,
    /// The id of the first project, which is in the first organization.
    project_id: Option<String>,
    /// The id of the key that is there to be updated.
    api_key_id: Option<String>,
    /// The public key of the calling key, an owner of the organization.
    public_key: Option<String>,
    /// The private key of the calling key.
    #[schemars(with = "Option<String>")]
    private_key: Option<SecretString>,
    /// The client id of the service account, an owner of the organization.
    client_id: Option<String>,
    /// The client secret of the service account.
    #[schemars(with = "Option<String>")]
    client_secret: Option<SecretString>,
    /// The addresses and networks that the calling key and the service account
    /// may be used from, as 192.0.2.7 and 10.0.0.0/8. Default: all.
    access_list: Vec<String>,
    /// The ids of further organizations.
    orgs: Vec<String>,
    /// Further projects.
    projects: Vec<SeedProject>,
    /// Further API keys.
    keys: Vec<SeedKey>,
    /// People who sign in with a user name and a personal API key, owners of
    /// the first organization.
    users: Vec<SeedUser>,
    /// How many organizations, and keys in each, are generated.
    synthetic: MadeUpCounts,
    /// Generates the same ids and credentials at every start.
    rng_seed: Option<u64>,
    /// The day that it is for the versions of Atlas v2, as 2027-07-01. Default:
    /// today.
    today: Option<String>,
    /// Versions of both operations of Atlas v2.
    versions: Vec<ResourceVersion>,
    /// The roles that a service knows, in place of its document's.
    roles: Roles,
    /// The rate limits. Default: those of the services.
    rate_limits: RateLimits,
    /// The faults to inject, as 429:every=10,retry_after=1.
    faults: Option<String>,
    /// How the emulator decides what is assumed, not documented.
    #[serde(alias = "inferred")]
    assumptions: Option<Assumptions>,
}

/// A project.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SeedProject {
    /// The project's id.
    id: String,
    /// The id of its organization.
    org: String,
}

/// A person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SeedUser {
    /// The user name.
    name: String,
    /// The personal API key.
    #[schemars(with = "String")]
    api_key: SecretString,
}

/// Organizations and keys that are generated.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct MadeUpCounts {
    /// Organizations beside the first and those that are named.
    orgs: u32,
    /// Keys in the first organization and in each that is generated.
    keys_per_org: u32,
}

/// Names of roles by service: ORG_… for organizations, the others for projects.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Roles {
    atlas_v2: Option<Vec<String>>,
    atlas_v1: Option<Vec<String>>,
    ops_manager_v1: Option<Vec<String>>,
}

/// The rate limits.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct RateLimits {
    /// Switches all of them off.
    off: bool,
    /// Of each organization.
    organization: Option<RateLimit>,
    /// Of each project.
    project: Option<RateLimit>,
    /// Of each service account's requests for a token. Default: none.
    token: Option<RateLimit>,
}

impl Builder {
    /// Takes settings from the text of a seed file, YAML or JSON, on top of
    /// those that were made before.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use atlas_emulator::Emulator;
    ///
    /// let emulator = Emulator::builder()
    ///     .seed_file(
    ///         "org_id: 5980cfc70b6d97029d82e3f6
    /// keys:
    ///   - public_key: readonly
    ///     private_key: 0f3b7c1d-aaaa-bbbb-0123456789ab
    ///     org_roles: [ORG_READ_ONLY]
    /// ",
    ///     )?
    ///     .start()
    ///     .await?;
    /// assert_eq!(emulator.org_id(), "5980cfc70b6d97029d82e3f6");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Where the text is not what [`seed_schema`](Self::seed_schema) describes.
    /// Ids and dates are checked by [`start`](Self::start).
    pub fn seed_file(mut self, text: &str) -> Result<Self, SeedFileError> {
        let file: SeedFile = serde_saphyr::from_str_with_options(text, yaml_options())
            .map_err(|error| SeedFileError(described(&error)))?;
        let seed = self.seed_mut();
        let replace = |old: &mut Option<String>, new: Option<String>| {
            if new.is_some() {
                *old = new;
            }
        };
        replace(&mut seed.org_id, file.org_id);
        replace(&mut seed.project_id, file.project_id);
        replace(&mut seed.api_key_id, file.api_key_id);
        replace(&mut seed.public_key, file.public_key);
        replace(&mut seed.client_id, file.client_id);
        seed.private_key = file.private_key.or(seed.private_key.take());
        seed.client_secret = file.client_secret.or(seed.client_secret.take());
        seed.access_list.extend(file.access_list);
        seed.orgs.extend(file.orgs);
        seed.projects.extend(
            file.projects
                .into_iter()
                .map(|project| (project.id, project.org)),
        );
        seed.keys.extend(file.keys);
        seed.users
            .extend(file.users.into_iter().map(|user| (user.name, user.api_key)));
        seed.more_orgs = seed.more_orgs.saturating_add(file.synthetic.orgs);
        seed.keys_per_org = seed
            .keys_per_org
            .saturating_add(file.synthetic.keys_per_org);
        for version in file.versions {
            self = self.version(version);
        }
        for (service, names) in file.roles.by_service() {
            self = self.roles(service, names);
        }
        if file.rate_limits.off {
            self = self.no_rate_limits();
        }
        if let Some(limit) = file.rate_limits.organization {
            self = self.org_rate_limit(limit);
        }
        if let Some(limit) = file.rate_limits.project {
            self = self.project_rate_limit(limit);
        }
        if let Some(limit) = file.rate_limits.token {
            self = self.token_rate_limit(limit);
        }
        if let Some(seed) = file.rng_seed {
            self = self.rng_seed(seed);
        }
        if let Some(today) = file.today {
            self = self.today(today);
        }
        if let Some(assumptions) = file.assumptions {
            self = self.assumptions(assumptions);
        }
        if let Some(faults) = file.faults {
            let faults: Faults = faults
                .parse()
                .map_err(|error| SeedFileError(format!("{error}")))?;
            self = self.faults(faults);
        }
        Ok(self)
    }

    /// The JSON Schema (draft 2020-12) of a seed file, printed.
    pub fn seed_schema() -> String {
        let schema = SchemaSettings::draft2020_12()
            .for_deserialize()
            .into_generator()
            .into_root_schema_for::<SeedFile>();
        // A value made of maps and strings can always be written.
        format!("{:#}\n", schema.to_value())
    }
}

impl Roles {
    fn by_service(self) -> BTreeMap<Service, Vec<String>> {
        [
            (Service::AtlasV2, self.atlas_v2),
            (Service::AtlasV1, self.atlas_v1),
            (Service::OpsManagerV1, self.ops_manager_v1),
        ]
        .into_iter()
        .filter_map(|(service, names)| Some((service, names?)))
        .collect()
    }
}

/// With room for some hundred thousand keys.
fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 8_000_000,
            max_nodes: 4_000_000,
            max_total_scalar_bytes: 256 << 20,
        },
        strict_booleans: true,
    }
}

/// The parser's report without the picture of the source.
fn described(error: &serde_saphyr::Error) -> String {
    let text = error
        .without_snippet()
        .render_with_formatter(&UserMessageFormatter);
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").trim().to_owned()
}
