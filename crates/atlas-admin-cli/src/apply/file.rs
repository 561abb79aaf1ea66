//! The file as it is written, with the place of everything in it.

use std::{fmt, str::Utf8Error};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_saphyr::{
    Location, Spanned, UserMessageFormatter,
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};

use super::shape;

/// Something wrong in the file, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub(crate) struct Mistake {
    pub(crate) line: u64,
    pub(crate) column: u64,
    pub(crate) message: String,
}

impl Mistake {
    pub(crate) fn at(place: Location, message: impl Into<String>) -> Self {
        Self {
            line: place.line(),
            column: place.column(),
            message: message.into(),
        }
    }
}

/// Text or a list, with its place.
pub(crate) type Text = Spanned<String>;
pub(crate) type Names = Spanned<Vec<Text>>;

/// The whole file.
#[derive(Debug, Default)]
pub(crate) struct File {
    pub(crate) org: Option<Text>,
    pub(crate) keys: Option<Spanned<Vec<Spanned<Entry>>>>,
    /// Names of fields that there are not, or that are there twice.
    pub(crate) strange: Vec<Text>,
}

/// One key in the file.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) id: Option<Text>,
    pub(crate) org: Option<Text>,
    pub(crate) desc: Option<Text>,
    pub(crate) roles: Option<Names>,
    pub(crate) projects: Option<Spanned<Projects>>,
    /// Names of fields that there are not, or that are there twice.
    pub(crate) strange: Vec<Text>,
}

/// Roles by project.
#[derive(Debug, Default)]
pub(crate) struct Projects(pub(crate) Vec<(Text, Names)>);

/// Reads YAML or JSON, which is YAML too.
pub(crate) fn read(bytes: &[u8]) -> Result<File, Vec<Mistake>> {
    let text = str::from_utf8(bytes).map_err(|error| vec![not_text(bytes, error)])?;
    if text.trim().is_empty() {
        return Err(vec![Mistake {
            line: 1,
            column: 1,
            message: "the file is empty".to_owned(),
        }]);
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        // Reading ends at the first thing of the wrong kind; there may be more.
        let mistakes = shape::mistakes(text);
        if mistakes.is_empty() {
            vec![told(&error)]
        } else {
            mistakes
        }
    })
}

/// Where the text ends that can be read.
fn not_text(bytes: &[u8], error: Utf8Error) -> Mistake {
    let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Mistake {
        line: 1 + before.matches('\n').count() as u64,
        column: 1 + before[line_start..].chars().count() as u64,
        message: "what stands here is not UTF-8; save the file as UTF-8".to_owned(),
    }
}

/// The parser's complaint.
fn told(error: &serde_saphyr::Error) -> Mistake {
    let error = error.without_snippet();
    let place = error.location();
    let said = error.render_with_formatter(&UserMessageFormatter);
    let said = said.lines().next().unwrap_or_default();
    let said = said.trim_start_matches("error: ");
    // The place is told already.
    let said = said.split_once(" at line ").map_or(said, |(said, _)| said);
    Mistake {
        line: place.map_or(1, |place| place.line()),
        column: place.map_or(1, |place| place.column()),
        message: plain(said.trim()).to_owned(),
    }
}

/// The parser's most frequent complaints, for those who do not write parsers.
fn plain(said: &str) -> &str {
    match said {
        "expected string scalar" => TEXT_EXPECTED,
        "expected sequence start" => LIST_EXPECTED,
        "expected mapping start" => MAPPING_EXPECTED,
        _ if said.contains("limit") => "the file is too large or too deep, or repeats too much",
        other => other,
    }
}

pub(super) const TEXT_EXPECTED: &str = "text is expected here";
pub(super) const LIST_EXPECTED: &str = "a list is expected here";
pub(super) const MAPPING_EXPECTED: &str = "a mapping of names to values is expected here";

/// With room for some hundred thousand keys, also where all of them share a list.
pub(super) fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 16_000_000,
            max_nodes: 8_000_000,
            max_total_scalar_bytes: 256 << 20,
            max_aliases: 1_000_000,
            max_merge_keys: 1_000_000,
            // One list of roles for ten thousand keys is what anchors are for.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 4_000_000,
        },
        // Or more than 32 lines of comment in a list would be refused.
        emit_comments: false,
        // Told with everything else that is wrong.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        // Text is text, also where it could be a number.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = File;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping with the fields org and keys")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
                let mut file = File::default();
                while let Some(name) = map.next_key::<Text>()? {
                    match name.value.as_str() {
                        "org" if file.org.is_none() => file.org = Some(map.next_value()?),
                        "keys" if file.keys.is_none() => file.keys = Some(map.next_value()?),
                        // A place for what anchors name.
                        name if name.starts_with("x-") => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            file.strange.push(name);
                        }
                    }
                }
                Ok(file)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key: a mapping with the field id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let mut entry = Entry::default();
                while let Some(name) = map.next_key::<Text>()? {
                    match name.value.as_str() {
                        "id" if entry.id.is_none() => entry.id = Some(map.next_value()?),
                        "org" if entry.org.is_none() => entry.org = Some(map.next_value()?),
                        "desc" if entry.desc.is_none() => entry.desc = Some(map.next_value()?),
                        "roles" if entry.roles.is_none() => entry.roles = Some(map.next_value()?),
                        "projects" if entry.projects.is_none() => {
                            entry.projects = Some(map.next_value()?)
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            entry.strange.push(name);
                        }
                    }
                }
                Ok(entry)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

impl<'de> Deserialize<'de> for Projects {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Projects;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("roles by project id")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Projects, A::Error> {
                let mut projects = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    projects.push(entry);
                }
                Ok(Projects(projects))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}
