//! The file as it is written, with the place of everything in it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_saphyr::{Location, Spanned, UserMessageFormatter};

/// Something wrong in the file, and where.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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
    /// Names of fields that there are not.
    pub(crate) unknown: Vec<Text>,
}

/// One key in the file.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) id: Option<Text>,
    pub(crate) org: Option<Text>,
    pub(crate) desc: Option<Text>,
    pub(crate) roles: Option<Names>,
    pub(crate) projects: Option<Spanned<Projects>>,
    /// Names of fields that there are not.
    pub(crate) unknown: Vec<Text>,
}

/// Roles by project.
#[derive(Debug, Default)]
pub(crate) struct Projects(pub(crate) Vec<(Text, Names)>);

/// Reads YAML or JSON, which is YAML too.
pub(crate) fn read(text: &str) -> Result<File, Mistake> {
    if text.trim().is_empty() {
        return Err(Mistake {
            line: 1,
            column: 1,
            message: "the file is empty".to_owned(),
        });
    }
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location();
        let said = error.render_with_formatter(&UserMessageFormatter);
        let said = said.lines().next().unwrap_or_default();
        let said = said.trim_start_matches("error: ");
        // The place is told already.
        let said = said.rsplit_once(" at line ").map_or(said, |(said, _)| said);
        Mistake {
            line: place.map_or(1, |place| place.line()),
            column: place.map_or(1, |place| place.column()),
            message: plain(said.trim()).to_owned(),
        }
    })
}

/// The parser's most frequent complaints, for those who do not write parsers.
fn plain(said: &str) -> &str {
    match said {
        "expected string scalar" => "text is expected here",
        "expected sequence start" => "a list is expected here",
        "expected mapping start" => "a mapping of names to values is expected here",
        other => other,
    }
}

/// With room for some hundred thousand keys.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 16_000_000,
            max_nodes: 8_000_000,
            max_total_scalar_bytes: 256 << 20,
        },
        strict_booleans: true,
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
                        "org" => file.org = Some(map.next_value()?),
                        "keys" => file.keys = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            file.unknown.push(name);
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
                        "id" => entry.id = Some(map.next_value()?),
                        "org" => entry.org = Some(map.next_value()?),
                        "desc" => entry.desc = Some(map.next_value()?),
                        "roles" => entry.roles = Some(map.next_value()?),
                        "projects" => entry.projects = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            entry.unknown.push(name);
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
