//! Applying a manifest.

use atlas_emulator::SeedKey;
use serde_json::json;

use crate::support::{
    KEY, ORG, OTHER_KEY, OTHER_PROJECT, PROJECT, Shell, UNKNOWN, service, updates,
};

fn manifest() -> String {
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

#[test]
fn standard_input_has_the_manifest_or_the_private_key() {
    let arguments = [
        "apply",
        "-",
        "--public-key",
        "abcdefgh",
        "--private-key-stdin",
    ];
    let ended = Shell::at("http://127.0.0.1:1").run(&arguments).exits(2);
    assert!(ended.err.contains("cannot both come from"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plan_lists_removed_roles_and_changes_nothing() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let ended = shell
        .run(&["apply", "keys.yaml", "--plan", "--journal", "journal"])
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
    assert!(!shell.path("journal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_updates_are_not_sent() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
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
    assert_eq!(again["unchanged"], 4);
    assert_eq!(again["applied"], 0);
    assert_eq!(updates(&emulator).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_json_from_standard_input_on_all_services() {
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
        let summary = shell
            .run_with_input(&arguments, &file.to_string())
            .exits(0)
            .json();
        assert_eq!(summary["applied"], 2, "{name}");
        let state = emulator.api_key(KEY).unwrap();
        assert_eq!(state.project_roles[PROJECT], ["GROUP_OWNER"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_all_diagnostics_with_locations_before_sending() {
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
    roles: [GROUP_OWNER, ORG_MEMBER, ORG_MEMBER, \"\", ORG_OWNERR, ORG OWNER]
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
        "invalid_manifest",
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
        b"keys:\n- id: 6a793f752c88faeba59bba49\n  desc: !vault secret/ci\n",
        deep.as_bytes(),
    ] {
        shell.write("bad.yaml", text);
        all.push_str(&shell.run(&["apply", "bad.yaml", "--plan"]).exits(2).err);
    }
    insta::assert_snapshot!("malformed_manifests", all);
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requires_yes_without_a_terminal() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let ended = shell.run(&["apply", "keys.yaml"]).exits(2);
    assert!(ended.err.contains("--yes"), "{}", ended.err);
    shell
        .run(&["apply", "keys.yaml", "--journal", "journal"])
        .exits(2);
    assert!(!shell.path("journal").exists());
    assert!(ended.out.contains("1 role to remove"), "{}", ended.out);
    assert_eq!(updates(&emulator), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_prints_every_request_and_sends_none() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
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

    // Updates that the journal settles are skipped.
    shell
        .run(&["apply", "keys.yaml", "--yes", "--journal", "journal"])
        .exits(0);
    let changed = manifest().replace("desc: reads", "desc: writes");
    shell.write("keys.yaml", &changed);
    let journal = shell.read("journal");
    let resume = [
        "apply",
        "keys.yaml",
        "--dry-run",
        "--resume",
        "journal",
        "-o",
        "json",
    ];
    let requests = shell.run(&resume).exits(0).json();
    assert_eq!(requests.as_array().unwrap().len(), 1);
    assert_eq!(requests[0]["body"]["desc"], "writes");
    assert_eq!(shell.read("journal"), journal);
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_at_the_first_failure_unless_keep_going() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write(
        "keys.yaml",
        &format!("org: {ORG}\nkeys:\n  - {{id: {UNKNOWN}, desc: x}}\n  - {{id: {KEY}, desc: x}}\n"),
    );
    let arguments = ["apply", "keys.yaml", "--yes", "--concurrency", "1"];
    let with_journal = [&arguments[..], &["--journal", "stopped"]].concat();
    insta::assert_snapshot!(
        "stopped_at_a_failure",
        shell.run(&with_journal).exits(1).all()
    );
    assert!(shell.read("stopped").contains(r#""outcome":"failed""#));
    let summary = shell
        .run(&[&arguments[..], &["-o", "json"]].concat())
        .exits(1)
        .json();
    assert_eq!(
        (&summary["failed"], &summary["notStarted"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(summary["error"]["code"], "API_KEY_NOT_FOUND");
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

    let more = ["--keep-going", "--journal", "journal"];
    insta::assert_snapshot!(
        "kept_going",
        shell.run(&[&arguments[..], &more].concat()).exits(1).all()
    );
    assert_eq!(emulator.api_key(KEY).unwrap().desc, "x");
    let journal = shell.read("journal");
    assert_eq!(
        journal.matches(r#""outcome":"applied""#).count(),
        1,
        "{journal}"
    );
    assert_eq!(
        journal.matches(r#""outcome":"failed""#).count(),
        1,
        "{journal}"
    );
    assert!(journal.contains("API_KEY_NOT_FOUND"));

    // A journal is neither overwritten nor continued against another service.
    let ended = shell
        .run(&[&arguments[..], &["--journal", "journal"]].concat())
        .exits(2);
    assert!(ended.err.contains("--resume journal"), "{}", ended.err);
    let to = ["--service", "atlas-v1", "--resume", "journal"];
    let ended = shell.run(&[&arguments[..], &to].concat()).exits(2);
    assert!(
        ended.err.contains("a run against atlas-v2"),
        "{}",
        ended.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_credentials_stop_the_run() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_PRIVATE_API_KEY", "wrong");
    shell.write("keys.yaml", &manifest());
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
async fn rejected_credentials_are_not_tried_for_each_key_of_a_list() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_PRIVATE_API_KEY", "wrong");
    let keys: String = (0..100)
        .map(|number| format!("  - {{id: {number:024}, desc: x}}\n"))
        .collect();
    shell.write("keys.yaml", &format!("org: {ORG}\nkeys:\n{keys}"));
    let ended = shell.run(&["apply", "keys.yaml", "--plan"]).exits(3);
    assert!(ended.out.contains("99 not read"), "{ended:?}");
    assert!(emulator.requests() <= 4, "{}", emulator.requests());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_key_gets_its_own_error_although_the_list_is_read() {
    let emulator = service().keys_per_org(1_600).start().await.unwrap();
    let shell = Shell::new(&emulator);
    let manifest = |keys: &[&str]| {
        let keys = keys.iter().map(|id| format!("  - {{id: {id}, desc: x}}\n"));
        format!("org: {ORG}\nkeys:\n{}", keys.collect::<String>())
    };
    let read = |keys: &[&str]| {
        shell.write("keys.yaml", &manifest(keys));
        let before = emulator.requests();
        let ended = shell.run(&["apply", "keys.yaml", "--plan"]).exits(1);
        (ended.err, emulator.requests() - before)
    };
    let (alone, _) = read(&[UNKNOWN]);
    let (listed, requests) = read(&[KEY, OTHER_KEY, UNKNOWN]);
    assert_eq!(listed, alone);
    assert!(listed.contains("API_KEY_NOT_FOUND"), "{listed}");
    // The list has four pages, and is not worth more requests than there are keys.
    assert!(requests <= 2 * 3 + 2, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fails_early_if_the_journal_cannot_be_created() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let arguments = ["apply", "keys.yaml", "--yes", "--journal", "no/such/folder"];
    let ended = shell.run(&arguments).exits(1);
    assert!(
        ended.err.contains("cannot write no/such/folder"),
        "{}",
        ended.err
    );
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_standard_error_does_not_stop_the_run() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let mut child = shell.start(&["apply", "keys.yaml", "--yes", "--journal", "journal", "-v"]);
    drop(child.stderr.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    let journal = shell.read("journal");
    assert_eq!(
        journal.matches(r#""outcome":"applied""#).count(),
        3,
        "{journal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_resume_command_is_quoted_for_a_shell() {
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
        .run(&[&to[..], &["--journal=it's run"]].concat())
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
async fn a_plan_that_cannot_be_printed_is_not_applied() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let mut child = shell.start(&["apply", "keys.yaml", "--yes"]);
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&ended.stderr),
        "nothing was changed: the plan could not be printed\n"
    );
    assert_eq!(updates(&emulator), [""; 0]);
}

/// Returns the request bodies for a manifest, without a service.
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
fn keys_can_share_an_anchor() {
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
fn reads_files_of_all_editors() {
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

#[test]
fn text_that_looks_like_another_type_stays_as_written() {
    let id = "123456789012345678901e99";
    let texts = ["1e999", ".inf", "0x1F", "-0", "true", "1_000", "1.50", "+7"];
    for text in texts {
        let file = format!("- &key {{desc: {text}, id: {id}}}\n- {{<<: *key, id: {KEY}}}\n");
        assert_eq!(
            bodies(&format!("keys:\n{file}")),
            [json!({ "desc": text }), json!({ "desc": text })]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn former_names_of_flags_and_commands_still_work() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let arguments = ["apply", "keys.yaml", "--yes", "--report", "journal"];
    shell.run(&arguments).exits(0);
    // The run's line, two for each of 3 updates, and one for what is unchanged.
    assert_eq!(shell.read("journal").lines().count(), 8);
    shell.run(&["login", "check"]).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_in_the_former_format_resumes() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let address = emulator.base_url();
    let line = |rest: &str| {
        format!(r#"{{"event":"update","at":"2026-11-21T21:50:44.390Z",{rest}}}"#) + "\n"
    };
    let journal = format!(
        r#"{{"event":"run","at":"2026-11-21T21:50:44.382Z","service":"atlas-v2","address":"{address}"}}"#
    ) + "\n"
        + &line(&format!(
            r#""key":"{KEY}","org":"{ORG}","desc":"配置 naïve","roles":["ORG_READ_ONLY","ORG_MEMBER"],"outcome":"done""#
        ))
        + &line(&format!(
            r#""key":"{OTHER_KEY}","org":"{ORG}","desc":"reads","roles":["ORG_READ_ONLY"],"outcome":"as_wanted""#
        ))
        + &line(&format!(
            r#""key":"{OTHER_KEY}","project":"{PROJECT}","roles":["GROUP_READ_ONLY"],"outcome":"failed""#
        ));
    shell.write("journal", &journal);
    let resume = [
        "apply",
        "keys.yaml",
        "--yes",
        "--resume",
        "journal",
        "-o",
        "json",
    ];
    let summary = shell.run(&resume).exits(0).json();
    assert_eq!(summary["previouslyApplied"], 2);
    assert_eq!(summary["applied"], 2);
    assert_eq!(updates(&emulator).len(), 2);
    let resumed = shell.read("journal");
    assert!(resumed.starts_with(&journal), "{resumed}");
    // Both formats in one journal.
    let summary = shell.run(&resume).exits(0).json();
    assert_eq!(summary["previouslyApplied"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_is_colored_on_demand() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("keys.yaml", &manifest());
    let plan = ["apply", "keys.yaml", "--plan"];
    assert!(!shell.run(&plan).exits(0).out.contains('\u{1b}'));
    let colored = shell.run(&[&plan[..], &["--color", "always"]].concat());
    assert!(colored.exits(0).out.contains("\u{1b}[31m-GROUP_OWNER"));
    let shell = shell.set("CLICOLOR_FORCE", "1");
    assert!(
        shell
            .run(&plan)
            .exits(0)
            .out
            .contains("\u{1b}[32m+ORG_READ_ONLY")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn misspelt_roles_are_refused_unless_allowed() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let update = ["org-key", "update", "--org", ORG, "--key", KEY, "--role"];
    for (role, problem) in [
        ("ORG_OWNERR", "did you mean ORG_OWNER?"),
        ("org_read_only", "did you mean ORG_READ_ONLY?"),
        ("ORG_READONLY", "did you mean ORG_READ_ONLY?"),
        ("ORG READ ONLY", "contains a space"),
    ] {
        let ended = shell.run(&[&update[..], &[role]].concat()).exits(2);
        assert!(ended.err.contains(problem), "{ended:?}");
    }
    let set = [
        "project-key",
        "set-roles",
        "--project",
        PROJECT,
        "--key",
        KEY,
        "--role",
    ];
    let ended = shell.run(&[&set[..], &["GROUP_OWNRE"]].concat()).exits(2);
    assert!(ended.err.contains("did you mean GROUP_OWNER?"), "{ended:?}");
    shell.write(
        "keys.yaml",
        &format!("org: {ORG}\nkeys:\n- id: {KEY}\n  roles: [ORG_OWNERR]\n"),
    );
    let ended = shell.run(&["apply", "keys.yaml", "--yes"]).exits(2);
    assert!(
        ended.err.contains("keys.yaml:4:11: ORG_OWNERR"),
        "{ended:?}"
    );
    assert_eq!(emulator.requests(), 0);

    // Then the service decides.
    let allowed = [&update[..], &["ORG_OWNERR", "--allow-unknown-role"]].concat();
    let ended = shell.run(&allowed);
    assert!(
        ended.err.contains("warning: ORG_OWNERR is not a known"),
        "{ended:?}"
    );
    assert!(emulator.requests() > 0);
    let before = emulator.requests();
    shell.run(&["apply", "keys.yaml", "--yes", "--allow-unknown-role"]);
    assert!(emulator.requests() > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_signs_in_is_marked_and_updated_last() {
    let owner = SeedKey::new("owner", "0f3b7c1d-hush").org_roles(["ORG_OWNER"]);
    let emulator = service().key(owner).start().await.unwrap();
    let shell = Shell::new(&emulator);
    let caller = emulator.calling_api_key_id();
    shell.write(
        "keys.yaml",
        &format!(
            "org: {ORG}
keys:
  - id: {caller}
    roles: [ORG_READ_ONLY]
    projects: {{{PROJECT}: [GROUP_READ_ONLY]}}
  - id: {OTHER_KEY}
    desc: ci
    roles: [ORG_MEMBER]
"
        ),
    );
    let plan = shell.run(&["apply", "keys.yaml", "--plan"]).exits(0).out;
    let marked = format!("API key {caller} (the key that signs in; updated last)\n");
    assert!(plan.contains(&marked), "{plan}");
    let plan = shell.run(&["apply", "keys.yaml", "--plan", "-o", "json"]);
    let plan = plan.exits(0).json();
    assert_eq!(plan["keys"][0]["callingKey"], true);
    assert_eq!(plan["keys"][1]["callingKey"], false);

    shell.run(&["apply", "keys.yaml", "--yes"]).exits(0);
    let base = "/api/atlas/v2";
    assert_eq!(
        updates(&emulator),
        [
            format!("{base}/orgs/{ORG}/apiKeys/{OTHER_KEY}"),
            format!("{base}/groups/{PROJECT}/apiKeys/{caller}"),
            format!("{base}/orgs/{ORG}/apiKeys/{caller}"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_cannot_forge_a_line_of_the_plan() {
    let emulator = service()
        .key(
            SeedKey::new("forger", "0f3b7c1d-hush")
                .id(UNKNOWN)
                .desc("a\" -> \"b\"\n  organization: -ORG_OWNER\u{202e}")
                .org_roles(["ORG_READ_ONLY"]),
        )
        .start()
        .await
        .unwrap();
    let shell = Shell::new(&emulator);
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {UNKNOWN}, org: {ORG}, desc: c}}]\n"),
    );
    let plan = shell.run(&["apply", "keys.yaml", "--plan"]).exits(0).out;
    let line = plan.lines().nth(1).unwrap();
    assert!(
        line.starts_with(r#"  description: "a\" -> \"b\""#),
        "{plan}"
    );
    assert!(line.ends_with(r#"" -> "c""#), "{plan}");
    assert!(!plan.contains('\u{202e}'), "{plan}");
}
