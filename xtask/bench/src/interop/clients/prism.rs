//! The reverse: our client against Prism, a mock server that reads the same
//! documents and checks requests by them.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use atlas_admin::{ApiVersion, Client, Credentials, Error, OrgRole, ProjectRole};
use atlas_emulator::Service;
use serde_json::Value;

use super::{document, report::Row, service};
use crate::{
    install,
    interop::process::{Process, free_address},
};

const NAME: &str = "atlas-admin on Prism";
const PACKAGE: &str = "@stoplight/prism-cli@5.14.2";

const ORG: &str = "64a000000000000000000001";
const PROJECT: &str = "64a000000000000000000002";
const KEY: &str = "64a000000000000000000003";

pub(super) async fn run(root: &Path, work: &Path) -> Result<Vec<Row>> {
    let work = work.join("prism");
    fs::create_dir_all(&work)?;
    let programs = match install::npm(&work, PACKAGE) {
        Ok(programs) => programs,
        Err(error) => return Ok(vec![Row::skipped(NAME, &error)]),
    };
    let mut rows = Vec::new();
    for &service in service::ALL {
        eprintln!("{NAME}, {}", service::name(service));
        let folder = work.join(service::name(service));
        rows.extend(rows_of(service, root, &programs, &folder).await);
    }
    Ok(rows)
}

/// The rows of a service; a single one if there is nothing to send to.
async fn rows_of(service: Service, root: &Path, programs: &Path, folder: &Path) -> Vec<Row> {
    let (client, _prism) = match start(service, root, programs, folder) {
        Ok(started) => started,
        Err(error) => return vec![Row::new(NAME, service, "start", Err(error))],
    };
    let results = [
        ("updates", both(&client).await),
        ("bad input", bad_input(&client).await),
    ];
    results
        .into_iter()
        .map(|(case, result)| Row::new(NAME, service, case, result))
        .collect()
}

/// Prism with the document of a service, and our client of it.
fn start(
    service: Service,
    root: &Path,
    programs: &Path,
    folder: &Path,
) -> Result<(Client, Process)> {
    fs::create_dir_all(folder)?;
    let path = folder.join("document.json");
    document::write(&without_digest(document::read(root, service)?), &path)?;
    let address = free_address()?;
    let mut command = Command::new(programs.join("prism"));
    command.args(["mock", "--errors", "--dynamic"]);
    command.args(["--host", "127.0.0.1", "--port"]);
    command.arg(address.port().to_string()).arg(&path);
    let prism = Process::start(&mut command, address, &folder.join("output.log"))?;

    let url = format!("http://{address}");
    let credentials = match service::takes_tokens(service) {
        true => Credentials::bearer("a.b.c"),
        false => Credentials::digest("abcdefgh", "secret"),
    };
    Ok((client(service, &url, credentials)?, prism))
}

/// Prism takes no digest answer that has a `uri`, a realm with capitals or any
/// other character but small letters and digits: a right one cannot pass. What
/// remains is a bearer token or, where there is none, nothing.
fn without_digest(mut document: Value) -> Value {
    if let Some(schemes) = document["security"].as_array_mut() {
        schemes.retain(|scheme| scheme.get("DigestAuth").is_none());
    }
    document
}

fn client(service: Service, url: &str, credentials: Credentials) -> Result<Client> {
    let builder = Client::builder();
    let builder = match service {
        // The document has no other version, and Prism reads dates as names.
        Service::AtlasV2 => builder.base_url(url)?.api_version(ApiVersion::V2023_01_01),
        Service::AtlasV1 => builder.base_url(url)?.atlas_v1(),
        _ => builder.ops_manager(url)?,
    };
    Ok(builder.credentials(credentials).build()?)
}

/// Prism answers each update that the document allows with some API key.
async fn both(client: &Client) -> Result<()> {
    let key = client.org(ORG).api_key(KEY);
    let updated = key.update().desc("interop").roles([OrgRole::ReadOnly]);
    let answer = updated.send().await.context("organization key")?;
    ensure!(!answer.id.is_empty(), "organization key: no id");

    let key = client.project(PROJECT).api_key(KEY);
    let replaced = key.replace_roles([ProjectRole::ReadOnly, ProjectRole::Owner]);
    let answer = replaced.send().await.context("project roles")?;
    ensure!(!answer.id.is_empty(), "project roles: no id");
    Ok(())
}

/// That what the document forbids is refused, or `both` would show nothing.
async fn bad_input(client: &Client) -> Result<()> {
    let key = client.org(ORG).api_key(KEY);
    let nonsense = key.update().roles([OrgRole::from("ORG_NONSENSE")]);
    refused(nonsense.send().await.map(drop)).context("organization key")?;

    let key = client.project(PROJECT).api_key(KEY);
    let nonsense = key.replace_roles([ProjectRole::from("GROUP_NONSENSE")]);
    refused(nonsense.send().await.map(drop)).context("project roles")
}

fn refused(result: Result<(), Error>) -> Result<()> {
    let error = result.err().context("an unknown role is taken")?;
    let status = error.status().map(|status| status.as_u16());
    ensure!(status == Some(400), "{error}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::report::table_of, *};

    #[tokio::test]
    async fn a_prism_that_does_not_start_fails_its_service_alone() {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("without-prism");
        let root = crate::root().unwrap();
        let rows = rows_of(Service::AtlasV1, &root, &programs, folder.path()).await;
        let table = table_of(&rows);
        assert!(table.contains("| Atlas v1.0 | start | FAIL: "), "{table}");
    }
}
