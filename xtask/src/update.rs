//! Everything that a new document of the vendor's asks for, in one step.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{
    changelog,
    diff::{Report, diff},
    files::Output,
    generate,
    progress::Progress,
    report::{self, Format},
    sources::Sources,
    transaction::Transaction,
    upstream::{self, Upstream},
};

/// What to do.
pub struct Settings<'a> {
    /// A path or an address.
    pub from: &'a str,
    /// Whether to write nothing.
    pub dry_run: bool,
    /// Whether changes that may break users' programs are fine.
    pub accept_breaking: bool,
}

/// Takes the workspace at `root` to a new document; gives the report for the pull
/// request. `commit` is the command that commits a transaction there.
pub fn update(root: &Path, settings: &Settings, commit: Command) -> Result<String> {
    let progress = Progress::new(5);
    let transaction = Transaction::begin(root)?;

    progress.step("reading");
    let mut sources = Sources::read(root)?;
    let upstream = Upstream::read(settings.from)?;

    progress.step("comparing");
    let committed = sources
        .documents
        .get(upstream::SERVICE)
        .context("no document to compare with")?;
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
        bail!("the document breaks what worked; look at the report, then give --accept-breaking");
    }

    progress.step("trimming");
    let mut outputs = upstream.outputs(root, &sources.services)?;
    sources.documents.insert(
        upstream::SERVICE.to_owned(),
        upstream.trimmed(&sources.services)?,
    );

    progress.step("generating");
    outputs.extend(generate::outputs(&sources)?);
    outputs.extend(changelog_entry(root, &upstream, &changes)?);

    progress.step("writing");
    if settings.dry_run {
        progress.done("nothing is written (--dry-run)");
        return Ok(text);
    }
    let written = transaction.replace(&outputs, commit)?;
    for path in &written {
        progress.line(&format!("wrote {}", path.display()));
    }
    progress.done(if written.is_empty() {
        "nothing to write"
    } else {
        "done"
    });
    Ok(text)
}

/// The changelog with an entry, if there is something to enter: a document that
/// is not the one there was.
fn changelog_entry(root: &Path, upstream: &Upstream, changes: &Report) -> Result<Option<Output>> {
    if !upstream.is_new(root)? {
        return Ok(None);
    }
    let text = fs::read_to_string(root.join(changelog::PATH)).context(changelog::PATH)?;
    let text = changelog::with_entry(&text, &upstream.lock(root)?, changes)?;
    Ok(Some(Output::new(changelog::PATH, text)))
}
