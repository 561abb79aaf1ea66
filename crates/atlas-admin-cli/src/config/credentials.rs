//! The parts of credentials that a source holds, and complete credentials.

use atlas_admin::Credentials;
use secrecy::{ExposeSecret, SecretString};

/// One part, or why it cannot be read. The reason is shown only if the part is needed.
pub(crate) type Part<T> = Option<Result<T, String>>;

/// The parts of credentials that a source holds.
#[derive(Default, Clone)]
pub(crate) struct CredentialParts {
    pub(crate) public_key: Part<String>,
    pub(crate) private_key: Part<SecretString>,
    pub(crate) client_id: Part<String>,
    pub(crate) client_secret: Part<SecretString>,
    pub(crate) token: Part<SecretString>,
    /// A secret from a flag, for a key or client ID from any source.
    pub(crate) secret: Part<SecretString>,
    /// Why credentials of this source exist but cannot be used.
    pub(crate) unusable: Option<String>,
    /// The source's names for the parts.
    pub(crate) names: PartNames,
}

/// The names that a source has for the parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartNames {
    pub(crate) public_key: &'static str,
    pub(crate) private_key: &'static str,
    pub(crate) client_id: &'static str,
    pub(crate) client_secret: &'static str,
    pub(crate) token: &'static str,
}

impl Default for PartNames {
    fn default() -> Self {
        Self {
            public_key: "public_key",
            private_key: "private_key",
            client_id: "client_id",
            client_secret: "client_secret",
            token: "access_token",
        }
    }
}

/// Complete credentials.
#[derive(Clone)]
pub(crate) enum ResolvedCredentials {
    ApiKey {
        public: String,
        private: SecretString,
    },
    ServiceAccount {
        id: String,
        secret: SecretString,
    },
    Token(SecretString),
}

impl ResolvedCredentials {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey { .. } => "an API key",
            Self::ServiceAccount { .. } => "a service account",
            Self::Token(_) => "a token",
        }
    }

    /// Returns the public half: the public key or client ID.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::ApiKey { public, .. } => Some(public),
            Self::ServiceAccount { id, .. } => Some(id),
            Self::Token(_) => None,
        }
    }

    /// Refuses what cannot be used, so that a secret in a name's place is never shown.
    fn validated(self) -> Result<Self, String> {
        let is_account = |text: &str| text.starts_with("mdb_sa_");
        match &self {
            Self::ApiKey { public, private }
                if is_account(public) || is_account(private.expose_secret()) =>
            {
                Err(
                    "the API key is a service account; use MONGODB_ATLAS_CLIENT_ID and \
                     MONGODB_ATLAS_CLIENT_SECRET, --client-id, or client_id and client_secret \
                     in a profile"
                        .to_owned(),
                )
            }
            _ => match self.clone().into_sdk().validate() {
                Ok(()) => Ok(self),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    pub(crate) fn into_sdk(self) -> Credentials {
        match self {
            Self::ApiKey { public, private } => Credentials::digest(public, private),
            Self::ServiceAccount { id, secret } => Credentials::service_account(id, secret),
            Self::Token(token) => Credentials::bearer(token),
        }
    }
}

impl CredentialParts {
    /// Combines the public key or client ID with a secret from a flag.
    pub(super) fn with_secret(&self, secret: &SecretString) -> Self {
        let secret_for = |name: &Part<String>| name.as_ref().map(|_| Ok(secret.clone()));
        Self {
            private_key: secret_for(&self.public_key),
            client_secret: secret_for(&self.client_id),
            token: None,
            secret: None,
            ..self.clone()
        }
    }

    /// Combines the parts into credentials; `None` if there are no parts.
    pub(crate) fn resolve(&self) -> Result<Option<ResolvedCredentials>, String> {
        if let Some(reason) = &self.unusable {
            return Err(reason.clone());
        }
        if let Some(secret) = self.secret.clone() {
            return self.with_secret(&secret?).resolve();
        }
        let names = &self.names;
        let key = pair(
            self.public_key.clone(),
            self.private_key.clone(),
            [names.public_key, names.private_key],
        )?
        .map(|(public, private)| ResolvedCredentials::ApiKey { public, private });
        let account = pair(
            self.client_id.clone(),
            self.client_secret.clone(),
            [names.client_id, names.client_secret],
        )?
        .map(|(id, secret)| ResolvedCredentials::ServiceAccount { id, secret });
        let token = self.token.clone().transpose()?;
        let token = token.map(ResolvedCredentials::Token);

        let (names, mut found): (Vec<_>, Vec<_>) = [
            (names.public_key, key),
            (names.client_id, account),
            (names.token, token),
        ]
        .into_iter()
        .filter_map(|(name, credentials)| Some((name, credentials?)))
        .unzip();
        if found.len() > 1 {
            return Err(format!(
                "more than one kind of credentials is set; keep only one of {}",
                names.join(", ")
            ));
        }
        found.pop().map(ResolvedCredentials::validated).transpose()
    }
}

fn pair(
    name: Part<String>,
    secret: Part<SecretString>,
    [name_setting, secret_setting]: [&str; 2],
) -> Result<Option<(String, SecretString)>, String> {
    match (name.transpose()?, secret.transpose()?) {
        (Some(name), Some(secret)) => Ok(Some((name, secret))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(format!("{name_setting} is set but {secret_setting} is not")),
        (None, Some(_)) => Err(format!("{secret_setting} is set but {name_setting} is not")),
    }
}
