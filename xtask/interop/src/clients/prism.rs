//! The client with Prism, a mock server that checks requests against the same documents.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use atlas_admin::{ApiVersion, Client, Credentials, Error, OrgRole, ProjectRole};
use atlas_emulator::Service;
use serde_json::Value;
use xtask_support::install;

use super::{document, report::Row, service};
use crate::{
    ids::{KEY, ORG, PROJECT},
    process::{Process, free_address},
};

const NAME: &str = "atlas-admin on Prism";
const PACKAGE: &str = "@stoplight/prism-cli@5.14.2";

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

/// Returns the rows of a service, or one row if Prism does not start.
async fn rows_of(service: Service, root: &Path, programs: &Path, folder: &Path) -> Vec<Row> {
    let (client, _prism) = match start(service, root, programs, folder) {
        Ok(started) => started,
        Err(error) => return vec![Row::new(NAME, service, "start", Err::<(), _>(error))],
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

/// Starts Prism with the document of a service. Returns a client of it as well.
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
    let credentials = match service::accepts_tokens(service) {
        true => Credentials::bearer("a.b.c"),
        false => Credentials::digest("abcdefgh", "secret"),
    };
    Ok((client(service, &url, credentials)?, prism))
}

/// Removes digest authentication, of which Prism rejects all valid credentials: it accepts no
/// `uri`, and in values only lower-case letters and digits.
fn without_digest(mut document: Value) -> Value {
    if let Some(schemes) = document["security"].as_array_mut() {
        schemes.retain(|scheme| scheme.get("DigestAuth").is_none());
    }
    document
}

fn client(service: Service, url: &str, credentials: Credentials) -> Result<Client> {
    let builder = Client::builder();
    let builder = match service {
        // Prism does not compare dates, and the document has only this version.
        Service::AtlasV2 => builder.base_url(url).api_version(ApiVersion::V2023_01_01),
        Service::AtlasV1 => builder.base_url(url).atlas_v1(),
        _ => builder.ops_manager(url),
    };
    Ok(builder.credentials(credentials).build()?)
}

/// Makes two valid updates. Prism responds to each with a synthetic API key, which the client
/// rejects: it is not the one that was updated.
async fn both(client: &Client) -> Result<()> {
    let key = client.org(ORG).api_key(KEY);
    let updated = key.update().desc("interop").roles([OrgRole::ReadOnly]);
    accepted(updated.send().await.map(drop)).context("organization key")?;

    let key = client.project(PROJECT).api_key(KEY);
    let replaced = key.replace_roles([ProjectRole::ReadOnly, ProjectRole::Owner]);
    accepted(replaced.send().await.map(drop)).context("project roles")
}

fn accepted(result: Result<(), Error>) -> Result<()> {
    match result {
        Err(error) if error.status().is_none_or(|status| status != 200) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Makes two invalid updates, to show that Prism checks them.
async fn bad_input(client: &Client) -> Result<()> {
    let key = client.org(ORG).api_key(KEY);
    let nonsense = key.update().roles([OrgRole::from("ORG_NONSENSE")]);
    rejected(nonsense.send().await.map(drop)).context("organization key")?;

    let key = client.project(PROJECT).api_key(KEY);
    let nonsense = key.replace_roles([ProjectRole::from("GROUP_NONSENSE")]);
    rejected(nonsense.send().await.map(drop)).context("project roles")
}

fn rejected(result: Result<(), Error>) -> Result<()> {
    let error = result.err().context("the unknown role was accepted")?;
    let status = error.status().map(|status| status.as_u16());
    ensure!(status == Some(400), "{error}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::report::table_of, *};

    #[tokio::test]
    async fn prism_that_does_not_start_fails_only_its_service() {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("without-prism");
        let root = xtask_support::workspace_root().unwrap();
        let rows = rows_of(Service::AtlasV1, &root, &programs, folder.path()).await;
        let table = table_of(&rows);
        assert!(table.contains("| Atlas v1.0 | start | FAIL: "), "{table}");
    }
}
