//! The manifest: a YAML or JSON file with API keys and their desired state.
//!
//! The types here describe its grammar, and the JSON Schema is made from them. [`read`] parses
//! the file once into a tree with locations, decodes the tree into these types, and validates
//! them.

mod decode;
mod tree;
mod validate;

use std::{borrow::Cow, collections::BTreeMap};

use atlas_admin::OrgId;
use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform,
};
use serde_json::Value;

pub(in crate::commands) use self::validate::{desc_problems, role_problem};
use super::desired::DesiredKey;
use crate::{
    diagnostic::{Diagnostic, Location},
    roles::KnownRoles,
};

/// The maximum length of a description, in characters.
const MAX_DESC_LENGTH: usize = 250;

/// API keys and their desired state. Omitted fields leave a key unchanged. Fields that begin
/// with x- may hold anything, such as the target of a YAML anchor.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "atlas-admin apply manifest")]
#[schemars(extend("patternProperties" = { "^x-": true }))]
struct Manifest {
    /// The organization of keys that do not name their own.
    #[schemars(regex(pattern = "^[0-9a-f]{24}$"))]
    org: Option<Text>,
    /// The keys, each once.
    #[schemars(required, length(min = 1))]
    keys: Option<Located<Vec<Located<Key>>>>,
}

/// An API key: one that exists, by its id, or one that should or should not exist, by its id or
/// description.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("allOf" = [
    {
        "if": { "required": ["id"] },
        "then": { "properties": { "secretFile": false } },
        "else": { "required": ["ensure", "desc"] },
    },
    {
        "if": { "required": ["ensure"], "properties": { "ensure": { "const": "absent" } } },
        "then": {
            "properties": {
                "roles": false, "projects": false, "prune": false, "accessList": false,
                "secretFile": false,
            },
            "not": { "required": ["id", "desc"] },
        },
        "else": {
            "anyOf": [
                { "required": ["desc"] },
                { "required": ["roles"] },
                { "required": ["projects"] },
                { "required": ["prune"], "properties": { "prune": { "const": true } } },
                { "required": ["accessList"] },
            ],
        },
    },
    {
        "if": {
            "not": { "required": ["id"] },
            "required": ["ensure"],
            "properties": { "ensure": { "const": "present" } },
        },
        "then": { "required": ["roles", "secretFile"] },
    },
]))]
struct Key {
    /// The key's ID (not its public key). Without one, the description tells which key is meant.
    #[schemars(regex(pattern = "^[0-9a-f]{24}$"))]
    id: Option<Text>,
    /// Whether the key should exist; by default, present. A key without an id is created if there
    /// is none with its description. One that is absent is deleted, and has no other fields than
    /// its id or description.
    #[schemars(extend("enum" = ["present", "absent"]))]
    ensure: Option<Text>,
    /// The key's organization, if it differs from the one at the top of the file.
    #[schemars(regex(pattern = "^[0-9a-f]{24}$"))]
    org: Option<Text>,
    /// The key's description.
    #[schemars(length(min = 1, max = MAX_DESC_LENGTH))]
    desc: Option<Text>,
    /// The key's organization roles. The key loses all others.
    roles: Option<Located<Roles>>,
    /// The key's project roles, by project ID. The key loses all others in these projects, and
    /// leaves a project with an empty list; its roles in other projects are not affected, unless
    /// prune is true.
    #[schemars(with = "Option<BTreeMap<String, ProjectRoles>>")]
    projects: Option<Vec<(Text, Located<Roles>)>>,
    /// Whether the key leaves all projects that are not listed.
    #[schemars(with = "Option<bool>")]
    prune: Option<Located<bool>>,
    /// The addresses and networks that the key may be used from. The key loses all others. With an
    /// empty list it may be used from anywhere, unless its organization requires a list.
    #[schemars(with = "Option<Entries>")]
    access_list: Option<Located<Vec<Text>>>,
    /// The new file for the private key of a key that is created, as seen from the current folder.
    #[schemars(length(min = 1))]
    secret_file: Option<Text>,
}

/// Names of roles, or none to leave the project.
#[derive(JsonSchema)]
#[schemars(inline)]
struct ProjectRoles(
    #[schemars(extend("uniqueItems" = true))]
    #[expect(dead_code, reason = "describes the grammar")]
    Vec<Text>,
);

/// Addresses and networks.
#[derive(JsonSchema)]
#[schemars(inline)]
struct Entries(
    #[schemars(inner(regex(pattern = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")))]
    #[schemars(extend("uniqueItems" = true))]
    #[expect(dead_code, reason = "describes the grammar")]
    Vec<String>,
);

/// Names of roles.
#[derive(JsonSchema)]
#[schemars(inline)]
struct Roles(#[schemars(length(min = 1), extend("uniqueItems" = true))] Vec<Text>);

type Text = Located<String>;

/// A value with its location in the file.
struct Located<T> {
    value: T,
    location: Location,
}

/// The schema is that of the value.
impl<T: JsonSchema> JsonSchema for Located<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Reads a manifest. `org` is for keys without an organization in the file.
///
/// # Errors
///
/// Fails with everything that is wrong in the file.
pub(super) fn read(
    bytes: &[u8],
    org: Option<&OrgId>,
    known_roles: &KnownRoles,
) -> Result<Vec<DesiredKey>, Vec<Diagnostic>> {
    let document = tree::parse(bytes).map_err(|diagnostic| vec![diagnostic])?;
    let (manifest, mut diagnostics) = decode::decode(&document)?;
    let keys = validate::validate(&manifest, org, known_roles, &mut diagnostics);
    if diagnostics.is_empty() {
        Ok(keys)
    } else {
        Err(sorted(diagnostics))
    }
}

/// Sorts the diagnostics, and drops the duplicates that aliases of one anchor cause.
fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_unstable();
    diagnostics.dedup();
    diagnostics
}

/// Returns the JSON Schema of the manifest (draft 2020-12).
pub(in crate::commands) fn schema() -> Value {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .with_transform(RecursiveTransform(forbid_null))
        .into_generator()
        .into_root_schema_for::<Manifest>()
        .to_value()
}

/// Forbids null for optional fields: they may be omitted, but not null.
fn forbid_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_mut_slice() {
            let only = only.take();
            schema.insert("type".to_owned(), only);
        }
    }
}
