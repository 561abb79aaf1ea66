//! Tables for terminals that are Markdown too.

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

/// A table of these rows. All columns but the first `names` hold numbers.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    names: usize,
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(header)
        .add_rows(rows);
    for column in table.column_iter_mut().skip(names) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
