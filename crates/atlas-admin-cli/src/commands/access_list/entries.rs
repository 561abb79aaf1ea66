//! Arguments that name entries of an access list.

use clap::Args;

/// The entry to act on.
#[derive(Args)]
#[group(id = "entry_args", required = true, multiple = false)]
pub(super) struct EntryArgs {
    /// Address or network, exactly as it was added
    #[arg(value_name = "ENTRY")]
    argument: Option<String>,

    /// The same as an option
    #[arg(long = "entry", value_name = "ENTRY")]
    option: Option<String>,
}

impl EntryArgs {
    pub(super) fn entry(&self) -> &str {
        // clap requires one of them.
        let entry = self.argument.as_deref().or(self.option.as_deref());
        entry.unwrap_or_default()
    }
}

/// The entries to add.
#[derive(Args)]
#[group(id = "entries_args", required = true, multiple = true)]
pub(super) struct EntriesArgs {
    /// Addresses and networks, such as 198.51.100.7 or 203.0.113.0/24
    #[arg(value_name = "ENTRY", value_delimiter = ',')]
    arguments: Vec<String>,

    /// The same as an option; repeat, or separate with commas
    #[arg(long = "entry", value_name = "ENTRY", value_delimiter = ',')]
    options: Vec<String>,
}

impl EntriesArgs {
    pub(super) fn entries(&self) -> impl Iterator<Item = &String> {
        self.arguments.iter().chain(&self.options)
    }
}
