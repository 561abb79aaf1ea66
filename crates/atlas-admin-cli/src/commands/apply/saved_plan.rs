//! Saved plans: exactly the changes that somebody has reviewed, or none.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Write},
    path::Path,
};

use serde::Deserialize;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::{
    desired::{DesiredKey, IfMissing, KeyName, LostCreation, Target, Update},
    plan::{Action, Plan, Present},
    plan_json::{PLAN_FORMATS, PlanDocument, PlannedKey, PlannedUpdate},
};
use crate::{
    commands::{journal_file::Endpoint, secret_file},
    error::{CliError, Moved},
    text,
};

/// The first field of a saved plan, which no manifest has.
const FIRST_FIELD: &[u8] = br#""planFormat""#;

/// Writes the plan to a file that only its owner can read. There is a whole file, or the one that
/// was there before.
pub(super) fn save(document: &PlanDocument, path: &Path) -> Result<(), CliError> {
    let write = || {
        // A link stays a link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        let mut file = NamedTempFile::new_in(path.parent().unwrap_or(&path))?;
        let mut text = serde_json::to_vec_pretty(document)?;
        text.push(b'\n');
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(&path)?;
        Ok(())
    };
    write().map_err(|error| {
        CliError::local(
            format_args!("cannot write the plan to {}", path.display()),
            error,
        )
    })
}

/// Returns whether a file is a saved plan, or part of one.
pub(super) fn is_saved_plan(bytes: &[u8]) -> bool {
    let object = text::without_bom(bytes).trim_ascii_start();
    object
        .strip_prefix(b"{")
        .is_some_and(|fields| fields.trim_ascii_start().starts_with(FIRST_FIELD))
}

/// A plan to apply.
pub(super) struct SavedPlan {
    endpoint: Endpoint,
    pub(super) keys: Vec<DesiredKey>,
    /// The state that the plan was made for.
    expected: HashMap<(KeyName, Target), Present>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Format {
    plan_format: u32,
}

impl SavedPlan {
    /// Parses a plan. The error says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = text::without_bom(bytes);
        let invalid = |error: serde_json::Error| format!("invalid plan: {error}");
        let Format { plan_format } = serde_json::from_slice(bytes).map_err(invalid)?;
        if !PLAN_FORMATS.contains(&plan_format) {
            let [first, last] = PLAN_FORMATS;
            return Err(format!(
                "plan of format {plan_format}, but this version applies formats {first} to {last}; \
                 make a new plan"
            ));
        }
        let document: PlanDocument = serde_json::from_slice(bytes).map_err(invalid)?;
        if !document.unreadable.is_empty() || document.not_read > 0 {
            return Err("incomplete plan: some keys could not be read; make a new one".to_owned());
        }
        let mut plan = Self {
            endpoint: Endpoint {
                service: document.service,
                base_url: document.base_url,
            },
            keys: Vec::with_capacity(document.keys.len()),
            expected: HashMap::new(),
        };
        let mut seen = HashSet::new();
        for key in document.keys {
            let line = key.line;
            let key = plan.key(key).map_err(|problem| {
                format!("invalid plan: {problem}, for the key in line {line} of the manifest")
            })?;
            if !seen.insert((key.org.clone(), key.name.clone())) {
                return Err(format!("invalid plan: duplicate API key {}", key.name));
            }
            plan.keys.push(key);
        }
        Ok(plan)
    }

    fn key(&mut self, key: PlannedKey) -> Result<DesiredKey, String> {
        let is_created = key.action == Action::Create;
        let created = key.updates.first().filter(|_| is_created);
        let name = match (&key.key, created.and_then(|first| first.desc.as_ref())) {
            (Some(id), None) => KeyName::Id(id.clone()),
            (None, Some(desc)) => KeyName::Desc(desc.to.clone()),
            _ => return Err("a key without id or description, or with both".to_owned()),
        };
        let if_missing = match (key.action, key.secret_file) {
            (Action::Create, Some(file)) => IfMissing::Create(file),
            (Action::Change, None) => IfMissing::Fail,
            (Action::Delete, None) => IfMissing::Nothing,
            _ => return Err("no file for the private key, or one for nothing".to_owned()),
        };
        let mut updates = Vec::with_capacity(key.updates.len());
        for update in key.updates {
            let target = update.target().filter(|target| match target {
                Target::Org(org) => *org == key.org,
                Target::AccessList(org) => *org == key.org && update.desc.is_none(),
                Target::Project(_) => update.desc.is_none(),
            });
            let target = target.ok_or_else(|| format!("an update of API key {name}"))?;
            let is_org = matches!(target, Target::Org(_));
            updates.push(match key.action {
                Action::Delete if is_org => Update::deletion(key.org.clone()),
                Action::Delete => return Err(format!("an update of API key {name}")),
                _ => desired(target.clone(), &update)
                    .ok_or_else(|| format!("an update of API key {name}"))?,
            });
            let place = (name.clone(), target);
            if self.expected.insert(place, update.present).is_some() {
                return Err(format!("duplicate update of API key {name}"));
            }
        }
        // Updates are stored in the order in which they are applied, which depends on the key
        // that signs in.
        updates.sort_by_key(|update| match update.target {
            Target::Org(_) => 0,
            Target::Project(_) => 1,
            Target::AccessList(_) => 2,
        });
        let orphans = Some(key.orphans).filter(|_| is_created);
        Ok(DesiredKey {
            line: key.line,
            name,
            org: key.org,
            if_missing,
            updates,
            prune: None,
            lost: orphans.map(LostCreation::Keys),
        })
    }

    /// Fails unless the plan was made for `endpoint`.
    pub(super) fn check_endpoint(&self, endpoint: &Endpoint) -> Result<(), String> {
        let ours = &self.endpoint;
        if ours == endpoint {
            return Ok(());
        }
        Err(format!(
            "plan for {} at {}, not {} at {}",
            ours.service, ours.base_url, endpoint.service, endpoint.base_url
        ))
    }

    /// Returns what has moved since the plan was made. What is already as planned has not: the
    /// plan may have been applied in part.
    pub(super) fn moved(&self, plan: &Plan) -> Vec<Moved> {
        let mut moved = Vec::new();
        for key in &plan.changed {
            let name = &key.desired.name;
            for (update, change) in key.updates() {
                let place = (name.clone(), update.target.clone());
                if let Some(expected) = self.expected.get(&place) {
                    moved.extend(expected.moved(&change.present).map(
                        |(field, planned, present)| Moved {
                            key: name.to_string(),
                            place: update.target.to_string(),
                            field,
                            planned,
                            present,
                        },
                    ));
                }
            }
        }
        // Somebody else may have created a key that the plan creates, and has its private key.
        let taken = plan.unchanged.iter().filter(|key| match &key.if_missing {
            IfMissing::Create(file) => secret_file::is_blank(file),
            _ => false,
        });
        moved.extend(taken.map(|key| Moved {
            key: key.name.to_string(),
            place: "organization".to_owned(),
            field: "a key",
            planned: Value::Null,
            present: "one whose private key is not in the secretFile".into(),
        }));
        moved
    }
}

/// Returns the desired state in one place.
fn desired(target: Target, update: &PlannedUpdate) -> Option<Update> {
    let changes_names = !update.add.is_empty() || !update.remove.is_empty();
    let after = |present: &[String]| {
        let kept = present.iter();
        let kept = kept.filter(|name| !update.remove.contains(name));
        let mut names: Vec<_> = kept.chain(&update.add).cloned().collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let roles = changes_names.then(|| after(&update.present.roles));
    Some(match target {
        Target::Org(org) => {
            Update::org(org, update.desc.as_ref().map(|desc| desc.to.clone()), roles)
        }
        Target::Project(project) => Update::project(project, roles?),
        Target::AccessList(org) => {
            Update::access_list(org, after(update.present.entries.as_ref()?))
        }
    })
}
