//! Text files as people's editors save them.

use std::{fs, io, path::Path};

use crate::diagnostic::{Diagnostic, Location};

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads a text file.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let bytes = fs::read(path)?;
    match decode(&bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(Diagnostic { location, message }) => {
            let message = format!("line {}: {message}", location.line);
            Err(io::Error::new(io::ErrorKind::InvalidData, message))
        }
    }
}

/// Returns the bytes without a byte order mark.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BOM).unwrap_or(bytes)
}

/// Decodes UTF-8 with or without a byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, Diagnostic> {
    // ASCII in UTF-16 has a zero in every pair.
    let is_utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
        || matches!(bytes, [0, b, ..] | [b, 0, ..] if *b != 0);
    if is_utf16 {
        let message = "UTF-16 text; save the file as UTF-8";
        return Err(Diagnostic::new(Location::START, message));
    }
    let bytes = without_bom(bytes);
    str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line_start = valid.rfind('\n').map_or(0, |end| end + 1);
        let location = Location {
            line: 1 + valid.matches('\n').count() as u64,
            column: 1 + valid[line_start..].chars().count() as u64,
        };
        Diagnostic::new(location, "invalid UTF-8; save the file as UTF-8")
    })
}
