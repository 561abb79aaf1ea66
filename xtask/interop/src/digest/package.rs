//! Servers from Debian's packages.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context, Result, bail, ensure};

/// Finds a server's program. Installs its package if there is none.
pub(crate) fn program(package: &str, name: &str) -> Result<PathBuf> {
    installed(package, name, &["/usr/sbin", "/usr/bin"])
}

/// Finds a library's header. Installs its package if there is none.
pub(crate) fn header(package: &str, name: &str) -> Result<PathBuf> {
    installed(package, name, &["/usr/include", "/usr/local/include"])
}

fn installed(package: &str, name: &str, folders: &[&str]) -> Result<PathBuf> {
    if let Some(found) = find(name, folders) {
        return Ok(found);
    }
    if !nix::unistd::geteuid().is_root() {
        bail!("{name} is not installed; install the package {package}, or run as root");
    }
    static UPDATED: OnceLock<bool> = OnceLock::new();
    if !UPDATED.get_or_init(|| apt_get(&["update"]).is_ok()) {
        bail!("{name} is not installed, and apt-get update failed");
    }
    eprintln!("installing {package}");
    apt_get(&["install", "--yes", "--no-install-recommends", package])?;
    find(name, folders).with_context(|| format!("the package {package} has no {name}"))
}

fn find(name: &str, folders: &[&str]) -> Option<PathBuf> {
    folders
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists())
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null())
        .status()
        .context("cannot run apt-get")?;
    let arguments = arguments.join(" ");
    ensure!(status.success(), "apt-get {arguments}: {status}");
    Ok(())
}
