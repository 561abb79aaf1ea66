//! CSV, which people open in a spreadsheet.

use atlas_admin::sanitize;
use csv::Writer;

use super::Output;
use crate::error::CliError;

/// Prints rows under a header.
pub(super) fn print<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
    output: &Output,
) -> Result<(), CliError> {
    output.text(&encode(header, rows).map_err(|error| CliError::local("cannot encode CSV", error))?)
}

fn encode<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Result<String, Box<dyn std::error::Error>> {
    let mut writer = Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.map(|text| cell(&text)))?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Returns a text that no spreadsheet takes for a formula: they run what starts like one,
/// in quotes or not, and take an apostrophe for the start of a text.
fn cell(text: &str) -> String {
    let text = sanitize(text);
    let is_formula = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if is_formula {
        format!("'{text}")
    } else {
        text.into_owned()
    }
}
