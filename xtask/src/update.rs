//! Takes a new upstream document: trim, compare, lock, generate, log.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    diff::{
        diff,
        report::{self, Format},
    },
    document::output::{Mode, Output, stale, write_or_check},
    pipeline::{emit, sources::Sources},
    progress::Progress,
    type_check::type_check,
    upstream::{Upstream, changelog, lock::Locks},
    workspace::{self, ensure_committed},
};

/// What to do.
pub struct Settings<'a> {
    /// The service; by default the one whose paths the document has.
    pub service: Option<&'a str>,
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
    let _lock = workspace::lock(root, settings.dry_run)?;
    let progress = Progress::new(6);

    progress.step("reading");
    let mut sources = Sources::read(root)?;
    let upstream = Upstream::read(settings.from)?;
    let service = upstream
        .service(settings.service, &sources.services)?
        .to_owned();

    progress.step("trimming");
    let trimmed = upstream.trimmed(&service, &sources.services)?;
    let mut outputs = upstream.outputs(root, &service, &sources.services)?;

    progress.step("comparing");
    let committed = sources
        .documents
        .get(&service)
        .context("there is no document to compare with")?;
    let changes = diff(committed, &upstream.document, &service, &sources.services)?;
    let title = sources.services.service(&service)?.title.clone();
    let locks = Locks::read(root)?;
    let lock = upstream.lock(&service, &locks);
    let is_new = locks
        .get(&service)
        .is_none_or(|old| old.sha256 != lock.sha256);
    let text = format!(
        "## {title} as of {}\n\n{}",
        lock.date,
        report::write(&changes, Format::Markdown)?
    );
    if changes.is_breaking() && !settings.accept_breaking {
        print!("{text}");
        bail!("the document has breaking changes; read the report, then pass --accept-breaking");
    }

    progress.step("generating");
    sources.documents.insert(service, trimmed);
    outputs.extend(emit::outputs(&sources)?);
    if is_new {
        let text = fs::read_to_string(root.join(changelog::PATH)).context(changelog::PATH)?;
        let text = changelog::with_entry(&text, &title, &lock, &changes)?;
        outputs.push(Output::new(changelog::PATH, text));
    }
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
