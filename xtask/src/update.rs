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
    upstream::{self, Upstream, changelog},
    workspace::ensure_committed,
};

/// What to do.
pub struct Settings<'a> {
    /// A path or an address.
    pub from: &'a str,
    /// Whether to write nothing.
    pub dry_run: bool,
    /// Whether breaking changes are accepted.
    pub accept_breaking: bool,
}

/// Takes the workspace at `root` to a new document, and returns the report for the pull
/// request.
///
/// Git is the transaction: files with uncommitted changes are not overwritten, everything is
/// computed before anything is written, and an error while writing says how to restore.
pub fn update(root: &Path, settings: &Settings) -> Result<String> {
    let progress = Progress::new(5);

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
    ensure_committed(root, &changed)?;

    progress.step("writing");
    if settings.dry_run {
        progress.done("nothing is written (--dry-run)");
        return Ok(text);
    }
    let is_changed = !changed.is_empty();
    write_or_check(root, &outputs, Mode::Write).context(
        "only some files were written; `git status` lists them, `git restore .` brings back the old",
    )?;
    progress.done(if is_changed {
        "done"
    } else {
        "nothing to write"
    });
    Ok(text)
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
