//! The profiles of the Atlas CLI. The file belongs to another program, so unknown
//! entries are ignored.

use atlas_admin::Service;
use std::{fs, path::PathBuf};

use etcetera::BaseStrategy;
use secrecy::SecretString;
use toml::{Table, Value};

use super::{
    credentials::{CredentialParts, PartNames},
    layer::Layer,
};

const NAMES: PartNames = PartNames {
    public_key: "public_api_key",
    private_key: "private_api_key",
    client_id: "client_id",
    client_secret: "client_secret",
    token: "access_token",
};

pub(super) struct File {
    path: Option<PathBuf>,
    content: Content,
}

enum Content {
    Missing,
    Unreadable,
    Profiles(Table),
}

impl File {
    pub(super) fn open() -> Self {
        let path = folder().map(|folder| folder.join("atlascli").join("config.toml"));
        let content = match path.as_ref().map(fs::read_to_string) {
            Some(Ok(text)) => text.parse().map_or(Content::Unreadable, Content::Profiles),
            _ => Content::Missing,
        };
        Self { path, content }
    }

    pub(super) fn display_path(&self) -> String {
        self.path.as_ref().map_or_else(
            || "the Atlas CLI's file".to_owned(),
            |path| path.display().to_string(),
        )
    }

    pub(super) fn names(&self) -> Vec<String> {
        let Content::Profiles(profiles) = &self.content else {
            return Vec::new();
        };
        let is_profile = |(name, value): (&String, &Value)| value.is_table().then(|| name.clone());
        profiles.iter().filter_map(is_profile).collect()
    }

    pub(super) fn profile(&self, name: &str) -> Option<Layer> {
        let Content::Profiles(profiles) = &self.content else {
            return None;
        };
        let profile = profiles.get(name)?.as_table()?;
        let text = |key: &str| {
            let text = profile.get(key)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let (service, base_url) = match text("service").as_deref() {
            Some("cloudgov") => (
                Some(Service::AtlasV2),
                Some("https://cloud.mongodbgov.com".to_owned()),
            ),
            Some("ops-manager") => (Some(Service::OpsManager), None),
            Some("cloud-manager") => (
                Some(Service::OpsManager),
                Some("https://cloud.mongodb.com".to_owned()),
            ),
            _ => (None, None),
        };
        let (base_url, ops_manager_url) = match service {
            Some(Service::OpsManager) => (None, text("ops_manager_url").or(base_url)),
            // In an Atlas profile this is another server to use as Atlas.
            _ => (text("ops_manager_url").or(base_url), None),
        };
        Some(Layer {
            origin: format!("{} [{name}]", self.display_path()),
            service,
            base_url,
            ops_manager_url,
            org: text("org_id"),
            project: text("project_id"),
            credentials: credentials(&text),
            ..Layer::default()
        })
    }

    /// Returns the profile, or an empty source with the reason.
    pub(super) fn profile_or_empty(&self, name: &str) -> Layer {
        let remark = match &self.content {
            Content::Missing => "no such file",
            Content::Unreadable => "invalid TOML",
            Content::Profiles(_) => "no such profile",
        };
        self.profile(name)
            .unwrap_or_else(|| Layer::empty(&self.display_path(), name, remark))
    }
}

/// Returns the credentials of a profile. If it has more than one kind, `auth_type` says
/// which is in use. A user account's token works for the Atlas CLI only.
fn credentials(text: &dyn Fn(&str) -> Option<String>) -> CredentialParts {
    let name = |key: &str| text(key).map(Ok);
    let secret = |key: &str| text(key).map(|text| Ok(SecretString::from(text)));
    let key = || CredentialParts {
        public_key: name(NAMES.public_key),
        private_key: secret(NAMES.private_key),
        names: NAMES,
        ..CredentialParts::default()
    };
    let account = || CredentialParts {
        client_id: name(NAMES.client_id),
        client_secret: secret(NAMES.client_secret),
        names: NAMES,
        ..CredentialParts::default()
    };
    match text("auth_type").as_deref() {
        Some("service_account") => account(),
        Some("user_account") => CredentialParts::default(),
        _ if text(NAMES.public_key).or(text(NAMES.private_key)).is_none() => account(),
        _ => key(),
    }
}

/// Returns the folder with the Atlas CLI's settings.
fn folder() -> Option<PathBuf> {
    let places = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(if cfg!(any(target_os = "macos", windows)) {
        places.data_dir()
    } else {
        places.config_dir()
    })
}
