//! Secrets from files and standard input.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::Path,
};

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use crate::text;

const MAX_BYTES: u64 = 64 * 1024;

/// Reads a secret from a file, without surrounding white space.
pub(super) fn read_file(path: &Path) -> Result<SecretString, String> {
    let place = path.display();
    let file = File::open(path).map_err(|error| format!("cannot read {place}: {error}"))?;
    read(file, &place.to_string())
}

/// Reads a secret from standard input, without surrounding white space.
pub(super) fn read_stdin() -> Result<SecretString, String> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(
            "standard input is a terminal, which would show the secret; \
             pipe it in, or use --private-key-file"
                .to_owned(),
        );
    }
    read(stdin.lock(), "standard input")
}

fn read(source: impl Read, place: &str) -> Result<SecretString, String> {
    let mut bytes = Vec::new();
    let read = source.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    let is_too_long = bytes.len() as u64 > MAX_BYTES;
    // Wipes the buffer from memory.
    let bytes = SecretSlice::from(bytes);
    read.map_err(|error| format!("cannot read {place}: {error}"))?;
    if is_too_long {
        return Err(format!(
            "{place} is too long; it must hold the secret alone"
        ));
    }
    let text = text::decode(bytes.expose_secret())
        .map_err(|diagnostic| format!("cannot read {place}: {}", diagnostic.message))?
        .trim();
    if text.is_empty() {
        return Err(format!("{place} is empty; it must hold the secret"));
    }
    Ok(SecretString::from(text.to_owned()))
}

/// Returns a warning if other users can read a file with secrets.
pub(super) fn warning(path: &Path) -> Option<String> {
    others_can_read(path).then(|| {
        format!(
            "warning: other users can read the secrets in {path}; run chmod 600 {path}",
            path = path.display()
        )
    })
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    // Permissions of a pipe say nothing.
    std::fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_path: &Path) -> bool {
    false
}
