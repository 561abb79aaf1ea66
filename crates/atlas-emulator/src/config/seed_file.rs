//! Seed files, which configure the emulator's initial state.

use schemars::{JsonSchema, generate::SchemaSettings};
use secrecy::SecretString;
use serde::Deserialize;
use serde_saphyr::UserMessageFormatter;

use crate::{Assumptions, Builder, Faults, RateLimit, ResourceVersion, SeedKey, Service};

/// An invalid seed file, with the location and reason. Values are not shown, because they may be
/// secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("seed file: {0}")]
pub struct SeedFileError(String);

/// Initial state of an emulator of the Atlas API. Everything that is not set is generated or has
/// the default in the emulator's documentation. Ids are 24 lower-case hexadecimal digits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct SeedFile {
    /// The id of the first organization; default: generated.
    org_id: Option<String>,
    /// The id of the first project, in the first organization; default: generated.
    project_id: Option<String>,
    /// The id of the key to update; default: generated.
    api_key_id: Option<String>,
    /// The public key of the calling key, an owner of the first organization; default: generated.
    public_key: Option<String>,
    /// The private key of the calling key; default: generated.
    #[schemars(with = "Option<String>")]
    private_key: Option<SecretString>,
    /// The client id of the service account, an owner of the first organization; default:
    /// generated.
    client_id: Option<String>,
    /// The client secret of the service account; default: generated.
    #[schemars(with = "Option<String>")]
    client_secret: Option<SecretString>,
    /// The addresses and networks from which the calling key and the service account may be used,
    /// such as 192.0.2.7 and 10.0.0.0/8; default: all.
    access_list: Vec<String>,
    /// The ids of additional organizations.
    orgs: Vec<String>,
    /// Additional projects.
    projects: Vec<SeedProject>,
    /// Additional API keys.
    keys: Vec<SeedKey>,
    /// People who authenticate with a user name and a personal API key, owners of the first
    /// organization.
    users: Vec<SeedUser>,
    /// The number of synthetic organizations and keys.
    synthetic: SyntheticCounts,
    /// The seed of generated ids and credentials, so that every start generates the same ones.
    rng_seed: Option<u64>,
    /// The current day for the versions of Atlas v2, such as 2027-07-01; default: today.
    today: Option<String>,
    /// The versions of the Atlas v2 operations.
    versions: Vec<ResourceVersion>,
    /// The roles that a service knows, instead of those in its document.
    roles: Roles,
    /// The rate limits; default: those of the services.
    rate_limits: RateLimits,
    /// The faults to inject, such as 429:every=10,retry_after=1.
    faults: Option<String>,
    /// How the emulator behaves where the services are not documented.
    #[serde(alias = "inferred")]
    assumptions: Option<Assumptions>,
}

/// A project.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SeedProject {
    /// The project's id.
    id: String,
    /// The id of the project's organization.
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

/// Numbers of synthetic organizations and keys.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct SyntheticCounts {
    /// The number of synthetic organizations, in addition to the first and those with ids.
    orgs: u32,
    /// The number of keys in the first organization and in each synthetic one.
    keys_per_org: u32,
}

/// Role names by service: ORG_… for organizations, all others for projects.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Roles {
    atlas_v2: Option<Vec<String>>,
    atlas_v1: Option<Vec<String>>,
    ops_manager_v1: Option<Vec<String>>,
}

/// Rate limits.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct RateLimits {
    /// Whether all rate limits are disabled.
    off: bool,
    /// The limit of each organization.
    organization: Option<RateLimit>,
    /// The limit of each project.
    project: Option<RateLimit>,
    /// Each service account's limit of token requests; default: no limit.
    token: Option<RateLimit>,
}

impl Builder {
    /// Adds the settings in a seed file, in YAML or JSON, to the existing settings.
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
    ///     private_key: 0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab
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
    /// Returns an error if the text does not match [`seed_schema`](Self::seed_schema).
    /// [`start`](Self::start) validates ids and dates.
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
        let projects = file.projects.into_iter();
        seed.projects
            .extend(projects.map(|project| (project.id, project.org)));
        seed.keys.extend(file.keys);
        let users = file.users.into_iter();
        seed.users
            .extend(users.map(|user| (user.name, user.api_key)));
        let synthetic = file.synthetic;
        seed.synthetic_orgs = seed.synthetic_orgs.saturating_add(synthetic.orgs);
        seed.keys_per_org = seed.keys_per_org.saturating_add(synthetic.keys_per_org);
        for version in file.versions {
            self = self.version(version);
        }
        for (service, names) in [
            (Service::AtlasV2, file.roles.atlas_v2),
            (Service::AtlasV1, file.roles.atlas_v1),
            (Service::OpsManagerV1, file.roles.ops_manager_v1),
        ] {
            if let Some(names) = names {
                self = self.roles(service, names);
            }
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
            let faults = faults.parse::<Faults>();
            self = self.faults(faults.map_err(|error| SeedFileError(error.to_string()))?);
        }
        Ok(self)
    }

    /// Returns the JSON Schema (draft 2020-12) of seed files.
    pub fn seed_schema() -> String {
        let schema = SchemaSettings::draft2020_12()
            .for_deserialize()
            .into_generator()
            .into_root_schema_for::<SeedFile>();
        format!("{:#}\n", schema.to_value())
    }
}

/// Returns limits with room for several hundred thousand keys.
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

/// Renders the parser's error without an excerpt of the source.
fn described(error: &serde_saphyr::Error) -> String {
    let text = error
        .without_snippet()
        .render_with_formatter(&UserMessageFormatter);
    let line = text.lines().next().unwrap_or_default();
    line.trim_start_matches("error: ").trim().to_owned()
}
