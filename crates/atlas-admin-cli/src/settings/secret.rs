//! Secrets that are neither arguments nor in the environment.

use std::{
    fs::{self, File},
    io::{self, IsTerminal, Read},
    path::Path,
};

use secrecy::SecretString;

/// Far more than a secret can need.
const LIMIT: u64 = 64 * 1024;

/// The text of a file, without white space around it.
pub(super) fn read_file(path: &Path) -> Result<SecretString, String> {
    let place = path.display();
    let file = File::open(path).map_err(|error| format!("cannot read {place}: {error}"))?;
    read(file, &place.to_string())
}

/// All of standard input, without white space around it.
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
    let mut text = String::new();
    let read = source.take(LIMIT).read_to_string(&mut text);
    let secret = SecretString::from(text.trim().to_owned());
    let is_empty = text.trim().is_empty();
    drop(SecretString::from(text));
    read.map_err(|error| format!("cannot read {place}: {error}"))?;
    if is_empty {
        return Err(format!("there is no secret in {place}"));
    }
    Ok(secret)
}

/// A warning if others can read a file with secrets.
pub(super) fn warning(path: &Path) -> Option<String> {
    others_can_read(path).then(|| {
        format!(
            "warning: others can read the secrets in {path}; chmod 600 {path}",
            path = path.display()
        )
    })
}

#[cfg(unix)]
fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    // A pipe has no file that stays.
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_can_read(_path: &Path) -> bool {
    false
}
