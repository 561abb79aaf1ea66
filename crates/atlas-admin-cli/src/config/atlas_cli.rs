//! The profiles of the Atlas CLI. The file belongs to another program, so unknown
//! entries are ignored.

use std::path::PathBuf;

use etcetera::BaseStrategy;
use secrecy::SecretString;
use toml::{Table, Value};

use super::{
    content::Content,
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
    pub(super) content: Content<Table>,
}

impl File {
    pub(super) fn open() -> Self {
        let path = folder().map(|folder| folder.join("atlascli").join("config.toml"));
        let content = match path.as_deref().map_or(Content::Missing, Content::read) {
            Content::Profiles(text) => text.parse().map_or_else(
                |_| Content::Unreadable("is invalid TOML".to_owned()),
                Content::Profiles,
            ),
            Content::Unreadable(reason) => Content::Unreadable(reason),
            Content::Missing => Content::Missing,
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
        let is_profile = |(name, value): (&String, &Value)| value.is_table().then(|| name.clone());
        let profiles = self.content.profiles().into_iter().flatten();
        profiles.filter_map(is_profile).collect()
    }

    pub(super) fn profile(&self, name: &str) -> Option<Layer> {
        let profile = self.content.profiles()?.get(name)?.as_table()?;
        let text = |key: &str| {
            let text = profile.get(key)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let url = text("ops_manager_url").or_else(|| text("base_url"));
        let layer = Layer {
            origin: format!("{} [{name}]", self.display_path()),
            service: text("service").map(|service| service.parse()),
            org: text("org_id"),
            project: text("project_id"),
            credentials: credentials(name, &text),
            ..Layer::default()
        };
        // Without a service this is an address of Atlas.
        Some(layer.with_urls(url, None))
    }

    /// Returns the profile, or an empty source with the reason.
    pub(super) fn profile_or_empty(&self, name: &str) -> Layer {
        self.profile(name)
            .unwrap_or_else(|| Layer::empty(&self.display_path(), name, self.content.remark()))
    }
}

/// Returns the credentials of a profile. If it has more than one kind, `auth_type` says
/// which is in use.
fn credentials(profile: &str, text: &dyn Fn(&str) -> Option<String>) -> CredentialParts {
    let name = |key: &str| text(key).map(Ok);
    let secret = |key: &str| text(key).map(|text| Ok(SecretString::from(text)));
    let has_any = |keys: [&str; 2]| keys.iter().any(|key| text(key).is_some());
    let unusable = |reason: String| CredentialParts {
        unusable: Some(reason),
        ..CredentialParts::default()
    };
    // The Atlas CLI moves both halves there, and leaves the kind in the file.
    let in_keyring = |kind: &str, [name, secret]: [&str; 2]| {
        unusable(format!(
            "its {kind} is in the system's keyring, as {name} and {secret} of \
             atlascli_{profile}, which this command does not read; look it up (on Linux: \
             secret-tool lookup service atlascli_{profile} username {secret}) and pass it with \
             --private-key-stdin, or write a profile"
        ))
    };
    let keys = [NAMES.public_key, NAMES.private_key];
    let account = [NAMES.client_id, NAMES.client_secret];
    let is_account = match text("auth_type").as_deref() {
        Some("user_account") => true,
        Some("service_account") => {
            if !has_any(account) {
                return in_keyring("service account", account);
            }
            true
        }
        Some("api_keys") => {
            if !has_any(keys) {
                return in_keyring("API key", keys);
            }
            false
        }
        _ => !has_any(keys),
    };
    let is_browser = text("auth_type").as_deref() == Some("user_account")
        || (is_account && !has_any(account) && text(NAMES.token).is_some());
    if is_browser {
        return unusable(
            "its user is signed in with a browser, by a token for the Atlas CLI alone; use an \
             API key or a service account"
                .to_owned(),
        );
    }
    if is_account {
        CredentialParts {
            client_id: name(NAMES.client_id),
            client_secret: secret(NAMES.client_secret),
            names: NAMES,
            ..CredentialParts::default()
        }
    } else {
        CredentialParts {
            public_key: name(NAMES.public_key),
            private_key: secret(NAMES.private_key),
            names: NAMES,
            ..CredentialParts::default()
        }
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
