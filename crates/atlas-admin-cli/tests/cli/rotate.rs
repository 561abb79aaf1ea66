//! Rotations of API keys: finished, taken back, and cut off at each step.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Child,
    time::{Duration, Instant},
};

use atlas_emulator::{Emulator, Fault, Faults, KeyState, Reset, SeedKey};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{ORG, OTHER_KEY, OTHER_PROJECT, PROJECT, Shell, UNKNOWN, service};

/// A key with something of everything.
const KEY: &str = "6a793f752c88faeba59bba77";
const JOURNAL: &str = "rotate-6a793f752c88faeba59bba77.jsonl";

const TO_FILE: [&str; 2] = ["--secret-file", "ci.key"];

async fn start() -> (Emulator, Shell) {
    let key = SeedKey::new("citestkey", "0f3b7c1d-hush").id(KEY);
    let key = key
        .desc("ci deploys")
        .org_roles(["ORG_READ_ONLY", "ORG_MEMBER"])
        .project_roles(PROJECT, ["GROUP_OWNER", "GROUP_READ_ONLY"])
        .project_roles(OTHER_PROJECT, ["GROUP_READ_ONLY"])
        .access_list(["203.0.113.0/24", "127.0.0.1"]);
    let builder = service().access_list(["127.0.0.0/8"]).key(key);
    let emulator = builder.start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    (emulator, shell.set("PATH", "/usr/bin:/bin"))
}

fn rotate<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["api-key", "rotate", "-o", "json"], more].concat()
}

fn earlier<'a>(how: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    rotate(&[&[how, JOURNAL], more].concat())
}

/// Returns what a key is called, what it may do, and from where.
pub(crate) fn access(key: &KeyState) -> impl PartialEq + std::fmt::Debug + use<> {
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort_unstable();
        names
    };
    let projects = key.project_roles.iter();
    let projects: Vec<_> = projects
        .map(|(id, roles)| (id.clone(), sorted(roles)))
        .collect();
    let (org, entries) = (sorted(&key.org_roles), sorted(&key.access_list));
    (key.desc.clone(), org, projects, entries)
}

/// Checks that one key took the place of the old one, that the file signs in with it, and that the
/// journal has no secret. Returns the key's id.
#[track_caller]
fn assert_rotated(emulator: &Emulator, shell: &Shell, before: &[KeyState]) -> String {
    let after = emulator.api_keys(ORG);
    assert_eq!(emulator.api_key(KEY), None);
    let is_new = |key: &&KeyState| before.iter().all(|old| old.id != key.id);
    let new: Vec<_> = after.iter().filter(is_new).collect();
    assert_eq!((new.len(), after.len()), (1, before.len()), "{after:#?}");
    let old = before.iter().find(|key| key.id == KEY).unwrap();
    assert_eq!(access(new[0]), access(old));
    assert_signs_in(emulator, shell, new[0]);
    new[0].id.clone()
}

#[track_caller]
fn assert_signs_in(emulator: &Emulator, shell: &Shell, key: &KeyState) {
    let file = shell.path("ci.key");
    let permissions = file.metadata().unwrap().permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let secret = shell.read("ci.key");
    assert_eq!(secret.trim().len(), 36);
    assert!(!shell.read(JOURNAL).contains(secret.trim()));
    let sign_in = ["--public-key", &key.public_key, "--private-key-file"];
    let get = ["api-key", "get", "--key", &key.id, "--org", ORG];
    let get = [&get[..], &sign_in, &[file.to_str().unwrap()]].concat();
    Shell::at(emulator.base_url()).run(&get).exits(0);
}

fn lines(shell: &Shell) -> Vec<Value> {
    let journal = shell.read(JOURNAL);
    let lines = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn events(shell: &Shell) -> Vec<String> {
    let lines = lines(shell).into_iter();
    lines
        .map(|line| line["event"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until the service keeps a request without a response, after those that it had `logged`
/// before. Returns false if the command ends.
pub(crate) async fn wait_until_stuck(
    emulator: &Emulator,
    logged: usize,
    child: &mut Child,
) -> bool {
    let is_stuck = || {
        let log = emulator.request_log();
        log[logged..]
            .iter()
            .any(|request| request.fault().is_some())
    };
    let started = Instant::now();
    while !is_stuck() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(started.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn rotates_on_every_service() {
    for name in ["atlas-v2", "atlas-v1", "ops-manager"] {
        let (emulator, shell) = start().await;
        let before = emulator.api_keys(ORG);
        let to = ["--service", name, "--base-url", emulator.base_url()];
        let arguments = [&to[..], &["--key", KEY], &TO_FILE].concat();
        let preview = shell.run(&rotate(&[&arguments[..], &["--dry-run"]].concat()));
        assert_eq!(preview.exits(0).json()["method"], "GET");
        assert_eq!((emulator.requests(), lines(&shell).len()), (0, 0));
        shell.run(&rotate(&arguments)).exits(0);
        assert_rotated(&emulator, &shell, &before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_key_goes_when_the_new_one_is_handed_over() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let report = shell
        .run(&rotate(&[&[KEY][..], &TO_FILE].concat()))
        .exits(0);
    let id = assert_rotated(&emulator, &shell, &before);
    let report = report.json();
    assert_eq!(report["outcome"], "rotated");
    assert_eq!(
        (&report["id"], &report["successor"]),
        (&KEY.into(), &id.into())
    );
    assert_eq!(
        events(&shell),
        [
            "rotation_started",
            "successor_created",
            "delivered",
            "finish_started",
            "rotation_ended"
        ]
    );
    // A finished rotation is no obstacle to the next one, and there is nothing to go on with.
    let again = shell.run(&earlier("--resume", &[])).exits(0).json();
    assert_eq!(again["outcome"], "rotated");
    let refused = shell.run(&earlier("--undo", &[])).exits(2);
    assert!(refused.err.contains("is finished"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_at_any_step_can_be_resumed_and_taken_back() {
    for after_update in [false, true] {
        let mut steps = 0;
        loop {
            let mut is_complete = false;
            for how in ["--resume", "--undo"] {
                let (emulator, shell) = start().await;
                let before = emulator.api_keys(ORG);
                let hang = Fault::hang().skip(steps);
                let hang = if after_update {
                    hang.after_update()
                } else {
                    hang
                };
                emulator.set_faults(Faults::new().with(hang));
                let mut child = shell.start(&rotate(&[&[KEY][..], &TO_FILE].concat()));
                if !wait_until_stuck(&emulator, 0, &mut child).await {
                    shell.wait(child).exits(0);
                    is_complete = true;
                    break;
                }
                child.kill().unwrap();
                assert_eq!(shell.wait(child).code, None);
                emulator.set_faults(Faults::new());
                let finishing = events(&shell).contains(&"finish_started".to_owned());
                if how == "--undo" {
                    let undone = shell.run(&earlier(how, &[]));
                    if finishing {
                        undone.exits(2);
                    } else {
                        assert_eq!(undone.exits(0).json()["outcome"], "undone");
                        assert_eq!(emulator.api_keys(ORG), before, "after {steps} calls");
                        assert!(!shell.path("ci.key").exists());
                    }
                } else {
                    let resumed = shell.run(&earlier(how, &TO_FILE)).exits(0);
                    assert_eq!(resumed.json()["outcome"], "rotated");
                    assert_rotated(&emulator, &shell, &before);
                }
            }
            if is_complete {
                break;
            }
            steps += 1;
        }
        // Two reads, the creation, two projects, two for the access list, the sign-in, three reads,
        // the description and the deletion.
        assert_eq!(steps, 13);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_again_and_again_is_finished_in_the_end() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let mut arguments = rotate(&[&[KEY][..], &TO_FILE].concat());
    let mut kills = 0;
    // Every later run gets one request further, once those that were stopped before are undone.
    loop {
        let hang = Fault::hang().skip(kills).after_update();
        emulator.set_faults(Faults::new().with(hang));
        let logged = emulator.request_log().len();
        let mut child = shell.start(&arguments);
        if !wait_until_stuck(&emulator, logged, &mut child).await {
            shell.wait(child).exits(0);
            break;
        }
        child.kill().unwrap();
        shell.wait(child);
        // As if it had been killed while it wrote a line.
        let journal = shell.read(JOURNAL) + r#"{"at":"2026-"#;
        shell.write(JOURNAL, &journal);
        arguments = earlier("--resume", &TO_FILE);
        kills += 1;
    }
    assert!(kills > 8, "{kills}");
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_is_killed_while_it_hands_over_the_key_hands_over_another() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let command = "sh -c 'touch started; exec sleep 5'";
    let stuck = ["--exec", command, "--grace", "1h"];
    let mut child = shell.start(&rotate(&[&[KEY][..], &TO_FILE, &stuck].concat()));
    while !shell.path("started").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let lost = shell.read("ci.key");
    assert_eq!(lost.trim().len(), 36);
    shell.run(&earlier("--finish", &[])).exits(2);
    assert_eq!(emulator.api_keys(ORG).len(), before.len() + 1);
    let resumed = shell.run(&earlier("--resume", &TO_FILE)).exits(0).json();
    assert_eq!(resumed["outcome"], "delivered");
    assert_eq!(emulator.api_keys(ORG).len(), before.len() + 1);
    shell.run(&earlier("--finish", &["--force"])).exits(0);
    assert_rotated(&emulator, &shell, &before);
    assert_ne!(shell.read("ci.key"), lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_get_the_new_key_and_a_failed_one_keeps_the_old() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let fails = [KEY, "--pipe", "sh -c 'cat > piped; exit 3' secret-argument"];
    let failed = shell.run(&rotate(&fails)).exits(1);
    assert!(
        failed.err.contains("did not take the private key"),
        "{failed:?}"
    );
    assert!(!failed.all().contains("secret-argument"));
    assert!(
        failed.err.contains(&format!("--undo {JOURNAL}")),
        "{failed:?}"
    );
    assert!(emulator.api_key(KEY).is_some());
    let lost = shell.read("piped");
    assert_eq!(lost.trim().len(), 36);

    // Whether it has read the private key or not.
    let deaf = shell.run(&earlier("--resume", &["--pipe", "sh -c 'exit 4'"]));
    assert!(deaf.exits(1).err.contains("exit status: 4"));

    let exec = "sh -c 'echo $MONGODB_ATLAS_PUBLIC_API_KEY $MONGODB_ATLAS_PRIVATE_API_KEY > env; \
                echo done'";
    let both = ["--pipe", "sh -c 'cat > piped'", "--exec", exec];
    let resumed = shell.run(&earlier("--resume", &both)).exits(0);
    assert!(resumed.err.contains("done"), "{resumed:?}");
    let (piped, env) = (shell.read("piped"), shell.read("env"));
    assert_ne!(piped, lost);
    let public = resumed.json()["publicKey"].as_str().unwrap().to_owned();
    assert_eq!(env, format!("{public} {piped}"));
    assert!(!shell.read(JOURNAL).contains(piped.trim()) && !resumed.all().contains(piped.trim()));
    fs::write(shell.path("ci.key"), piped).unwrap();
    fs::set_permissions(shell.path("ci.key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_key_is_kept_until_the_grace_is_over() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let graceful = [&[KEY, "--grace", "24h"][..], &TO_FILE].concat();
    let report = shell.run(&rotate(&graceful)).exits(0).json();
    assert_eq!(report["outcome"], "delivered");
    assert!(report["deleteAfter"].is_string());
    let id = report["successor"].as_str().unwrap();
    assert!(emulator.api_key(KEY).is_some());
    let marked = emulator.api_key(id).unwrap();
    assert!(
        marked
            .desc
            .starts_with(&format!("ci deploys [successor of {KEY}"))
    );
    assert_signs_in(&emulator, &shell, &marked);

    let early = shell.run(&earlier("--finish", &[])).exits(2);
    assert!(early.err.contains("--force"), "{early:?}");
    let resumed = shell.run(&earlier("--resume", &[])).exits(0).json();
    assert_eq!(resumed["outcome"], "delivered");
    let another = shell
        .run(&rotate(&[KEY, "--secret-file", "2.key"]))
        .exits(2);
    assert!(another.err.contains("not finished"), "{another:?}");
    assert!(emulator.api_key(KEY).is_some());
    let forced = shell
        .run(&earlier("--finish", &["--force"]))
        .exits(0)
        .json();
    assert_eq!(forced["outcome"], "rotated");
    assert_eq!(assert_rotated(&emulator, &shell, &before), id);

    // Over at once.
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let graceful = [&[KEY, "--grace", "1s"][..], &TO_FILE].concat();
    shell.run(&rotate(&graceful)).exits(0);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    shell.run(&earlier("--finish", &[])).exits(0);
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_may_name_the_key_once() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let graceful = [&[KEY, "--grace", "1h"][..], &TO_FILE].concat();
    shell.run(&rotate(&graceful)).exits(0);
    // As the first versions wrote it.
    let mut journal = String::new();
    for (number, mut line) in lines(&shell).into_iter().enumerate() {
        if number > 0 {
            line.as_object_mut().unwrap().remove("key").unwrap();
        }
        journal.push_str(&format!("{line}\n"));
    }
    shell.write(JOURNAL, &journal);
    shell.run(&earlier("--finish", &["--force"])).exits(0);
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_that_a_crash_has_damaged_are_skipped() {
    for first in [r#"{"a"#, r#"{"at":"2026-"#] {
        let (emulator, shell) = start().await;
        let before = emulator.api_keys(ORG);
        shell.write(JOURNAL, first);
        let graceful = [&[KEY, "--grace", "1h"][..], &TO_FILE].concat();
        shell.run(&rotate(&graceful)).exits(0);
        // Some file systems leave zeros where data was to come.
        let journal = shell.read(JOURNAL) + "\0\0\0";
        shell.write(JOURNAL, &journal);
        shell.run(&earlier("--finish", &["--force"])).exits(0);
        assert_rotated(&emulator, &shell, &before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_is_about_the_rotation_that_was_started_last() {
    let (emulator, shell) = start().await;
    let to_journal = ["--exec", "true", "--journal", "keys.jsonl"];
    shell
        .run(&rotate(&[&[KEY][..], &to_journal].concat()))
        .exits(0);
    let graceful = [&[OTHER_KEY, "--grace", "1h"][..], &to_journal].concat();
    shell.run(&rotate(&graceful)).exits(0);
    let finish = rotate(&["--finish", "keys.jsonl", "--force"]);
    let report = shell.run(&finish).exits(0).json();
    assert_eq!(report["id"], OTHER_KEY);
    assert_eq!(emulator.api_key(OTHER_KEY), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_if_the_other_key_has_gone() {
    let (emulator, shell) = start().await;
    let graceful = [&[KEY, "--grace", "1h"][..], &TO_FILE].concat();
    let report = shell.run(&rotate(&graceful)).exits(0).json();
    let successor = report["successor"].as_str().unwrap();
    let delete = ["api-key", "delete", "--yes", "--key", KEY];
    shell.run(&delete).exits(0);
    shell.run(&earlier("--undo", &[])).exits(1);
    assert!(emulator.api_key(successor).is_some());

    let (emulator, shell) = start().await;
    let report = shell.run(&rotate(&graceful)).exits(0).json();
    let successor = report["successor"].as_str().unwrap();
    let delete = ["api-key", "delete", "--yes", "--key", successor];
    shell.run(&delete).exits(0);
    shell.run(&earlier("--finish", &["--force"])).exits(1);
    assert!(emulator.api_key(KEY).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_signs_in_can_be_rotated() {
    let (emulator, shell) = start().await;
    let caller = emulator.calling_api_key_id().to_owned();
    let report = shell
        .run(&rotate(&[&[&*caller][..], &TO_FILE].concat()))
        .exits(0);
    assert_eq!(emulator.api_key(&caller), None);
    let id = report.json()["successor"].as_str().unwrap().to_owned();
    assert_signs_in(&emulator, &shell, &emulator.api_key(&id).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_say_what_is_left_and_how_to_go_on() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    // Nothing was created.
    let missing = rotate(&[&[UNKNOWN][..], &TO_FILE].concat());
    shell.run(&missing).exits(1);
    assert!(!shell.path("ci.key").exists());
    // A key may have been created.
    let lost = Fault::reset(Reset::After).skip(2).times(1);
    emulator.set_faults(Faults::new().with(lost));
    let start = rotate(&[&[KEY][..], &TO_FILE].concat());
    let failed = shell.run(&start).exits(1);
    assert!(
        failed.err.contains(&format!("--resume {JOURNAL}")),
        "{failed:?}"
    );
    assert_eq!(emulator.api_keys(ORG).len(), before.len() + 1);
    shell.run(&start).exits(2);
    shell.run(&earlier("--undo", &[])).exits(0);
    assert_eq!(emulator.api_keys(ORG), before);
    shell.run(&earlier("--undo", &[])).exits(0);
    shell.run(&earlier("--resume", &TO_FILE)).exits(2);
    // A key was created with other values.
    emulator.set_faults(Faults::new().with(Fault::old_desc().times(1)));
    shell.run(&start).exits(1);
    shell.run(&earlier("--resume", &TO_FILE)).exits(0);
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_rotation_with_a_hint() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    emulator.set_faults(Faults::new().with(Fault::hang().skip(2).after_update()));
    let mut child = shell.start(&rotate(&[&[KEY][..], &TO_FILE].concat()));
    assert!(wait_until_stuck(&emulator, 0, &mut child).await);
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), Signal::INT).unwrap();
    let ended = shell.wait(child).exits(130);
    assert!(
        ended.err.contains(&format!("--undo {JOURNAL}")),
        "{ended:?}"
    );
    emulator.set_faults(Faults::new());
    assert_eq!(emulator.api_keys(ORG).len(), before.len() + 1);
    let nowhere = shell.run(&earlier("--resume", &[])).exits(2);
    assert!(nowhere.err.contains("--secret-file, --pipe"), "{nowhere:?}");
    shell.run(&earlier("--resume", &TO_FILE)).exits(0);
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_of_something_else_is_left_alone() {
    let (emulator, shell) = start().await;
    let line = |event: &str, base_url: &str, more: Value| {
        let mut line = json!({
            "at": "2026-01-01T00:00:00.000Z",
            "event": event,
            "service": "atlas-v2",
            "baseUrl": base_url,
            "org": ORG,
            "graceSeconds": 0,
        });
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        format!("{line}\n")
    };
    let attempt = json!({"key": KEY, "marker": "m"});
    let elsewhere = line("rotation_started", "https://elsewhere.example", attempt);
    let set = line("set_started", emulator.base_url(), json!({"keys": [KEY]}));
    let resume = ["--resume", "other.jsonl", "--exec", "true"];
    let begin = [KEY, "--journal", "other.jsonl", "--exec", "true"];
    for (journal, arguments, why) in [
        ("", &resume[..], "other.jsonl has no rotation"),
        (
            &*elsewhere,
            &resume,
            "atlas-v2 at https://elsewhere.example, not",
        ),
        (&*set, &begin, "is the journal of rotate --all"),
    ] {
        shell.write("other.jsonl", journal);
        let ended = shell.run(&rotate(arguments)).exits(2);
        assert!(ended.err.contains(why), "{ended:?}");
        assert_eq!(shell.read("other.jsonl"), journal);
    }
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_rotations_are_refused_before_anything_is_sent() {
    let (emulator, shell) = start().await;
    shell.write("other.jsonl", "{}\n");
    shell.write("ci.key", "something else");
    for arguments in [
        &[KEY][..],
        &[],
        &[KEY, "--secret-file", "ci.key"],
        &[KEY, "--exec", "'"],
        &[KEY, "--exec", "true", "--grace", "soon"],
        &[KEY, "--exec", "true", "--grace", "4000d"],
        &[KEY, "--exec", "true", "--grace", "1500ms"],
        &["--resume", "other.jsonl", "--exec", "true", "--grace", "1d"],
        &[KEY, "--exec", "true", "--journal", "other.jsonl"],
        &[KEY, "--exec", "true", "--force"],
        &["--finish", "missing.jsonl"],
        &["--undo", "other.jsonl"],
        &["--undo", "other.jsonl", "--exec", "true"],
        &["--resume", "other.jsonl", "--dry-run"],
    ] {
        let ended = shell.run(&rotate(arguments)).exits(2);
        assert!(ended.err.contains("error"), "{ended:?}");
    }
    assert_eq!(emulator.requests(), 0);
    assert!(!shell.path(JOURNAL).exists());
    assert_eq!(shell.read("ci.key"), "something else");
    assert_eq!(shell.read("other.jsonl"), "{}\n");
}
