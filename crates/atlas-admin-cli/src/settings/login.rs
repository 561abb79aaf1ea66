//! Credentials: their parts as sources hold them, and what they make together.

use atlas_admin::Credentials;
use secrecy::SecretString;

use super::{Layer, Sourced};
use crate::exit::Failure;

/// One part, if there is one. Why it cannot be had matters only if it is needed.
pub(crate) type Part<T> = Option<Result<T, String>>;

/// What a source knows of credentials.
#[derive(Debug, Default, Clone)]
pub(crate) struct LoginParts {
    pub(crate) public_key: Part<String>,
    pub(crate) private_key: Part<SecretString>,
    pub(crate) client_id: Part<String>,
    pub(crate) client_secret: Part<SecretString>,
    pub(crate) token: Part<SecretString>,
    /// A secret that a flag gives, for whichever name there is.
    pub(crate) secret: Part<SecretString>,
    /// What the source calls the parts.
    pub(crate) names: PartNames,
}

/// The names of the parts, for messages.
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
#[derive(Debug, Clone)]
pub(crate) enum Login {
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

impl Login {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::ApiKey { .. } => "an API key",
            Self::ServiceAccount { .. } => "a service account",
            Self::Token(_) => "a token",
        }
    }

    /// The half that is no secret.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::ApiKey { public, .. } => Some(public),
            Self::ServiceAccount { id, .. } => Some(id),
            Self::Token(_) => None,
        }
    }

    pub(crate) fn credentials(self) -> Credentials {
        match self {
            Self::ApiKey { public, private } => Credentials::digest(public, private),
            Self::ServiceAccount { id, secret } => Credentials::service_account(id, secret),
            Self::Token(token) => Credentials::bearer(token),
        }
    }
}

impl LoginParts {
    pub(crate) fn is_empty(&self) -> bool {
        self.public_key.is_none()
            && self.private_key.is_none()
            && self.client_id.is_none()
            && self.client_secret.is_none()
            && self.token.is_none()
            && self.secret.is_none()
    }

    /// The same parts with a secret for whichever name there is.
    fn with_secret(&self, secret: &SecretString) -> Self {
        let beside = |name: &Part<String>| name.as_ref().map(|_| Ok(secret.clone()));
        Self {
            private_key: beside(&self.public_key),
            client_secret: beside(&self.client_id),
            token: None,
            secret: None,
            ..self.clone()
        }
    }

    /// The credentials that these parts make. `None` if there are no parts.
    pub(crate) fn complete(&self) -> Result<Option<Login>, String> {
        if let Some(secret) = self.secret.clone() {
            return self.with_secret(&secret?).complete();
        }
        let names = &self.names;
        let key = pair(
            self.public_key.clone(),
            self.private_key.clone(),
            [names.public_key, names.private_key],
        )?
        .map(|(public, private)| Login::ApiKey { public, private });
        let account = pair(
            self.client_id.clone(),
            self.client_secret.clone(),
            [names.client_id, names.client_secret],
        )?
        .map(|(id, secret)| Login::ServiceAccount { id, secret });
        let token = self.token.clone().transpose()?.map(Login::Token);

        let mut found = [
            (names.public_key, key),
            (names.client_id, account),
            (names.token, token),
        ]
        .into_iter()
        .filter_map(|(name, login)| Some((name, login?)));
        let Some((name, login)) = found.next() else {
            return Ok(None);
        };
        let others: Vec<_> = found.map(|(name, _)| name).collect();
        if !others.is_empty() {
            return Err(format!(
                "more than one kind of credentials; keep one of {name}, {}",
                others.join(", ")
            ));
        }
        check(&login)?;
        Ok(Some(login))
    }
}

fn pair(
    name: Part<String>,
    secret: Part<SecretString>,
    [name_of_name, name_of_secret]: [&str; 2],
) -> Result<Option<(String, SecretString)>, String> {
    match (name.transpose()?, secret.transpose()?) {
        (Some(name), Some(secret)) => Ok(Some((name, secret))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(format!("{name_of_name} is set and {name_of_secret} is not")),
        (None, Some(_)) => Err(format!("{name_of_secret} is set and {name_of_name} is not")),
    }
}

/// A mix-up that many make, told in the words of this command.
fn check(login: &Login) -> Result<(), String> {
    match login {
        Login::ApiKey { public, .. } if public.starts_with("mdb_sa_") => {
            Err("a service account is given in the place of an API key; \
             use MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET, --client-id, \
             or client_id and client_secret in a profile"
                .to_owned())
        }
        _ => Ok(()),
    }
}

/// The credentials of the first source that has any.
pub(super) fn choose(layers: &[Layer]) -> Result<Sourced<Login>, Failure> {
    // A secret that came by a flag, until its name is found.
    let mut secret = None;
    for layer in layers {
        let parts = match secret {
            Some(secret) => &layer.login.with_secret(secret),
            None => &layer.login,
        };
        let found = parts
            .complete()
            .map_err(|reason| Failure::credentials(format!("{}: {reason}", layer.origin)))?;
        if let Some(value) = found {
            let origin = match secret {
                Some(_) => format!("flags, for the name in {}", layer.origin),
                None => layer.origin.clone(),
            };
            return Ok(Sourced { value, origin });
        }
        // One that cannot be had has been told of.
        let by_flag = layer.login.secret.as_ref();
        secret = secret.or(by_flag.and_then(|secret| secret.as_ref().ok()));
    }
    Err(Failure::credentials(if secret.is_some() {
        "a secret without a name; add --public-key or --client-id"
    } else {
        "no credentials; set MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY, \
         or write a profile; atlas-admin login check shows where they are looked for"
    }))
}
