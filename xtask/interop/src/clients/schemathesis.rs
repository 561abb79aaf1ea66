//! schemathesis: valid and invalid requests generated from the documents, and a check of every
//! response against them.

use std::{fmt, fs, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Assumptions, Emulator, Service};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;
use xtask_support::{finish, install};

use super::{document, report::Row, service};

const NAME: &str = "schemathesis";

/// The least number of generated requests for a service.
const MIN_REQUESTS: u64 = 2_000;

/// The most requests that one phase generates for each operation.
const EXAMPLES: &str = "100";

const TIMEOUT: Duration = Duration::from_secs(900);

/// The emulator ignores undeclared query parameters, so it does not reject every violation of a
/// document.
const EXCLUDED: &str = "negative_data_rejection";

/// The person who sends the requests.
const USER: &str = "interop@example.com";
const PASSWORD: &str = "a5b1f4c2-personal";

const ADDRESS: &str = r"^[1-9][0-9]\.[1-9][0-9]\.[1-9][0-9]\.[1-9][0-9]$";
const NETWORK: &str = r"^[1-9][0-9]\.[0-9]\.[0-9]\.[0-9]/(8|16|24)$";

/// The parts of the report that matter here.
#[derive(Deserialize)]
struct Report {
    test_cases: TestCases,
    failures: Vec<Failure>,
}

#[derive(Deserialize)]
struct TestCases {
    generated: u64,
}

#[derive(Deserialize)]
struct Failure {
    code: String,
    title: String,
    operations: Vec<String>,
}

pub(super) async fn run(root: &Path, sources: &Path, work: &Path) -> Result<Vec<Row>> {
    let sources = sources.join(NAME);
    let work = work.join(NAME);
    fs::create_dir_all(&work)?;
    let requirements = sources.join("requirements.txt");
    let programs = match install::python(&work.join("python"), &requirements) {
        Ok(programs) => programs,
        Err(error) => return Ok(vec![Row::skipped(NAME, &error)]),
    };
    let mut rows = Vec::new();
    for &service in service::ALL {
        eprintln!("{NAME}, {}", service::name(service));
        let document = with_addresses(document::read(root, service)?);
        let folder = work.join(service::name(service));
        fs::create_dir_all(&folder)?;
        let path = folder.join("document.json");
        document::write(&document, &path)?;
        let result = one(&programs.join(NAME), &sources, &path, service).await;
        let case = match &result {
            Ok(requests) => format!("{requests} requests"),
            Err(_) => "requests".to_owned(),
        };
        rows.push(Row::new(NAME, service, &case, result.map(drop)));
    }
    Ok(rows)
}

/// Narrows what is generated to addresses, one at a time. The patterns of the documents also match
/// what is none, and lists may name an address twice.
fn with_addresses(mut document: Value) -> Value {
    let schemas = &mut document["components"]["schemas"];
    schemas["NewAccessListEntries"]["maxItems"] = json!(1);
    let properties = &mut schemas["NewAccessListEntry"]["properties"];
    properties["ipAddress"]["pattern"] = json!(ADDRESS);
    properties["cidrBlock"]["pattern"] = json!(NETWORK);
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.filter_map(|(_, item)| item.as_object_mut()).flatten();
    let parameters = operations.filter_map(|(_, one)| one["parameters"].as_array_mut());
    for parameter in parameters.flatten() {
        if parameter["name"] == "ipAddress" {
            parameter["schema"]["pattern"] = json!(ADDRESS);
        }
    }
    document
}

/// Runs it on one service. Returns the number of generated requests.
async fn one(program: &Path, hooks: &Path, document: &Path, service: Service) -> Result<u64> {
    // Both sides use the same seeds in every run.
    // The documents allow no empty field.
    let mut assumptions = Assumptions::default();
    assumptions.empty_fields_absent.clear();
    // A valid request may be about an unknown key, and there may be any number of keys.
    assumptions
        .statuses
        .insert("API_KEY_NOT_FOUND".to_owned(), 404);
    assumptions.max_keys_per_org = usize::MAX;
    let emulator = Emulator::builder()
        .assumptions(assumptions)
        // No request can delete, demote or lock out a person.
        .user(USER, PASSWORD)
        .no_rate_limits()
        .rng_seed(1)
        .start()
        .await?;
    let folder = document.parent().context("a file has a folder")?;
    let report = folder.join("report.json");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    let mut command = Command::new(program);
    command.arg("run").arg(document);
    command.args(["--url", emulator.base_url()]);
    command.args(["--max-examples", EXAMPLES, "--seed", "1"]);
    command.args(["--generation-database", "none", "--no-color"]);
    command.args(["--checks", "all", "--exclude-checks", EXCLUDED]);
    // The hooks authenticate.
    command.arg("--generation-with-security-parameters=false");
    command.args(["--continue-on-failure", "--report", "json"]);
    command.arg("--report-json-path").arg(&report);
    command
        // It writes a cache to its folder.
        .current_dir(folder)
        .stderr(Stdio::piped())
        .env("PYTHONPATH", hooks)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("EMULATOR", hook_settings(&emulator, service).to_string());
    let output = finish(&mut command, &[], TIMEOUT).await?;
    let log = folder.join("output.log");
    fs::write(&log, output.stdout)?;
    Report::read(&report)
        .and_then(|report| report.requests())
        .and_then(|requests| {
            ensure!(output.status.success(), "{}", output.status);
            Ok(requests)
        })
        .with_context(|| format!("see {}", log.display()))
}

fn hook_settings(emulator: &Emulator, service: Service) -> Value {
    json!({
        "url": format!("{}{}", emulator.base_url(), service.base_path()),
        "user": USER,
        "password": PASSWORD,
        "ids": {
            "orgId": emulator.org_id(),
            "groupId": emulator.project_id(),
            "apiUserId": emulator.api_key_id(),
            "ipAddress": "203.0.113.7",
        },
        "accept": service::media_type(service),
    })
}

impl Report {
    fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).context("no report")?;
        serde_json::from_str(&text).context("an unexpected report")
    }

    /// Returns the number of generated requests. Fails if they found a problem.
    fn requests(&self) -> Result<u64> {
        let found: Vec<_> = self.failures.iter().map(Failure::to_string).collect();
        ensure!(found.is_empty(), "{}", found.join("; "));
        let generated = self.test_cases.generated;
        ensure!(generated >= MIN_REQUESTS, "only {generated} requests");
        Ok(generated)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations = self.operations.join(", ");
        write!(f, "{} {}: {operations}", self.code, self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_and_too_few_requests_are_errors() {
        let read = |generated: u64, failures: Value| -> Report {
            let cases = json!({ "generated": generated });
            let report = json!({ "test_cases": cases, "failures": failures });
            serde_json::from_value(report).unwrap()
        };
        assert_eq!(read(2_000, json!([])).requests().unwrap(), 2_000);
        let few = read(1_999, json!([])).requests().unwrap_err();
        assert_eq!(few.to_string(), "only 1999 requests");
        let failure = json!({"code": "ST103", "title": "Undocumented", "operations": ["GET /x"]});
        let found = read(2_000, json!([failure])).requests().unwrap_err();
        assert_eq!(found.to_string(), "ST103 Undocumented: GET /x");
    }
}
