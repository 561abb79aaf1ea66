//! The command that resumes a run.

use std::ffi::OsString;

/// Returns this command line, quoted for a shell. With a journal, `--resume` takes the place
/// of `--journal`.
pub(super) fn resume_command(
    arguments: impl Iterator<Item = OsString>,
    has_journal: bool,
) -> String {
    let mut command = "atlas-admin".to_owned();
    for argument in arguments {
        let mut argument = argument.to_string_lossy().into_owned();
        for flag in ["--journal", "--report"] {
            match argument.strip_prefix(flag) {
                Some(rest) if has_journal && (rest.is_empty() || rest.starts_with('=')) => {
                    argument = format!("--resume{rest}");
                }
                _ => {}
            }
        }
        command.push(' ');
        // Quoting fails only for NUL, which an argument cannot contain.
        match shlex::try_quote(&argument) {
            Ok(quoted) => command.push_str(&quoted),
            Err(_) => command.push_str(&argument),
        }
    }
    command
}
