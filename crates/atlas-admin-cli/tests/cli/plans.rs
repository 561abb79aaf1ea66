//! Plans for programs, and saved plans.

use std::{fs, os::unix::fs::PermissionsExt};

use atlas_emulator::Emulator;
use serde_json::{Value, json};

use crate::support::{
    Ended, KEY, ORG, OTHER_KEY, OTHER_PROJECT, PROJECT, Shell, UNKNOWN, service, updates,
};

/// Changes the description of one key, and the other key's roles in two projects.
fn manifest() -> String {
    format!(
        "org: {ORG}
keys:
  - id: {KEY}
    desc: ci deploys
  - id: {OTHER_KEY}
    desc: reads
    roles: [ORG_READ_ONLY]
    projects:
      {PROJECT}: [GROUP_READ_ONLY]
      {OTHER_PROJECT}: [GROUP_CLUSTER_MANAGER]
"
    )
}

async fn start() -> (Emulator, Shell) {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    shell.write("keys.yaml", &manifest());
    (emulator, shell)
}

fn save(shell: &Shell) -> Ended {
    shell
        .run(&["apply", "keys.yaml", "--plan-out", "keys.plan"])
        .exits(0)
}

fn apply(shell: &Shell) -> Ended {
    shell.run(&["apply", "keys.plan", "-o", "json"])
}

/// Returns the text of an edited plan, whose fields may be in another order, but for the first.
pub(crate) fn plan_file(mut document: Value) -> String {
    let format = document
        .as_object_mut()
        .unwrap()
        .remove("planFormat")
        .unwrap();
    let start = format!(r#"{{"planFormat":{format},"#);
    document.to_string().replacen('{', &start, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_tells_changes_from_failures() {
    let (emulator, shell) = start().await;
    let plan = ["apply", "keys.yaml", "--plan"];
    let with_code = [&plan[..], &["--exit-code"]].concat();
    shell.run(&plan).exits(0);
    shell.run(&with_code).exits(2);
    shell
        .run(&[&with_code[..], &["-o", "json"]].concat())
        .exits(2);
    shell
        .run(&["apply", "keys.yaml", "--plan-out", "p", "--exit-code"])
        .exits(2);
    assert_eq!(updates(&emulator), [""; 0]);
    shell.run(&["apply", "keys.yaml", "--yes"]).exits(0);
    shell.run(&with_code).exits(0);

    // Failures are never taken for changes.
    shell
        .run(&[&with_code[..], &["--no-such-flag"]].concat())
        .exits(1);
    shell.run(&["apply", "keys.yaml", "--exit-code"]).exits(1);
    shell
        .run(&[&with_code[..], &["--dry-run"]].concat())
        .exits(1);
    shell
        .run(&[&with_code[..], &["--base-url", "http://127.0.0.1:1"]].concat())
        .exits(1);
    shell
        .run(&["apply", "nowhere.yaml", "--plan", "--exit-code"])
        .exits(1);
    shell.write("keys.yaml", "keys: []");
    let ended = shell.run(&with_code).exits(1);
    assert!(ended.err.contains("keys is empty"), "{ended:?}");
    let unreadable = format!("keys: [{{id: {UNKNOWN}, desc: x}}, {{id: {KEY}, desc: y}}]\n");
    shell.write("keys.yaml", &unreadable);
    shell
        .run(&[&with_code[..], &["--keep-going"]].concat())
        .exits(1);
}

/// Makes a schema refuse fields that it does not describe.
pub(crate) fn forbid_more(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        if fields.contains_key("properties") {
            fields.insert("additionalProperties".to_owned(), false.into());
        }
        fields.values_mut().for_each(forbid_more);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_match_their_schema() {
    let (_emulator, shell) = start().await;
    let mut schema = shell.run(&["schema", "plan"]).exits(0).json();
    let open = jsonschema::validator_for(&schema).unwrap();
    forbid_more(&mut schema);
    let closed = jsonschema::validator_for(&schema).unwrap();
    let more = format!("  - {{id: {UNKNOWN}, desc: x}}\n");
    shell.write("keys.yaml", &(manifest() + &more));
    let plan = ["apply", "keys.yaml", "--plan", "--keep-going", "-o", "json"];
    let plan = shell.run(&plan).exits(1).json();
    assert_eq!(plan["unreadable"][0]["key"], UNKNOWN);
    let problems: Vec<_> = closed
        .iter_errors(&plan)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(problems, [""; 0], "{plan:#}");

    let with = |pointer: &str, value: Value| {
        let mut plan = plan.clone();
        *plan.pointer_mut(pointer).unwrap() = value;
        plan
    };
    assert!(open.is_valid(&plan));
    for other in [
        with("/planFormat", json!(3)),
        with("/keys/0/key", json!("gswvkocq")),
        with("/keys/0/updates/0/add", json!("ORG_OWNER")),
        with("/keys/0/updates/0/present", json!({})),
        with("/unreadable/0/error", json!({})),
        with("/unchanged", json!(-1)),
    ] {
        assert!(!open.is_valid(&other), "{other:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_the_same_state_is_the_same_document() {
    let (_emulator, shell) = start().await;
    let printed = shell
        .run(&["apply", "keys.yaml", "--plan", "-o", "json"])
        .exits(0)
        .out;
    save(&shell);
    let saved = shell.read("keys.plan");
    let url = serde_json::from_str::<Value>(&saved).unwrap()["baseUrl"].clone();
    let url = url.as_str().unwrap().trim_start_matches("http://");
    assert_eq!(saved.replace(url, "service.example"), printed);
    save(&shell);
    assert_eq!(
        shell.read("keys.plan"),
        fs::read_to_string(shell.path("keys.plan")).unwrap()
    );
    let mode = fs::metadata(shell.path("keys.plan"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_applied_as_reviewed_and_only_once() {
    let (emulator, shell) = start().await;
    let ended = save(&shell);
    assert!(
        ended.out.contains("2 keys to change with 3 updates"),
        "{ended:?}"
    );
    assert!(
        ended.err.contains("atlas-admin apply keys.plan"),
        "{ended:?}"
    );
    assert_eq!(updates(&emulator), [""; 0]);
    // It is known by its content, and needs neither the manifest nor a question.
    fs::remove_file(shell.path("keys.yaml")).unwrap();
    fs::rename(shell.path("keys.plan"), shell.path("keys.yaml")).unwrap();
    let plan = shell
        .run(&["apply", "keys.yaml", "--plan", "--exit-code"])
        .exits(2);
    assert_eq!(plan.out, ended.out);
    let summary = shell
        .run(&["apply", "keys.yaml", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(summary["applied"], 3);
    assert_eq!(emulator.api_key(KEY).unwrap().desc, "ci deploys");
    let state = emulator.api_key(OTHER_KEY).unwrap();
    assert_eq!(state.project_roles[PROJECT], ["GROUP_READ_ONLY"]);
    assert_eq!(
        state.project_roles[OTHER_PROJECT],
        ["GROUP_CLUSTER_MANAGER"]
    );

    let text = shell.read("keys.yaml");
    let again = shell
        .run_with_input(&["apply", "-", "-o", "json"], &text)
        .exits(0)
        .json();
    assert_eq!(
        (&again["applied"], &again["unchanged"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(updates(&emulator).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_refused_if_a_key_has_changed_since() {
    let mut all = String::new();
    for change in [
        // What the plan changes, and what it does not: all roles of the place were reviewed.
        &[
            "project-key",
            "add-roles",
            "--project",
            PROJECT,
            "--key",
            OTHER_KEY,
            "--role",
            "GROUP_DATA_ACCESS_READ_ONLY",
        ][..],
        &[
            "api-key",
            "update",
            "--key",
            KEY,
            "--role",
            "ORG_READ_ONLY",
            "--role",
            "ORG_MEMBER",
        ],
        &[
            "api-key",
            "update",
            "--key",
            KEY,
            "--desc",
            "somebody else's",
        ],
    ] {
        let (emulator, shell) = start().await;
        save(&shell);
        shell.run(change).exits(0);
        let before = updates(&emulator);
        let ended = shell
            .run(&["apply", "keys.plan", "--journal", "journal"])
            .exits(1);
        all.push_str(&ended.all());
        assert_eq!(updates(&emulator), before);
        assert!(!shell.path("journal").exists());
        let error: Value = serde_json::from_str(&apply(&shell).exits(1).err).unwrap();
        assert_eq!(error["error"]["kind"], "stale_plan");
        assert_eq!(error["error"]["moved"].as_array().unwrap().len(), 1);
        shell.run(&["apply", "keys.plan", "--plan"]).exits(1);
    }
    insta::assert_snapshot!("stale_plans", all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_that_was_applied_in_part_goes_on() {
    let (emulator, shell) = start().await;
    save(&shell);
    shell
        .run(&["api-key", "update", "--key", KEY, "--desc", "ci deploys"])
        .exits(0);
    // A key that the plan does not touch may change.
    let calling = emulator.calling_api_key_id().to_owned();
    let other = ["api-key", "update", "--key", &calling, "--desc", "mine"];
    shell.run(&other).exits(0);
    let summary = apply(&shell).exits(0).json();
    assert_eq!(
        (&summary["applied"], &summary["unchanged"]),
        (&json!(2), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_resumes_by_its_journal() {
    let (emulator, shell) = start().await;
    save(&shell);
    shell
        .run(&["apply", "keys.plan", "--journal", "journal"])
        .exits(0);
    let sent = emulator.requests();
    let resume = ["apply", "keys.plan", "--resume", "journal", "-o", "json"];
    let summary = shell.run(&resume).exits(0).json();
    assert_eq!(summary["previouslyApplied"], 3);
    assert_eq!(emulator.requests(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_cannot_be_applied_as_reviewed_are_refused_before_sending() {
    let (emulator, shell) = start().await;
    save(&shell);
    let plan = shell.read("keys.plan");
    let document: Value = serde_json::from_str(&plan).unwrap();
    let sent = emulator.requests();
    let refused = |text: &str, arguments: &[&str], why: &str| {
        shell.write("other.plan", text);
        let ended = shell
            .run(&[&["apply", "other.plan"], arguments].concat())
            .exits(2);
        assert!(ended.err.contains(why), "{ended:?}");
    };
    refused(&plan, &["--service", "atlas-v1"], "plan for atlas-v2");
    refused(&plan, &["--org", ORG], "omit --org");
    refused(&plan[..plan.len() / 2], &[], "invalid plan");
    refused(
        &plan.replace("\"planFormat\": 1", "\"planFormat\": 3"),
        &[],
        "of format 3",
    );
    let edited = |pointer: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        plan_file(document)
    };
    refused(&edited("/notRead", json!(1)), &[], "incomplete plan");
    refused(
        &edited("/keys/0/key", json!(OTHER_KEY)),
        &[],
        "duplicate API key",
    );
    refused(
        &edited("/keys/0/key", Value::Null),
        &[],
        "a key without id or description",
    );
    let update = &document["keys"][0]["updates"][0];
    refused(
        &edited("/keys/0/updates", json!([update, update])),
        &[],
        "duplicate update",
    );
    let mut with_file = document["keys"][0].clone();
    with_file["secretFile"] = json!("ci.key");
    refused(
        &edited("/keys/0", with_file),
        &[],
        "no file for the private key, or one for nothing",
    );
    refused(
        &edited("/keys/0/org", json!(UNKNOWN)),
        &[],
        "an update of API key",
    );
    refused(
        &edited("/keys/0/updates/0/desc/to", json!("x".repeat(300))),
        &[],
        "250",
    );
    assert_eq!(emulator.requests(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_plan_is_not_saved() {
    let (_emulator, shell) = start().await;
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {UNKNOWN}, desc: x}}]\n"),
    );
    let save = ["apply", "keys.yaml", "--plan-out", "keys.plan"];
    let ended = shell.run(&save).exits(1);
    assert!(ended.err.contains("keys.plan was not written"), "{ended:?}");
    assert!(!shell.path("keys.plan").exists());
    shell.write("keys.yaml", &manifest());
    let ended = shell
        .run(&["apply", "keys.yaml", "--plan-out", "no/such/folder"])
        .exits(1);
    assert!(
        ended
            .err
            .contains("cannot write the plan to no/such/folder"),
        "{ended:?}"
    );
    let ended = shell
        .run(&["apply", "keys.yaml", "--plan-out", "."])
        .exits(1);
    assert!(ended.err.contains("not a regular file"), "{ended:?}");
}
