//! The configuration file: a TOML table for each profile.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use atlas_admin::ApiVersion;
use etcetera::BaseStrategy;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{
    content::Content,
    credentials::{CredentialParts, Part},
    layer::Layer,
    secret::read_file,
};
use crate::{args::NamedService, error::CliError};

pub(super) struct File {
    path: Option<PathBuf>,
    pub(super) content: Content<BTreeMap<String, Profile>>,
}

/// One profile.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    #[serde(default, deserialize_with = "service")]
    service: Option<NamedService>,
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
    /// Reads the file at `path`, or the one in the usual place if there is one.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        let default_path = || {
            let folder = etcetera::choose_base_strategy().ok()?.config_dir();
            Some(folder.join("atlas-admin").join("config.toml"))
        };
        let file = path.map(Path::to_owned).or_else(default_path);
        let content = file.as_deref().map_or(Content::Missing, Content::read);
        let content = match (content, file.as_deref()) {
            (Content::Profiles(text), Some(path)) => Content::Profiles(
                toml::from_str(&text)
                    .map_err(|error| CliError::input(describe(path, &text, &error)))?,
            ),
            (Content::Unreadable(reason), _) => Content::Unreadable(reason),
            _ => Content::Missing,
        };
        if let (Some(path), None) = (path, content.profiles()) {
            let (path, reason) = (path.display(), content.remark());
            return Err(CliError::input(format!("--config {path}: {reason}")));
        }
        Ok(Self {
            path: file,
            content,
        })
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.content
            .profiles()
            .map_or_else(Vec::new, |profiles| profiles.keys().cloned().collect())
    }

    pub(super) fn display_path(&self) -> String {
        self.path.as_ref().map_or_else(
            || "the configuration file".to_owned(),
            |path| path.display().to_string(),
        )
    }

    pub(super) fn profile(&self, name: &str) -> Option<Layer> {
        let profile = self.content.profiles()?.get(name)?;
        let files = [&profile.private_key_file, &profile.client_secret_file];
        let files = files.map(|path| path.as_ref().map(|path| self.resolve(path)));
        let [private_key_file, client_secret_file] = &files;
        let private_key = secret("private_key", &profile.private_key, private_key_file);
        let client_secret = secret("client_secret", &profile.client_secret, client_secret_file);
        let layer = Layer {
            origin: format!("{} [{name}]", self.display_path()),
            service: profile.service.map(Ok),
            api_version: profile.api_version,
            org: profile.org.clone(),
            project: profile.project.clone(),
            credentials: CredentialParts {
                public_key: profile.public_key.clone().map(Ok),
                private_key,
                client_id: profile.client_id.clone().map(Ok),
                client_secret,
                ..CredentialParts::default()
            },
            secret_files: files.into_iter().flatten().collect(),
            ..Layer::default()
        };
        Some(layer.with_urls(profile.base_url.clone(), profile.base_url.clone()))
    }

    /// Returns the profile, or an empty source with the reason.
    pub(super) fn profile_or_empty(&self, name: &str) -> Layer {
        self.profile(name)
            .unwrap_or_else(|| Layer::empty(&self.display_path(), name, self.content.remark()))
    }

    /// Resolves a path in the file: relative to the file's folder, or with `~` to the home
    /// folder.
    fn resolve(&self, path: &Path) -> PathBuf {
        if let (Ok(rest), Ok(home)) = (path.strip_prefix("~"), etcetera::home_dir()) {
            return home.join(rest);
        }
        match self.path.as_deref().and_then(Path::parent) {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    /// Returns the file's path if it holds secrets.
    pub(super) fn path_with_secrets(&self) -> Option<&Path> {
        let has_secret = self
            .content
            .profiles()?
            .values()
            .any(|profile| profile.private_key.is_some() || profile.client_secret.is_some());
        self.path.as_deref().filter(|_| has_secret)
    }
}

/// Returns a secret from the profile itself or from a file that it names.
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

/// Returns the error and its line number, without the line's text, which may hold a secret.
fn describe(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map_or(1, |before| before.matches('\n').count() + 1);
    let message = error.message().lines().next().unwrap_or_default();
    let message = match message.split_once(", expected") {
        // This message quotes the value.
        Some((problem, expected)) if problem.starts_with("invalid type") => {
            format!("a value of the wrong type, expected{expected}")
        }
        _ => message.to_owned(),
    };
    format!("{}:{line}: {message}", path.display())
}

fn service<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NamedService>, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map(Some).map_err(D::Error::custom)
}
