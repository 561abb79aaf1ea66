//! Which keys of an organization a command is about.

mod access_lists;
mod filter;

use atlas_admin::{ApiKey, Org, ProjectId};
use clap::{Args, value_parser};

use self::filter::Filter;
use crate::{
    commands::context::Context,
    error::CliError,
    ui::{Output, key_list::ListedKey},
};

#[derive(Args)]
pub(super) struct Selection {
    /// Number of access lists to read at once, 1 to 256
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "8",
        value_parser = value_parser!(u16).range(1..=256),
        requires = "access_list_filter"
    )]
    concurrency: u16,

    #[command(flatten)]
    filter: Filter,
}

impl Selection {
    /// Checks the roles, and warns about those that are unknown.
    pub(super) fn check(&self, context: &Context<'_>) -> Result<(), CliError> {
        context.check_any_roles(&self.filter.role)
    }

    /// Returns the project whose roles count.
    pub(super) fn project(&self) -> Option<&ProjectId> {
        self.filter.project.as_ref()
    }

    /// Returns the keys that meet all conditions. Reads their access lists if a condition needs
    /// them.
    pub(super) async fn select(
        &self,
        org: &Org,
        mut keys: Vec<ApiKey>,
        output: &Output,
    ) -> Result<Vec<ListedKey>, CliError> {
        keys.retain(|key| self.filter.admits(key));
        if !self.filter.needs_access_lists() {
            return Ok(ListedKey::without_usage(keys));
        }
        let mut keys = access_lists::read(org, keys, self.concurrency.into(), output).await?;
        self.filter.retain_by_usage(&mut keys, output);
        Ok(keys)
    }
}
