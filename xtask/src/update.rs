//! Takes a new upstream document: trim, compare, lock, generate, log.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    diff::{
        Report, diff,
        report::{self, Format},
    },
    document::output::{Mode, Output, stale, write_or_check},
    pipeline::{emit, sources::Sources},
    progress::Progress,
    type_check::type_check,
    upstream::{self, Upstream, changelog},
    workspace::{ensure_committed, lock},
};

/// What to do.
pub struct Settings<'a> {
    /// A path or an address.
    pub from: &'a str,
    /// Whether to write nothing.
    pub dry_run: bool,
    /// Whether breaking changes are accepted.
    pub accept_breaking: bool,
    /// Whether uncommitted changes are overwritten.
    pub allow_dirty: bool,
    /// Whether code is written even if it does not compile.
    pub no_type_check: bool,
}

/// Takes the workspace at `root` to a new document, and returns the report for the pull
/// request.
///
/// Git is the transaction: files with uncommitted changes are not overwritten, everything is
/// computed before anything is written, and an error while writing says how to restore.
pub fn update(root: &Path, settings: &Settings) -> Result<String> {
    let _lock = lock(root, settings.dry_run)?;
    let progress = Progress::new(6);

    progress.step("reading");
    let mut sources = Sources::read(root)?;
    let upstream = Upstream::read(settings.from)?;

    progress.step("comparing");
    let committed = sources
        .documents
        .get(upstream::SERVICE)
        .context("there is no document to compare with")?;
    let changes = diff(
        committed,
        &upstream.document,
        upstream::SERVICE,
        &sources.services,
    )?;
    let lock = upstream.lock(root)?;
    let text = format!(
        "## Atlas v2 as of {}\n\n{}",
        lock.date,
        report::write(&changes, Format::Markdown)?
    );
    if changes.is_breaking() && !settings.accept_breaking {
        print!("{text}");
        bail!("the document has breaking changes; read the report, then pass --accept-breaking");
    }

    progress.step("trimming");
    let mut outputs = upstream.outputs(root, &sources.services)?;
    sources.documents.insert(
        upstream::SERVICE.to_owned(),
        upstream.trimmed(&sources.services)?,
    );

    progress.step("generating");
    outputs.extend(emit::outputs(&sources)?);
    outputs.extend(changelog_entry(root, &upstream, &changes)?);
    let changed: Vec<&Path> = stale(root, &outputs)
        .map(|output| output.path.as_path())
        .collect();
    if !settings.allow_dirty {
        ensure_committed(root, &changed)?;
    }

    progress.step("compiling");
    if !settings.no_type_check {
        type_check(root, &outputs)?;
    }

    progress.step("writing");
    if settings.dry_run {
        progress.done("nothing is written (--dry-run)");
        return Ok(text);
    }
    let hint = restore_hint(root, &changed);
    let is_changed = !changed.is_empty();
    write_or_check(root, &outputs, Mode::Write).context(hint)?;
    progress.done(if is_changed {
        "done"
    } else {
        "nothing to write"
    });
    Ok(text)
}

/// Returns how to undo a write that failed halfway. Only these files are named, so that
/// restoring them keeps other work.
fn restore_hint(root: &Path, changed: &[&Path]) -> String {
    let existing: Vec<_> = changed
        .iter()
        .filter(|path| root.join(path).exists())
        .map(|path| path.display().to_string())
        .collect();
    format!(
        "only some files were written; to undo that, run `git restore -- {}`",
        existing.join(" ")
    )
}

/// Returns the changelog with an entry, if the document is a new one.
fn changelog_entry(root: &Path, upstream: &Upstream, changes: &Report) -> Result<Option<Output>> {
    if !upstream.is_new(root)? {
        return Ok(None);
    }
    let text = fs::read_to_string(root.join(changelog::PATH)).context(changelog::PATH)?;
    let text = changelog::with_entry(&text, &upstream.lock(root)?, changes)?;
    Ok(Some(Output::new(changelog::PATH, text)))
}
