//! Maps names of a document to Rust identifiers, and checks that they are valid and distinct:
//! from each other, and from names that the generated code has of its own.
//!
//! Names are mapped as the generator maps them. It does not check the result, so a document
//! with `dryRun` beside `dry_run` would make code that does not compile.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use heck::{ToSnakeCase, ToUpperCamelCase};
use proc_macro2::Ident;
use serde_json::{Map, Value};

use crate::{document::escape, pipeline::lower::SCHEMAS};

/// The names in one scope of the generated code.
pub struct Scope {
    about: String,
    /// What to do about a name that cannot be taken.
    remedy: String,
    /// Who has each identifier: our own code, or a name in the document.
    taken: BTreeMap<String, Option<String>>,
}

impl Scope {
    /// Creates a scope, in which `own` are names of our own.
    pub fn new(about: impl Into<String>, remedy: impl Into<String>, own: &[&str]) -> Self {
        Self {
            about: about.into(),
            remedy: remedy.into(),
            taken: own.iter().map(|name| ((*name).to_owned(), None)).collect(),
        }
    }

    /// Takes `identifier` for `name`, which stands at `place` in the document.
    pub fn claim(&mut self, identifier: String, name: &str, place: &str) -> Result<Ident> {
        let Ok(ident) = syn::parse_str::<Ident>(&identifier) else {
            bail!(
                "{place}: '{name}' makes no Rust identifier; {}",
                self.remedy
            );
        };
        let Self { about, remedy, .. } = &*self;
        match self.taken.get(&identifier) {
            None => {}
            Some(Some(other)) => {
                bail!("{place}: '{other}' and '{name}' both become `{ident}` in {about}; {remedy}")
            }
            Some(None) => {
                bail!("{place}: '{name}' becomes `{ident}`, which {about} has already; {remedy}")
            }
        }
        self.taken.insert(identifier, Some(name.to_owned()));
        Ok(ident)
    }
}

/// Returns a name in camel case, as types and variants have it.
pub fn camel(name: &str) -> String {
    words(name).to_upper_camel_case()
}

/// Returns the identifier that the generator makes of the name of a type.
fn type_identifier(name: &str) -> String {
    finished(camel(name), "X")
}

/// Returns the identifier that the generator makes of the name of a field of a type.
fn field(name: &str) -> String {
    finished(words(name).to_snake_case(), "x")
}

/// Returns the identifier that the generator makes of the name of an argument or a method.
fn argument(name: &str) -> String {
    match words(name).to_snake_case() {
        empty if empty.is_empty() => "x".to_owned(),
        snake => finished(snake, "_"),
    }
}

/// Replaces characters that no identifier may have.
fn words(name: &str) -> String {
    match name {
        "+1" => "plus1".to_owned(),
        "-1" => "minus1".to_owned(),
        _ => name
            .replace('\'', "")
            .replace(|c| !(c == '_' || unicode_ident::is_xid_continue(c)), "-"),
    }
}

/// Puts `prefix` before what does not start as identifiers do, and `_` behind keywords.
fn finished(name: String, prefix: &str) -> String {
    let name = match name.chars().next() {
        Some(c) if unicode_ident::is_xid_start(c) => name,
        _ => format!("{prefix}{name}"),
    };
    let is_keyword = name == "gen" || syn::parse_str::<Ident>(&name).is_err();
    if is_keyword { name + "_" } else { name }
}

/// The methods of the raw client that are written by hand.
const CLIENT: &[&str] = &["new", "baseurl"];

/// What the generated methods call by name, and the methods of their mocks.
const METHOD: &[&str] = &["body", "encode_path", "header_map", "into_inner", "new"];

const RENAME: &str = "give it another name in openapi/services.toml";
const REMOVE: &str = "remove one that is not needed, in openapi/overlay.yaml";

/// Fails if two names of a lowered document would meet in the generated code, or one of them
/// makes no identifier.
pub fn check(lowered: &Value) -> Result<()> {
    let mut methods = Scope::new("the client", RENAME, CLIENT);
    for (path, item) in entries(lowered, "/paths") {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let place = format!("/paths/{}/{method}", escape(path));
            let id = text(operation, "operationId");
            methods.claim(argument(id), id, &format!("{place}/operationId"))?;
            parameters(operation, id, &place)?;
        }
    }
    let mut types = Scope::new("the types", RENAME, &[]);
    for (name, schema) in entries(lowered, SCHEMAS) {
        let place = format!("{SCHEMAS}/{}", escape(name));
        types.claim(type_identifier(name), name, &place)?;
        fields(schema, &place)?;
    }
    Ok(())
}

fn parameters(operation: &Value, id: &str, place: &str) -> Result<()> {
    let mut scope = Scope::new(format!("the method {id}"), REMOVE, METHOD);
    let parameters = operation.get("parameters").and_then(Value::as_array);
    for (index, parameter) in parameters.into_iter().flatten().enumerate() {
        let place = format!("{place}/parameters/{index}/name");
        let name = text(parameter, "name");
        scope.claim(argument(name), name, &place)?;
    }
    Ok(())
}

/// Checks the fields of an object, and of all objects in it.
fn fields(schema: &Value, place: &str) -> Result<()> {
    match schema {
        Value::Array(parts) => parts
            .iter()
            .enumerate()
            .try_for_each(|(index, part)| fields(part, &format!("{place}/{index}"))),
        Value::Object(object) => object.iter().try_for_each(|(key, value)| {
            let place = format!("{place}/{}", escape(key));
            match (key.as_str(), value) {
                ("properties", Value::Object(properties)) => {
                    let has_extra = object
                        .get("additionalProperties")
                        .is_some_and(|more| more != &Value::Bool(false));
                    properties_of(properties, has_extra, &place)
                }
                _ => fields(value, &place),
            }
        }),
        _ => Ok(()),
    }
}

fn properties_of(properties: &Map<String, Value>, has_extra: bool, place: &str) -> Result<()> {
    let own: &[&str] = if has_extra { &["extra"] } else { &[] };
    let mut scope = Scope::new("the type", REMOVE, own);
    for (name, schema) in properties {
        let place = format!("{place}/{}", escape(name));
        scope.claim(field(name), name, &place)?;
        fields(schema, &place)?;
    }
    Ok(())
}

fn entries<'a>(
    document: &'a Value,
    pointer: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let object = document.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
