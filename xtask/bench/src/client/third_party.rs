//! Clients in other languages. Their programs go to `target/`.

use std::{fs, path::Path};

use anyhow::Result;
use xtask_support::install;

use super::{BuiltIn, Client};

/// Prepares every client that this machine can run, and says which it cannot.
pub(crate) fn prepare(root: &Path) -> Result<Vec<Client>> {
    let sources = root.join("xtask/bench/third-party");
    let work = root.join("target/bench");
    fs::create_dir_all(&work)?;
    let mut clients = Vec::new();
    for (name, prepared) in [
        ("the official Go SDK", go(&sources.join("go"), &work)),
        ("Python", python(&sources.join("python"), &work)),
        ("curl", curl()),
    ] {
        match prepared {
            Ok(prepared) => clients.extend(prepared),
            Err(error) => eprintln!("SKIPPED: {name}: {error:#}"),
        }
    }
    Ok(clients)
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
    install::curl()?;
    Ok(vec![BuiltIn::Curl.named("curl", "digest")?])
}
