//! The plan for programs. A saved plan is the same document.

use std::collections::BTreeMap;

use atlas_admin::{ApiKeyId, OrgId, ProjectId};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    desired::Target,
    plan::{Change, Description, KeyPlan, Plan, Present},
};
use crate::{commands::journal_file::Endpoint, error::call_error_to_json};

/// The format that this version writes and applies. What an earlier version would apply wrongly
/// raises it.
pub(super) const PLAN_FORMAT: u32 = 1;

/// What atlas-admin apply would change. New fields may be added; what changes the meaning of the
/// others has another planFormat.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "atlas-admin apply plan")]
pub(super) struct PlanDocument {
    /// The format of the document, which is 1.
    #[schemars(extend("const" = PLAN_FORMAT))]
    pub(super) plan_format: u32,
    /// The service, such as atlas-v2.
    pub(super) service: String,
    /// The base URL of the service.
    pub(super) base_url: String,
    /// The keys with changes, in the order of the manifest.
    pub(super) keys: Vec<PlannedKey>,
    /// The number of updates of all keys. Each is one request.
    pub(super) updates: usize,
    /// The number of roles that keys would lose.
    pub(super) roles_removed: usize,
    /// The number of keys with nothing to change.
    pub(super) unchanged: usize,
    /// The keys that cannot be read.
    pub(super) unreadable: Vec<UnreadableKey>,
    /// The number of keys that were not read because the run stopped early.
    pub(super) not_read: usize,
}

/// A key with changes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PlannedKey {
    /// The key's ID (not its public key).
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    pub(super) key: ApiKeyId,
    /// The key's organization.
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    pub(super) org: OrgId,
    /// The key's line in the manifest.
    pub(super) line: u64,
    /// Whether the plan was made by signing in with this key. It is updated last.
    pub(super) calling_key: bool,
    /// The updates in the order in which they are applied.
    pub(super) updates: Vec<PlannedUpdate>,
}

/// An update in the organization, or in a project.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(extend("oneOf" = [{ "required": ["org"] }, { "required": ["project"] }]))]
pub(super) struct PlannedUpdate {
    /// The organization, for its roles and the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    org: Option<OrgId>,
    /// The project, for its roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    project: Option<ProjectId>,
    /// The state that the plan was made for.
    pub(super) present: Present,
    /// The description, if it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Description")]
    pub(super) desc: Option<Description>,
    /// The roles to add, sorted.
    pub(super) add: Vec<String>,
    /// The roles to remove, sorted.
    pub(super) remove: Vec<String>,
}

/// A key that cannot be read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct UnreadableKey {
    /// The key's ID.
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    key: ApiKeyId,
    /// The key's line in the manifest.
    line: u64,
    /// Why, as in the error of a failed command.
    #[schemars(
        with = "BTreeMap<String, Value>",
        extend("required" = ["kind", "message"])
    )]
    error: Value,
}

impl PlanDocument {
    pub(super) fn new(plan: &Plan, endpoint: &Endpoint) -> Self {
        let unreadable = plan.unreadable.iter().map(|(key, error)| UnreadableKey {
            key: key.id.clone(),
            line: key.line,
            error: call_error_to_json(error),
        });
        Self {
            plan_format: PLAN_FORMAT,
            service: endpoint.service.clone(),
            base_url: endpoint.base_url.clone(),
            keys: plan.changed.iter().map(PlannedKey::new).collect(),
            updates: plan.update_count(),
            roles_removed: plan.removed_count(),
            unchanged: plan.unchanged.len(),
            unreadable: unreadable.collect(),
            not_read: plan.not_read,
        }
    }
}

impl PlannedKey {
    fn new(key: &KeyPlan) -> Self {
        let updates = key.updates().into_iter();
        Self {
            key: key.desired.id.clone(),
            org: key.desired.org.clone(),
            line: key.desired.line,
            calling_key: key.is_calling_key,
            updates: updates
                .map(|(update, change)| PlannedUpdate::new(&update.target, change))
                .collect(),
        }
    }
}

impl PlannedUpdate {
    fn new(target: &Target, change: &Change) -> Self {
        let (org, project) = match target.clone() {
            Target::Org(org) => (Some(org), None),
            Target::Project(project) => (None, Some(project)),
        };
        Self {
            org,
            project,
            present: change.present.clone(),
            desc: change.desc.clone(),
            add: change.add.clone(),
            remove: change.remove.clone(),
        }
    }

    /// Returns where the roles are, unless the document has none or two places.
    pub(super) fn target(&self) -> Option<Target> {
        match (self.org.clone(), self.project.clone()) {
            (Some(org), None) => Some(Target::Org(org)),
            (None, Some(project)) => Some(Target::Project(project)),
            _ => None,
        }
    }
}

/// Returns the JSON Schema of the plan (draft 2020-12).
pub(in crate::commands) fn schema() -> Value {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<PlanDocument>()
        .to_value()
}
