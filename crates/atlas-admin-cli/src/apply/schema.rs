//! The form of the file, for editors and other programs. What reads the file is
//! `file.rs`, which knows the place of each mistake; a test holds the two together.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

/// API keys and what they are to be. What is not given stays as it is. Fields that begin
/// with x- may hold anything, such as what YAML anchors name.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "atlas-admin apply file")]
#[schemars(extend("patternProperties" = { "^x-": true }))]
#[expect(dead_code, reason = "describes a form, and is never made")]
struct File {
    /// The organization of the keys that name none.
    #[schemars(regex(pattern = "^[0-9a-f]{24}$"))]
    org: Option<String>,
    /// The keys, each once.
    #[schemars(length(min = 1))]
    keys: Vec<Key>,
}

/// An API key.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["desc"] },
    { "required": ["roles"] },
    { "required": ["projects"] },
]))]
#[expect(dead_code, reason = "describes a form, and is never made")]
struct Key {
    /// The key's id, which is not its public key.
    #[schemars(regex(pattern = "^[0-9a-f]{24}$"))]
    id: String,
    /// The key's organization, if not the one at the top of the file.
    #[schemars(regex(pattern = "^[0-9a-f]{24}$"))]
    org: Option<String>,
    /// What the key is for.
    #[schemars(length(min = 1, max = 250))]
    desc: Option<String>,
    /// All roles that the key is to have in its organization. Others are taken from it.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    roles: Option<Vec<String>>,
    /// By the id of a project, all roles that the key is to have there. Others are taken
    /// from it. Projects that are not here are left alone.
    projects: Option<BTreeMap<String, Roles>>,
}

/// Names of roles.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a form, and is never made")]
struct Roles(#[schemars(length(min = 1), extend("uniqueItems" = true))] Vec<String>);

/// The JSON Schema of the file, draft 2020-12.
pub(crate) fn schema() -> Value {
    SchemaSettings::draft2020_12()
        .for_deserialize()
        .with_transform(RecursiveTransform(without_null))
        .into_generator()
        .into_root_schema_for::<File>()
        .to_value()
}

/// What may be left out may not be null all the same.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_mut_slice() {
            let only = only.take();
            schema.insert("type".to_owned(), only);
        }
    }
}
