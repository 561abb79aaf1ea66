//! What the tests of the pipeline share.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The vendor's documents beside the checkout, oldest first. Where they are
/// absent, this says so, and the test that needs them has nothing to do.
pub(crate) fn upstream_documents() -> Vec<PathBuf> {
    let folder = workspace().join("../shared/upstream");
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: there is no {}", folder.display());
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut documents: Vec<PathBuf> = paths
        .filter(|path| name(path).ends_with(".yaml.gz"))
        .collect();
    documents.sort();
    documents
}

/// The name of a file.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// Runs a task on the workspace at `root`.
#[allow(
    dead_code,
    reason = "not every test that has this module uses all of it"
)]
pub(crate) fn xtask(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("--root")
        .arg(root)
        .args(arguments)
        .output()
        .unwrap()
}

/// Copies the workspace's own files to `target`.
#[allow(
    dead_code,
    reason = "not every test that has this module uses all of it"
)]
pub(crate) fn copy_workspace(target: &Path) -> io::Result<()> {
    let root = workspace();
    for file in ["Cargo.toml", "Cargo.lock", "CHANGELOG.md", "README.md"] {
        fs::copy(root.join(file), target.join(file))?;
    }
    for folder in ["openapi", "crates", "examples", "tests", "xtask"] {
        copy_folder(&root.join(folder), &target.join(folder))?;
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                copy_folder(&entry.path(), &target)?;
            }
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
