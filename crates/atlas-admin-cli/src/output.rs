//! What the command writes: results on standard output, everything else on
//! standard error.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use tracing_subscriber::{
    EnvFilter,
    fmt::{format::FmtSpan, writer::BoxMakeWriter},
};

use crate::{
    cli::Global,
    exit::{Exit, Failure},
};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Yaml,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    pub(crate) fn write_global(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

pub(crate) struct Output {
    pub(crate) format: Format,
    quiet: bool,
    verbose: bool,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            format: global.output,
            quiet: global.quiet,
            verbose: global.verbose,
        }
    }

    /// With `--verbose`, shows what the SDK says of each call, and each call once it
    /// has ended. Neither has a secret in it.
    pub(crate) fn log_if_verbose(&self) {
        if self.verbose {
            tracing_subscriber::fmt()
                .with_env_filter(EnvFilter::new("warn,atlas_admin=debug"))
                .with_ansi(false)
                .with_span_events(FmtSpan::CLOSE)
                .with_writer(BoxMakeWriter::new(io::stderr))
                // Or it would panic where nobody reads standard error any more.
                .log_internal_errors(false)
                .init();
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose
    }

    /// A result: as a table for people, or as data.
    pub(crate) fn result<T: Serialize>(
        &self,
        value: &T,
        table: impl FnOnce(&T) -> Table,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Table => self.text(&format!("{}\n", trimmed(&table(value)))),
            Format::Json | Format::Yaml => self.data(value),
        }
    }

    /// A result as data; JSON unless YAML is asked for.
    pub(crate) fn data<T: Serialize>(&self, value: &T) -> Result<(), Failure> {
        self.text(&self.encoded(value)?)
    }

    /// Text as it is.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// A remark beside the result, unless `--quiet`.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            complain(text);
        }
    }

    /// The end of a command that failed.
    pub(crate) fn failure(&self, failure: &Failure) {
        match (failure, self.format) {
            (Failure::NobodyReads, _) => {}
            (_, Format::Table) => complain(&format!("error: {failure}")),
            (_, Format::Json | Format::Yaml) => match self.encoded(&failure.as_json()) {
                Ok(text) => complain(text.trim_end()),
                Err(_) => complain(&format!("error: {failure}")),
            },
        }
    }

    fn encoded<T: Serialize>(&self, value: &T) -> Result<String, Failure> {
        let text = match self.format {
            Format::Yaml => serde_saphyr::to_string(value).map_err(|error| error.to_string()),
            _ => serde_json::to_string_pretty(value)
                .map(|text| text + "\n")
                .map_err(|error| error.to_string()),
        };
        text.map_err(|error| Failure::local("cannot write the result", error))
    }
}

/// A line on standard error. If nobody reads it, that is all right.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A table without lines around it, as wide as the terminal at most.
pub(crate) fn table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if io::stdout().is_terminal()
        && let Some((width, _)) = terminal_size::terminal_size()
    {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width.0);
    }
    table
}

/// The table without the blanks that comfy-table puts at both ends of a line.
fn trimmed(table: &Table) -> String {
    let lines: Vec<_> = table
        .to_string()
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Text of others on one line, with what could rewrite a terminal as an escape.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let hidden = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            let escaped: Box<dyn Iterator<Item = char>> = if c.is_control() || hidden {
                Box::new(c.escape_default())
            } else {
                Box::new(std::iter::once(c))
            };
            escaped
        })
        .collect()
}

/// For commands that end well if they end at all.
pub(crate) fn done(result: Result<(), Failure>) -> Result<Exit, Failure> {
    result.map(|()| Exit::Done)
}
