//! libmicrohttpd, with a small server that is compiled here.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{credentials, package};
use crate::process::Process;

/// Compiles the server into a folder.
pub(crate) fn program(root: &Path, folder: &Path) -> Result<PathBuf> {
    package::header("libmicrohttpd-dev", "microhttpd.h")?;
    let source = root.join("xtask/interop/third-party/libmicrohttpd/server.c");
    std::fs::create_dir_all(folder)?;
    let program = folder.join("libmicrohttpd-server");
    let output = Command::new("cc")
        .args(["-O1", "-o"])
        .args([&program, &source])
        .arg("-lmicrohttpd")
        .output()
        .context("cannot run cc")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cc: {errors}");
    Ok(program)
}

/// Starts the server.
pub(crate) fn start(
    program: &Path,
    folder: &Path,
    address: SocketAddr,
    password: &str,
) -> Result<Process> {
    let mut command = Command::new(program);
    command.arg(address.port().to_string());
    command.args([credentials::REALM, credentials::USER, password]);
    command.arg(folder.join("access.log"));
    Process::start(&mut command, address, &folder.join("output.log"))
}
