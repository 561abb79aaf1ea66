//! How entries of access lists are printed.

use atlas_admin::{AccessListEntry, Network};
use comfy_table::Table;

use super::{
    Output,
    table::{table, time},
};
use crate::error::CliError;

/// Prints one entry.
pub(crate) fn print(entry: &AccessListEntry, output: &Output) -> Result<(), CliError> {
    output.result(entry, |entry| {
        let names = [
            "entry",
            "requests",
            "created",
            "last used",
            "last used from",
        ];
        let mut table = table();
        for (name, value) in names.into_iter().zip(cells(entry)) {
            if !value.is_empty() {
                table.add_row([name.to_owned(), value]);
            }
        }
        table
    })
}

/// Prints entries.
pub(crate) fn print_list(entries: &Vec<AccessListEntry>, output: &Output) -> Result<(), CliError> {
    output.result(entries, |entries| list(entries))
}

/// Returns a table with a row for each entry.
pub(crate) fn list<'a>(entries: impl IntoIterator<Item = &'a AccessListEntry>) -> Table {
    let mut table = table();
    table.set_header(["ENTRY", "REQUESTS", "CREATED", "LAST USED", "FROM"]);
    for entry in entries {
        table.add_row(cells(entry));
    }
    table
}

fn cells(entry: &AccessListEntry) -> [String; 5] {
    let or_empty = |text: Option<String>| text.unwrap_or_default();
    [
        Network::from(entry).to_string(),
        or_empty(entry.count.map(|count| count.to_string())),
        or_empty(entry.created.map(time)),
        or_empty(entry.last_used.map(time)),
        or_empty(entry.last_used_address.map(|address| address.to_string())),
    ]
}
