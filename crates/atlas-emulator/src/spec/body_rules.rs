//! Reading the body of an update: the document's schema finds what is wrong,
//! and each finding has the services' own code.

use jsonschema::{Draft, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

use crate::{
    http::error::ApiError,
    spec::role::{Role, Update},
    spec::service::Operation,
};

/// The rules of one operation's body.
#[derive(Debug)]
pub(crate) struct BodyRules {
    operation: Operation,
    validator: Validator,
    /// The names the body may hold.
    fields: Vec<String>,
    /// The shortest and longest description, in characters.
    desc_length: (u64, u64),
    /// The roles that may be given; empty where the document names none.
    pub(crate) roles: Vec<Role>,
    /// The roles of the other level: known, but refused here.
    pub(crate) foreign_roles: Vec<Role>,
}

impl BodyRules {
    /// Rules from a schema without references. `roles` replace those that the
    /// schema names.
    pub(crate) fn new(
        operation: Operation,
        mut schema: Value,
        roles: Option<&[Role]>,
    ) -> Result<Self, String> {
        if let (Some(roles), Some(items)) = (roles, schema.pointer_mut("/properties/roles/items")) {
            items["enum"] = roles.iter().map(|role| &**role).collect();
        }
        let fields = schema["properties"]
            .as_object()
            .ok_or("properties of a body")?
            .keys()
            .cloned()
            .collect();
        let desc = &schema["properties"]["desc"];
        let desc_length = (
            desc["minLength"].as_u64().unwrap_or(0),
            desc["maxLength"].as_u64().unwrap_or(u64::MAX),
        );
        let names = schema["properties"]["roles"]["items"]["enum"].as_array();
        let roles = names.into_iter().flatten().filter_map(Value::as_str);
        let roles = roles.map(Role::from).collect();
        // OpenAPI 3.0 is built on the draft before 5, which is 4 but in name.
        let validator = jsonschema::options()
            .with_draft(Draft::Draft4)
            .build(&schema)
            .map_err(|error| format!("valid schema of a body: {error}"))?;
        Ok(Self {
            operation,
            validator,
            fields,
            desc_length,
            roles,
            foreign_roles: Vec::new(),
        })
    }

    /// Reads and checks a body. Of several faults the response names the one
    /// that the services look for first.
    pub(crate) fn read(&self, body: &[u8]) -> Result<Update, ApiError> {
        let body: Value = serde_json::from_slice(body).map_err(|_| ApiError::malformed_json())?;
        if !self.validator.is_valid(&body) {
            let faults = self.validator.iter_errors(&body);
            let first = faults
                .map(|fault| self.refusal(&fault))
                .min_by_key(|(rank, _)| *rank);
            return Err(first.map_or_else(ApiError::malformed_json, |(_, error)| error));
        }
        let names = body.get("roles").and_then(Value::as_array);
        let roles = names.map(|names| {
            let mut roles: Vec<Role> = Vec::with_capacity(names.len());
            for name in names.iter().filter_map(Value::as_str) {
                if !roles.iter().any(|role| &**role == name) {
                    roles.push(find(&self.roles, name).unwrap_or_else(|| Role::from(name)));
                }
            }
            roles
        });
        let desc = body.get("desc").and_then(Value::as_str).map(str::to_owned);
        Ok(Update { desc, roles })
    }

    /// The services' word for a finding, and when they look for it. Assumptions:
    /// the order, and that roles which are required and absent get a response as
    /// empty ones.
    fn refusal(&self, fault: &ValidationError<'_>) -> (u8, ApiError) {
        use ValidationErrorKind as Kind;

        let path = fault.instance_path().as_str();
        let field = path.split('/').nth(1);
        match (fault.kind(), field) {
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
                let name = fault.instance().as_str();
                let attribute = || ApiError::attribute("roles");
                (3, name.map_or_else(attribute, |name| self.bad_role(name)))
            }
            (_, Some(field)) => (3, ApiError::attribute(field)),
            (Kind::MinProperties { .. }, None) => {
                (4, ApiError::missing_attributes(self.fields.iter()))
            }
            (Kind::Required { .. }, None) => (5, ApiError::missing_roles()),
            (_, None) => (6, ApiError::malformed_json()),
        }
    }

    fn bad_role(&self, name: &str) -> ApiError {
        match (find(&self.foreign_roles, name), self.operation) {
            (None, _) => ApiError::unknown_role(name),
            (Some(_), Operation::UpdateInProject) => ApiError::org_role_in_group(name),
            (Some(_), _) => ApiError::group_role_in_org(name),
        }
    }
}

fn find(roles: &[Role], name: &str) -> Option<Role> {
    roles.iter().find(|role| &***role == name).cloned()
}
