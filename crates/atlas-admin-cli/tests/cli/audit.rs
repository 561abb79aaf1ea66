//! Lists of the keys that meet conditions, and lists as CSV.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atlas_emulator::{Builder, Emulator, Fault, Faults, SeedKey};
use serde_json::Value;

use crate::support::{KEY, ORG, OTHER_PROJECT, PROJECT, Shell, service, wait_for_requests};

const DAY: u64 = 24 * 60 * 60;

/// Returns the id of a key that was created this many days ago.
fn id(days: u64, number: u8) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{:08x}{number:016x}", now.as_secs() - days * DAY)
}

fn key(name: &str, id: String) -> SeedKey {
    SeedKey::new(name, "0f3b7c1d-hush").id(id).desc(name)
}

/// Returns a service with four keys to find.
fn audited() -> Builder {
    service()
        .key(key("an-owner", id(100, 1)).org_roles(["ORG_OWNER"]))
        .key(
            key("in-use", id(100, 2))
                .org_roles(["ORG_MEMBER"])
                .project_roles(PROJECT, ["GROUP_OWNER"])
                .access_list(["127.0.0.1", "203.0.113.0/24"]),
        )
        .key(
            key("not-used", id(100, 3))
                .org_roles(["ORG_MEMBER"])
                .project_roles(OTHER_PROJECT, ["GROUP_OWNER"])
                .project_roles(PROJECT, ["GROUP_READ_ONLY"])
                .access_list(["203.0.113.0/24"]),
        )
        .key(
            key("young", id(1, 4))
                .org_roles(["ORG_READ_ONLY"])
                .project_roles(PROJECT, ["GROUP_READ_ONLY"])
                .access_list(["203.0.113.0/24"]),
        )
}

fn shell(emulator: &Emulator) -> Shell {
    Shell::new(emulator).set("MONGODB_ATLAS_ORG_ID", ORG)
}

/// Returns the listed keys of [`audited`], and all that was printed.
fn list(shell: &Shell, conditions: &str) -> (Vec<Value>, String) {
    let words = conditions.split_whitespace();
    let arguments: Vec<_> = ["api-key", "list", "-o", "json"]
        .into_iter()
        .chain(words)
        .collect();
    let ended = shell.run(&arguments).exits(0);
    let keys = ended.json();
    let is_ours = |key: &&Value| {
        ["an-owner", "in-use", "not-used", "young"].contains(&key["desc"].as_str().unwrap_or(""))
    };
    let ours = keys.as_array().unwrap().iter().filter(is_ours).cloned();
    (ours.collect(), ended.all())
}

fn names(keys: &[Value]) -> String {
    let mut names: Vec<_> = keys
        .iter()
        .map(|key| key["desc"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names.join(" ")
}

/// Returns the number of access lists that the service has shown.
fn access_lists_read(emulator: &Emulator) -> usize {
    let log = emulator.request_log();
    let is_list = |target: &str| target.contains("/accessList");
    log.iter()
        .filter(|request| is_list(request.target()) && request.status().is_success())
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_keys_meet_all_conditions() {
    let emulator = audited().start().await.unwrap();
    let shell = shell(&emulator);
    for (conditions, expected) in [
        ("", "an-owner in-use not-used young"),
        ("--project PROJECT", "in-use not-used young"),
        ("--role ORG_OWNER", "an-owner"),
        (
            "--role ORG_OWNER --role GROUP_OWNER",
            "an-owner in-use not-used",
        ),
        ("--role ORG_OWNER,ORG_READ_ONLY", "an-owner young"),
        // Of other projects, no role counts.
        ("--project PROJECT --role GROUP_OWNER", "in-use"),
        ("--project PROJECT --role ORG_MEMBER", "in-use not-used"),
        ("--older-than 90d", "an-owner in-use not-used"),
        ("--older-than 12h", "an-owner in-use not-used young"),
        ("--older-than 90d --role GROUP_READ_ONLY", "not-used"),
        ("--older-than 1000d", ""),
        ("--project 5980cfc90b6d97029d82e3aa", ""),
    ] {
        let (keys, _) = list(&shell, &conditions.replace("PROJECT", PROJECT));
        assert_eq!(names(&keys), expected, "{conditions}");
    }
    assert_eq!(access_lists_read(&emulator), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_without_an_access_list_are_found() {
    let emulator = audited().start().await.unwrap();
    let shell = shell(&emulator);
    let (keys, _) = list(&shell, "--without-access-list --older-than 90d");
    assert_eq!(names(&keys), "an-owner");
    assert_eq!(keys[0]["accessList"], serde_json::json!([]));
    assert_eq!(keys[0]["lastUsed"], "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_that_of_the_access_list() {
    let emulator = audited().start().await.unwrap();
    let shell = shell(&emulator);
    // The entries are as old as the emulator.
    tokio::time::sleep(Duration::from_millis(4_100)).await;
    shell.write("secret", "0f3b7c1d-hush");
    let sign_in = ["--public-key", "in-use", "--private-key-file", "secret"];
    let get = ["api-key", "get", "--key", KEY];
    shell.run(&[&get[..], &sign_in].concat()).exits(0);

    let unused = "--unused-since 3s --role ORG_OWNER,GROUP_OWNER,GROUP_READ_ONLY";
    let (keys, printed) = list(&shell, unused);
    assert_eq!(names(&keys), "not-used young");
    assert_eq!(keys[0]["lastUsed"], "never");
    assert!(
        printed.contains("left out because the last use is unknown; see --without-access-list"),
        "{printed}"
    );

    let (keys, _) = list(&shell, "--unused-since 0s --role GROUP_OWNER");
    let used = keys.iter().find(|key| key["desc"] == "in-use").unwrap();
    let last_used = used["lastUsed"].as_str().unwrap();
    assert_eq!(used["accessList"][0]["count"], 1);
    let entry = used["accessList"][0]["lastUsed"].as_str().unwrap();
    assert_eq!(last_used, format!("{}Z", &entry[..19]));

    // All entries are younger than a day, and nothing is known of the time before.
    let (keys, _) = list(&shell, "--unused-since 1d");
    assert_eq!(names(&keys), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_lists_are_read_of_no_more_keys_than_necessary() {
    let emulator = audited().start().await.unwrap();
    let shell = shell(&emulator);
    for (conditions, lists) in [
        ("--older-than 1000d --without-access-list", 0),
        (
            "--project PROJECT --role GROUP_OWNER --without-access-list",
            3,
        ),
        // Younger keys cannot be unused for so long.
        (
            "--project PROJECT --role ORG_READ_ONLY --unused-since 2d",
            1,
        ),
    ] {
        let before = access_lists_read(&emulator);
        list(&shell, &conditions.replace("PROJECT", PROJECT));
        // Keys that the emulator has from the start count, too.
        assert_eq!(access_lists_read(&emulator) - before, lists, "{conditions}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_deleted_meanwhile_are_left_out() {
    let latency = Duration::from_millis(50);
    let many = service().keys_per_org(40).latency(latency);
    let emulator = many.start().await.unwrap();
    let shell = shell(&emulator);
    let arguments = [
        "api-key",
        "list",
        "--without-access-list",
        "--concurrency",
        "1",
        "-o",
        "json",
    ];
    let keys = shell
        .run(&["api-key", "list", "-o", "json"])
        .exits(0)
        .json();
    let last = keys.as_array().unwrap().last().unwrap()["id"]
        .as_str()
        .unwrap();
    let requests = emulator.requests();
    let child = shell.start(&arguments);
    wait_for_requests(&emulator, requests + 4).await;
    shell
        .run(&["api-key", "delete", "--yes", "--key", last])
        .exits(0);
    let listed = shell.wait(child).exits(0).json();
    assert_eq!(
        listed.as_array().unwrap().len(),
        keys.as_array().unwrap().len() - 1
    );
    assert!(!listed.to_string().contains(last));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_list_that_cannot_be_read_fails_the_list() {
    let emulator = audited().start().await.unwrap();
    emulator.set_faults(Faults::new().with(Fault::broken_json().skip(2)));
    let shell = shell(&emulator);
    let ended = shell
        .run(&["api-key", "list", "--without-access-list"])
        .exits(1);
    assert_eq!(ended.out, "");
    assert!(ended.err.contains("list_access_list_entries"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_has_no_formulas() {
    let mut service = service();
    for (number, desc) in [
        "=HYPERLINK(\"https://example.com\")",
        "+1",
        "-1",
        "@SUM(A1)",
        " \t=1",
        "＝1",
        "a, \"b\" = c",
        "two\nlines",
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("6a793f752c88faeba59bb{number:03}");
        service = service.key(key(&format!("csv{number}"), id).desc(desc));
    }
    let everywhere = key("csv9", "6a793f752c88faeba59bb009".to_owned())
        .org_roles(["ORG_READ_ONLY", "ORG_MEMBER"])
        .project_roles(PROJECT, ["GROUP_OWNER"])
        .project_roles(OTHER_PROJECT, ["GROUP_READ_ONLY", "GROUP_OWNER"])
        .access_list(["203.0.113.0/24", "198.51.100.7"]);
    let emulator = service.key(everywhere).start().await.unwrap();
    let shell = shell(&emulator);
    let print = |arguments: &[&str]| {
        let csv = shell.run(arguments).exits(0).out;
        let is_ours = |line: &&str| line.contains(",csv") || line.starts_with("id,");
        let lines = csv.lines().filter(is_ours);
        lines.map(|line| format!("{line}\n")).collect::<String>()
    };
    let list = print(&["api-key", "list", "--output", "csv"]);
    insta::assert_snapshot!("csv", list);
    let unused = ["--unused-since", "0s", "--role", "GROUP_OWNER"];
    let unused = print(&[&["api-key", "list", "-o", "csv"], &unused[..]].concat());
    insta::assert_snapshot!("csv_with_use", unused);
    let project = print(&["project-key", "list", "--project", PROJECT, "-o", "csv"]);
    assert!(project.contains("csv9"), "{project}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_shows_the_use_if_it_was_read() {
    let emulator = audited().start().await.unwrap();
    let shell = shell(&emulator);
    let list = [
        "api-key",
        "list",
        "--unused-since",
        "0s",
        "--role",
        "GROUP_OWNER",
    ];
    let table = shell.run(&list).exits(0).out;
    let header = table.lines().next().unwrap();
    assert!(header.ends_with("  ENTRIES  LAST USED"), "{table}");
    let line = table
        .lines()
        .find(|line| line.contains("not-used"))
        .unwrap();
    assert!(line.ends_with("1        never"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_checked_before_sending() {
    let emulator = service().start().await.unwrap();
    let shell = shell(&emulator);
    let mut all = String::new();
    for conditions in [
        "--older-than 90",
        "--older-than 99999999y",
        "--unused-since yesterday",
        "--unused-since 30d --without-access-list",
        "--concurrency 2",
        "--without-access-list --concurrency 0",
        "--role ORG_OWNERR",
        "--allow-unknown-role",
        "--project 1234",
        "--output csv --dry-run",
    ] {
        let words = ["api-key", "list"].into_iter().chain(conditions.split(' '));
        let ended = shell.run(&words.collect::<Vec<_>>()).exits(2);
        all.push_str(ended.err.lines().next().unwrap());
        all.push('\n');
    }
    insta::assert_snapshot!("conditions", all);
    for command in [
        "api-key get --key KEY",
        "roles",
        "access-list list --key KEY",
        "schema",
    ] {
        let command = command.replace("KEY", KEY) + " --output csv";
        let ended = shell.run(&command.split(' ').collect::<Vec<_>>()).exits(2);
        assert!(ended.err.contains("--output csv is for"), "{ended:?}");
    }
    assert_eq!(emulator.requests(), 0);
    // Roles that are not misspelt may be new.
    let ended = shell
        .run(&["api-key", "list", "--role", "ORG_NEW_AND_SHINY"])
        .exits(0);
    assert!(
        ended.err.contains("warning: ORG_NEW_AND_SHINY"),
        "{ended:?}"
    );
}
