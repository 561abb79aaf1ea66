//! The operations that third-party clients perform.

use atlas_emulator::Service;
use serde::{Serialize, Serializer};

/// An operation, by its id in the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation {
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    /// The path below the service's base path, with `{scope}`, `{key}` and `{entry}`.
    path: &'static str,
}

const ORG_KEYS: &str = "/orgs/{scope}/apiKeys";
const ORG_KEY: &str = "/orgs/{scope}/apiKeys/{key}";
const ACCESS_LIST: &str = "/orgs/{scope}/apiKeys/{key}/accessList";
const ENTRY: &str = "/orgs/{scope}/apiKeys/{key}/accessList/{entry}";
const PROJECT_KEYS: &str = "/groups/{scope}/apiKeys";
const PROJECT_KEY: &str = "/groups/{scope}/apiKeys/{key}";

pub(crate) const LIST_ORG_KEYS: Operation = Operation::new("list_org_api_keys", "GET", ORG_KEYS);
pub(crate) const CREATE_ORG_KEY: Operation = Operation::new("create_org_api_key", "POST", ORG_KEYS);
pub(crate) const GET_ORG_KEY: Operation = Operation::new("get_org_api_key", "GET", ORG_KEY);
pub(crate) const UPDATE_ORG_KEY: Operation = Operation::new("update_org_api_key", "PATCH", ORG_KEY);
pub(crate) const DELETE_ORG_KEY: Operation =
    Operation::new("delete_org_api_key", "DELETE", ORG_KEY);
pub(crate) const LIST_ENTRIES: Operation =
    Operation::new("list_access_list_entries", "GET", ACCESS_LIST);
pub(crate) const ADD_ENTRIES: Operation =
    Operation::new("add_access_list_entries", "POST", ACCESS_LIST);
pub(crate) const GET_ENTRY: Operation = Operation::new("get_access_list_entry", "GET", ENTRY);
pub(crate) const DELETE_ENTRY: Operation =
    Operation::new("delete_access_list_entry", "DELETE", ENTRY);
pub(crate) const LIST_PROJECT_KEYS: Operation =
    Operation::new("list_project_api_keys", "GET", PROJECT_KEYS);
pub(crate) const CREATE_PROJECT_KEY: Operation =
    Operation::new("create_project_api_key", "POST", PROJECT_KEYS);
pub(crate) const REPLACE_PROJECT_ROLES: Operation =
    Operation::new("replace_project_api_key_roles", "PATCH", PROJECT_KEY);
pub(crate) const REMOVE_PROJECT_KEY: Operation =
    Operation::new("remove_project_api_key", "DELETE", PROJECT_KEY);
/// Of the emulator's own document.
pub(crate) const ASSIGN_PROJECT_KEY: Operation =
    Operation::new("assign_project_api_key", "POST", PROJECT_KEY);

impl Operation {
    const fn new(id: &'static str, method: &'static str, path: &'static str) -> Self {
        Self { id, method, path }
    }

    pub(crate) fn is_in_project(self) -> bool {
        self.path.starts_with("/groups/")
    }

    /// Returns the path of a request. The slash of a network is encoded.
    pub(crate) fn path(self, service: Service, scope: &str, key: &str, entry: &str) -> String {
        let path = self.path.replace("{scope}", scope).replace("{key}", key);
        let path = path.replace("{entry}", &entry.replace('/', "%2F"));
        [service.base_path(), &path].concat()
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::document, *};

    const ALL: [Operation; 14] = [
        LIST_ORG_KEYS,
        CREATE_ORG_KEY,
        GET_ORG_KEY,
        UPDATE_ORG_KEY,
        DELETE_ORG_KEY,
        LIST_ENTRIES,
        ADD_ENTRIES,
        GET_ENTRY,
        DELETE_ENTRY,
        LIST_PROJECT_KEYS,
        CREATE_PROJECT_KEY,
        REPLACE_PROJECT_ROLES,
        REMOVE_PROJECT_KEY,
        ASSIGN_PROJECT_KEY,
    ];

    /// Every operation on keys is performed by clients.
    #[test]
    fn the_operations_are_those_of_the_documents() {
        let root = xtask_support::workspace_root().unwrap();
        let document = document::read(&root, Service::AtlasV1).unwrap();
        let mut documented = BTreeMap::new();
        let paths = document["paths"].as_object().unwrap().iter();
        for (path, item) in paths.filter(|(path, _)| path.contains("/apiKeys")) {
            for (method, operation) in item.as_object().unwrap() {
                let id = operation["operationId"].as_str().unwrap().to_owned();
                documented.insert(id, (method.to_uppercase(), path.clone()));
            }
        }
        let known = ALL.map(|operation| {
            let scope = match operation.is_in_project() {
                true => "{groupId}",
                false => "{orgId}",
            };
            let path = operation.path(Service::AtlasV1, scope, "{apiUserId}", "{ipAddress}");
            (operation.id.to_owned(), (operation.method.to_owned(), path))
        });
        assert_eq!(documented, known.into());
    }
}
