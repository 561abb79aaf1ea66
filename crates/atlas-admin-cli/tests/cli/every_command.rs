//! Every command on every service, and what it prints with `--dry-run`.

use serde_json::Value;

use crate::support::{KEY, ORG, OTHER_KEY, PROJECT, Shell, service};

const SERVICES: [&str; 3] = ["atlas-v2", "atlas-v1", "ops-manager"];

/// The life of two keys.
const COMMANDS: [&str; 17] = [
    "api-key list",
    "api-key create --desc ci --role ORG_MEMBER --secret-file org.key",
    "api-key get --key KEY",
    "api-key update --key KEY --desc new --role ORG_READ_ONLY",
    "project-key list",
    "project-key create --desc ci --role GROUP_READ_ONLY --secret-file project.key",
    "project-key assign --key KEY --role GROUP_READ_ONLY",
    "project-key set-roles --key KEY --role GROUP_OWNER,GROUP_READ_ONLY",
    "project-key add-roles --key OTHER --role GROUP_DATA_ACCESS_READ_ONLY",
    "project-key remove-roles --key OTHER --role GROUP_DATA_ACCESS_READ_ONLY",
    "project-key remove --key KEY --yes",
    "access-list add --key KEY 203.0.113.0/24 --entry 198.51.100.7,2001:db8::1",
    "access-list list --key KEY",
    "access-list get --key KEY 203.0.113.0/24",
    "access-list delete --key KEY --entry 2001:db8::1 --yes",
    "api-key delete --key KEY --yes",
    "api-key delete --key KEY --yes --missing-ok",
];

fn arguments<'a>(line: &'a str, service: &'a str, base_url: &'a str) -> Vec<&'a str> {
    let words = line.split(' ').map(|word| match word {
        "KEY" => KEY,
        "OTHER" => OTHER_KEY,
        word => word,
    });
    let to = ["--service", service, "--base-url", base_url, "-o", "json"];
    to.into_iter().chain(words).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_on_every_service() {
    for name in SERVICES {
        let emulator = service().start().await.unwrap();
        let shell = Shell::new(&emulator)
            .set("MONGODB_ATLAS_ORG_ID", ORG)
            .set("MONGODB_ATLAS_PROJECT_ID", PROJECT);
        let run = |line: &str| shell.run(&arguments(line, name, emulator.base_url()));
        for line in COMMANDS {
            let preview = run(&format!("{line} --dry-run")).exits(0).json();
            run(line).exits(0).json();
            let url = preview["url"].as_str().unwrap();
            let target = url.trim_start_matches("http://service.example");
            let log = emulator.request_log();
            let sent = log.iter().rev().find(|sent| sent.target() == target);
            let sent = sent.unwrap_or_else(|| panic!("{name}: {line} did not send {target}"));
            assert_eq!(preview["method"], sent.method().as_str(), "{line}");
        }
        assert_eq!(emulator.api_key(KEY), None, "{name}");
        let keys = emulator.api_keys(ORG);
        assert_eq!(keys.iter().filter(|key| key.desc == "ci").count(), 2);
        for file in ["org.key", "project.key"] {
            assert_eq!(shell.read(file).trim().len(), 36, "{name}: {file}");
        }
        let other = emulator.api_key(OTHER_KEY).unwrap();
        assert_eq!(
            other.project_roles[PROJECT],
            ["GROUP_OWNER", "GROUP_READ_ONLY"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_print_requests_and_send_none() {
    let emulator = service().start().await.unwrap();
    // Nothing goes to a proxy either, no credentials are needed, and nobody is asked.
    let shell = Shell::at(emulator.base_url())
        .set("http_proxy", "http://127.0.0.1:1")
        .set("MONGODB_ATLAS_ORG_ID", ORG)
        .set("MONGODB_ATLAS_PROJECT_ID", PROJECT);
    let mut requests = String::new();
    for line in COMMANDS {
        let line = format!("{} --dry-run --quiet", line.trim_end_matches(" --yes"));
        let request = shell
            .run(&arguments(&line, "atlas-v2", emulator.base_url()))
            .exits(0)
            .json();
        let (_, path) = request["url"].as_str().unwrap().split_once("/v2").unwrap();
        requests.push_str(&format!("{} {path}", request["method"].as_str().unwrap()));
        if request["body"] != Value::Null {
            requests.push_str(&format!("\n    {}", request["body"]));
        }
        requests.push('\n');
    }
    insta::assert_snapshot!("dry_runs", requests);
    assert_eq!(emulator.requests(), 0);
    assert!(!shell.path("org.key").exists());
    assert!(!shell.path("project.key").exists());
}
