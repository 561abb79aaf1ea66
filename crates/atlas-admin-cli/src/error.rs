//! Why a command failed, and the exit status for it.

use std::{collections::BTreeSet, error::Error as _, fmt, io, path::PathBuf, process::ExitCode};

use atlas_admin::{ApiKeyId, Error, ErrorKind, quote, sanitize};
use serde::Serialize;
use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;

/// The exit status, which is part of the command's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    Success,
    Failure,
    InvalidInput,
    /// The plan has changes, with `--exit-code`.
    Changes,
    Credentials,
    Interrupted,
}

impl ExitStatus {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::InvalidInput | Self::Changes => 2,
            Self::Credentials => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// The number of diagnostics in the text form of an error.
const MAX_DIAGNOSTICS: usize = 50;

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The arguments or settings are invalid.
    Input(String),
    /// The manifest is invalid.
    Manifest {
        file: String,
        diagnostics: Vec<Diagnostic>,
    },
    /// Keys have changed since the plan was made.
    StalePlan { file: String, moved: Vec<Moved> },
    /// There are no usable credentials.
    Credentials(String),
    /// An operation on this machine failed.
    Local(String),
    /// A key was created, and its private key could not be stored.
    LostSecret {
        key: ApiKeyId,
        file: PathBuf,
        error: io::Error,
    },
    /// A call to the service failed.
    Call(Error),
    /// A call to the service failed, and the command knows what to do about it.
    CallWithHint(Error, String),
    /// A signal ended the command before its outcome was known. The second text is a hint.
    Interrupted(&'static str, String),
    /// The reader of standard output has closed it.
    BrokenPipe,
}

/// A difference between the state that a plan was made for and the present one.
#[derive(Debug, Serialize)]
pub(crate) struct Moved {
    pub(crate) key: String,
    /// Such as "organization", or "project" and its ID.
    pub(crate) place: String,
    /// Such as "roles".
    pub(crate) field: &'static str,
    pub(crate) planned: Value,
    pub(crate) present: Value,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, place, field) = (&self.key, &self.place, self.field);
        let (planned, present) = (shown(&self.planned), shown(&self.present));
        write!(
            f,
            "API key {key}, {place}: {field} {planned} in the plan; now {present}"
        )
    }
}

/// Returns a text in quotes, or names with commas between them.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(names) if !names.is_empty() => {
            let names = names.iter().map(|name| name.as_str().unwrap_or_default());
            sanitize(&names.collect::<Vec<_>>().join(", ")).into_owned()
        }
        _ => "none".to_owned(),
    }
}

impl CliError {
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    pub(crate) fn credentials(message: impl Into<String>) -> Self {
        Self::Credentials(message.into())
    }

    pub(crate) fn local(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Local(format!("{what}: {error}"))
    }

    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Input(_) | Self::Manifest { .. } => ExitStatus::InvalidInput,
            Self::Credentials(_) => ExitStatus::Credentials,
            Self::Local(_)
            | Self::LostSecret { .. }
            | Self::BrokenPipe
            | Self::StalePlan { .. } => ExitStatus::Failure,
            Self::Interrupted(..) => ExitStatus::Interrupted,
            Self::Call(error) | Self::CallWithHint(error, _) => match error.kind() {
                ErrorKind::Input => ExitStatus::InvalidInput,
                ErrorKind::Credentials | ErrorKind::Token => ExitStatus::Credentials,
                _ => ExitStatus::Failure,
            },
        }
    }

    /// Returns the error as `--output json` and `yaml` print it.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = match self {
            Self::Call(error) | Self::CallWithHint(error, _) => call_error_to_json(error),
            Self::Interrupted(message, _) => json!({ "kind": self.kind(), "message": message }),
            other => json!({ "kind": other.kind(), "message": other.to_string() }),
        };
        if let Self::Manifest { file, diagnostics } = self {
            error["file"] = json!(file);
            error["diagnostics"] = json!(diagnostics);
        }
        if let Self::StalePlan { file, moved } = self {
            error["file"] = json!(file);
            error["moved"] = json!(moved);
        }
        if let Self::CallWithHint(_, hint) | Self::Interrupted(_, hint) = self {
            error["hint"] = json!(hint);
        }
        json!({ "error": error })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Input(_) | Self::Manifest { .. } => "input",
            Self::StalePlan { .. } => "stale_plan",
            Self::Credentials(_) => "credentials",
            Self::Local(_) | Self::LostSecret { .. } | Self::BrokenPipe => "local",
            Self::Interrupted(..) => "interrupted",
            Self::Call(error) | Self::CallWithHint(error, _) => error.kind().as_str(),
        }
    }
}

/// Returns the error of a failed call as JSON.
pub(crate) fn call_error_to_json(error: &Error) -> Value {
    let mut json = json!({
        "kind": error.kind().as_str(),
        "message": error.to_string(),
        "cause": root_cause(error),
        "hint": hint(error),
        "status": error.status().map(|status| status.as_u16()),
        "code": error.code().map(|code| code.as_str().to_owned()),
        "operation": error.operation(),
        "outcomeUnknown": error.outcome_unknown(),
        "requestsSent": error.requests_sent(),
    });
    let mismatches = error.mismatches().iter().map(|mismatch| {
        json!({
            "field": mismatch.field,
            "requested": mismatch.requested,
            "returned": mismatch.returned,
        })
    });
    if error.is_mismatch() {
        json["mismatches"] = mismatches.collect();
    }
    json
}

/// With `{:#}`, in short lines for a terminal.
impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(message) | Self::Credentials(message) | Self::Local(message) => {
                f.write_str(message)
            }
            Self::Interrupted(message, hint) => {
                write!(f, "{message}\n  hint: {}", sanitize(hint))
            }
            Self::Manifest { file, diagnostics } => {
                let count = diagnostics.len();
                let noun = if count == 1 { "error" } else { "errors" };
                write!(f, "{file} has {count} {noun}; nothing was sent")?;
                for Diagnostic { location, message } in diagnostics.iter().take(MAX_DIAGNOSTICS) {
                    let (line, column) = (location.line, location.column);
                    write!(f, "\n  {file}:{line}:{column}: {message}")?;
                }
                match count.saturating_sub(MAX_DIAGNOSTICS) {
                    0 => Ok(()),
                    more => write!(f, "\n  and {more} more"),
                }
            }
            Self::StalePlan { file, moved } => {
                let keys: BTreeSet<_> = moved.iter().map(|moved| &moved.key).collect();
                let (keys, verb) = match keys.len() {
                    1 => ("1 API key".to_owned(), "has"),
                    number => (format!("{number} API keys"), "have"),
                };
                write!(
                    f,
                    "{keys} {verb} changed since {file} was made; nothing was sent"
                )?;
                for moved in moved.iter().take(MAX_DIAGNOSTICS) {
                    write!(f, "\n  {moved}")?;
                }
                match moved.len().saturating_sub(MAX_DIAGNOSTICS) {
                    0 => {}
                    more => write!(f, "\n  and {more} more")?,
                }
                f.write_str("\n  hint: review a new plan")
            }
            Self::LostSecret { key, file, error } => write!(
                f,
                "API key {key} was created, but its private key could not be written to {}: \
                 {error}\n  hint: delete the key, or resume with the journal, which deletes it",
                file.display()
            ),
            Self::Call(error) => f.write_str(&details(error, f.alternate())),
            Self::CallWithHint(error, hint) => {
                let details = details(error, f.alternate());
                write!(f, "{details}\n  hint: {}", sanitize(hint))
            }
            Self::BrokenPipe => f.write_str("standard output was closed"),
        }
    }
}

/// Returns the text of a failed call's error, with what `call_error_to_json` has besides.
pub(crate) fn describe(error: &Error) -> String {
    details(error, false)
}

/// Returns the text of a failed call's error in one line, or in several short ones, and its cause
/// and hint in lines of their own.
fn details(error: &Error, in_lines: bool) -> String {
    let mut text = match in_lines {
        true => format!("{error:#}"),
        false => error.to_string(),
    };
    if let Some(cause) = root_cause(error)
        && !text.contains(&cause)
    {
        text.push_str("\n  caused by: ");
        text.push_str(&sanitize(&cause));
    }
    if let Some(hint) = hint(error) {
        text.push_str("\n  hint: ");
        text.push_str(hint);
    }
    text
}

fn root_cause(error: &Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

/// Returns what helps against a certificate that is not trusted.
fn hint(error: &Error) -> Option<&'static str> {
    root_cause(error)?.contains("UnknownIssuer").then_some(
        "install the system's certificates (often the package ca-certificates), or name a file \
         with the authority's certificate with --ca-file",
    )
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// Converts errors of writing to standard output.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::BrokenPipe
        } else {
            Self::local("cannot write to standard output", error)
        }
    }
}
