//! The plan for programs. A saved plan is the same document.

use std::{collections::BTreeMap, path::PathBuf};

use atlas_admin::{ApiKeyId, OrgId, ProjectId};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    desired::{IfMissing, Target, Update},
    plan::{Action, Change, Description, KeyPlan, Plan, Present},
};
use crate::{commands::journal_file::Endpoint, error::call_error_to_json};

/// The formats that this version writes and applies. What an earlier version would apply wrongly
/// raises it: the second one creates and deletes keys, takes them out of projects, and has access
/// lists.
pub(super) const PLAN_FORMATS: [u32; 2] = [1, 2];

/// What atlas-admin apply would change. New fields may be added; what changes the meaning of the
/// others has another planFormat.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "atlas-admin apply plan")]
pub(super) struct PlanDocument {
    /// The format of the document: 2 if keys are created or deleted, leave projects or change
    /// their access lists, or else 1.
    #[schemars(extend("enum" = PLAN_FORMATS))]
    pub(super) plan_format: u32,
    /// The service, such as atlas-v2.
    pub(super) service: String,
    /// The base URL of the service.
    pub(super) base_url: String,
    /// The keys with changes, in the order of the manifest.
    pub(super) keys: Vec<PlannedKey>,
    /// The number of updates of all keys. Creating a key with its roles in the organization is
    /// one, and so is deleting it. Each is one request; one of an access list may need more.
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
    /// What happens to the key.
    #[serde(default = "change")]
    pub(super) action: Action,
    /// The key's ID (not its public key), unless the key is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    pub(super) key: Option<ApiKeyId>,
    /// The file for the private key of a key that is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(super) secret_file: Option<PathBuf>,
    /// The IDs of keys with the same description, which an earlier run created and whose private
    /// keys were lost. They are deleted first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub(super) orphans: Vec<ApiKeyId>,
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

/// An update in the organization or in a project, or of the access list.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("oneOf" = [
    { "required": ["org"] }, { "required": ["project"] }, { "required": ["accessList"] },
]))]
pub(super) struct PlannedUpdate {
    /// The organization, for its roles and the description.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    org: Option<OrgId>,
    /// The project, for its roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    project: Option<ProjectId>,
    /// The organization, for the access list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    access_list: Option<OrgId>,
    /// The state that the plan was made for.
    pub(super) present: Present,
    /// The description, if it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Description")]
    pub(super) desc: Option<Description>,
    /// The roles to add, sorted; for an access list, its entries.
    pub(super) add: Vec<String>,
    /// The roles to remove, sorted; for an access list, its entries.
    pub(super) remove: Vec<String>,
}

/// A key that cannot be read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct UnreadableKey {
    /// The key's ID, if the manifest has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = "^[0-9a-f]{24}$"))]
    key: Option<ApiKeyId>,
    /// The description by which the manifest knows the key, if it has no ID there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    desc: Option<String>,
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
            key: key.name.id().cloned(),
            desc: key.name.desc().cloned(),
            line: key.line,
            error: call_error_to_json(error),
        });
        Self {
            plan_format: PLAN_FORMATS[usize::from(plan.changed.iter().any(needs_second_format))],
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

/// Returns whether the first format has no way to say what happens to the key.
fn needs_second_format(key: &KeyPlan) -> bool {
    let mut updates = key.updates().into_iter();
    key.action() != Action::Change
        || updates.any(|(update, _)| match update.target {
            Target::Org(_) => false,
            Target::Project(_) => update.roles.as_ref().is_some_and(Vec::is_empty),
            Target::AccessList(_) => true,
        })
}

/// The action of keys in plans that do not name it.
fn change() -> Action {
    Action::Change
}

impl PlannedKey {
    fn new(key: &KeyPlan) -> Self {
        let updates = key.updates().into_iter();
        let secret_file = match &key.desired.if_missing {
            IfMissing::Create(file) if key.id.is_none() => Some(file.clone()),
            _ => None,
        };
        Self {
            action: key.action(),
            key: key.id.clone(),
            secret_file,
            orphans: key.orphans.clone(),
            org: key.desired.org.clone(),
            line: key.desired.line,
            calling_key: key.is_calling_key,
            updates: updates
                .map(|(update, change)| PlannedUpdate::new(update, change))
                .collect(),
        }
    }
}

impl PlannedUpdate {
    fn new(update: &Update, change: &Change) -> Self {
        let (mut org, mut project, mut access_list) = (None, None, None);
        match update.target.clone() {
            Target::Org(id) => org = Some(id),
            Target::Project(id) => project = Some(id),
            Target::AccessList(id) => access_list = Some(id),
        }
        Self {
            org,
            project,
            access_list,
            present: change.present.clone(),
            desc: change.desc.clone(),
            add: change.add.clone(),
            remove: change.remove.clone(),
        }
    }

    /// Returns what the update is about, unless the document has nothing or too much.
    pub(super) fn target(&self) -> Option<Target> {
        let places = [
            self.org.clone().map(Target::Org),
            self.project.clone().map(Target::Project),
            self.access_list.clone().map(Target::AccessList),
        ];
        let mut places = places.into_iter().flatten();
        places.next().filter(|_| places.next().is_none())
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
