//! Clients in other languages, made ready under `target/`.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use super::client::{BuiltIn, Client};

/// Every peer that this machine can run; says loudly which it cannot.
pub(crate) fn prepare(root: &Path) -> Result<Vec<Client>> {
    let sources = root.join("xtask/bench/peers");
    let work = root.join("target/bench-peers");
    fs::create_dir_all(&work)?;
    let mut peers = Vec::new();
    for (name, prepared) in [
        ("the official Go SDK", go(&sources.join("go"), &work)),
        ("Python", python(&sources.join("python"), &work)),
        ("curl", curl()),
    ] {
        match prepared {
            Ok(clients) => peers.extend(clients),
            Err(error) => eprintln!("SKIPPED: {name}: {error:#}"),
        }
    }
    Ok(peers)
}

fn go(sources: &Path, work: &Path) -> Result<Vec<Client>> {
    let program = work.join("go-sdk");
    let mut build = Command::new("go");
    build.arg("build").arg("-o").arg(&program).arg(".");
    succeed(build.current_dir(sources))?;
    Ok(vec![Client {
        name: "atlas-sdk (Go)",
        auth: "digest",
        command: vec![program.into()],
    }])
}

fn python(sources: &Path, work: &Path) -> Result<Vec<Client>> {
    let environment = work.join("python");
    let python = environment.join("bin/python");
    if !python.exists() {
        succeed(
            Command::new("python3")
                .args(["-m", "venv"])
                .arg(&environment),
        )?;
    }
    let requirements = sources.join("requirements.txt");
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]);
    succeed(install.arg(requirements))?;
    let script = sources.join("client.py");
    let client = |name, library: &str| Client {
        name,
        auth: "digest",
        command: vec![python.clone().into(), script.clone().into(), library.into()],
    };
    Ok(vec![
        client("requests (Python)", "requests"),
        client("httpx (Python)", "httpx"),
    ])
}

fn curl() -> Result<Vec<Client>> {
    let mut version = Command::new("curl");
    version.arg("--version").stdout(std::process::Stdio::null());
    succeed(&mut version)?;
    Ok(vec![BuiltIn::Curl.named("curl", "digest")?])
}

fn succeed(command: &mut Command) -> Result<()> {
    let name = command.get_program().display().to_string();
    let status = command.status().with_context(|| name.clone())?;
    ensure!(status.success(), "{name}: {status}");
    Ok(())
}
