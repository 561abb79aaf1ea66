//! Installs programs in other languages in folders of their own. The system stays unchanged.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// Creates a virtual environment with these requirements. Returns its folder of programs.
pub fn python(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let programs = folder.join("bin");
    let python = programs.join("python");
    if !python.exists() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    }
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]);
    succeed(install.arg(requirements))?;
    Ok(programs)
}

/// Builds a Go program.
pub fn go(sources: &Path, program: &Path) -> Result<()> {
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(program).arg(".");
    succeed(build.current_dir(sources))
}

/// Installs an npm package, given as `name@version`. Returns its folder of programs.
pub fn npm(folder: &Path, package: &str) -> Result<PathBuf> {
    let mut install = Command::new("npm");
    install.args(["install", "--silent", "--no-audit", "--no-fund"]);
    install.args(["--no-save", "--no-package-lock", "--prefix"]);
    succeed(install.arg(folder).arg(package))?;
    Ok(folder.join("node_modules/.bin"))
}

/// Fails unless curl is installed.
pub fn curl() -> Result<()> {
    succeed(Command::new("curl").arg("--version"))
}

/// Runs a command without its standard output, which would mix with tables.
fn succeed(command: &mut Command) -> Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let name = command.get_program().display();
    let status = status.with_context(|| format!("cannot run {name}"))?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}
