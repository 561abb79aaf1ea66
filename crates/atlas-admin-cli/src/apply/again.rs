//! The command that goes on where this one ends.

use std::ffi::OsString;

/// The command with these arguments, for a shell. With `has_report` it goes on with
/// the report that it has written.
pub(super) fn command(arguments: impl Iterator<Item = OsString>, has_report: bool) -> String {
    let mut command = "atlas-admin".to_owned();
    for argument in arguments {
        let argument = argument.to_string_lossy();
        let argument = match argument.strip_prefix("--report") {
            Some(rest) if has_report && (rest.is_empty() || rest.starts_with('=')) => {
                format!("--resume{rest}")
            }
            _ => argument.into_owned(),
        };
        command.push(' ');
        // Quoting fails only for NUL, which no argument can have in it.
        match shlex::try_quote(&argument) {
            Ok(quoted) => command.push_str(&quoted),
            Err(_) => command.push_str(&argument),
        }
    }
    command
}
