//! Ids of organizations, projects and API keys.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref, str::FromStr, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    parse_error::ParseError,
    sanitize::{first_invisible, quoted_excerpt},
};

/// The id of an organization: 24 lower-case hexadecimal digits.
pub type OrgId = Id<kind::Org>;

/// The id of a project ("group" on the wire): 24 lower-case hexadecimal digits.
pub type ProjectId = Id<kind::Project>;

/// The id of an API key, not to be confused with its public key: 24 lower-case
/// hexadecimal digits.
pub type ApiKeyId = Id<kind::ApiKey>;

const LENGTH: usize = 24;

/// A checked id of one kind of thing; see [`OrgId`], [`ProjectId`] and
/// [`ApiKeyId`].
///
/// ```
/// use atlas_admin::OrgId;
///
/// let org: OrgId = "32b6e34b3d91647abb20e7b8".parse()?;
/// assert_eq!(org.to_string(), "32b6e34b3d91647abb20e7b8");
/// assert!("../../orgs/x".parse::<OrgId>().is_err());
/// # Ok::<(), atlas_admin::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id<K> {
    text: Arc<str>,
    kind: PhantomData<fn() -> K>,
}

/// The kinds of ids.
pub(crate) mod kind {
    /// Names the kind in messages.
    pub trait Kind {
        /// The type's name for programmers.
        const TYPE: &'static str;
        /// The name for people.
        const NAME: &'static str;
    }

    /// An organization.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Org {}
    /// A project.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Project {}
    /// An API key.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum ApiKey {}

    impl Kind for Org {
        const TYPE: &'static str = "OrgId";
        const NAME: &'static str = "organization id";
    }
    impl Kind for Project {
        const TYPE: &'static str = "ProjectId";
        const NAME: &'static str = "project id";
    }
    impl Kind for ApiKey {
        const TYPE: &'static str = "ApiKeyId";
        const NAME: &'static str = "API key id";
    }
}

use kind::Kind;

impl<K> Id<K> {
    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the text to share.
    pub(crate) fn text(&self) -> &Arc<str> {
        &self.text
    }
}

impl Id<kind::ApiKey> {
    /// Returns when the key was created, to the second.
    ///
    /// The services' ids are ObjectIds of MongoDB, whose first four bytes are the second of
    /// their creation. The services do not promise it, but it holds for each key in the
    /// recorded responses of the live service.
    ///
    /// ```
    /// use atlas_admin::ApiKeyId;
    ///
    /// let key: ApiKeyId = "6a793f752c88faeba59bba49".parse()?;
    /// assert_eq!(key.created_at().to_string(), "2026-08-10 03:03:17 UTC");
    /// # Ok::<(), atlas_admin::Error>(())
    /// ```
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        let seconds = u32::from_str_radix(&self.text[..8], 16).unwrap_or_default();
        DateTime::from_timestamp(seconds.into(), 0).unwrap_or_default()
    }
}

impl<K: Kind> Id<K> {
    /// Checks text that is owned, and keeps it.
    pub(crate) fn from_text(text: String) -> Result<Self, ParseError> {
        check::<K>(&text)?;
        Ok(Self {
            text: text.into(),
            kind: PhantomData,
        })
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = ParseError;

    /// Parses an id.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the text is anything but 24 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        check::<K>(text)?;
        Ok(Self {
            text: text.into(),
            kind: PhantomData,
        })
    }
}

/// Checks that `text` is an id, and names this kind in the error.
pub(crate) fn check<K: Kind>(text: &str) -> Result<(), ParseError> {
    match reason(text) {
        None => Ok(()),
        Some(reason) => Err(ParseError::new(format!(
            "{} {} {reason}",
            K::NAME,
            quoted_excerpt(text, 60)
        ))),
    }
}

/// Returns what is wrong with an id, in words that follow it.
fn reason(text: &str) -> Option<Cow<'static, str>> {
    let is_digit = |b| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    // A fold is faster than a search that can stop, and most ids are right.
    if text.len() == LENGTH && text.bytes().fold(true, |all, byte| all & is_digit(byte)) {
        return None;
    }
    let all = |allowed: fn(&u8) -> bool| text.as_bytes().iter().all(allowed);
    let reason = if let Some(c) = first_invisible(text) {
        let code_point = u32::from(c);
        return Some(format!("has an invisible character, U+{code_point:04X}; retype it").into());
    } else if text.is_empty() {
        "is empty; an id has 24 hexadecimal digits"
    } else if text.len() == LENGTH && all(u8::is_ascii_hexdigit) {
        "has upper-case letters; an id is written in lower case"
    } else if text.len() == 8 && all(u8::is_ascii_lowercase) {
        "looks like a public key; the API key's id has 24 hexadecimal digits"
    } else {
        "is not an id: it must be 24 lower-case hexadecimal digits"
    };
    Some(reason.into())
}

impl<K: Kind> TryFrom<&str> for Id<K> {
    type Error = ParseError;

    fn try_from(text: &str) -> Result<Self, ParseError> {
        text.parse()
    }
}

impl<K> From<Id<K>> for String {
    fn from(id: Id<K>) -> Self {
        (*id.text).to_owned()
    }
}

impl<K> PartialEq<str> for Id<K> {
    fn eq(&self, text: &str) -> bool {
        *self.text == *text
    }
}

impl<K> PartialEq<&str> for Id<K> {
    fn eq(&self, text: &&str) -> bool {
        *self.text == **text
    }
}

impl<K> PartialEq<String> for Id<K> {
    fn eq(&self, text: &String) -> bool {
        *self.text == **text
    }
}

impl<K> PartialEq<Id<K>> for str {
    fn eq(&self, id: &Id<K>) -> bool {
        *self == *id.text
    }
}

impl<K> PartialEq<Id<K>> for &str {
    fn eq(&self, id: &Id<K>) -> bool {
        **self == *id.text
    }
}

impl<K> PartialEq<Id<K>> for String {
    fn eq(&self, id: &Id<K>) -> bool {
        **self == *id.text
    }
}

impl<K> Deref for Id<K> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl<K> AsRef<str> for Id<K> {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(K::TYPE).field(&self.text).finish()
    }
}

impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// An id as methods take it: a typed id of the right kind `I`, or text, which is checked when
/// a call is sent.
///
/// An id of another kind does not compile:
///
/// ```compile_fail,E0277
/// # fn call(atlas: atlas_admin::Client, project_id: atlas_admin::ProjectId) {
/// atlas.org(&project_id);
/// # }
/// ```
///
/// ```
/// # fn call(atlas: atlas_admin::Client, org_id: atlas_admin::OrgId) {
/// atlas.org(&org_id);
/// atlas.org("32b6e34b3d91647abb20e7b8");
/// # }
/// ```
#[derive(Clone)]
pub struct IdText<I> {
    text: Arc<str>,
    id: PhantomData<fn() -> I>,
}

impl<I> IdText<I> {
    fn new(text: impl Into<Arc<str>>) -> Self {
        Self {
            text: text.into(),
            id: PhantomData,
        }
    }

    pub(crate) fn into_text(self) -> Arc<str> {
        self.text
    }
}

impl<I> fmt::Debug for IdText<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted_excerpt(&self.text, 60))
    }
}

impl<K> From<Id<K>> for IdText<Id<K>> {
    fn from(id: Id<K>) -> Self {
        Self::new(id.text)
    }
}

impl<K> From<&Id<K>> for IdText<Id<K>> {
    fn from(id: &Id<K>) -> Self {
        Self::new(Arc::clone(&id.text))
    }
}

impl<I> From<&str> for IdText<I> {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl<I> From<&&str> for IdText<I> {
    fn from(text: &&str) -> Self {
        Self::new(*text)
    }
}

impl<I> From<String> for IdText<I> {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<I> From<&String> for IdText<I> {
    fn from(text: &String) -> Self {
        Self::new(text.as_str())
    }
}

impl<I> From<Box<str>> for IdText<I> {
    fn from(text: Box<str>) -> Self {
        Self::new(text)
    }
}

impl<I> From<Cow<'_, str>> for IdText<I> {
    fn from(text: Cow<'_, str>) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "32b6e34b3d91647abb20e7b8";

    #[test]
    fn round_trips_through_text_and_json() {
        let id: ProjectId = GOOD.parse().unwrap();
        assert_eq!(id.as_str(), GOOD);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<ProjectId>(&json).unwrap(), id);
        assert_eq!(format!("{id:?}"), format!("ProjectId({GOOD:?})"));
    }

    #[test]
    fn refuses_invalid_ids_with_the_reason() {
        for (text, reason) in [
            ("", "is empty"),
            ("32B6E34B3D91647ABB20E7B8", "upper-case"),
            ("gswvkocq", "looks like a public key"),
            ("../../orgs/x", "24 lower-case"),
            ("32b6e34b3d91647abb20e7b8/", "24 lower-case"),
            ("32b6e34b3d91647abb20e7b\n", "invisible character, U+000A"),
            ("\u{200b}32b6e34b3d91647abb20e7b8", "character, U+200B"),
            ("0beefdea-1111-2222-3333-444444444444", "[REDACTED]"),
            ("ééééééééé", "24 lower-case"),
        ] {
            let error = text.parse::<ApiKeyId>().unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
            assert!(!error.to_string().contains('\n'));
            assert!(serde_json::from_value::<ApiKeyId>(text.into()).is_err());
        }
    }
}
