use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

/// Formats a Markdown table. All columns after the first `text_columns` hold numbers.
pub fn table<const N: usize>(
    header: [&str; N],
    text_columns: usize,
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table
        .load_style(ASCII_MARKDOWN)
        .set_header(header)
        .add_rows(rows);
    for column in table.column_iter_mut().skip(text_columns) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}
