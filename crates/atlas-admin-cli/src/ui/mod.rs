//! What the command prints: results to standard output, everything else to standard error.

pub(crate) mod access_list;
pub(crate) mod api_key;
mod csv;
pub(crate) mod github;
pub(crate) mod key_list;
pub(crate) mod markdown;
pub(crate) mod progress;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod table;

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
};

use atlas_admin::{quote, sanitize};
use comfy_table::Table;
use serde::Serialize;
use tracing::Level;
use tracing_subscriber::{
    filter::Targets,
    fmt::{format::FmtSpan, writer::BoxMakeWriter},
    prelude::*,
};

use crate::{
    args::{Format, GlobalArgs},
    error::CliError,
};

/// Prints results and messages as the user asked for them.
#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

impl Output {
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        Self {
            format: global.output,
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// With `--verbose`, prints the SDK's events and each finished call. The SDK keeps
    /// secrets out of both.
    pub(crate) fn log_if_verbose(&self) {
        if self.verbose {
            let events = Targets::new()
                .with_default(Level::WARN)
                .with_target("atlas_admin", Level::DEBUG);
            tracing_subscriber::fmt()
                .with_max_level(Level::DEBUG)
                .with_ansi(false)
                .with_span_events(FmtSpan::CLOSE)
                .with_writer(BoxMakeWriter::new(io::stderr))
                // Reporting a closed standard error on standard error would panic.
                .log_internal_errors(false)
                .finish()
                .with(events)
                .init();
        }
    }

    /// Prints a result as a table, JSON or YAML.
    pub(crate) fn result<T: Serialize>(
        &self,
        value: &T,
        table: impl FnOnce(&T) -> Table,
    ) -> Result<(), CliError> {
        if self.format.is_document() {
            self.data(value)
        } else {
            self.text(&format!("{}\n", table::render(&table(value))))
        }
    }

    /// Prints the result of a change as a sentence, unless `--quiet`, or as JSON or YAML.
    pub(crate) fn outcome(&self, value: &impl Serialize, sentence: &str) -> Result<(), CliError> {
        if self.format.is_document() {
            self.data(value)
        } else if self.quiet {
            Ok(())
        } else {
            self.text(&format!("{}\n", sanitize(sentence)))
        }
    }

    /// Prints a result as YAML if asked for, otherwise as JSON.
    pub(crate) fn data<T: Serialize>(&self, value: &T) -> Result<(), CliError> {
        self.text(&self.encode(value)?)
    }

    /// Prints text to standard output.
    pub(crate) fn text(&self, text: &str) -> Result<(), CliError> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Prints a message to standard error, unless `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            eprint(&sanitized_lines(text));
        }
    }

    /// Prints why the command failed.
    pub(crate) fn error(&self, error: &CliError) {
        if matches!(error, CliError::BrokenPipe) {
            return;
        }
        let is_document = self.format.is_document();
        match is_document.then(|| self.encode(&error.to_json())) {
            Some(Ok(text)) => eprint(text.trim_end()),
            _ if self.format == Format::Github => self.annotate(&error.to_string()),
            _ if io::stderr().is_terminal() => {
                eprint(&painted_lines(&sanitized_lines(&format!(
                    "error: {error:#}"
                ))));
            }
            _ => eprint(&sanitized_lines(&format!("error: {error}"))),
        }
    }

    /// Prints an error that GitHub Actions shows at the run.
    pub(crate) fn annotate(&self, message: &str) {
        eprint(&github::error_annotation(&sanitized_lines(message)));
    }

    fn encode<T: Serialize>(&self, value: &T) -> Result<String, CliError> {
        let text = match self.format {
            Format::Yaml => to_yaml(value),
            _ => to_json(value, |c, out| {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }),
        };
        text.map_err(|error| CliError::local("cannot encode the result", error))
    }
}

fn to_yaml(value: &impl Serialize) -> Result<String, String> {
    let yaml = serde_saphyr::to_string(value).map_err(|error| error.to_string())?;
    if !yaml.contains(is_unsafe) {
        return Ok(yaml);
    }
    to_quoted_yaml(value)
}

/// Returns YAML with all text in quotes, where anything can be escaped. It is JSON otherwise.
pub(crate) fn to_quoted_yaml(value: &impl Serialize) -> Result<String, String> {
    to_json(value, |c, out| {
        out.push_str(&format!("\\U{:08x}", u32::from(c)));
    })
}

/// Returns JSON in which characters that could deceive on a terminal are escaped. A parser
/// reads the exact text.
fn to_json(value: &impl Serialize, escape: impl Fn(char, &mut String)) -> Result<String, String> {
    let json = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    let mut out = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if is_unsafe(c) {
            escape(c, &mut out);
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    Ok(out)
}

fn is_unsafe(c: char) -> bool {
    c != '\n' && matches!(sanitize(c.encode_utf8(&mut [0; 4])), Cow::Owned(_))
}

/// Sanitizes each line of a message.
pub(crate) fn sanitized_lines(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(sanitize).collect();
    lines.join("\n")
}

/// Paints the labels of an error as clap does.
fn painted_lines(text: &str) -> String {
    let styles = clap::builder::Styles::styled();
    let labels = [
        ("error:", styles.get_error()),
        ("  hint:", styles.get_valid()),
        ("  caused by:", styles.get_placeholder()),
    ];
    let painted = |line: &str| {
        let label = labels.iter().find_map(|(label, style)| {
            let rest = line.strip_prefix(label)?;
            Some(format!("{style}{label}{style:#}{rest}"))
        });
        label.unwrap_or_else(|| line.to_owned())
    };
    text.split('\n').map(painted).collect::<Vec<_>>().join("\n")
}

/// Returns a name that is one word, or in quotes.
pub(crate) fn word(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.chars().all(is_plain) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(quote(name))
    }
}

/// Prints a line to standard error, and ignores that it may be closed.
pub(crate) fn eprint(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
