//! What the command prints: results to standard output, everything else to standard error.

pub(crate) mod api_key;
pub(crate) mod progress;
pub(crate) mod request;
pub(crate) mod table;

use std::io::{self, Write};

use comfy_table::Table;
use serde::Serialize;
use tracing_subscriber::{
    EnvFilter,
    fmt::{format::FmtSpan, writer::BoxMakeWriter},
};

use crate::{
    args::{Format, GlobalArgs},
    error::CliError,
};

/// Prints results and messages as the user asked for them.
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
            tracing_subscriber::fmt()
                .with_env_filter(EnvFilter::new("warn,atlas_admin=debug"))
                .with_ansi(false)
                .with_span_events(FmtSpan::CLOSE)
                .with_writer(BoxMakeWriter::new(io::stderr))
                // Reporting a closed standard error on standard error would panic.
                .log_internal_errors(false)
                .init();
        }
    }

    /// Prints a result as a table, JSON or YAML.
    pub(crate) fn result<T: Serialize>(
        &self,
        value: &T,
        table: impl FnOnce(&T) -> Table,
    ) -> Result<(), CliError> {
        match self.format {
            Format::Table => self.text(&format!("{}\n", table::render(&table(value)))),
            Format::Json | Format::Yaml => self.data(value),
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
            eprint(text);
        }
    }

    /// Prints why the command failed.
    pub(crate) fn error(&self, error: &CliError) {
        match (error, self.format) {
            (CliError::BrokenPipe, _) => {}
            (_, Format::Table) => eprint(&format!("error: {error}")),
            (_, Format::Json | Format::Yaml) => match self.encode(&error.to_json()) {
                Ok(text) => eprint(text.trim_end()),
                Err(_) => eprint(&format!("error: {error}")),
            },
        }
    }

    fn encode<T: Serialize>(&self, value: &T) -> Result<String, CliError> {
        let text = match self.format {
            Format::Yaml => serde_saphyr::to_string(value).map_err(|error| error.to_string()),
            _ => serde_json::to_string_pretty(value)
                .map(|text| text + "\n")
                .map_err(|error| error.to_string()),
        };
        text.map_err(|error| CliError::local("cannot encode the result", error))
    }
}

/// Prints a line to standard error, and ignores that it may be closed.
pub(crate) fn eprint(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
