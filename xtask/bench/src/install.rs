//! Programs in other languages, made ready in a folder of their own: nothing of
//! the system is changed.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

/// A virtual environment with these requirements; answers its folder of programs.
pub(crate) fn python(folder: &Path, requirements: &Path) -> Result<PathBuf> {
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
pub(crate) fn go(sources: &Path, program: &Path) -> Result<()> {
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(program).arg(".");
    succeed(build.current_dir(sources))
}

/// A package from npm, as `name@version`; answers its folder of programs.
pub(crate) fn npm(folder: &Path, package: &str) -> Result<PathBuf> {
    let mut install = Command::new("npm");
    install.args([
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--no-save",
    ]);
    install.arg("--no-package-lock").arg("--prefix").arg(folder);
    succeed(install.arg(package))?;
    Ok(folder.join("node_modules/.bin"))
}

/// Runs a command to its end. What it prints on standard output is dropped:
/// that is for tables.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| name.clone())?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}
