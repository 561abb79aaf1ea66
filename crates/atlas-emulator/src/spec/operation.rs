//! An operation of a service, as its document describes it.

use http::Method;
use serde_json::Value;

use crate::{
    spec::body_rules::BodyRules, spec::query::QueryParameter, spec::service::Service,
    spec::versions::VersionLifecycle,
};

/// An operation of a service.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) service: Service,
    pub(crate) method: Method,
    /// The path below the service's base path, such as `/orgs/{orgId}/apiKeys`.
    pub(crate) path: String,
    pub(crate) query: Vec<QueryParameter>,
    /// What a success responds with.
    pub(crate) success: Success,
    /// The versions, oldest first. A service without versions has one.
    pub(crate) versions: Vec<Version>,
}

/// The content of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Success {
    /// An API key.
    Key,
    /// Anything else.
    Other,
    /// No body.
    Empty,
}

/// A version of an operation.
#[derive(Debug)]
pub(crate) struct Version {
    pub(crate) lifecycle: VersionLifecycle,
    /// `None` for an operation without a body.
    pub(crate) body: Option<BodyRules>,
}

/// Whether an operation acts in an organization or in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Org,
    Project,
}

impl Level {
    /// Returns the level of the role with this name.
    pub(crate) fn of_role(name: &str) -> Self {
        match name.starts_with("ORG_") {
            true => Self::Org,
            false => Self::Project,
        }
    }

    /// Returns the level of operations under `path`.
    pub(crate) fn of_path(path: &str) -> Self {
        match path.starts_with("/groups/") {
            true => Self::Project,
            false => Self::Org,
        }
    }
}

impl Operation {
    /// Returns whether the operation may change the state.
    pub(crate) fn is_write(&self) -> bool {
        self.method != Method::GET
    }

    /// Returns the value of `X-Java-Method`: for the two updates as recorded, for the others alike.
    pub(crate) fn java_method(&self) -> String {
        let resource = match Level::of_path(&self.path) {
            Level::Org => "ApiOrganizationApiUsersResource",
            Level::Project => "ApiProjectApiUsersResource",
        };
        if self.method == Method::PATCH {
            return format!("{resource}::updateApiUserDescAndRoles");
        }
        let mut words = self.id.split('_');
        let mut name = words.next().unwrap_or_default().to_owned();
        for word in words {
            let (first, rest) = word.split_at(word.len().min(1));
            name.push_str(&first.to_ascii_uppercase());
            name.push_str(rest);
        }
        format!("{resource}::{name}")
    }
}

impl Success {
    /// Reads the responses of an operation, without references to them.
    pub(crate) fn read(responses: &Value) -> Self {
        let content = responses.as_object().into_iter().flatten();
        let mut schemas = content
            .filter(|(status, _)| status.starts_with('2'))
            .map(|(_, response)| &response["content"]["application/json"]["schema"])
            .filter(|schema| !schema.is_null());
        match schemas.next() {
            None => Self::Empty,
            Some(schema) if schema["$ref"] == "#/components/schemas/ApiKey" => Self::Key,
            Some(_) => Self::Other,
        }
    }
}
