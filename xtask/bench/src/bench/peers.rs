//! Clients in other languages, made ready under `target/`.

use std::{fs, path::Path, process::Command};

use anyhow::Result;

use super::client::{BuiltIn, Client};
use crate::install;

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
    install::go(sources, &program)?;
    Ok(vec![Client {
        name: "atlas-sdk (Go)",
        auth: "digest",
        command: vec![program.into()],
    }])
}

fn python(sources: &Path, work: &Path) -> Result<Vec<Client>> {
    let requirements = sources.join("requirements.txt");
    let python = install::python(&work.join("python"), &requirements)?.join("python");
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
    install::succeed(Command::new("curl").arg("--version"))?;
    Ok(vec![BuiltIn::Curl.named("curl", "digest")?])
}
