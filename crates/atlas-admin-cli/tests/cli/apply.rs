//! Many keys from a file.

use serde_json::json;

use crate::support::{
    KEY, ORG, OTHER_KEY, OTHER_PROJECT, PROJECT, Shell, UNKNOWN, service, updates,
};

fn file() -> String {
    format!(
        "org: {ORG}
keys:
  - id: {KEY}
    desc: 配置 naïve
    roles: [ORG_READ_ONLY, ORG_MEMBER]
  - id: {OTHER_KEY}
    desc: reads
    roles: [ORG_READ_ONLY]
    projects:
      {PROJECT}: [GROUP_READ_ONLY]
      {OTHER_PROJECT}: [GROUP_CLUSTER_MANAGER]
"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_shows_what_is_taken_away_and_changes_nothing() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &file());
    let ended = shell
        .run(&["apply", "keys.yaml", "--plan", "--report", "report"])
        .exits(0);
    insta::assert_snapshot!("plan", ended.all());
    let plan = shell
        .run(&["apply", "keys.yaml", "--plan", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(plan["rolesRemoved"], 1);
    assert_eq!(
        plan["keys"][1]["updates"][0]["remove"],
        json!(["GROUP_OWNER"])
    );
    assert_eq!(updates(&emulator), [""; 0]);
    assert!(!shell.path("report").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_as_wanted_is_left_alone() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &file());
    let ended = shell.run(&["apply", "keys.yaml", "--yes"]).exits(0);
    insta::assert_snapshot!("run", ended.all());
    assert_eq!(updates(&emulator).len(), 3);
    let state = emulator.api_key(OTHER_KEY).unwrap();
    assert_eq!(state.project_roles[PROJECT], ["GROUP_READ_ONLY"]);
    assert_eq!(
        state.project_roles[OTHER_PROJECT],
        ["GROUP_CLUSTER_MANAGER"]
    );
    assert_eq!(emulator.api_key(KEY).unwrap().desc, "配置 naïve");

    let again = shell
        .run(&["apply", "keys.yaml", "--yes", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(again["asWanted"], 4);
    assert_eq!(again["done"], 0);
    assert_eq!(updates(&emulator).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_from_standard_input_works_on_all_services() {
    for name in ["atlas-v2", "atlas-v1", "ops-manager"] {
        let emulator = service().start().await.unwrap();
        let shell = Shell::new(&emulator);
        let file = json!({ "keys": [
            { "id": KEY, "roles": ["ORG_READ_ONLY"], "projects": { PROJECT: ["GROUP_OWNER"] } },
        ] });
        let arguments = [
            "--service",
            name,
            "--base-url",
            emulator.base_url(),
            "apply",
            "-",
            "--org",
            ORG,
            "--yes",
            "-o",
            "json",
        ];
        let tally = shell
            .run_with_input(&arguments, &file.to_string())
            .exits(0)
            .json();
        assert_eq!(tally["done"], 2, "{name}");
        let state = emulator.api_key(KEY).unwrap();
        assert_eq!(state.project_roles[PROJECT], ["GROUP_OWNER"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_with_its_place_before_anything_is_sent() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let long = "x".repeat(251);
    shell.write(
        "bad.yaml",
        &format!(
            "orgs: {ORG}
keys:
  - id: {KEY}
    desc: \"\"
    roles: []
    project: {{}}
  - id: gswvkocq
    org: {ORG}
    roles: [GROUP_OWNER, ORG_MEMBER, ORG_MEMBER, \"\"]
  - id: {KEY}
    org: 123
  - desc: {long}
    projects:
      {PROJECT}: [ORG_OWNER]
      nowhere: []
"
        ),
    );
    insta::assert_snapshot!(
        "mistakes_in_the_file",
        shell.run(&["apply", "bad.yaml", "--yes"]).exits(2).all()
    );

    let mut all = String::new();
    let deep = "keys: ".to_owned() + &"[".repeat(1000);
    for text in [
        &b""[..],
        b"keys: []\n",
        b"keys:\n  - id: [1]\n    desc: {}\n    roles: ORG_OWNER\n  - desc:\n    projects: {a: b, c: [[]]}\n",
        b"keys:\n- id: a\n  id: b\norg: c\norg: c\n",
        b"keys: [\n",
        b"- x\n",
        b"org: x\r\nkeys:\r\n- desc: na\xefve\r\n",
        b"keys: *elsewhere\n",
        b"keys: []\n---\nkeys: []\n",
        deep.as_bytes(),
    ] {
        shell.write("bad.yaml", text);
        all.push_str(&shell.run(&["apply", "bad.yaml", "--plan"]).exits(2).err);
    }
    insta::assert_snapshot!("files_that_cannot_be_read", all);
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_off_a_terminal_without_yes() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &file());
    let ended = shell.run(&["apply", "keys.yaml"]).exits(2);
    assert!(ended.err.contains("--yes"), "{}", ended.err);
    shell
        .run(&["apply", "keys.yaml", "--report", "report"])
        .exits(2);
    assert!(!shell.path("report").exists());
    assert!(ended.out.contains("1 role is taken away"), "{}", ended.out);
    assert_eq!(updates(&emulator), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_every_request_and_sends_none() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &file());
    let requests = shell
        .run(&["apply", "keys.yaml", "--dry-run", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(requests.as_array().unwrap().len(), 4);
    assert_eq!(
        requests[3]["body"],
        json!({ "roles": ["GROUP_CLUSTER_MANAGER"] })
    );
    assert_eq!(emulator.requests(), 0);

    // What an earlier run has done would not be sent again.
    shell
        .run(&["apply", "keys.yaml", "--yes", "--report", "report"])
        .exits(0);
    let file = file().replace("desc: reads", "desc: writes");
    shell.write("keys.yaml", &file);
    let report = shell.read("report");
    let resume = [
        "apply",
        "keys.yaml",
        "--dry-run",
        "--resume",
        "report",
        "-o",
        "json",
    ];
    let requests = shell.run(&resume).exits(0).json();
    assert_eq!(requests.as_array().unwrap().len(), 1);
    assert_eq!(requests[0]["body"]["desc"], "writes");
    assert_eq!(shell.read("report"), report);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_at_the_first_failure_unless_told_to_go_on() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write(
        "keys.yaml",
        &format!("org: {ORG}\nkeys:\n  - {{id: {UNKNOWN}, desc: x}}\n  - {{id: {KEY}, desc: x}}\n"),
    );
    let arguments = ["apply", "keys.yaml", "--yes", "--concurrency", "1"];
    let with_report = [&arguments[..], &["--report", "stopped"]].concat();
    insta::assert_snapshot!(
        "stopped_at_a_failure",
        shell.run(&with_report).exits(1).all()
    );
    assert!(shell.read("stopped").contains(r#""outcome":"failed""#));
    let tally = shell
        .run(&[&arguments[..], &["-o", "json"]].concat())
        .exits(1)
        .json();
    assert_eq!((&tally["failed"], &tally["left"]), (&json!(1), &json!(1)));
    assert_eq!(tally["error"]["code"], "API_KEY_NOT_FOUND");
    let plan = ["apply", "keys.yaml", "--plan", "--concurrency", "1"];
    let ended = shell.run(&plan).exits(1);
    assert!(
        ended.out.contains("1 cannot be read, 1 not read"),
        "{ended:?}"
    );
    let plan = shell
        .run(&[&plan[..], &["-o", "json"]].concat())
        .exits(1)
        .json();
    assert_eq!(plan["notRead"], 1);
    assert_eq!(plan["unreadable"][0]["key"], UNKNOWN);
    assert_eq!(updates(&emulator), [""; 0]);

    let more = ["--keep-going", "--report", "report"];
    insta::assert_snapshot!(
        "kept_going",
        shell.run(&[&arguments[..], &more].concat()).exits(1).all()
    );
    assert_eq!(emulator.api_key(KEY).unwrap().desc, "x");
    let report = shell.read("report");
    assert_eq!(report.matches(r#""outcome":"done""#).count(), 1, "{report}");
    assert_eq!(
        report.matches(r#""outcome":"failed""#).count(),
        1,
        "{report}"
    );
    assert!(report.contains("API_KEY_NOT_FOUND"));

    // A report is not written over, and not mixed with that of another service.
    let ended = shell
        .run(&[&arguments[..], &["--report", "report"]].concat())
        .exits(2);
    assert!(ended.err.contains("--resume report"), "{}", ended.err);
    let to = ["--service", "atlas-v1", "--resume", "report"];
    let ended = shell.run(&[&arguments[..], &to].concat()).exits(2);
    assert!(ended.err.contains("is about atlas-v2"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_stop_it_at_once() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_PRIVATE_API_KEY", "wrong");
    shell.write("keys.yaml", &file());
    let arguments = [
        "apply",
        "keys.yaml",
        "--yes",
        "--keep-going",
        "--concurrency",
        "1",
    ];
    shell.run(&arguments).exits(3);
    assert!(emulator.requests() <= 4, "{}", emulator.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_cannot_be_written_ends_it() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &file());
    let arguments = ["apply", "keys.yaml", "--yes", "--report", "no/such/folder"];
    let ended = shell.run(&arguments).exits(1);
    assert!(
        ended.err.contains("cannot write no/such/folder"),
        "{}",
        ended.err
    );
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_matter_that_nobody_reads_what_it_says_beside_the_result() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &file());
    let mut child = shell.start(&["apply", "keys.yaml", "--yes", "--report", "report", "-v"]);
    drop(child.stderr.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let report = shell.read("report");
    assert_eq!(report.matches(r#""outcome":"done""#).count(), 3, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_to_go_on_with_is_the_same_command_for_a_shell() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let text = format!("keys: [{{id: {UNKNOWN}, desc: x}}]");
    shell.write("my keys.yaml", &text);
    let to = [
        "--base-url",
        emulator.base_url(),
        "apply",
        "my keys.yaml",
        "--org",
        ORG,
        "-y",
    ];
    let ended = shell
        .run(&[&to[..], &["--report=it's run"]].concat())
        .exits(1);
    let next = format!(
        "atlas-admin --base-url http://service.example apply 'my keys.yaml' --org {ORG} -y \
         \"--resume=it's run\"\n"
    );
    assert!(ended.err.ends_with(&next), "{}", ended.err);
    let ended = shell.run(&to).exits(1);
    assert!(ended.err.ends_with("-y\n"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_nobody_reads_is_not_carried_out() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &file());
    let mut child = shell.start(&["apply", "keys.yaml", "--yes"]);
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        "nothing was changed: the plan could not be shown\n"
    );
    assert_eq!(updates(&emulator), [""; 0]);
}

/// The bodies that `file` leads to, without a service.
fn bodies(file: &str) -> Vec<serde_json::Value> {
    let shell = Shell::at("http://127.0.0.1:1");
    shell.write("keys.yaml", file);
    let arguments = [
        "apply",
        "keys.yaml",
        "--org",
        ORG,
        "--dry-run",
        "-o",
        "json",
    ];
    let requests = shell.run(&arguments).exits(0).json();
    let requests = requests.as_array().unwrap().iter();
    requests.map(|request| request["body"].clone()).collect()
}

#[test]
fn keys_share_what_an_anchor_names() {
    let mut file = format!(
        "x-roles: &roles [ORG_MEMBER]\nkeys:\n\
         - &base {{id: {KEY}, desc: a, roles: *roles}}\n- {{<<: *base, id: {OTHER_KEY}, desc: b}}\n"
    );
    for number in 0..300 {
        file.push_str(&format!("- {{id: {number:024}, roles: *roles}}\n"));
    }
    let bodies = bodies(&file);
    assert_eq!(bodies.len(), 302);
    assert_eq!(bodies[0], json!({ "desc": "a", "roles": ["ORG_MEMBER"] }));
    assert_eq!(bodies[1], json!({ "desc": "b", "roles": ["ORG_MEMBER"] }));
    assert_eq!(bodies[301], json!({ "roles": ["ORG_MEMBER"] }));
}

#[test]
fn files_of_all_editors_are_read() {
    let plain = format!("keys:\n- id: {KEY}\n  desc: 007\n- id: {OTHER_KEY}\n  desc: 'no'\n");
    let commented = plain.replace("- id", &("  # why\n".repeat(100) + "- id"));
    for file in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        commented,
        plain,
    ] {
        assert_eq!(
            bodies(&file),
            [json!({ "desc": "007" }), json!({ "desc": "no" })],
            "{file}"
        );
    }
}
