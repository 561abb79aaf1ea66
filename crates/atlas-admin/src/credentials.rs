//! Credentials, from code or from the environment.

use std::{env, fmt};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    error::Error,
    model::{
        created_api_key::CreatedApiKey,
        sanitize::{excerpt, first_invisible, looks_like_secret},
    },
};

/// Credentials for a service.
///
/// Secrets are wiped from memory when dropped and never shown by `Debug` or an error.
/// [`ClientBuilder::build`](crate::ClientBuilder::build) checks the values.
///
/// ```
/// use atlas_admin::Credentials;
///
/// let api_key = Credentials::digest("abcdefgh", "12345678-9abc-4def-8123-456789abcdef");
/// let account = Credentials::service_account("mdb_sa_id_…", "mdb_sa_sk_…");
/// assert!(!format!("{api_key:?} {account:?}").contains("sk_"));
/// ```
#[derive(Clone)]
pub struct Credentials(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Digest {
        user: String,
        password: SecretString,
    },
    ServiceAccount {
        id: String,
        secret: SecretString,
    },
    Bearer {
        token: SecretString,
    },
}

const SERVICE_ACCOUNT_ID: &str = "mdb_sa_id_";
const SERVICE_ACCOUNT_SECRET: &str = "mdb_sa_sk_";

impl Credentials {
    /// Creates credentials for HTTP digest authentication (RFC 7616): an API key pair, which all
    /// services accept, or a user name with a personal API key, for Atlas v1.0 and Ops Manager.
    pub fn digest(public_key: impl Into<String>, private_key: impl Into<SecretString>) -> Self {
        Self(Kind::Digest {
            user: public_key.into(),
            password: private_key.into(),
        })
    }

    /// Creates credentials from an Atlas service account: OAuth 2.0 client credentials (RFC
    /// 6749). The client requests, reuses and refreshes tokens.
    pub fn service_account(id: impl Into<String>, secret: impl Into<SecretString>) -> Self {
        Self(Kind::ServiceAccount {
            id: id.into(),
            secret: secret.into(),
        })
    }

    /// Creates credentials from a bearer token. It cannot be refreshed: when it expires, calls
    /// fail with
    /// [`ErrorKind::Token`](crate::ErrorKind::Token).
    pub fn bearer(token: impl Into<SecretString>) -> Self {
        Self(Kind::Bearer {
            token: token.into(),
        })
    }

    /// Reads credentials from the environment variables that other Atlas tools also use:
    ///
    /// | kind | variables |
    /// | --- | --- |
    /// | API key | `MONGODB_ATLAS_PUBLIC_API_KEY` or `MONGODB_ATLAS_PUBLIC_KEY`, and `MONGODB_ATLAS_PRIVATE_API_KEY` or `MONGODB_ATLAS_PRIVATE_KEY` |
    /// | service account | `MONGODB_ATLAS_CLIENT_ID` and `MONGODB_ATLAS_CLIENT_SECRET` |
    /// | token | `MONGODB_ATLAS_ACCESS_TOKEN` |
    ///
    /// White space around values is removed, and an empty variable counts as unset.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials), with the names of
    /// the variables, if none is set, half of a pair is missing, or more than one kind is
    /// set.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(&variable)
    }

    pub(crate) fn from_variables(read: &Variables<'_>) -> Result<Self, Error> {
        const PUBLIC: &str = "MONGODB_ATLAS_PUBLIC_API_KEY";
        const PRIVATE: &str = "MONGODB_ATLAS_PRIVATE_API_KEY";
        const ID: &str = "MONGODB_ATLAS_CLIENT_ID";
        const SECRET: &str = "MONGODB_ATLAS_CLIENT_SECRET";
        const TOKEN: &str = "MONGODB_ATLAS_ACCESS_TOKEN";

        let key = pair(
            either(read, PUBLIC, "MONGODB_ATLAS_PUBLIC_KEY")?,
            either(read, PRIVATE, "MONGODB_ATLAS_PRIVATE_KEY")?,
            [PUBLIC, PRIVATE],
        )?;
        let account = pair(read(ID)?, read(SECRET)?, [ID, SECRET])?;
        let token = read(TOKEN)?;

        match (key, account, token) {
            (Some((public, private)), None, None) => Ok(Self::digest(public, private)),
            (None, Some((id, secret)), None) => Ok(Self::service_account(id, secret)),
            (None, None, Some(token)) => Ok(Self::bearer(token)),
            (None, None, None) => Err(Error::credentials("no credentials in the environment")
                .with_advice(format!(
                    "set {PUBLIC} and {PRIVATE}, {ID} and {SECRET}, or {TOKEN}"
                ))),
            (key, account, token) => {
                let set: Vec<_> = [
                    (key.is_some(), PUBLIC),
                    (account.is_some(), ID),
                    (token.is_some(), TOKEN),
                ]
                .into_iter()
                .filter_map(|(is_set, name)| is_set.then_some(name))
                .collect();
                Err(
                    Error::credentials("more than one kind of credentials in the environment")
                        .with_advice(format!("unset all but one of {}", set.join(", "))),
                )
            }
        }
    }

    /// Checks what can be checked without a service, as
    /// [`ClientBuilder::build`](crate::ClientBuilder::build) does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) if a value is empty, in quotes,
    /// a JSON document or has an invisible character, or if the halves seem to be swapped or of
    /// another kind of credentials. The error shows no value.
    pub fn validate(&self) -> Result<(), Error> {
        let (name, secret) = match &self.0 {
            Kind::Digest { user, password } => {
                let is_account = |text: &str| {
                    [SERVICE_ACCOUNT_ID, SERVICE_ACCOUNT_SECRET]
                        .iter()
                        .any(|prefix| text.starts_with(prefix))
                };
                if is_account(user) || is_account(password.expose_secret()) {
                    return Err(Error::credentials(
                        "an API key has the id or secret of a service account",
                    )
                    .with_advice(
                        "use Credentials::service_account, or the variables \
                         MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET",
                    ));
                }
                (Some(("public key", user)), ("private key", password))
            }
            Kind::ServiceAccount { id, secret } => {
                if id.contains(':') {
                    return Err(Error::credentials("the service account's id has a colon"));
                }
                if secret.expose_secret().starts_with(SERVICE_ACCOUNT_ID) {
                    return Err(Error::credentials(
                        "the service account's id and secret are swapped",
                    ));
                }
                (
                    Some(("service account's id", id)),
                    ("service account's secret", secret),
                )
            }
            Kind::Bearer { token } => (None, ("token", token)),
        };
        if let Some((what, name)) = name {
            check_value(what, name)?;
            if looks_like_secret(name) {
                return Err(
                    Error::credentials(format!("the {what} looks like a {}", secret.0))
                        .with_advice("the two may be swapped"),
                );
            }
        }
        check_value(secret.0, secret.1.expose_secret())
    }
}

impl CreatedApiKey {
    /// Returns credentials that sign in with the new key, for HTTP digest authentication.
    ///
    /// ```no_run
    /// # async fn create(atlas: atlas_admin::Client) -> Result<(), atlas_admin::Error> {
    /// use atlas_admin::{Client, OrgRole};
    ///
    /// let keys = atlas.org("32b6e34b3d91647abb20e7b8").api_keys();
    /// let new = keys.create("ci deploys").roles([OrgRole::Member]).await?.into_inner();
    /// let as_ci = Client::builder().credentials(new.credentials()).build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials::digest(self.public_key.clone(), self.private_key().clone())
    }
}

/// Refuses what a copy from elsewhere leaves around or inside a value.
fn check_value(what: &str, text: &str) -> Result<(), Error> {
    const QUOTES: &[(char, char)] = &[('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’')];

    let (first, last) = (text.chars().next(), text.chars().next_back());
    let is_within = |open, close| text.len() > 1 && first == Some(open) && last == Some(close);
    let (problem, advice) = if text.is_empty() {
        ("is empty".to_owned(), "set it, or unset the other half")
    } else if let Some(c) = first_invisible(text) {
        let kind = if c.is_control() {
            "a control character"
        } else {
            "an invisible character"
        };
        let code_point = u32::from(c);
        (
            format!("has {kind}, U+{code_point:04X}"),
            "copy the value alone",
        )
    } else if QUOTES.iter().any(|&(open, close)| is_within(open, close)) {
        ("is in quotes".to_owned(), "remove them")
    } else if is_within('{', '}') || is_within('[', ']') {
        ("is a JSON document".to_owned(), "take the value out of it")
    } else {
        return Ok(());
    };
    Err(Error::credentials(format!("the {what} {problem}")).with_advice(advice))
}

/// Reads a variable by its name.
pub(crate) type Variables<'a> = dyn Fn(&str) -> Result<Option<String>, Error> + 'a;

/// Returns the value of an environment variable, unless it is unset or empty.
pub(crate) fn variable(name: &str) -> Result<Option<String>, Error> {
    match env::var(name) {
        Ok(value) => Ok(Some(value.trim().to_owned()).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Error::input(format!("the variable {name} is not UTF-8")))
        }
    }
}

/// Reads one value from two variables that may have it.
fn either(read: &Variables<'_>, name: &str, alias: &str) -> Result<Option<String>, Error> {
    match (read(name)?, read(alias)?) {
        (Some(a), Some(b)) if a != b => Err(Error::credentials(format!(
            "{name} and {alias} hold different values"
        ))),
        (a, b) => Ok(a.or(b)),
    }
}

fn pair(
    first: Option<String>,
    second: Option<String>,
    [first_name, second_name]: [&str; 2],
) -> Result<Option<(String, String)>, Error> {
    let half = |set: &str, unset: &str| {
        Err(Error::credentials(format!(
            "{set} is set and {unset} is not"
        )))
    };
    match (first, second) {
        (Some(first), Some(second)) => Ok(Some((first, second))),
        (None, None) => Ok(None),
        (Some(_), None) => half(first_name, second_name),
        (None, Some(_)) => half(second_name, first_name),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |f: &mut fmt::Formatter<'_>, kind, field, name: &str| {
            f.debug_struct(kind)
                .field(field, &excerpt(name, 60))
                .finish_non_exhaustive()
        };
        match &self.0 {
            Kind::Digest { user, .. } => named(f, "Digest", "public_key", user),
            Kind::ServiceAccount { id, .. } => named(f, "ServiceAccount", "id", id),
            Kind::Bearer { .. } => f.debug_struct("Bearer").finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Credentials, String> {
        Credentials::from_variables(&|name| {
            Ok(variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned()))
        })
        .map_err(|error| {
            assert!(error.is_credentials());
            error.to_string()
        })
    }

    #[test]
    fn each_kind_is_found_under_each_name() {
        for (public, private) in [
            (
                "MONGODB_ATLAS_PUBLIC_API_KEY",
                "MONGODB_ATLAS_PRIVATE_API_KEY",
            ),
            ("MONGODB_ATLAS_PUBLIC_KEY", "MONGODB_ATLAS_PRIVATE_KEY"),
            ("MONGODB_ATLAS_PUBLIC_KEY", "MONGODB_ATLAS_PRIVATE_API_KEY"),
        ] {
            let found = from(&[(public, "abcdefgh"), (private, "hush")]).unwrap();
            assert_eq!(
                format!("{found:?}"),
                r#"Digest { public_key: "abcdefgh", .. }"#
            );
        }
        let both = [
            ("MONGODB_ATLAS_PUBLIC_API_KEY", "abcdefgh"),
            ("MONGODB_ATLAS_PUBLIC_KEY", "abcdefgh"),
            ("MONGODB_ATLAS_PRIVATE_KEY", "hush"),
        ];
        from(&both).unwrap();
        let account = [
            ("MONGODB_ATLAS_CLIENT_ID", "mdb_sa_id_1"),
            ("MONGODB_ATLAS_CLIENT_SECRET", "mdb_sa_sk_1"),
        ];
        assert_eq!(
            format!("{:?}", from(&account).unwrap()),
            r#"ServiceAccount { id: "mdb_sa_id_1", .. }"#
        );
        let token = from(&[("MONGODB_ATLAS_ACCESS_TOKEN", "hush")]).unwrap();
        assert_eq!(format!("{token:?}"), "Bearer { .. }");
    }

    #[test]
    fn mistakes_are_named() {
        for (variables, reason) in [
            (
                &[][..],
                "no credentials in the environment; set MONGODB_ATLAS_PUBLIC_API_KEY",
            ),
            (
                &[("MONGODB_ATLAS_PUBLIC_KEY", "hush")],
                "MONGODB_ATLAS_PUBLIC_API_KEY is set and MONGODB_ATLAS_PRIVATE_API_KEY is not",
            ),
            (
                &[("MONGODB_ATLAS_CLIENT_SECRET", "hush")],
                "MONGODB_ATLAS_CLIENT_SECRET is set and MONGODB_ATLAS_CLIENT_ID is not",
            ),
            (
                &[
                    ("MONGODB_ATLAS_PUBLIC_KEY", "hush"),
                    ("MONGODB_ATLAS_PUBLIC_API_KEY", "hush2"),
                ],
                "hold different values",
            ),
            (
                &[
                    ("MONGODB_ATLAS_PUBLIC_KEY", "hush"),
                    ("MONGODB_ATLAS_PRIVATE_KEY", "hush"),
                    ("MONGODB_ATLAS_ACCESS_TOKEN", "hush"),
                ],
                "unset all but one of MONGODB_ATLAS_PUBLIC_API_KEY, MONGODB_ATLAS_ACCESS_TOKEN",
            ),
        ] {
            let error = from(variables).unwrap_err();
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn unusable_values_are_refused_without_showing_them() {
        for (credentials, reason) in [
            (
                Credentials::digest("mdb_sa_id_1", "hush"),
                "Credentials::service_account",
            ),
            (
                Credentials::digest("abcdefgh", "mdb_sa_sk_hush"),
                "Credentials::service_account",
            ),
            (
                Credentials::digest("mdb_sa_sk_hush", "mdb_sa_id_1"),
                "Credentials::service_account",
            ),
            (Credentials::digest("", "hush"), "public key is empty"),
            (Credentials::digest("abcdefgh", ""), "private key is empty"),
            (
                Credentials::digest("abcdefgh", "hush\n"),
                "private key has a control character, U+000A",
            ),
            (
                Credentials::digest("abcdefgh", "hu\u{200b}sh"),
                "private key has an invisible character, U+200B",
            ),
            (
                Credentials::digest("abcdefgh\u{a0}", "hush"),
                "public key has an invisible character, U+00A0",
            ),
            (
                Credentials::bearer("\u{feff}hush"),
                "token has an invisible character, U+FEFF",
            ),
            (Credentials::digest("abcdefgh", "\"hush\""), "is in quotes"),
            (Credentials::digest("“abcdefgh”", "hush"), "is in quotes"),
            (
                Credentials::service_account("mdb_sa_id_1", r#"{"clientSecret": "hush"}"#),
                "service account's secret is a JSON document",
            ),
            (
                Credentials::service_account("beefdead-1111-2222-3333-444444444444", "hush"),
                "may be swapped",
            ),
            (Credentials::service_account("a:b", "hush"), "colon"),
            (
                Credentials::service_account("mdb_sa_sk_hush", "mdb_sa_id_1"),
                "are swapped",
            ),
            (
                Credentials::service_account("mdb_sa_sk_hush", "hush"),
                "may be swapped",
            ),
            (
                Credentials::digest("beefdead-1111-2222-3333-444444444444", "abcdefgh"),
                "may be swapped",
            ),
            (
                Credentials::digest("beefdead-1111-2222-333344444444", "abcdefgh"),
                "may be swapped",
            ),
            (Credentials::bearer(""), "token is empty"),
        ] {
            let error = credentials.validate().unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            let shown = format!("{error} {error:?} {credentials:?}");
            assert!(
                !shown.contains("hush") && !shown.contains("beef"),
                "{shown}"
            );
        }
    }

    #[test]
    fn other_values_are_accepted() {
        for (name, secret) in [
            ("jané@example.com", "pässword"),
            ("abcdefgh", "\""),
            ("abcdefgh", "'hush"),
            ("abcdefgh", "hush}"),
        ] {
            Credentials::digest(name, secret).validate().unwrap();
        }
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        // Cargo sets the first two for tests.
        for (name, value) in [
            ("CARGO_PKG_NAME", Some("atlas-admin")),
            ("CARGO_PKG_LICENSE_FILE", None),
            ("ATLAS_ADMIN_UNSET", None),
        ] {
            assert_eq!(variable(name).unwrap().as_deref(), value, "{name}");
        }
    }
}
