//! The plan: the difference between the present and the desired state.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anstyle::{AnsiColor, Style};
use atlas_admin::{ApiKey, ApiKeyId, Error, ProjectId, quote};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    desired::{DesiredKey, IfMissing, Target, Update},
    journal::Outcome,
};
use crate::ui::{table::count, word};

/// What a run changes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The keys with changes, in the order of the manifest.
    pub(super) changed: Vec<KeyPlan>,
    pub(super) unchanged: Vec<DesiredKey>,
    pub(super) unreadable: Vec<(DesiredKey, Error)>,
    /// The number of keys that were not read because the run stopped early.
    pub(super) not_read: usize,
}

/// An update whose outcome the plan decides, and the error if it failed.
pub(super) type PlannedOutcome<'a> = (&'a DesiredKey, &'a Update, Outcome, Option<&'a Error>);

/// What happens to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Action {
    Create,
    Change,
    Delete,
}

/// The changes to a key.
#[derive(Debug)]
pub(super) struct KeyPlan {
    pub(super) desired: DesiredKey,
    /// `None` if the key does not exist.
    pub(super) id: Option<ApiKeyId>,
    /// Keys with the description of one that is created, of which nobody has the private key.
    /// They are deleted first.
    pub(super) orphans: Vec<ApiKeyId>,
    /// Whether the run signs in with this key, and so may lose roles that it needs.
    pub(super) is_calling_key: bool,
    /// In the order of `desired.updates`; `None` where nothing changes.
    changes: Vec<Option<Change>>,
}

/// The changes of one update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) present: Present,
    pub(super) desc: Option<Description>,
    /// Roles, or entries of an access list; sorted, as `remove` is.
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

/// The present state of a key in its organization or in a project, or of its access list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Present {
    /// The description, which belongs to the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    desc: Option<String>,
    /// The roles, sorted.
    pub(super) roles: Vec<String>,
    /// The roles in projects, sorted, of a key that is deleted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub(super) projects: BTreeMap<ProjectId, Vec<String>>,
    /// The entries of the access list, sorted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<String>")]
    pub(super) entries: Option<Vec<String>>,
}

/// A change of the description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Description {
    /// The present one, or null if there is none.
    from: Option<String>,
    /// The desired one.
    pub(super) to: String,
}

impl Present {
    fn new(key: &ApiKey, update: &Update) -> Self {
        match &update.target {
            Target::Org(_) => Self {
                desc: key.desc.clone(),
                roles: roles(key, None),
                projects: if update.delete {
                    projects(key)
                        .map(|project| (project.clone(), roles(key, Some(project))))
                        .collect()
                } else {
                    BTreeMap::new()
                },
                entries: None,
            },
            Target::Project(project) => Self {
                roles: roles(key, Some(project)),
                ..Self::default()
            },
            Target::AccessList(_) => Self::default(),
        }
    }

    /// Returns the fields that differ, with their values here and in `other`.
    pub(super) fn moved(
        &self,
        other: &Self,
    ) -> impl Iterator<Item = (&'static str, Value, Value)> + use<> {
        let desc =
            (self.desc != other.desc).then(|| ("description", json!(self.desc), json!(other.desc)));
        let mut lists = vec![("roles", json!(self.roles), json!(other.roles))];
        let all_projects = self.projects.keys().chain(other.projects.keys());
        for project in all_projects.collect::<BTreeSet<_>>() {
            let of = |present: &Self| json!(present.projects.get(project));
            lists.push(("project roles", of(self), of(other)));
        }
        lists.push(("entries", json!(self.entries), json!(other.entries)));
        let differs = |(_, planned, present): &(_, Value, Value)| planned != present;
        desc.into_iter().chain(lists.into_iter().filter(differs))
    }
}

/// Returns the key's roles in a project, or in the organization.
fn roles(key: &ApiKey, project: Option<&ProjectId>) -> Vec<String> {
    let roles = key.roles.iter();
    let roles = roles.filter(|role| role.project_id.as_ref() == project);
    let mut roles: Vec<_> = roles.map(|role| role.role_name.clone()).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// Returns the projects in which the key has roles, perhaps more than once.
fn projects(key: &ApiKey) -> impl Iterator<Item = &ProjectId> {
    key.roles.iter().filter_map(|role| role.project_id.as_ref())
}

impl KeyPlan {
    /// Compares the present state of a key with the desired one. `caller` is the public key
    /// that the run signs in with.
    pub(super) fn new(mut desired: DesiredKey, key: &ApiKey, caller: Option<&str>) -> Self {
        if let Some(kept) = &desired.prune {
            let left: BTreeSet<_> = projects(key).filter(|id| !kept.contains(*id)).collect();
            let leave = |project: &ProjectId| Update::project(project.clone(), Vec::new());
            let at = desired.updates.iter();
            let at = at.take_while(|update| !matches!(update.target, Target::AccessList(_)));
            let at = at.count();
            desired.updates.splice(at..at, left.into_iter().map(leave));
        }
        let updates = desired.updates.iter();
        let changes = updates
            .map(|update| compare(update, Present::new(key, update)))
            .collect();
        Self {
            id: Some(key.id.clone()),
            orphans: Vec::new(),
            is_calling_key: caller.is_some() && key.public_key.as_deref() == caller,
            changes,
            desired,
        }
    }

    /// Plans for a key that does not exist.
    pub(super) fn missing(desired: DesiredKey, orphans: Vec<ApiKeyId>) -> Self {
        let changes = desired.updates.iter().map(|update| {
            let is_created = matches!(desired.if_missing, IfMissing::Create(_));
            let present = Present {
                entries: update.entries.as_ref().map(|_| Vec::new()),
                ..Present::default()
            };
            compare(update, present).filter(|_| is_created)
        });
        Self {
            id: None,
            orphans,
            is_calling_key: false,
            changes: changes.collect(),
            desired,
        }
    }

    pub(super) fn action(&self) -> Action {
        if self.id.is_none() {
            Action::Create
        } else if self.desired.updates.iter().any(|update| update.delete) {
            Action::Delete
        } else {
            Action::Change
        }
    }

    /// Returns the key's id if its access list has to be read for the plan.
    pub(super) fn reads_access_list(&self) -> Option<&ApiKeyId> {
        let mut updates = self.desired.updates.iter();
        updates
            .any(|update| update.entries.is_some())
            .then_some(self.id.as_ref())
            .flatten()
    }

    /// Compares the present access list with the desired one.
    pub(super) fn compare_access_list(&mut self, entries: &[String]) {
        for (update, change) in self.desired.updates.iter().zip(&mut self.changes) {
            if update.entries.is_some() {
                let present = Present {
                    entries: Some(entries.to_vec()),
                    ..Present::default()
                };
                *change = compare(update, present);
            }
        }
    }

    pub(super) fn is_unchanged(&self) -> bool {
        self.changes.iter().all(Option::is_none)
    }

    /// Returns the updates that change something, with their changes, in the order in which
    /// they are applied: the calling key's organization last, because its roles there allow
    /// the other updates.
    pub(super) fn updates(&self) -> Vec<(&Update, &Change)> {
        let both = self.desired.updates.iter().zip(&self.changes);
        let changed = both.filter_map(|(update, change)| Some((update, change.as_ref()?)));
        let mut updates: Vec<_> = changed.collect();
        if self.is_calling_key {
            updates.reverse();
        }
        updates
    }
}

/// Returns what `update` changes.
fn compare(update: &Update, present: Present) -> Option<Change> {
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    let names = match &present.entries {
        Some(entries) => (entries, update.entries.as_ref()),
        None => (&present.roles, update.roles.as_ref()),
    };
    if let (present, Some(desired)) = names {
        let without = |names: &[String], others: &[String]| {
            let names = names.iter().filter(|name| !others.contains(name));
            names.cloned().collect()
        };
        add = without(desired, present);
        remove = without(present, desired);
        add.sort_unstable();
    }
    if update.delete {
        remove.clone_from(&present.roles);
    }
    let desc = update
        .desc
        .as_ref()
        .filter(|desired| present.desc.as_ref() != Some(desired))
        .map(|desired| Description {
            from: present.desc.clone(),
            to: desired.clone(),
        });
    let change = Change {
        present,
        desc,
        add,
        remove,
    };
    (update.delete || change.desc.is_some() || change.changes_names()).then_some(change)
}

impl Change {
    /// Returns the change of an update that has everything to do.
    pub(super) fn whole(update: &Update) -> Self {
        Self {
            present: Present::default(),
            desc: update.desc.clone().map(|to| Description { from: None, to }),
            add: update
                .entries
                .clone()
                .or_else(|| update.roles.clone())
                .unwrap_or_default(),
            remove: Vec::new(),
        }
    }

    /// Returns whether it changes roles, or entries of an access list.
    pub(super) fn changes_names(&self) -> bool {
        !self.add.is_empty() || !self.remove.is_empty()
    }

    /// Returns the number of roles that the key loses.
    fn roles_removed(&self) -> usize {
        match self.present.entries {
            Some(_) => 0,
            None => {
                let elsewhere = self.present.projects.values();
                self.remove.len() + elsewhere.map(Vec::len).sum::<usize>()
            }
        }
    }

    /// Returns the number of access list entries that are deleted.
    fn entries_removed(&self) -> usize {
        self.present
            .entries
            .as_ref()
            .map_or(0, |_| self.remove.len())
    }
}

impl Plan {
    /// Returns the number of updates to apply.
    pub(super) fn update_count(&self) -> usize {
        self.changed.iter().map(KeyPlan::update_count).sum()
    }

    /// Returns the number of keys with this action.
    pub(super) fn count(&self, action: Action) -> usize {
        let keys = self.changed.iter();
        keys.filter(|key| key.action() == action).count()
    }

    /// Returns the updates that need no request: those without changes, and those of keys that
    /// cannot be read.
    pub(super) fn outcomes(&self) -> impl Iterator<Item = PlannedOutcome<'_>> {
        let unchanged_keys = self.unchanged.iter().flat_map(|key| {
            let updates = key.updates.iter();
            updates.map(move |update| (key, update, Outcome::Unchanged, None))
        });
        let unchanged_updates = self.changed.iter().flat_map(|key| {
            let updates = key.desired.updates.iter().zip(&key.changes);
            updates
                .filter(|(_, change)| change.is_none())
                .map(|(update, _)| (&key.desired, update, Outcome::Unchanged, None))
        });
        unchanged_keys
            .chain(unchanged_updates)
            .chain(self.unreadable_outcomes())
    }

    /// Returns the updates of keys that cannot be read.
    pub(super) fn unreadable_outcomes(&self) -> impl Iterator<Item = PlannedOutcome<'_>> {
        self.unreadable.iter().flat_map(|(key, error)| {
            let updates = key.updates.iter();
            updates.map(move |update| (key, update, Outcome::Failed, Some(error)))
        })
    }

    /// Returns the number of roles that keys lose.
    pub(super) fn removed_count(&self) -> usize {
        self.changes().map(Change::roles_removed).sum()
    }

    fn changes(&self) -> impl Iterator<Item = &Change> {
        let updates = self.changed.iter().flat_map(KeyPlan::updates);
        updates.map(|(_, change)| change)
    }

    /// Returns the plan for people.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for key in &self.changed {
            text.push_str(&key.to_text());
        }
        for (key, _) in &self.unreadable {
            text.push_str(&format!("API key {}\n  cannot be read\n", key.name));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&self.totals());
        text.push('\n');
        text
    }

    /// Returns whether every key was read and is in the desired state.
    pub(super) fn is_clean(&self) -> bool {
        self.changed.is_empty() && self.unreadable.is_empty() && self.not_read == 0
    }

    /// Returns the plan in one line.
    pub(super) fn totals(&self) -> String {
        let updates = self.changed.iter();
        let updates = updates.filter(|key| key.action() == Action::Change);
        let updates = updates.map(KeyPlan::update_count).sum();
        let mut parts = Vec::new();
        for (action, more) in [
            (Action::Create, String::new()),
            (
                Action::Change,
                format!(" with {}", count(updates, "update")),
            ),
            (Action::Delete, String::new()),
        ] {
            match self.count(action) {
                0 => {}
                keys => parts.push(format!("{} to {action}{more}", count(keys, "key"))),
            }
        }
        if parts.is_empty() {
            parts.push("nothing to change".to_owned());
        }
        for (number, state) in [
            (self.unchanged.len(), "unchanged"),
            (self.unreadable.len(), "cannot be read"),
            (self.not_read, "not read"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {state}"));
            }
        }
        let mut totals = format!("Plan: {}", parts.join(", "));
        if !self.changed.is_empty() {
            let removed = count(self.removed_count(), "role");
            totals.push_str(&format!("; {removed} to remove"));
        }
        match self.changes().map(Change::entries_removed).sum() {
            0 => {}
            1 => totals.push_str("; 1 access list entry to remove"),
            entries => totals.push_str(&format!("; {entries} access list entries to remove")),
        }
        totals + "."
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
        })
    }
}

impl KeyPlan {
    /// Returns the number of updates to apply. A creation and a deletion are one each.
    pub(super) fn update_count(&self) -> usize {
        self.orphans.len() + self.updates().len()
    }

    /// Returns the plan of the key for people.
    fn to_text(&self) -> String {
        let action = self.action();
        let mut notes = Vec::new();
        match (action, &self.desired.if_missing) {
            (Action::Create, IfMissing::Create(file)) => notes.push(format!(
                "to be created; private key to {}",
                word(&file.to_string_lossy())
            )),
            (Action::Delete, _) => notes.push("to be deleted".to_owned()),
            _ => {}
        }
        if self.is_calling_key {
            let changed = match action {
                Action::Delete => "deleted",
                _ => "updated",
            };
            notes.push(format!("the key that signs in; {changed} last"));
        }
        let notes = match notes.as_slice() {
            [] => String::new(),
            notes => format!(" ({})", notes.join("; ")),
        };
        let mut text = match &self.id {
            Some(id) => format!("API key {id}{notes}\n"),
            None => format!("API key {}{notes}\n", self.desired.name),
        };
        for orphan in &self.orphans {
            text.push_str(&format!(
                "  first deletes API key {orphan}, whose private key was lost\n"
            ));
        }
        for (update, change) in self.updates() {
            text.push_str(&update_lines(update, change, action));
        }
        text
    }
}

/// Returns the lines for one update.
fn update_lines(update: &Update, change: &Change, action: Action) -> String {
    let mut text = String::new();
    let target = &update.target;
    match (&change.desc, action) {
        // The key is called by its description.
        (_, Action::Create) => {}
        (Some(desc), _) => {
            let from = desc.from.as_deref().map(quote);
            text.push_str(&format!(
                "  description: {} -> {}\n",
                from.as_deref().unwrap_or("none"),
                quote(&desc.to)
            ));
        }
        (None, Action::Delete) => {
            let desc = change.present.desc.as_deref().map(quote);
            let desc = desc.as_deref().unwrap_or("none");
            text.push_str(&format!("  description: {desc}\n"));
        }
        (None, _) => {}
    }
    if change.changes_names() {
        let note = match (target, &update.roles, &update.entries) {
            (Target::Project(_), Some(roles), _) if roles.is_empty() => " (leaves the project)",
            (Target::AccessList(_), _, Some(entries)) if entries.is_empty() => {
                " (may then be used from anywhere)"
            }
            _ => "",
        };
        let names = names(&change.remove, &change.add);
        text.push_str(&format!("  {target}: {names}{note}\n"));
    }
    for (project, roles) in &change.present.projects {
        text.push_str(&format!("  project {project}: {}\n", names(roles, &[])));
    }
    text
}

/// Returns the names that are removed and added.
fn names(removed: &[String], added: &[String]) -> String {
    let removed = removed
        .iter()
        .map(|name| painted(AnsiColor::Red, '-', name));
    let added = added
        .iter()
        .map(|name| painted(AnsiColor::Green, '+', name));
    removed.chain(added).collect::<Vec<_>>().join(" ")
}

fn painted(color: AnsiColor, sign: char, name: &str) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    let is_entry = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | '/');
    let name = match name.chars().all(is_entry) {
        true => Cow::Borrowed(name),
        false => word(name),
    };
    format!("{style}{sign}{name}{style:#}")
}
