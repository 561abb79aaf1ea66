//! Options that name roles.

use clap::{Args, builder::NonEmptyStringValueParser};

/// Commands that need a role add `mut_arg("role", |arg| arg.required(true))`.
#[derive(Args)]
pub(crate) struct RoleArgs {
    /// Role, as atlas-admin roles lists them; repeat, or separate with commas
    #[arg(
        long,
        value_name = "ROLE",
        value_delimiter = ',',
        value_parser = NonEmptyStringValueParser::new()
    )]
    pub(crate) role: Vec<String>,

    /// Send role names that look like a misspelling of a known role
    #[arg(long)]
    pub(crate) allow_unknown_role: bool,
}

impl RoleArgs {
    /// Returns the names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.role.iter().map(String::as_str)
    }
}
