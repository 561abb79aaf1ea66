//! The plan: the difference between the present and the desired state.

use anstyle::{AnsiColor, Style};
use atlas_admin::{ApiKey, Error, quote};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    desired::{DesiredKey, Target, Update},
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

/// The changes to a key.
#[derive(Debug)]
pub(super) struct KeyPlan {
    pub(super) desired: DesiredKey,
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
    /// Sorted, as `remove` is.
    pub(super) add: Vec<String>,
    pub(super) remove: Vec<String>,
}

/// The present state of a key in its organization, or in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) struct Present {
    /// The description, which belongs to the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    desc: Option<String>,
    /// The roles, sorted.
    pub(super) roles: Vec<String>,
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
    fn new(key: &ApiKey, target: &Target) -> Self {
        let roles = key.roles.iter().filter(|role| match target {
            Target::Org(_) => role.project_id.is_none(),
            Target::Project(id) => role.project_id.as_deref() == Some(id.as_str()),
        });
        let mut roles: Vec<_> = roles.map(|role| role.role_name.clone()).collect();
        roles.sort_unstable();
        roles.dedup();
        Self {
            desc: key
                .desc
                .clone()
                .filter(|_| matches!(target, Target::Org(_))),
            roles,
        }
    }

    /// Returns the fields that differ, with their values here and in `other`.
    pub(super) fn moved(
        &self,
        other: &Self,
    ) -> impl Iterator<Item = (&'static str, Value, Value)> + use<> {
        let desc =
            (self.desc != other.desc).then(|| ("description", json!(self.desc), json!(other.desc)));
        let roles =
            (self.roles != other.roles).then(|| ("roles", json!(self.roles), json!(other.roles)));
        desc.into_iter().chain(roles)
    }
}

impl KeyPlan {
    /// Compares the present state of a key with the desired one. `caller` is the public key
    /// that the run signs in with.
    pub(super) fn new(desired: DesiredKey, key: &ApiKey, caller: Option<&str>) -> Self {
        let updates = desired.updates.iter();
        let changes = updates.map(|update| compare(update, key)).collect();
        Self {
            desired,
            is_calling_key: caller.is_some() && key.public_key.as_deref() == caller,
            changes,
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

/// Returns what `update` changes in `key`.
fn compare(update: &Update, key: &ApiKey) -> Option<Change> {
    let present = Present::new(key, &update.target);
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    if let Some(desired) = &update.roles {
        let without = |roles: &[String], others: &[String]| {
            let roles = roles.iter().filter(|role| !others.contains(role));
            roles.cloned().collect()
        };
        add = without(desired, &present.roles);
        remove = without(&present.roles, desired);
        add.sort_unstable();
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
    (change.desc.is_some() || change.changes_roles()).then_some(change)
}

impl Change {
    pub(super) fn changes_roles(&self) -> bool {
        !self.add.is_empty() || !self.remove.is_empty()
    }
}

impl Plan {
    /// Returns the number of updates to apply.
    pub(super) fn update_count(&self) -> usize {
        self.changed.iter().map(|key| key.updates().len()).sum()
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
        let changes = self.changed.iter().flat_map(KeyPlan::updates);
        changes.map(|(_, change)| change.remove.len()).sum()
    }

    /// Returns the plan for people.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for key in &self.changed {
            let note = if key.is_calling_key {
                " (the key that signs in; updated last)"
            } else {
                ""
            };
            text.push_str(&format!("API key {}{note}\n", key.desired.id));
            for (update, change) in key.updates() {
                text.push_str(&update_lines(&update.target, change));
            }
        }
        for (key, _) in &self.unreadable {
            text.push_str(&format!("API key {}\n  cannot be read\n", key.id));
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
        let mut parts = vec![match self.changed.len() {
            0 => "nothing to change".to_owned(),
            keys => format!(
                "{} to change with {}",
                count(keys, "key"),
                count(self.update_count(), "update")
            ),
        }];
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
        totals + "."
    }
}

/// Returns the lines for one update.
fn update_lines(target: &Target, change: &Change) -> String {
    let mut text = String::new();
    if let Some(desc) = &change.desc {
        let from = desc.from.as_deref().map(quote);
        text.push_str(&format!(
            "  description: {} -> {}\n",
            from.as_deref().unwrap_or("none"),
            quote(&desc.to)
        ));
    }
    if change.changes_roles() {
        let removed = change
            .remove
            .iter()
            .map(|role| painted(AnsiColor::Red, '-', role));
        let added = change
            .add
            .iter()
            .map(|role| painted(AnsiColor::Green, '+', role));
        let roles: Vec<_> = removed.chain(added).collect();
        text.push_str(&format!("  {target}: {}\n", roles.join(" ")));
    }
    text
}

fn painted(color: AnsiColor, sign: char, role: &str) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{sign}{}{style:#}", word(role))
}
