//! What a call acts on, for requests, messages and rate limits.

use std::{fmt, sync::Arc};

use http::Method;

use super::sanitize::excerpt;

/// An operation and what it acts on. The ids may be invalid: errors about them name the target
/// too.
#[derive(Debug, Clone)]
pub(crate) struct CallTarget {
    pub(crate) operation: &'static str,
    pub(crate) scope: Scope,
    /// `None` if the operation is about all keys, or creates one.
    pub(crate) api_key_id: Option<Arc<str>>,
    /// An entry of the key's access list.
    pub(crate) entry: Option<String>,
    /// The method and path of a request that no operation made.
    request: Option<String>,
}

/// Where an operation acts. The service limits the rate of each scope separately.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Org(Arc<str>),
    Project(Arc<str>),
    /// Of requests whose path names neither. Their rate is not limited here.
    Other,
}

impl CallTarget {
    pub(crate) fn new(operation: &'static str, scope: Scope) -> Self {
        Self {
            operation,
            scope,
            api_key_id: None,
            entry: None,
            request: None,
        }
    }

    /// Creates the target of an operation in an organization.
    pub(crate) fn org(operation: &'static str, id: &Arc<str>) -> Self {
        Self::new(operation, Scope::Org(id.clone()))
    }

    /// Creates the target of an operation in a project.
    pub(crate) fn project(operation: &'static str, id: &Arc<str>) -> Self {
        Self::new(operation, Scope::Project(id.clone()))
    }

    /// Sets the API key that the operation acts on.
    pub(crate) fn api_key(mut self, id: impl Into<Arc<str>>) -> Self {
        self.api_key_id = Some(id.into());
        self
    }

    /// Sets the access list entry that the operation acts on.
    pub(crate) fn entry(mut self, entry: impl Into<String>) -> Self {
        self.entry = Some(entry.into());
        self
    }

    /// Names the target by a method and path instead of the ids.
    pub(crate) fn request(mut self, method: &Method, path: &str) -> Self {
        self.request = Some(format!("{method} {path}"));
        self
    }

    /// Returns the id of the API key, or an empty text if there is none.
    pub(crate) fn api_key_id(&self) -> &str {
        self.api_key_id.as_deref().unwrap_or_default()
    }

    /// Returns whether the operation creates an API key: the response contains its secret.
    pub(crate) fn creates_key(&self) -> bool {
        ["create_org_api_key", "create_project_api_key"].contains(&self.operation)
    }
}

impl Scope {
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Org(id) | Self::Project(id) => id,
            Self::Other => "",
        }
    }
}

impl fmt::Display for CallTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// The longest id or entry that is shown, in characters.
        const LIMIT: usize = 60;

        /// The longest request that is shown, in characters.
        const REQUEST_LIMIT: usize = 200;

        f.write_str(self.operation)?;
        if let Some(request) = &self.request {
            return write!(f, " {}", excerpt(request, REQUEST_LIMIT));
        }
        if let Some(entry) = &self.entry {
            write!(f, " {}", excerpt(entry, LIMIT))?;
        }
        if let Some(id) = &self.api_key_id {
            write!(f, " of API key {}", excerpt(id, LIMIT))?;
        }
        let (scope, id) = match &self.scope {
            Scope::Org(id) => ("organization", id),
            Scope::Project(id) => ("project", id),
            Scope::Other => return Ok(()),
        };
        write!(f, " in {scope} {}", excerpt(id, LIMIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_a_call_acts_on() {
        let org = || Scope::Org("O".into());
        let project = Scope::Project("P".into());
        let entry = CallTarget::new("delete_access_list_entry", org()).api_key("K");
        for (target, name) in [
            (
                CallTarget::new("list_org_api_keys", org()),
                "list_org_api_keys in organization O",
            ),
            (
                CallTarget::new("remove_project_api_key", project).api_key("K"),
                "remove_project_api_key of API key K in project P",
            ),
            (
                entry.entry("203.0.113.0/24"),
                "delete_access_list_entry 203.0.113.0/24 of API key K in organization O",
            ),
            (
                CallTarget::new("request", org()).request(&Method::GET, "/orgs/O\r/teams"),
                r"request GET /orgs/O\r/teams",
            ),
        ] {
            assert_eq!(target.to_string(), name);
        }
    }
}
