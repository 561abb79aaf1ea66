//! The configuration file: profiles, by name, each a table.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use atlas_admin::ApiVersion;
use etcetera::BaseStrategy;
use secrecy::SecretString;
use serde::Deserialize;

use super::{Layer, LoginParts, login::Part, secret::read_file};
use crate::{exit::Failure, service::Service};

pub(super) struct File {
    path: Option<PathBuf>,
    exists: bool,
    profiles: BTreeMap<String, Profile>,
}

/// One profile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    service: Option<Service>,
    base_url: Option<String>,
    api_version: Option<ApiVersion>,
    org: Option<String>,
    project: Option<String>,
    public_key: Option<String>,
    private_key: Option<SecretString>,
    private_key_file: Option<PathBuf>,
    client_id: Option<String>,
    client_secret: Option<SecretString>,
    client_secret_file: Option<PathBuf>,
}

impl File {
    /// Reads the file at `path`, which must be there, or the one where it is by
    /// habit, which need not.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let usual = || {
            let folder = etcetera::choose_base_strategy().ok()?.config_dir();
            Some(folder.join("atlas-admin").join("config.toml"))
        };
        let is_named = path.is_some();
        let mut file = Self {
            path: path.map(Path::to_owned).or_else(usual),
            exists: false,
            profiles: BTreeMap::new(),
        };
        let Some(path) = &file.path else {
            return Ok(file);
        };
        match fs::read_to_string(path) {
            Ok(text) => {
                file.profiles = toml::from_str(&text)
                    .map_err(|error| Failure::input(complaint(path, &text, &error)))?;
                file.exists = true;
                Ok(file)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => Ok(file),
            Err(error) => Err(Failure::input(format!(
                "cannot read {}: {error}",
                path.display()
            ))),
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.profiles.keys().cloned().collect()
    }

    pub(super) fn place(&self) -> String {
        self.path.as_ref().map_or_else(
            || "the configuration file".to_owned(),
            |path| path.display().to_string(),
        )
    }

    pub(super) fn profile(&self, name: &str) -> Option<Layer> {
        let profile = self.profiles.get(name)?;
        let files = [&profile.private_key_file, &profile.client_secret_file];
        let files = files.map(|path| path.as_ref().map(|path| self.beside(path)));
        let [private_key_file, client_secret_file] = &files;
        let private_key = secret("private_key", &profile.private_key, private_key_file);
        let client_secret = secret("client_secret", &profile.client_secret, client_secret_file);
        Some(Layer {
            origin: format!("{} [{name}]", self.place()),
            remark: None,
            service: profile.service,
            base_url: profile.base_url.clone(),
            ops_manager_url: profile.base_url.clone(),
            api_version: profile.api_version,
            org: profile.org.clone(),
            project: profile.project.clone(),
            login: LoginParts {
                public_key: profile.public_key.clone().map(Ok),
                private_key,
                client_id: profile.client_id.clone().map(Ok),
                client_secret,
                ..LoginParts::default()
            },
            secret_files: files.into_iter().flatten().collect(),
        })
    }

    /// The profile, or a source that knows nothing and says why.
    pub(super) fn profile_or_empty(&self, name: &str) -> Layer {
        self.profile(name).unwrap_or_else(|| Layer {
            origin: format!("{} [{name}]", self.place()),
            remark: Some(if self.exists {
                "no such profile"
            } else {
                "no such file"
            }),
            ..Layer::default()
        })
    }

    /// A path in the file is beside the file, unless it starts at the root or at
    /// the home folder.
    fn beside(&self, path: &Path) -> PathBuf {
        if let (Ok(rest), Ok(home)) = (path.strip_prefix("~"), etcetera::home_dir()) {
            return home.join(rest);
        }
        match self.path.as_deref().and_then(Path::parent) {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    /// The file, if secrets are in it.
    pub(super) fn with_secrets(&self) -> Option<&Path> {
        let has_secret = self
            .profiles
            .values()
            .any(|profile| profile.private_key.is_some() || profile.client_secret.is_some());
        self.path.as_deref().filter(|_| has_secret)
    }
}

/// A secret that stands in the profile or in a file of its own.
fn secret(name: &str, inline: &Option<SecretString>, file: &Option<PathBuf>) -> Part<SecretString> {
    match (inline, file) {
        (Some(_), Some(_)) => Some(Err(format!(
            "{name} and {name}_file are both set; keep one"
        ))),
        (Some(secret), None) => Some(Ok(secret.clone())),
        (None, Some(path)) => Some(read_file(path)),
        (None, None) => None,
    }
}

/// What is wrong and where, without the line itself: it may hold a secret.
fn complaint(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    let message = error.message().lines().next().unwrap_or_default();
    let message = match message.split_once(", expected") {
        // This too has the value in it.
        Some((said, expected)) if said.starts_with("invalid type") => {
            format!("a value of the wrong type, expected{expected}")
        }
        _ => message.to_owned(),
    };
    format!("{}:{line}: {message}", path.display())
}
