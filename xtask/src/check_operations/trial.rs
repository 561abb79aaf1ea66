//! A copy of the raw crate, to compile another generated client than the committed one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The crate with the generated client.
const RAW: &str = "crates/atlas-admin-raw";

/// The generated client in it.
pub const CLIENT: &str = "crates/atlas-admin-raw/src/generated/client.rs";

/// A workspace with a copy of the raw crate.
pub struct Trial {
    /// Its folder.
    pub folder: PathBuf,
    target: PathBuf,
}

impl Trial {
    /// Copies the raw crate of the workspace at `root` into `folder`, with the
    /// versions that the workspace has locked.
    pub fn new(root: &Path, folder: PathBuf) -> Result<Self> {
        copy(&root.join(RAW), &folder.join(RAW))?;
        let manifest = read(&root.join("Cargo.toml"))?;
        fs::write(folder.join("Cargo.toml"), with_members(&manifest)?)?;
        fs::write(folder.join("Cargo.lock"), read(&root.join("Cargo.lock"))?)?;
        Ok(Self {
            folder,
            target: target(root)?,
        })
    }

    /// Runs `cargo` in it, with the original workspace's target folder, so that dependencies
    /// are not compiled again.
    pub fn cargo(&self, arguments: &[&str]) -> Result<()> {
        let status = cargo()
            .args(arguments)
            .args(["--offline", "--quiet"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target)
            .status()
            .context("cargo does not start")?;
        ensure!(status.success(), "cargo {} failed", arguments.join(" "));
        Ok(())
    }
}

/// Returns the target folder of the workspace at `root`.
pub fn target(root: &Path) -> Result<PathBuf> {
    let output = cargo()
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
        ])
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let folder = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target folder")?;
    Ok(folder.into())
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Returns a workspace's manifest with all existing crates as members.
fn with_members(manifest: &str) -> Result<String> {
    let mut manifest: toml::Table = toml::from_str(manifest)?;
    let workspace = manifest
        .get_mut("workspace")
        .and_then(toml::Value::as_table_mut)
        .context("the manifest is not a workspace's")?;
    workspace.insert("members".to_owned(), vec!["crates/*"].into());
    Ok(toml::to_string(&manifest)?)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to).with_context(|| to.display().to_string())?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}
