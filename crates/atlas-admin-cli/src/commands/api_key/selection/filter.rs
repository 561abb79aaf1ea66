//! The conditions that keys must meet.

use atlas_admin::{ApiKey, ProjectId};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;

use crate::{
    args::{DescGlobArgs, RoleArgs},
    ui::{
        Output,
        key_list::{LastUse, ListedKey, Usage},
        table::count,
    },
};

/// The conditions, all of which a key must meet.
#[derive(Args)]
#[command(
    next_help_heading = "Conditions",
    mut_arg("role", |arg| arg.help(
        "Only keys with one of these roles, with --project there or in the organization; \
         repeat, or separate with commas"
    )),
    mut_arg("allow_unknown_role", |arg| arg
        .help("Take role names that look like a misspelling of a known role")
        .requires("role"))
)]
pub(super) struct Filter {
    #[command(flatten)]
    desc_glob: DescGlobArgs,

    /// Only keys with a role in this project
    #[arg(long, value_name = "ID")]
    pub(super) project: Option<ProjectId>,

    #[command(flatten)]
    pub(super) role: RoleArgs,

    /// Only keys created longer ago than this, such as 90d, 12h or 30m
    #[arg(long, value_name = "TIME", value_parser = ago)]
    older_than: Option<DateTime<Utc>>,

    /// Only keys not used for this long, as far as their access lists tell
    #[arg(
        long,
        value_name = "TIME",
        value_parser = ago,
        group = "access_list_filter",
        conflicts_with = "without_access_list"
    )]
    unused_since: Option<DateTime<Utc>>,

    /// Only keys whose access list has no entries
    #[arg(long, group = "access_list_filter")]
    without_access_list: bool,
}

impl Filter {
    pub(super) fn needs_access_lists(&self) -> bool {
        self.unused_since.is_some() || self.without_access_list
    }

    /// Returns whether the key meets all conditions that need no access list.
    pub(super) fn admits(&self, key: &ApiKey) -> bool {
        let is_before =
            |limit: Option<DateTime<Utc>>| limit.is_none_or(|limit| key.created_at() < limit);
        let is_in_project =
            self.project.is_none() || key.roles.iter().any(|role| role.project_id == self.project);
        let has_role = self.role.role.is_empty()
            || key.roles.iter().any(|role| {
                let counts = self.project.is_none()
                    || role.project_id.is_none()
                    || role.project_id == self.project;
                counts && self.role.role.contains(&role.role_name)
            });
        let has_desc = self.desc_glob.matches(key.desc.as_deref());
        // A key that is younger cannot be unused for so long.
        has_desc
            && is_in_project
            && has_role
            && is_before(self.older_than)
            && is_before(self.unused_since)
    }

    /// Removes the keys whose access lists do not meet the conditions.
    pub(super) fn retain_by_usage(&self, keys: &mut Vec<ListedKey>, output: &Output) {
        let mut unknown = 0;
        // One of the two conditions is set, and not both.
        let mut is_met = |usage: &Usage| match (self.unused_since, unused_since(usage)) {
            (None, _) => usage.access_list.is_empty(),
            (Some(limit), Some(since)) => since < limit,
            (Some(_), None) => {
                unknown += 1;
                false
            }
        };
        keys.retain(|listed| listed.usage.as_ref().is_some_and(&mut is_met));
        if unknown > 0 {
            output.note(&format!(
                "{} left out because the last use is unknown; see --without-access-list",
                count(unknown, "key")
            ));
        }
    }
}

/// Returns since when a key has not been used, or `None` if that is unknown.
fn unused_since(usage: &Usage) -> Option<DateTime<Utc>> {
    match usage.last_used {
        LastUse::At(time) => Some(time),
        LastUse::Never => usage
            .access_list
            .iter()
            .filter_map(|entry| entry.created)
            .min(),
        LastUse::Unknown => None,
    }
}

/// Returns the time that is this long ago.
fn ago(text: &str) -> Result<DateTime<Utc>, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let delta = TimeDelta::from_std(duration).ok();
    let time = delta.and_then(|delta| Utc::now().checked_sub_signed(delta));
    time.ok_or_else(|| "too long ago".to_owned())
}
