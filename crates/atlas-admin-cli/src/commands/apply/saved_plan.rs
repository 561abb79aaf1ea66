//! Saved plans: exactly the changes that somebody has reviewed, or none.

use std::{
    collections::{HashMap, HashSet},
    fs,
    io::{self, Write},
    path::Path,
};

use atlas_admin::ApiKeyId;
use serde::Deserialize;
use tempfile::NamedTempFile;

use super::{
    desired::{DesiredKey, Target, Update},
    plan::{KeyPlan, Present},
    plan_json::{PLAN_FORMAT, PlanDocument, PlannedKey, PlannedUpdate},
};
use crate::{
    commands::journal_file::Endpoint,
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
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
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
    expected: HashMap<(ApiKeyId, Target), Present>,
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
        if plan_format != PLAN_FORMAT {
            return Err(format!(
                "plan of format {plan_format}, but this version applies format {PLAN_FORMAT}; \
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
            if !seen.insert(key.key.clone()) {
                return Err(format!("invalid plan: duplicate API key {}", key.key));
            }
            plan.add(key)?;
        }
        Ok(plan)
    }

    fn add(&mut self, key: PlannedKey) -> Result<(), String> {
        let mut updates = Vec::with_capacity(key.updates.len());
        for update in key.updates {
            let target = update.target().filter(|target| match target {
                Target::Org(org) => *org == key.org,
                Target::Project(_) => update.desc.is_none(),
            });
            let target =
                target.ok_or_else(|| format!("invalid plan: an update of API key {}", key.key))?;
            updates.push(desired(target.clone(), &update));
            let place = (key.key.clone(), target);
            if self.expected.insert(place, update.present).is_some() {
                return Err(format!(
                    "invalid plan: duplicate update of API key {}",
                    key.key
                ));
            }
        }
        // Updates are stored in the order in which they are applied, which depends on the key
        // that signs in.
        updates.sort_by_key(|update| matches!(update.target, Target::Project(_)));
        self.keys.push(DesiredKey {
            line: key.line,
            id: key.key,
            org: key.org,
            updates,
        });
        Ok(())
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
    pub(super) fn moved(&self, changed: &[KeyPlan]) -> Vec<Moved> {
        let mut moved = Vec::new();
        for key in changed {
            for (update, change) in key.updates() {
                let place = (key.desired.id.clone(), update.target.clone());
                if let Some(expected) = self.expected.get(&place) {
                    moved.extend(expected.moved(&change.present).map(
                        |(field, planned, present)| Moved {
                            key: key.desired.id.to_string(),
                            place: update.target.to_string(),
                            field,
                            planned,
                            present,
                        },
                    ));
                }
            }
        }
        moved
    }
}

/// Returns the desired state in one place.
fn desired(target: Target, update: &PlannedUpdate) -> Update {
    let changes_roles = !update.add.is_empty() || !update.remove.is_empty();
    let roles = changes_roles.then(|| {
        let kept = update.present.roles.iter();
        let kept = kept.filter(|role| !update.remove.contains(role));
        let mut roles: Vec<_> = kept.chain(&update.add).cloned().collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    });
    Update {
        target,
        desc: update.desc.as_ref().map(|desc| desc.to.clone()),
        roles,
    }
}
