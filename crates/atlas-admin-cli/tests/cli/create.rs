//! New keys, and where their private keys go.

use std::{
    os::unix::fs::PermissionsExt,
    process::Child,
    thread,
    time::{Duration, Instant},
};

use atlas_emulator::{Emulator, Fault, Faults, KeyState, Reset};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{KEY, ORG, PROJECT, Shell, responds_with, service};

const CREATE: [&str; 8] = [
    "api-key",
    "create",
    "--org",
    ORG,
    "--desc",
    "ci deploys",
    "--role",
    "ORG_MEMBER",
];

fn create<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&CREATE, more].concat()
}

/// Returns a shell for a service that takes any credentials.
fn shell_at(url: &str) -> Shell {
    Shell::at(url)
        .set("MONGODB_ATLAS_PUBLIC_API_KEY", "abcdefgh")
        .set("MONGODB_ATLAS_PRIVATE_API_KEY", "hush")
}

/// Returns the new keys that the service has.
fn new_keys(emulator: &Emulator) -> Vec<KeyState> {
    let mut keys = emulator.api_keys(ORG);
    keys.retain(|key| key.desc == "ci deploys");
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_file_is_for_the_owner_alone_and_signs_in_at_once() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let ended = shell.run(&create(&["--secret-file", "ci.key"])).exits(0);
    let secret = shell.read("ci.key");
    let secret = secret.strip_suffix('\n').unwrap();
    assert!(!ended.all().contains(secret), "{ended:?}");
    let permissions = shell.path("ci.key").metadata().unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);

    let key = &new_keys(&emulator)[0];
    let shown = ended.out.replace(&key.id, "6a793f752c88faeba59bba00");
    insta::assert_snapshot!("created", shown.replace(&key.public_key, "abcdefgh"));

    let stranger = Shell::at(emulator.base_url()).set("MONGODB_ATLAS_ORG_ID", ORG);
    let file = shell.path("ci.key");
    let sign_in = [
        "api-key",
        "list",
        "--public-key",
        &key.public_key,
        "--private-key-file",
        file.to_str().unwrap(),
    ];
    let list = stranger.run(&sign_in).exits(0);
    assert!(list.out.contains(&key.id) && !list.out.contains(secret));
    // Not even a warning about the file.
    assert_eq!(list.err, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_shown_on_request_and_never_in_a_table() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let shown = shell.run(&create(&["--show-secret"])).exits(0).out;
    let (table, secret) = shown.trim_end().rsplit_once('\n').unwrap();
    assert_eq!((secret.len(), table.lines().count()), (36, 4));
    assert!(!table.contains("private"), "{table}");

    let both = create(&["--show-secret", "--secret-file", "ci.key", "-o", "json"]);
    let created = shell.run(&both).exits(0).json();
    assert_eq!(created["secretFile"], "ci.key");
    assert_eq!(
        shell.read("ci.key"),
        format!("{}\n", created["privateKey"].as_str().unwrap())
    );
    let hidden = create(&["--secret-file", "2.key", "-o", "json", "--verbose"]);
    let hidden = shell.run(&hidden).exits(0);
    assert_eq!(hidden.json().get("privateKey"), None);
    assert!(!hidden.all().contains(shell.read("2.key").trim()));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_without_a_place_for_the_secret() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    shell.write("taken.key", "something else");
    let mut all = String::new();
    for more in [
        &[][..],
        &["--secret-file", "taken.key"],
        &["--secret-file", "missing/ci.key"],
        &["--secret-file", "."],
        &["--secret-file", "ci.key", "--role", "ORG_OWNERR"],
    ] {
        all.push_str(&shell.run(&create(more)).exits(2).err);
    }
    let too_long = "x".repeat(251);
    let project = [
        "project-key",
        "create",
        "--project",
        PROJECT,
        "--secret-file",
        "ci.key",
        "--desc",
    ];
    for more in [&["ci"][..], &[&too_long, "--role", "GROUP_OWNER"]] {
        all.push_str(&shell.run(&[&project[..], more].concat()).exits(2).err);
    }
    insta::assert_snapshot!("refused", all);
    assert_eq!(emulator.requests(), 0);
    assert!(!shell.path("ci.key").exists());
    assert_eq!(shell.read("taken.key"), "something else");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_found_out_before_anything_is_sent() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let child = shell.start_with_file_limit(0, &create(&["--secret-file", "ci.key"]));
    let ended = shell.wait(child).exits(1);
    assert!(
        ended.err.contains("ci.key, so nothing was sent"),
        "{ended:?}"
    );
    assert_eq!(emulator.requests(), 0);
    assert!(!shell.path("ci.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_printed_is_named_with_its_key() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let mut command = shell.command(&create(&["--show-secret"]));
    let full = std::fs::File::options().write(true).open("/dev/full");
    command.stdout(full.unwrap());
    let ended = command.output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{err}");
    let id = &new_keys(&emulator)[0].id;
    let expected = format!("API key {id} was created, but its private key could not be");
    assert!(err.contains(&expected), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_written_is_named_with_its_key() {
    let key = json!({
        "id": KEY,
        "desc": "ci deploys",
        "publicKey": "abcdefgh",
        // More than there was room made for.
        "privateKey": "1".repeat(600),
    });
    let shell = shell_at(&responds_with(key).await);
    let child = shell.start_with_file_limit(1, &create(&["--secret-file", "ci.key"]));
    let ended = shell.wait(child).exits(1);
    let expected =
        format!("API key {KEY} was created, but its private key could not be written to ci.key");
    assert!(ended.err.contains(&expected), "{ended:?}");
    assert!(!ended.all().contains("1111"), "{ended:?}");
    assert!(!shell.path("ci.key").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_creation_leaves_no_file() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_PRIVATE_API_KEY", "hush");
    shell.run(&create(&["--secret-file", "ci.key"])).exits(3);
    assert!(!shell.path("ci.key").exists());
    assert_eq!(new_keys(&emulator), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_response_the_hint_finds_the_key() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let faults = Faults::new().with(Fault::reset(Reset::After).times(1));
    emulator.set_faults(faults);
    let ended = shell
        .run(&create(&["--secret-file", "ci.key", "-o", "json"]))
        .exits(1);
    assert!(!shell.path("ci.key").exists());
    let error: Value = serde_json::from_str(&ended.err).unwrap();
    let error = &error["error"];
    assert_eq!(error["outcomeUnknown"], true, "{error}");
    let hint = error["hint"].as_str().unwrap();
    let list = format!("atlas-admin api-key list --org {ORG}");
    assert!(hint.starts_with(&list), "{hint}");
    assert!(hint.contains("\"ci deploys\" of 20"), "{hint}");

    // One key, since a creation is never repeated.
    let [key] = &new_keys(&emulator)[..] else {
        panic!("not one key");
    };
    let list: Vec<&str> = list.split(' ').skip(1).collect();
    let listed = shell.run(&list).exits(0).out;
    let line = listed.lines().find(|line| line.contains("ci deploys"));
    let cells: Vec<&str> = line.unwrap().split_whitespace().collect();
    assert_eq!(cells[0], key.id);
    let since = hint.split(" of ").nth(1).unwrap().split(' ').next();
    assert!(Some(cells[2]) >= since, "{listed} {hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_other_values_keeps_its_secret() {
    let id = "6a793f752c88faeba59bba00";
    let key = json!({
        "id": id,
        "desc": "another",
        "publicKey": "abcdefgh",
        "privateKey": "11111111-2222-3333-4444-555555555555",
        "roles": [{ "orgId": ORG, "roleName": "ORG_MEMBER" }],
    });
    let shell = shell_at(&responds_with(key).await);
    let ended = shell.run(&create(&["--secret-file", "ci.key"])).exits(1);
    assert_eq!(
        shell.read("ci.key"),
        "11111111-2222-3333-4444-555555555555\n"
    );
    assert!(ended.out.contains(id), "{ended:?}");
    let hint = "hint: the private key of the new key is in ci.key";
    assert!(ended.err.contains(hint), "{ended:?}");
    assert!(!ended.all().contains("11111111"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_its_secret_is_named() {
    let key = json!({
        "id": KEY,
        "desc": "ci deploys",
        "publicKey": "abcdefgh",
        "privateKey": "********-****-****-01bdd56c8977",
    });
    let shell = shell_at(&responds_with(key).await);
    let ended = shell.run(&create(&["--secret-file", "ci.key"])).exits(1);
    assert!(ended.err.contains(&format!("API key {KEY}")), "{ended:?}");
    assert!(!shell.path("ci.key").exists());
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

/// Waits until the request has reached the service.
fn wait_for_key(emulator: &Emulator) {
    let started = Instant::now();
    while new_keys(emulator).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "no key");
        thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ctrl_c_waits_for_the_secret() {
    let emulator = service().start().await.unwrap();
    let faults = Faults::new().with(Fault::delay(Duration::from_millis(800)));
    emulator.set_faults(faults);
    let shell = Shell::new(&emulator);
    let child = shell.start(&create(&["--secret-file", "ci.key"]));
    let started = Instant::now();
    while shell.read("ci.key").is_empty() {
        assert!(started.elapsed() < Duration::from_secs(60), "no file");
        thread::sleep(Duration::from_millis(5));
    }
    // White space until the secret is there.
    assert_eq!(shell.read("ci.key").trim(), "");
    interrupt(&child);
    let ended = shell.wait(child).exits(0);
    assert!(ended.err.contains("waiting for the private key"));
    assert_eq!(shell.read("ci.key").trim().len(), 36);
    assert_eq!(new_keys(&emulator).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_leaves_no_file_and_a_hint() {
    let emulator = service().start().await.unwrap();
    let faults = Faults::new().with(Fault::hang().after_update());
    emulator.set_faults(faults);
    let shell = Shell::new(&emulator);
    let mut child = shell.start(&create(&["--secret-file", "ci.key"]));
    wait_for_key(&emulator);
    while child.try_wait().unwrap().is_none() {
        interrupt(&child);
        thread::sleep(Duration::from_millis(50));
    }
    let ended = shell.wait(child).exits(130);
    let hint = "error: interrupted; a key may have been created\n  hint: atlas-admin api-key list";
    assert!(ended.err.contains(hint), "{ended:?}");
    assert!(!shell.path("ci.key").exists());
}
