//! Secrets that are neither arguments nor in the environment.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::Path,
};

use secrecy::SecretString;

use crate::exit::Failure;

/// Far more than a secret can need.
const LIMIT: u64 = 64 * 1024;

/// The text of a file, without white space around it.
pub(super) fn read_file(path: &Path) -> Result<SecretString, Failure> {
    let place = path.display();
    let file = File::open(path)
        .map_err(|error| Failure::credentials(format!("cannot read {place}: {error}")))?;
    read(file, &place.to_string())
}

/// All of standard input, without white space around it.
pub(super) fn read_stdin() -> Result<SecretString, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::credentials(
            "standard input is a terminal, which would show the secret; \
             pipe it in, or use --private-key-file",
        ));
    }
    read(stdin.lock(), "standard input")
}

fn read(source: impl Read, place: &str) -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = source.take(LIMIT).read_to_string(&mut text);
    let secret = SecretString::from(text.trim().to_owned());
    let is_empty = text.trim().is_empty();
    drop(SecretString::from(text));
    read.map_err(|error| Failure::credentials(format!("cannot read {place}: {error}")))?;
    if is_empty {
        return Err(Failure::credentials(format!(
            "there is no secret in {place}"
        )));
    }
    Ok(secret)
}
