//! Copies of crates, to compile other generated code than the committed one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The crate with the generated client.
pub const RAW: &str = "crates/atlas-admin-raw";

/// The generated client in it.
pub const CLIENT: &str = "crates/atlas-admin-raw/src/generated/client.rs";

/// A workspace with copies of crates.
pub struct Trial {
    /// Its folder.
    pub folder: PathBuf,
    target: PathBuf,
}

impl Trial {
    /// Copies these folders of the workspace at `root` into `folder`, with the versions that
    /// the workspace has locked.
    pub fn new(root: &Path, folder: PathBuf, folders: &[&str]) -> Result<Self> {
        for name in folders {
            copy(&root.join(name), &folder.join(name))?;
        }
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
        let status = self.command(arguments).status();
        let status = status.context("cannot run cargo")?;
        ensure!(status.success(), "cargo {} failed", arguments.join(" "));
        Ok(())
    }

    /// Like [`cargo`](Self::cargo), and returns what it prints.
    pub fn output(&self, arguments: &[&str]) -> Result<Output> {
        self.command(arguments).output().context("cannot run cargo")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = cargo();
        command
            .args(arguments)
            .args(["--offline", "--quiet"])
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }
}

/// Returns the target folder that this program was built in, where the dependencies are
/// compiled, or else that of the workspace at `root`.
pub fn target(root: &Path) -> Result<PathBuf> {
    let program = std::env::current_exe().ok();
    let built_in = program
        .as_deref()
        .and_then(|program| program.ancestors().nth(2));
    if let Some(folder) = built_in.filter(|folder| folder.join("CACHEDIR.TAG").is_file()) {
        return Ok(folder.to_owned());
    }
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
