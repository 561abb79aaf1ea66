//! Checks that generated code compiles, with the crates around it, before it is written.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};

use crate::{
    document::output::{Output, stale},
    document::sanitize::sanitize,
    trial::{self, Trial},
};

/// What the crates with generated code are checked with.
const CHECK: &[&str] = &[
    "check",
    "--package=atlas-admin-raw",
    "--package=atlas-admin",
    "--features=atlas-admin-raw/mocks",
];

/// Fails if `outputs` make crates of the workspace at `root` that do not compile. They are
/// checked in a copy, so nothing has to be undone. Unchanged code is not checked again.
///
/// Where cargo cannot compile at all, such as offline without the dependencies, this warns.
pub fn type_check(root: &Path, outputs: &[Output]) -> Result<()> {
    let is_code = |output: &&Output| output.path.extension().is_some_and(|kind| kind == "rs");
    if !stale(root, outputs).any(|output| is_code(&output)) {
        return Ok(());
    }
    let folder = trial::target(root)?.join("type-check");
    fs::create_dir_all(&folder)?;
    let lock = fs::File::create(folder.join("lock"))?;
    lock.lock()?;
    let crates = folder.join("crates");
    if crates.exists() {
        fs::remove_dir_all(&crates)?;
    }
    let trial = Trial::new(root, folder, &["crates", "tests"])?;
    for output in outputs.iter().filter(is_code) {
        let path = trial.folder.join(&output.path);
        fs::write(&path, &output.text).with_context(|| path.display().to_string())?;
    }
    let output = trial.output(CHECK)?;
    if output.status.success() {
        return Ok(());
    }
    let messages = String::from_utf8_lossy(&output.stderr);
    for line in messages.lines() {
        eprintln!("{}", sanitize(line));
    }
    if messages.contains("could not compile") {
        bail!(
            "the generated code does not compile, so nothing was written; change openapi/ or the \
             code that uses it, or pass --no-type-check to write it as it is"
        );
    }
    eprintln!("warning: cargo cannot compile here, so the generated code is not type-checked");
    Ok(())
}
