//! `openapi/services.toml`: the services, the operations, and our names.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::Value;

use crate::document::escape;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// What the generated client calls itself.
    pub title: String,
    /// The services by name, the one that leads first in the alphabet or not.
    pub services: BTreeMap<String, Service>,
    /// The operations by our name.
    pub operations: BTreeMap<String, Operation>,
    /// Our names for types inside other types, by `Type.field` or `Type.field[]`.
    pub types: BTreeMap<String, String>,
    /// Whether a schema without a name of ours keeps the document's. If not, it
    /// becomes part of the type around it, so that no name depends on upstream.
    #[serde(default)]
    pub keep_names: bool,
    /// The role enums by name.
    pub roles: BTreeMap<String, Roles>,
}

/// One service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The file in `openapi/`.
    pub document: String,
    /// What stands before each operation's path.
    pub base_path: String,
    /// The type of its bodies, with `{date}` where the version stands.
    pub media_type: String,
    /// The newest date of the API that we know. What a document says of later
    /// ones is not in force, and counts for nothing.
    pub newest: Option<NaiveDate>,
}

/// One operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The HTTP method.
    pub method: String,
    /// The path below the base path, with our names for its parameters.
    pub path: String,
    /// Our name for the type of the request's body.
    pub body: Option<String>,
    /// Our name for the type of a success.
    pub response: Option<String>,
    /// Our name for the type of an error.
    pub error: Option<String>,
}

/// One role enum.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// The type and field that list the names.
    pub values: String,
    /// What all the names begin with.
    pub prefix: String,
    /// What a role of this kind is, for its documentation.
    pub about: String,
}

impl Services {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self> {
        let place = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(place)?;
        toml::from_str(&text)
            .map_err(|error| anyhow::anyhow!("{}", error.to_string().trim().replace('\n', " ")))
            .with_context(place)
    }
}

impl Service {
    /// The date in a media type of this service: `None` if the type is not one
    /// of its own, and an empty text if the service does not date its types.
    pub fn date_of<'a>(&self, media_type: &'a str) -> Option<&'a str> {
        match self.media_type.split_once("{date}") {
            Some((prefix, suffix)) => media_type.strip_prefix(prefix)?.strip_suffix(suffix),
            None => (media_type == self.media_type).then_some(""),
        }
    }
}

/// An operation as it stands in a document.
pub struct Found<'a> {
    /// The path as the document writes it.
    pub path: &'a str,
    /// The path item around the operation.
    pub item: &'a Value,
    /// The operation.
    pub value: &'a Value,
}

impl Operation {
    /// The method as a key of a path item.
    pub fn method_key(&self) -> String {
        self.method.to_lowercase()
    }

    /// Finds this operation in a document, by method and path alone. Parameters
    /// match by place, because documents rename them.
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

/// Whether two path templates differ in nothing but the names of parameters.
fn same_shape(left: &str, right: &str) -> bool {
    pieces(left).step_by(2).eq(pieces(right).step_by(2))
}

/// The names of a path's parameters, in order.
pub fn parameters(path: &str) -> impl Iterator<Item = &str> {
    pieces(path).skip(1).step_by(2)
}

/// A path template, taken apart: fixed text and names of parameters in turn.
fn pieces(path: &str) -> impl Iterator<Item = &str> {
    path.split(['{', '}'])
}

/// The day that `text` names, if it is `YYYY-MM-DD` to the letter.
pub fn date(text: &str) -> Option<NaiveDate> {
    let date: NaiveDate = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}
