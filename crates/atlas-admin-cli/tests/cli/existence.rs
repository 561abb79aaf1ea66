//! Keys that a manifest creates and deletes, takes out of projects, and gives access lists.

use std::{fs, os::unix::fs::PermissionsExt};

use atlas_emulator::{Builder, Emulator, Fault, Faults, KeyState, Reset, SeedKey};
use serde_json::{Value, json};

use crate::{
    plans::{forbid_more, plan_file},
    rotate::wait_until_stuck,
    support::{KEY, ORG, OTHER_KEY, OTHER_PROJECT, PROJECT, Shell, UNKNOWN, service},
};

const OLD_KEY: &str = "5f0000000000000000000001";

/// An emulator with one more key.
fn with_old_key() -> Builder {
    service().key(
        SeedKey::new("oldoldol", "0f3b7c1d-hush-old")
            .id(OLD_KEY)
            .desc("retired")
            .org_roles(["ORG_MEMBER"])
            .project_roles(PROJECT, ["GROUP_READ_ONLY"]),
    )
}

async fn start() -> (Emulator, Shell) {
    let emulator = with_old_key().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    (emulator, shell)
}

/// Creates a key, changes one in every way, and deletes one.
fn manifest() -> String {
    format!(
        "org: {ORG}
keys:
  - id: {OLD_KEY}
    ensure: absent
  - id: {OTHER_KEY}
    prune: true
    projects:
      {OTHER_PROJECT}: [GROUP_CLUSTER_MANAGER]
    accessList: [203.0.113.0/24, 198.51.100.7/32]
  - desc: ci deploys
    ensure: present
    secretFile: ci.key
    roles: [ORG_MEMBER]
    projects:
      {PROJECT}: [GROUP_READ_ONLY]
    accessList: [203.0.113.0/24]
"
    )
}

/// Returns the keys with the description of the one that is created.
fn new_keys(emulator: &Emulator) -> Vec<KeyState> {
    let mut keys = emulator.api_keys(ORG);
    keys.retain(|key| key.desc == "ci deploys");
    keys
}

/// Checks what the manifest describes, and that the secret file has the key's private key.
fn assert_applied(emulator: &Emulator, shell: &Shell) {
    let [new] = &new_keys(emulator)[..] else {
        panic!("not one new key");
    };
    assert_eq!(new.org_roles, ["ORG_MEMBER"]);
    assert_eq!(new.project_roles[PROJECT], ["GROUP_READ_ONLY"]);
    assert_eq!(new.access_list, ["203.0.113.0/24"]);
    let other = emulator.api_key(OTHER_KEY).unwrap();
    assert_eq!(other.org_roles, ["ORG_READ_ONLY"]);
    assert_eq!(
        serde_json::to_value(&other.project_roles).unwrap(),
        json!({ OTHER_PROJECT: ["GROUP_CLUSTER_MANAGER"] })
    );
    let mut list = other.access_list;
    list.sort_unstable();
    assert_eq!(list, ["198.51.100.7/32", "203.0.113.0/24"]);
    assert!(emulator.api_key(OLD_KEY).is_none());

    let mode = fs::metadata(shell.path("ci.key")).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let stranger = Shell::at(emulator.base_url());
    let file = shell.path("ci.key");
    // The emulator is called from an address that is not on the key's list.
    let ended = stranger.run(&[
        "api-key",
        "get",
        "--org",
        ORG,
        "--key",
        &new.id,
        "--public-key",
        &new.public_key,
        "--private-key-file",
        file.to_str().unwrap(),
    ]);
    assert!(
        ended.err.contains("IP_ADDRESS_NOT_ON_ACCESS_LIST"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_names_what_is_created_changed_and_deleted() {
    let (emulator, shell) = start().await;
    shell.write("keys.yaml", &manifest());
    let plan = shell.run(&["apply", "keys.yaml", "--plan", "--exit-code"]);
    insta::assert_snapshot!("plan", plan.exits(2).all());
    let plan = shell.run(&["apply", "keys.yaml", "--plan", "-o", "json"]);
    let plan = plan.exits(0).json();
    insta::assert_snapshot!("plan_as_json", serde_json::to_string_pretty(&plan).unwrap());
    let mut schema = shell.run(&["schema", "plan"]).exits(0).json();
    forbid_more(&mut schema);
    let problems: Vec<_> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&plan)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(problems, [""; 0]);
    assert_eq!(emulator.api_keys(ORG).len(), 4);

    let ended = shell
        .run(&["apply", "keys.yaml", "--yes", "-o", "json"])
        .exits(0);
    assert_eq!(ended.json()["applied"], 7, "{ended:?}");
    assert_applied(&emulator, &shell);
    let secret = shell.read("ci.key");
    assert!(!ended.all().contains(secret.trim()), "{ended:?}");
    let again = shell.run(&["apply", "keys.yaml", "--plan", "--exit-code"]);
    assert_eq!(
        again.exits(0).out,
        "Plan: nothing to change, 3 unchanged.\n"
    );
    // Without the file, as in another checkout.
    fs::remove_file(shell.path("ci.key")).unwrap();
    shell
        .run(&["apply", "keys.yaml", "--plan", "--exit-code"])
        .exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_come_last_and_the_calling_key_after_them() {
    let owner = SeedKey::new("owner", "0f3b7c1d-hush").org_roles(["ORG_OWNER"]);
    let emulator = with_old_key().key(owner).start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    let calling = emulator.calling_api_key_id();
    let manifest = format!(
        "org: {ORG}
keys:
  - {{id: {calling}, ensure: absent}}
  - {{id: {OLD_KEY}, ensure: absent}}
  - {{id: {OTHER_KEY}, accessList: [203.0.113.0/24]}}
"
    );
    shell.write("keys.yaml", &manifest);
    let list = ["access-list", "add", "--key", OTHER_KEY, "198.51.100.7"];
    shell.run(&list).exits(0);
    let plan = shell.run(&["apply", "keys.yaml", "--plan"]).exits(0);
    let masked = |text: &str| text.replace(calling, "00000000000000000000ca11");
    insta::assert_snapshot!("plan_with_calling_key", masked(&plan.out));
    let before = emulator.request_log().len();
    shell.run(&["apply", "keys.yaml", "--yes"]).exits(0);
    let log = emulator.request_log();
    let changes: Vec<_> = log[before..]
        .iter()
        .filter(|request| request.method() != "GET" && request.status().is_success())
        .map(|request| format!("{} {}", request.method(), request.target()))
        .collect();
    insta::assert_snapshot!("order", masked(&changes.join("\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_at_any_request_is_finished_by_the_next() {
    let mut killed = 0;
    for after_update in [false, true] {
        for skipped in 0.. {
            let (emulator, shell) = start().await;
            shell.write("keys.yaml", &manifest());
            let hang = Fault::hang().skip(skipped);
            emulator.set_faults(Faults::new().with(match after_update {
                true => hang.after_update(),
                false => hang,
            }));
            let mut run = shell.start(&["apply", "keys.yaml", "--yes", "--journal", "journal"]);
            let is_stuck = wait_until_stuck(&emulator, 0, &mut run).await;
            if !is_stuck {
                shell.wait(run).exits(0);
                break;
            }
            run.kill().unwrap();
            assert_eq!(shell.wait(run).code, None);
            emulator.set_faults(Faults::new());
            killed += 1;
            let resume = ["apply", "keys.yaml", "--yes", "--resume", "journal"];
            let first = ["apply", "keys.yaml", "--yes", "--journal", "journal"];
            let has_begun = !shell.read("journal").is_empty();
            let ended = shell.run(if has_begun { &resume } else { &first });
            ended.exits(0);
            assert_applied(&emulator, &shell);
        }
    }
    assert!(killed >= 16, "{killed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_private_key_was_lost_is_made_anew() {
    let (emulator, shell) = start().await;
    let manifest = manifest();
    let creation = manifest.find("  - desc: ci").unwrap();
    let creation_alone = format!("org: {ORG}\nkeys:\n{}", &manifest[creation..]);
    shell.write("keys.yaml", &creation_alone);
    let lost = Fault::reset(Reset::After).skip(1).times(1);
    emulator.set_faults(Faults::new().with(lost));
    let ended = shell
        .run(&["apply", "keys.yaml", "--yes", "--journal", "journal"])
        .exits(1);
    assert!(
        ended.err.contains("nobody has the private key"),
        "{ended:?}"
    );
    let [orphan] = &new_keys(&emulator)[..] else {
        panic!("not one key");
    };
    assert!(!shell.path("ci.key").exists());
    let resume = ["apply", "keys.yaml", "--resume", "journal"];
    // There is no second key as long as the first one cannot be deleted.
    emulator.set_faults(Faults::new().with(Fault::maintenance().times(1)));
    shell
        .run(&[&resume[..], &["--yes", "--keep-going"]].concat())
        .exits(1);
    emulator.set_faults(Faults::new());
    assert_eq!(new_keys(&emulator), std::slice::from_ref(orphan));

    shell.write("keys.yaml", &manifest);
    let plan = shell.run(&[&resume[..], &["--plan"]].concat()).exits(0).out;
    let line = format!(
        "first deletes API key {}, whose private key was lost",
        orphan.id
    );
    assert!(plan.contains(&line), "{plan}");

    // A plan that was saved knows it, too.
    let save = [&resume[..], &["--plan-out", "keys.plan"]].concat();
    shell.run(&save).exits(0);
    shell.run(&["apply", "keys.plan"]).exits(0);
    assert_applied(&emulator, &shell);
    assert_ne!(new_keys(&emulator)[0].id, orphan.id);
    shell
        .run(&[&resume[..], &["--plan", "--exit-code"]].concat())
        .exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_must_tell_one_key() {
    let (emulator, shell) = start().await;
    let by_desc = |desc: &str| format!("org: {ORG}\nkeys:\n  - desc: {desc}\n    ensure: absent\n");
    shell.write("keys.yaml", &by_desc("nobody"));
    shell
        .run(&["apply", "keys.yaml", "--plan", "--exit-code"])
        .exits(0);
    shell.write("keys.yaml", &by_desc("retired"));
    shell.run(&["apply", "keys.yaml", "--yes"]).exits(0);
    assert!(emulator.api_key(OLD_KEY).is_none());

    for file in ["a.key", "b.key"] {
        let create = [
            "api-key",
            "create",
            "--desc",
            "twin",
            "--role",
            "ORG_MEMBER",
        ];
        let create = [&create[..], &["--secret-file", file]].concat();
        shell.run(&create).exits(0);
    }
    shell.write("keys.yaml", &by_desc("twin"));
    let ended = shell.run(&["apply", "keys.yaml", "--yes"]).exits(1);
    let expected = "2 API keys have the description \"twin\"; name one of them by its id";
    assert!(ended.err.contains(expected), "{ended:?}");
    assert_eq!(emulator.api_keys(ORG).len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_absent_key_needs_no_deletion() {
    let (emulator, shell) = start().await;
    shell.write(
        "keys.yaml",
        &format!("org: {ORG}\nkeys: [{{id: {UNKNOWN}, ensure: absent}}]\n"),
    );
    let plan = ["apply", "keys.yaml", "--plan", "--exit-code"];
    shell.run(&plan).exits(0);
    // That the organization is unknown says nothing of the key.
    shell.write(
        "keys.yaml",
        &format!("org: {UNKNOWN}\nkeys: [{{id: {OLD_KEY}, ensure: absent}}]\n"),
    );
    shell.run(&plan).exits(1);
    assert!(emulator.api_key(OLD_KEY).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_refused_when_the_world_has_moved() {
    let (emulator, shell) = start().await;
    shell.write("keys.yaml", &manifest());
    let save = ["apply", "keys.yaml", "--plan-out", "keys.plan"];
    shell.run(&save).exits(0);
    let plan: Value = serde_json::from_str(&shell.read("keys.plan")).unwrap();
    assert_eq!(plan["planFormat"], 2);
    let apply = |expected: &str| {
        let ended = shell.run(&["apply", "keys.plan"]).exits(1);
        assert!(ended.err.contains(expected), "{ended:?}");
    };

    // The key that is deleted is given one more project.
    let assign = [
        "project-key",
        "set-roles",
        "--key",
        OLD_KEY,
        "--role",
        "GROUP_OWNER",
    ];
    let assign = [&assign[..], &["--project", OTHER_PROJECT]].concat();
    shell.run(&assign).exits(0);
    apply("project roles none in the plan; now GROUP_OWNER");
    assert_eq!(new_keys(&emulator).len(), 0);
    shell.run(&save).exits(0);

    // Somebody adds an address.
    let add = ["access-list", "add", "--key", OTHER_KEY, "192.0.2.1"];
    shell.run(&add).exits(0);
    apply("access list: entries none in the plan; now 192.0.2.1");
    shell.run(&save).exits(0);

    // Somebody creates the key.
    let create = ["api-key", "create", "--desc", "ci deploys", "--role"];
    let theirs = [&create[..], &["ORG_OWNER", "--secret-file", "their.key"]].concat();
    shell.run(&theirs).exits(0);
    apply("roles none in the plan; now ORG_OWNER");
    let id = new_keys(&emulator)[0].id.clone();
    let delete = ["api-key", "delete", "--key", &id, "--yes"];
    shell.run(&delete).exits(0);

    // Just as planned, but with the private key elsewhere.
    let same = [&create[..], &["ORG_MEMBER", "--secret-file", "same.key"]].concat();
    shell.run(&same).exits(0);
    let id = new_keys(&emulator)[0].id.clone();
    let key = ["--key", &id];
    let set = ["project-key", "set-roles", "--project", PROJECT];
    let set = [&set[..], &key, &["--role", "GROUP_READ_ONLY"]].concat();
    shell.run(&set).exits(0);
    let add = [&["access-list", "add"], &key[..], &["203.0.113.0/24"]].concat();
    shell.run(&add).exits(0);
    apply("one whose private key is not in the secretFile");
    let delete = ["api-key", "delete", "--key", &id, "--yes"];
    shell.run(&delete).exits(0);

    shell.run(&["apply", "keys.plan"]).exits(0);
    assert_applied(&emulator, &shell);
    // It was applied already.
    let ended = shell.run(&["apply", "keys.plan", "-o", "json"]).exits(0);
    assert_eq!(ended.json()["applied"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_that_contradicts_itself_is_refused_before_sending() {
    let (emulator, shell) = start().await;
    shell.write("keys.yaml", &manifest());
    let save = ["apply", "keys.yaml", "--plan-out", "keys.plan"];
    shell.run(&save).exits(0);
    let plan: Value = serde_json::from_str(&shell.read("keys.plan")).unwrap();
    let sent = emulator.requests();
    let in_project = plan["keys"][1]["updates"][0].clone();
    for (pointer, value) in [
        ("/keys/0/updates/0", in_project),
        ("/keys/1/updates/2/accessList", json!(UNKNOWN)),
    ] {
        let mut edited = plan.clone();
        *edited.pointer_mut(pointer).unwrap() = value;
        shell.write("keys.plan", &plan_file(edited));
        let ended = shell.run(&["apply", "keys.plan"]).exits(2);
        assert!(ended.err.contains("an update of API key"), "{ended:?}");
    }
    assert_eq!(emulator.requests(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_if_a_private_key_cannot_be_stored() {
    let (emulator, shell) = start().await;
    shell.write("keys.yaml", &manifest());
    shell.write("ci.key", "something else");
    let ended = shell.run(&["apply", "keys.yaml", "--yes"]).exits(2);
    let expected = "ci.key, for the private key of API key \"ci deploys\", exists";
    assert!(ended.err.contains(expected), "{ended:?}");
    shell.write("keys.yaml", &manifest().replace("ci.key", "secrets/ci.key"));
    let ended = shell.run(&["apply", "keys.yaml", "--yes"]).exits(2);
    assert!(
        ended.err.contains("in a folder that does not exist"),
        "{ended:?}"
    );
    assert_eq!(emulator.api_keys(ORG).len(), 4);
    assert!(emulator.api_key(OLD_KEY).is_some());
    assert_eq!(shell.read("ci.key"), "something else");
}

#[test]
fn contradictions_are_reported_with_their_places() {
    let shell = Shell::at("http://127.0.0.1:1");
    let manifest = format!(
        "org: {ORG}
keys:
  - {{id: {KEY}, ensure: absent, desc: x, prune: true, accessList: []}}
  - {{id: {OTHER_KEY}, ensure: maybe, secretFile: x}}
  - {{ensure: absent}}
  - {{desc: a, ensure: present}}
  - {{desc: b, ensure: present, roles: [ORG_MEMBER], secretFile: same.key}}
  - {{desc: b, ensure: absent}}
  - {{desc: c, ensure: present, roles: [ORG_MEMBER], secretFile: same.key}}
  - {{desc: d, ensure: present, roles: [ORG_MEMBER], secretFile: ..}}
  - {{id: {OLD_KEY}, prune: yes, accessList: [203.0.113.7/24, nowhere, 192.0.2.1, 192.0.2.1/32]}}
"
    );
    shell.write("keys.yaml", &manifest.replace("prune: yes, ", ""));
    let ended = shell.run(&["apply", "keys.yaml", "--plan"]).exits(2);
    insta::assert_snapshot!("contradictions", ended.err);
    shell.write("keys.yaml", &manifest);
    let ended = shell.run(&["apply", "keys.yaml", "--plan"]).exits(2);
    assert!(ended.err.contains("expected true or false"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_runs_and_step_summaries_know_all_actions() {
    let (emulator, shell) = start().await;
    let shell = shell.set("GITHUB_STEP_SUMMARY", "summary.md");
    shell.write("summary.md", "");
    shell.write("keys.yaml", &manifest());
    let before = emulator.requests();
    let dry_run = ["apply", "keys.yaml", "--dry-run"];
    insta::assert_snapshot!("dry_run", shell.run(&dry_run).exits(0).all());
    assert_eq!(emulator.requests(), before);
    shell
        .run(&["apply", "keys.yaml", "--plan", "--output", "github"])
        .exits(0);
    insta::assert_snapshot!("step_summary", shell.read("summary.md"));
}
