//! How the command ends.

use std::{error::Error as _, fmt, io, process::ExitCode};

use atlas_admin::{Error, ErrorKind};
use serde_json::{Value, json};

use crate::{apply::Mistake, output::printable};

/// The exit codes, which are part of the command's interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    BadInput,
    Credentials,
    Interrupted,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::BadInput => 2,
            Self::Credentials => 3,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// How many mistakes of a file are listed for a person.
const SHOWN_MISTAKES: usize = 50;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for makes no sense.
    Input(String),
    /// A file makes no sense, in one place or many.
    File {
        name: String,
        mistakes: Vec<Mistake>,
    },
    /// There is nobody to sign in as.
    Credentials(String),
    /// Something on this machine went wrong.
    Local(String),
    /// A call failed.
    Call(Error),
    /// Whoever read the output has gone.
    NobodyReads,
}

impl Failure {
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    pub(crate) fn credentials(message: impl Into<String>) -> Self {
        Self::Credentials(message.into())
    }

    pub(crate) fn local(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Local(format!("{what}: {error}"))
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Input(_) | Self::File { .. } => Exit::BadInput,
            Self::Credentials(_) => Exit::Credentials,
            // What was to come after the output was not done.
            Self::Local(_) | Self::NobodyReads => Exit::Failed,
            Self::Call(error) => exit_of(error),
        }
    }

    /// What `--output json` and `yaml` say in place of the text.
    pub(crate) fn as_json(&self) -> Value {
        let error = match self {
            Self::Call(error) => describe(error),
            Self::File { name, mistakes } => json!({
                "kind": self.kind(),
                "message": self.to_string(),
                "file": name,
                "mistakes": mistakes,
            }),
            other => json!({ "kind": other.kind(), "message": other.to_string() }),
        };
        json!({ "error": error })
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Input(_) | Self::File { .. } => "input",
            Self::Credentials(_) => "credentials",
            Self::Local(_) | Self::NobodyReads => "local",
            Self::Call(error) => kind_name(error.kind()),
        }
    }
}

/// The exit code for a call that failed.
fn exit_of(error: &Error) -> Exit {
    match error.kind() {
        ErrorKind::Input => Exit::BadInput,
        ErrorKind::Credentials | ErrorKind::Token => Exit::Credentials,
        _ => Exit::Failed,
    }
}

/// A failed call for a program to read.
pub(crate) fn describe(error: &Error) -> Value {
    json!({
        "kind": kind_name(error.kind()),
        "message": error.to_string(),
        "status": error.status().map(|status| status.as_u16()),
        "code": error.code().map(|code| code.as_str().to_owned()),
        "operation": error.operation(),
        "outcomeUnknown": error.outcome_unknown(),
        "requestsSent": error.requests_sent(),
    })
}

fn kind_name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Input => "input",
        ErrorKind::Credentials => "credentials",
        ErrorKind::Token => "token",
        ErrorKind::Permission => "permission",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::RateLimited => "rate_limited",
        ErrorKind::Version => "version",
        ErrorKind::Service => "service",
        ErrorKind::Transport => "transport",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Decode => "decode",
        ErrorKind::Redirect => "redirect",
        _ => "other",
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(message) | Self::Credentials(message) | Self::Local(message) => {
                f.write_str(message)
            }
            Self::File { name, mistakes } => {
                let count = match mistakes.len() {
                    1 => "1 mistake".to_owned(),
                    many => format!("{many} mistakes"),
                };
                write!(f, "{name} has {count}; nothing was sent")?;
                for mistake in mistakes.iter().take(SHOWN_MISTAKES) {
                    let Mistake {
                        line,
                        column,
                        message,
                    } = mistake;
                    write!(f, "\n  {name}:{line}:{column}: {message}")?;
                }
                match mistakes.len().saturating_sub(SHOWN_MISTAKES) {
                    0 => Ok(()),
                    more => write!(f, "\n  and {more} more"),
                }
            }
            Self::Call(error) => f.write_str(&with_cause(error)),
            Self::NobodyReads => f.write_str("nobody reads the output"),
        }
    }
}

/// The error and what was at the bottom of it.
fn with_cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(|cause| cause.source()) {
        cause = Some(deeper);
    }
    if let Some(cause) = cause.map(ToString::to_string)
        && !text.contains(&cause)
    {
        text.push_str("\n  because: ");
        text.push_str(&printable(&cause));
    }
    text
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// For output alone: reading has messages of its own.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::NobodyReads
        } else {
            Self::local("cannot write the output", error)
        }
    }
}
