//! `openapi/services.toml`: services, operations, and our names.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use crate::document::{self, escape, follow};

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// The title of the generated client.
    pub title: String,
    /// The services, by our names.
    pub services: BTreeMap<String, Service>,
    /// The operations, by our names.
    pub operations: BTreeMap<String, Operation>,
    /// Our names for nested types, by `Type.field` or `Type.field[]`.
    pub types: BTreeMap<String, String>,
    /// Whether a schema that we do not name keeps the document's name. Otherwise it becomes
    /// part of the type around it, so that no name depends on upstream.
    #[serde(default)]
    pub keep_names: bool,
    /// The role enums by name.
    pub roles: BTreeMap<String, Roles>,
}

/// One service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// What people call it.
    pub title: String,
    /// The document, a file in `openapi/`.
    pub document: String,
    /// Where the document comes from.
    pub source: Source,
    /// Where the vendor publishes the full document, if anywhere.
    pub upstream: Option<String>,
    /// The prefix of each operation's path.
    pub base_path: String,
    /// The media type of bodies, with `{date}` in place of the version.
    pub media_type: String,
    /// The newest known API date. Later versions in a document are not in force yet and are
    /// ignored.
    pub newest: Option<NaiveDate>,
}

/// Where the document of a service comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `cargo xtask trim` cut it from the vendor's document.
    Trimmed,
    /// It is written by hand, from facts.
    Handwritten,
}

/// One operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The HTTP method.
    pub method: String,
    /// The path below the base path, with our names for its parameters.
    pub path: String,
    /// What it does to the service's state.
    pub effect: Effect,
    /// Our name for the type of the request body.
    pub body: Option<String>,
    /// Our name for the type of a success.
    pub response: Option<String>,
    /// Our name for the type of an error.
    pub error: Option<String>,
}

/// What an operation does to the service's state, and so what a repetition does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// It sets a state, which a repetition sets again.
    Set,
    /// It deletes something, and a repetition finds nothing more.
    Delete,
    /// It creates something, and a repetition creates another.
    Create,
}

impl Effect {
    /// Returns the name in `services.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Set => "set",
            Self::Delete => "delete",
            Self::Create => "create",
        }
    }

    /// Returns the effect that HTTP expects of a method.
    pub fn of_method(method: &str) -> Self {
        match method.to_uppercase().as_str() {
            "GET" | "HEAD" | "OPTIONS" => Self::Read,
            "POST" => Self::Create,
            "DELETE" => Self::Delete,
            _ => Self::Set,
        }
    }
}

/// One role enum.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// The types and fields that list the names.
    pub values: Vec<String>,
    /// The prefix of all names.
    pub prefix: String,
    /// The documentation of the enum.
    pub about: String,
    /// Our names for variants, by role, where the rule makes no name of its own of a role.
    #[serde(default)]
    pub variants: BTreeMap<String, String>,
}

impl Services {
    /// The path of the file, from the root of the workspace.
    pub const PATH: &str = "openapi/services.toml";

    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self> {
        let place = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(place)?;
        toml::from_str(&text)
            .map_err(document::toml_error)
            .with_context(place)
    }

    /// Returns a service.
    pub fn service(&self, id: &str) -> Result<&Service> {
        self.services.get(id).with_context(|| {
            let known: Vec<_> = self.services.keys().map(String::as_str).collect();
            format!(
                "{}: no service {id}; there are {}",
                Self::PATH,
                known.join(", ")
            )
        })
    }
}

/// Returns the text of `services.toml` in which the document of a service is a trimmed one.
/// Everything else stays as it is written.
pub fn with_trimmed(text: &str, id: &str) -> String {
    let header = format!("[services.{id}]");
    let mut is_inside = false;
    let lines = text.split_inclusive('\n').map(|line| {
        if line.starts_with('[') {
            is_inside = line.trim_end() == header;
        }
        match line.split_once('=') {
            Some((key, _)) if is_inside && key.trim() == "source" => "source = \"trimmed\"\n",
            _ => line,
        }
    });
    lines.collect()
}

impl Service {
    /// Returns the date in a media type of this service: `None` if the media type is not the
    /// service's, and an empty text if its media types have no date.
    pub fn date_of<'a>(&self, media_type: &'a str) -> Option<&'a str> {
        match self.media_type.split_once("{date}") {
            Some((prefix, suffix)) => media_type.strip_prefix(prefix)?.strip_suffix(suffix),
            None => (media_type == self.media_type).then_some(""),
        }
    }
}

/// An operation in a document.
pub struct Found<'a> {
    /// The path, as written in the document.
    pub path: &'a str,
    /// The path item around the operation.
    pub item: &'a Value,
    /// The operation.
    pub value: &'a Value,
}

impl Operation {
    /// Returns the method as a key of a path item.
    pub fn method_key(&self) -> String {
        self.method.to_lowercase()
    }

    /// Finds this operation in a document, by method and path only. Path parameters match by
    /// position, because documents rename them.
    pub fn find<'a>(&self, document: &'a Value, base_path: &str) -> Result<Found<'a>> {
        let wanted = format!("{base_path}{}", self.path);
        let wanted = wanted.trim_end_matches('/');
        let paths = document
            .get("paths")
            .and_then(Value::as_object)
            .context("/paths: missing")?;
        let (path, item) = paths
            .get_key_value(wanted)
            .or_else(|| paths.iter().find(|(path, _)| same_shape(path, wanted)))
            .with_context(|| format!("/paths: no path {wanted}"))?;
        let item = follow(document, item)?;
        let value = item
            .get(self.method_key())
            .with_context(|| format!("/paths/{}: no method {}", escape(path), self.method))?;
        ensure!(
            value.is_object(),
            "/paths/{}/{}: not an object",
            escape(path),
            self.method_key()
        );
        Ok(Found { path, item, value })
    }
}

/// Returns whether two path templates differ only in the names of parameters.
fn same_shape(left: &str, right: &str) -> bool {
    pieces(left).step_by(2).eq(pieces(right).step_by(2))
}

/// Returns the names of a path's parameters, in order.
pub fn parameters(path: &str) -> impl Iterator<Item = &str> {
    pieces(path).skip(1).step_by(2)
}

/// Splits a path template into fixed text and names of parameters, in turn.
fn pieces(path: &str) -> impl Iterator<Item = &str> {
    path.split(['{', '}'])
}

/// Parses a date written exactly `YYYY-MM-DD`.
pub fn date(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_source_of_one_service_changes() {
        let text = "[services.a]\nsource = \"handwritten\"\n\n# Ours.\n[services.b]\n\
                    document = \"b.yaml\" # source = c\nsource  =  \"handwritten\"\n\n[operations.b]\n";
        assert_eq!(
            with_trimmed(text, "b"),
            text.replace("source  =  \"handwritten\"", "source = \"trimmed\"")
        );
    }

    #[test]
    fn an_unknown_service_is_named_beside_the_known_ones() {
        let services: Services =
            toml::from_str("title = \"T\"\nservices = {}\noperations = {}\ntypes = {}\nroles = {}")
                .unwrap();
        let error = services.service("atlas-v3").unwrap_err().to_string();
        assert!(error.starts_with("openapi/services.toml: no service atlas-v3; there are"));
    }

    #[test]
    fn the_effect_of_an_operation_must_be_said() {
        let entry = "method = \"POST\"\npath = \"/keys\"\n";
        let error = toml::from_str::<Operation>(entry).unwrap_err().to_string();
        assert!(error.contains("missing field `effect`"), "{error}");
        let entry = format!("{entry}effect = \"create\"");
        assert_eq!(
            toml::from_str::<Operation>(&entry).unwrap().effect,
            Effect::Create
        );
    }
}
