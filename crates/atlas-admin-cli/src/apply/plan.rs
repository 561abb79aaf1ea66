//! What would change: the keys as they are beside what the file asks for.

use anstyle::{AnsiColor, Style};
use atlas_admin::{ApiKey, Error};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    report::Outcome,
    wanted::{Target, Update, WantedKey},
};
use crate::{exit, output::printable};

/// What is to be done.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The keys to change, as in the file.
    pub(crate) keys: Vec<KeyPlan>,
    /// Keys of which all is as wanted, with what is.
    pub(crate) as_wanted: Vec<WantedKey>,
    /// Keys that could not be read.
    pub(crate) unreadable: Vec<(WantedKey, Error)>,
    /// How many keys were left unread, because something stopped it.
    pub(crate) not_read: usize,
}

/// An update of which the outcome is known before anything is sent, and why.
pub(crate) type Foregone<'a> = (&'a WantedKey, &'a Update, Outcome, Option<&'a Error>);

/// What is to be done about one key.
#[derive(Debug)]
pub(crate) struct KeyPlan {
    pub(crate) wanted: WantedKey,
    /// In the order of `wanted.updates`; `None` for one that is as wanted.
    pub(crate) changes: Vec<Option<Change>>,
}

/// What one update would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) desc: Option<Description>,
    pub(crate) add: Vec<String>,
    pub(crate) remove: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Description {
    from: Option<String>,
    to: String,
}

impl KeyPlan {
    /// Compares a key as it is with what is asked for.
    pub(crate) fn new(wanted: WantedKey, key: &ApiKey) -> Self {
        let changes = wanted
            .updates
            .iter()
            .map(|update| compare(update, key))
            .collect();
        Self { wanted, changes }
    }

    pub(crate) fn is_as_wanted(&self) -> bool {
        self.changes.iter().all(Option::is_none)
    }

    /// The updates that change something, with what they change.
    pub(crate) fn updates(&self) -> impl Iterator<Item = (&Update, &Change)> {
        let both = self.wanted.updates.iter().zip(&self.changes);
        both.filter_map(|(update, change)| Some((update, change.as_ref()?)))
    }
}

/// What `update` would change of `key`, if anything.
fn compare(update: &Update, key: &ApiKey) -> Option<Change> {
    let has: Vec<&str> = key
        .roles
        .iter()
        .filter(|role| match &update.target {
            Target::Org(_) => role.project_id.is_none(),
            Target::Project(id) => role.project_id.as_deref() == Some(id.as_str()),
        })
        .map(|role| role.role_name.as_str())
        .collect();
    let (mut add, mut remove) = (Vec::new(), Vec::new());
    if let Some(wanted) = &update.roles {
        let is_missing = |role: &&String| !has.contains(&role.as_str());
        add = wanted.iter().filter(is_missing).cloned().collect();
        let is_left_over = |role: &&&str| !wanted.iter().any(|wanted| wanted == **role);
        remove = has
            .iter()
            .filter(is_left_over)
            .map(|&role| role.to_owned())
            .collect();
        add.sort_unstable();
        remove.sort_unstable();
    }
    let desc = update
        .desc
        .as_ref()
        .filter(|wanted| key.desc.as_ref() != Some(wanted))
        .map(|wanted| Description {
            from: key.desc.clone(),
            to: wanted.clone(),
        });
    let change = Change { desc, add, remove };
    let is_empty = change.desc.is_none() && !change.changes_roles();
    (!is_empty).then_some(change)
}

impl Change {
    pub(crate) fn changes_roles(&self) -> bool {
        !self.add.is_empty() || !self.remove.is_empty()
    }
}

impl Plan {
    /// How many updates there are to make.
    pub(crate) fn update_count(&self) -> usize {
        self.keys.iter().map(|key| key.updates().count()).sum()
    }

    /// The updates of which the outcome is known before anything is sent.
    pub(crate) fn foregone(&self) -> impl Iterator<Item = Foregone<'_>> {
        let as_wanted = self.as_wanted.iter().flat_map(|key| {
            let updates = key.updates.iter();
            updates.map(move |update| (key, update, Outcome::AsWanted, None))
        });
        let in_part = self.keys.iter().flat_map(|key| {
            let both = key.wanted.updates.iter().zip(&key.changes);
            both.filter(|(_, change)| change.is_none())
                .map(|(update, _)| (&key.wanted, update, Outcome::AsWanted, None))
        });
        as_wanted.chain(in_part).chain(self.unread())
    }

    /// The updates of keys that could not be read.
    pub(crate) fn unread(&self) -> impl Iterator<Item = Foregone<'_>> {
        self.unreadable.iter().flat_map(|(key, error)| {
            let updates = key.updates.iter();
            updates.map(move |update| (key, update, Outcome::Failed, Some(error)))
        })
    }

    fn removed_count(&self) -> usize {
        let changes = self.keys.iter().flat_map(KeyPlan::updates);
        changes.map(|(_, change)| change.remove.len()).sum()
    }

    /// The plan for a person.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for key in &self.keys {
            text.push_str(&format!("API key {}\n", key.wanted.id));
            for (update, change) in key.updates() {
                text.push_str(&lines(&update.target, change));
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

    /// The plan in one line.
    fn totals(&self) -> String {
        let mut parts = vec![match self.keys.len() {
            0 => "nothing to change".to_owned(),
            keys => format!(
                "{} to change by {}",
                counted(keys, "key"),
                counted(self.update_count(), "update")
            ),
        }];
        if !self.as_wanted.is_empty() {
            parts.push(format!("{} as wanted", self.as_wanted.len()));
        }
        if !self.unreadable.is_empty() {
            parts.push(format!("{} cannot be read", self.unreadable.len()));
        }
        if self.not_read > 0 {
            parts.push(format!("{} not read", self.not_read));
        }
        let removed = match self.removed_count() {
            _ if self.keys.is_empty() => "",
            0 => "; no role is taken away",
            1 => "; 1 role is taken away",
            many => &format!("; {many} roles are taken away"),
        };
        format!("Plan: {}{removed}.", parts.join(", "))
    }

    /// The plan for a program.
    pub(crate) fn as_json(&self) -> Value {
        let keys: Vec<_> = self
            .keys
            .iter()
            .map(|key| {
                let updates = key.updates().map(|(update, change)| {
                    let (place, id) = update.target.field();
                    let mut value =
                        json!({ place: id, "add": change.add, "remove": change.remove });
                    if let Some(desc) = &change.desc {
                        value["desc"] = json!(desc);
                    }
                    value
                });
                json!({
                    "key": key.wanted.id,
                    "line": key.wanted.line,
                    "updates": updates.collect::<Vec<_>>(),
                })
            })
            .collect();
        let unreadable: Vec<_> = self
            .unreadable
            .iter()
            .map(|(key, error)| {
                json!({ "key": key.id, "line": key.line, "error": exit::describe(error) })
            })
            .collect();
        json!({
            "keys": keys,
            "updates": self.update_count(),
            "rolesRemoved": self.removed_count(),
            "asWanted": self.as_wanted.len(),
            "unreadable": unreadable,
            "notRead": self.not_read,
        })
    }
}

/// One update, on one line or two.
fn lines(target: &Target, change: &Change) -> String {
    let mut text = String::new();
    if let Some(desc) = &change.desc {
        let from = desc.from.as_deref().map(quoted);
        text.push_str(&format!(
            "  description: {} -> {}\n",
            from.as_deref().unwrap_or("none"),
            quoted(&desc.to)
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

fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text))
}

fn painted(color: AnsiColor, sign: char, role: &str) -> String {
    let style = Style::new().fg_color(Some(color.into()));
    format!("{style}{sign}{}{style:#}", printable(role))
}

/// A number with its noun.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
