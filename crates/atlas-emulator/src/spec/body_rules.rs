//! Validation of bodies: the document's schema finds the errors, and each gets the services' error
//! code.

use jsonschema::{Draft, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

use crate::{
    http::error::ApiError,
    spec::operation::Level,
    spec::role::{Role, Update},
};

/// The rules for an operation's body: an object, or an array of objects.
#[derive(Debug)]
pub(crate) struct BodyRules {
    pub(crate) level: Level,
    validator: Validator,
    /// The names of the fields.
    fields: Vec<String>,
    /// The minimum and maximum length of a description, in characters.
    desc_length: (u64, u64),
    /// The valid roles; empty if the document names none.
    pub(crate) roles: Vec<Role>,
    /// The roles of the other level, which get an error of their own.
    pub(crate) other_level_roles: Vec<Role>,
}

impl BodyRules {
    /// Creates rules from a schema without references. `roles` replaces the roles that the schema
    /// names.
    pub(crate) fn new(
        level: Level,
        mut schema: Value,
        roles: Option<&[Role]>,
    ) -> Result<Self, String> {
        let object = match schema["type"] == "array" {
            true => &mut schema["items"],
            false => &mut schema,
        };
        if let (Some(roles), Some(items)) = (roles, object.pointer_mut("/properties/roles/items")) {
            items["enum"] = roles.iter().map(|role| &**role).collect();
        }
        let fields = object["properties"]
            .as_object()
            .ok_or("no properties in the schema of a body")?
            .keys()
            .cloned()
            .collect();
        let desc = &object["properties"]["desc"];
        let desc_length = (
            desc["minLength"].as_u64().unwrap_or(0),
            desc["maxLength"].as_u64().unwrap_or(u64::MAX),
        );
        let names = object["properties"]["roles"]["items"]["enum"].as_array();
        let roles = names.into_iter().flatten().filter_map(Value::as_str);
        let roles = roles.map(Role::from).collect();
        // OpenAPI 3.0 is based on Wright Draft 00, which is equivalent to draft 4.
        let validator = jsonschema::options()
            .with_draft(Draft::Draft4)
            .build(&schema)
            .map_err(|error| format!("invalid schema of a body: {error}"))?;
        Ok(Self {
            level,
            validator,
            fields,
            desc_length,
            roles,
            other_level_roles: Vec::new(),
        })
    }

    /// Parses and validates a body. Of several errors, returns the one that the services check
    /// first. With `empty_is_absent`, an empty field beside one that is not counts as absent.
    pub(crate) fn read(&self, body: &[u8], empty_is_absent: bool) -> Result<Value, ApiError> {
        let mut body: Value =
            serde_json::from_slice(body).map_err(|_| ApiError::malformed_json())?;
        if empty_is_absent {
            remove_empty(&mut body);
        }
        if !self.validator.is_valid(&body) {
            let errors = self.validator.iter_errors(&body);
            let first = errors
                .map(|error| self.ranked(&error))
                .min_by_key(|(rank, _)| *rank);
            return Err(first.map_or_else(ApiError::malformed_json, |(_, error)| error));
        }
        Ok(body)
    }

    /// Returns the description and the roles in a valid object.
    pub(crate) fn update(&self, object: &Value) -> Update {
        let names = object.get("roles").and_then(Value::as_array);
        let roles = names.map(|names| {
            let mut roles: Vec<Role> = Vec::with_capacity(names.len());
            for name in names.iter().filter_map(Value::as_str) {
                if !roles.iter().any(|role| &**role == name) {
                    roles.push(find(&self.roles, name).unwrap_or_else(|| Role::from(name)));
                }
            }
            roles
        });
        let desc = object.get("desc").and_then(Value::as_str);
        let desc = desc.map(str::to_owned);
        Update { desc, roles }
    }

    /// Returns the services' error for a validation error, and the rank of its check. The order is
    /// an assumption, as is the same error for absent required roles as for empty ones.
    fn ranked(&self, error: &ValidationError<'_>) -> (u8, ApiError) {
        use ValidationErrorKind as Kind;

        let path = error.instance_path().as_str();
        let mut segments = path.split('/').skip(1);
        let is_item = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit());
        let field = segments.find(|segment| !is_item(segment));
        let takes_roles = self.fields.iter().any(|field| field == "roles");
        match (error.kind(), field) {
            (Kind::Type { .. }, None) => (0, ApiError::malformed_json()),
            (Kind::AdditionalProperties { unexpected }, None) => {
                let name = unexpected.first().map_or("", String::as_str);
                (1, ApiError::attribute(name))
            }
            (Kind::MinLength { .. } | Kind::MaxLength { .. }, Some("desc")) => {
                let (min, max) = self.desc_length;
                (2, ApiError::desc_length(min, max))
            }
            (_, Some("desc")) => (2, ApiError::attribute("desc")),
            (Kind::MinItems { .. }, Some("roles")) => (3, ApiError::missing_roles()),
            (Kind::Enum { .. }, Some("roles")) => {
                let name = error.instance().as_str();
                let attribute = || ApiError::attribute("roles");
                (3, name.map_or_else(attribute, |name| self.bad_role(name)))
            }
            (_, Some(field)) => (3, ApiError::attribute(field)),
            (Kind::Required { property }, None) if property == "desc" => {
                (4, ApiError::missing_desc())
            }
            // Only the entries of access lists have a maximum.
            (
                Kind::MinItems { .. } | Kind::MinProperties { .. } | Kind::MaxProperties { .. },
                None,
            ) if !takes_roles => (5, ApiError::address_and_network()),
            (Kind::MinProperties { .. }, None) => {
                (5, ApiError::missing_attributes(self.fields.iter()))
            }
            (Kind::Required { .. } | Kind::MinItems { .. }, None) => (6, ApiError::missing_roles()),
            (_, None) => (7, ApiError::malformed_json()),
        }
    }

    fn bad_role(&self, name: &str) -> ApiError {
        match (find(&self.other_level_roles, name), self.level) {
            (None, _) => ApiError::unknown_role(name),
            (Some(_), Level::Project) => ApiError::org_role_in_group(name),
            (Some(_), Level::Org) => ApiError::group_role_in_org(name),
        }
    }
}

/// Removes an empty description or empty roles, if the other is there and not empty.
fn remove_empty(body: &mut Value) {
    let Some(fields) = body.as_object_mut() else {
        return;
    };
    let desc = fields.get("desc").and_then(Value::as_str);
    let roles = fields.get("roles").and_then(Value::as_array);
    match (desc, roles.map(Vec::as_slice)) {
        (Some(""), Some([_, ..])) => fields.remove("desc"),
        (Some(_), Some([])) if desc != Some("") => fields.remove("roles"),
        _ => None,
    };
}

fn find(roles: &[Role], name: &str) -> Option<Role> {
    roles.iter().find(|role| &***role == name).cloned()
}
