//! Rotations of many API keys: which keys, in which order, and sets that fail or are cut off.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, time::Duration};

use atlas_emulator::{Emulator, Fault, Faults, KeyState, SeedKey};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{
    rotate::{access, wait_until_stuck},
    support::{Ended, KEY, ORG, OTHER_KEY, PROJECT, Shell, service},
    terminal,
};

/// The keys to rotate, from 2024, the oldest first.
const OLD: [&str; 3] = [
    "65920080aaaaaaaaaaaaaa01",
    "65920080aaaaaaaaaaaaaa02",
    "65920080aaaaaaaaaaaaaa03",
];

const JOURNAL: &str = "rotate-32b6e34b3d91647abb20e7b8.jsonl";

/// The requests for one key: two reads, the creation, the project, two for the access list, the
/// sign-in, three reads, the description and the deletion.
const REQUESTS: u64 = 12;

async fn start() -> (Emulator, Shell) {
    let mut builder = service().access_list(["127.0.0.0/8"]);
    for (number, id) in OLD.iter().enumerate() {
        let key = SeedKey::new(format!("citest{number}"), "0f3b7c1d-hush").id(*id);
        let key = key.desc(format!("ci-{number}")).org_roles(["ORG_MEMBER"]);
        let key = key.project_roles(PROJECT, ["GROUP_READ_ONLY"]);
        builder = builder.key(key.access_list(["203.0.113.0/24", "127.0.0.1"]));
    }
    // Younger than all others, by its id.
    let young = "f0000000aaaaaaaaaaaaaaaa";
    let young = SeedKey::new("young", "0f3b7c1d-hush").id(young);
    let builder = builder.key(young.desc("ci-young").org_roles(["ORG_MEMBER"]));
    let emulator = builder.start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    (emulator, shell.set("PATH", "/usr/bin:/bin"))
}

fn rotate<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["api-key", "rotate", "-o", "json"], more].concat()
}

/// Returns the arguments that rotate the [`OLD`] keys.
fn all_old<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let conditions = ["--all", "--desc-glob", "ci-*", "--older-than", "90d"];
    rotate(&[&conditions[..], &["--yes"], more].concat())
}

const TO_DIR: [&str; 2] = ["--secret-dir", "secrets"];

/// Returns what all keys may do, without their ids.
fn everything(emulator: &Emulator) -> Vec<String> {
    let keys = emulator.api_keys(ORG);
    let mut all: Vec<_> = keys
        .iter()
        .map(|key| format!("{:?}", access(key)))
        .collect();
    all.sort_unstable();
    all
}

fn ids(emulator: &Emulator) -> BTreeSet<String> {
    let keys = emulator.api_keys(ORG);
    keys.into_iter().map(|key| key.id).collect()
}

/// Returns the [`OLD`] keys that exist.
fn old_keys(emulator: &Emulator) -> Vec<KeyState> {
    OLD.iter().filter_map(|id| emulator.api_key(id)).collect()
}

/// Returns the outcomes of a report, in the order of the keys.
fn outcomes(report: &Value) -> Vec<&str> {
    let keys = report["keys"].as_array().unwrap().iter();
    keys.map(|key| key["outcome"].as_str().unwrap()).collect()
}

/// Checks that nothing but the ids changed, that the files sign in with the new keys, and that
/// the journal has no secret.
#[track_caller]
fn assert_rotated(emulator: &Emulator, shell: &Shell, before: &[String]) {
    assert_eq!(old_keys(emulator), []);
    assert_eq!(everything(emulator), before);
    let report = shell.run(&rotate(&["--resume", JOURNAL])).exits(0).json();
    assert_eq!(outcomes(&report), ["rotated"; 3]);
    let mode = |path: &str| shell.path(path).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("secrets"), 0o700);
    for (id, key) in OLD.iter().zip(report["keys"].as_array().unwrap()) {
        assert_eq!(key["id"], *id);
        let file = format!("secrets/{id}.key");
        assert_eq!(mode(&file), 0o600);
        let secret = shell.read(&file);
        assert_eq!(secret.trim().len(), 36);
        assert!(!shell.read(JOURNAL).contains(secret.trim()));
        let path = shell.path(&file);
        let sign_in = ["--public-key", key["publicKey"].as_str().unwrap()];
        let sign_in = [
            &sign_in[..],
            &["--private-key-file", path.to_str().unwrap()],
        ]
        .concat();
        let get = [
            "api-key",
            "get",
            "--key",
            key["successor"].as_str().unwrap(),
        ];
        let get = [&get[..], &["--org", ORG], &sign_in].concat();
        Shell::at(emulator.base_url()).run(&get).exits(0);
    }
}

/// Runs `arguments` until the service has responded to this many calls and keeps the next one.
async fn stuck(
    emulator: &Emulator,
    shell: &Shell,
    arguments: &[&str],
    calls: u64,
) -> Option<Stuck> {
    let logged = emulator.request_log().len();
    emulator.set_faults(Faults::new().with(Fault::hang().skip(calls).after_update()));
    let mut child = shell.start(arguments);
    let is_stuck = wait_until_stuck(emulator, logged, &mut child).await;
    is_stuck.then_some(Stuck(child))
}

struct Stuck(std::process::Child);

impl Stuck {
    fn kill(mut self, emulator: &Emulator, shell: &Shell) {
        self.0.kill().unwrap();
        assert_eq!(shell.wait(self.0).code, None);
        emulator.set_faults(Faults::new());
    }

    fn interrupt(self, emulator: &Emulator, shell: &Shell) -> Ended {
        let pid = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.unwrap(), Signal::INT).unwrap();
        let ended = shell.wait(self.0);
        emulator.set_faults(Faults::new());
        ended
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotates_the_keys_that_the_list_shows() {
    for name in ["atlas-v2", "atlas-v1", "ops-manager"] {
        let (emulator, shell) = start().await;
        let shell = shell.set("MONGODB_ATLAS_SERVICE", name);
        let before = everything(&emulator);
        let old = ids(&emulator);
        let conditions = ["--desc-glob", "ci-*", "--older-than", "90d"];
        let list = [&["api-key", "list", "-o", "json"], &conditions[..]].concat();
        let listed = shell.run(&list).exits(0).json();
        let shown = listed.as_array().unwrap().iter().map(|key| &key["id"]);
        assert_eq!(shown.collect::<Vec<_>>(), OLD);

        let preview = shell.run(&all_old(&["--dry-run"])).exits(0);
        assert_eq!(preview.json(), listed);
        assert!(preview.err.contains("would rotate 3 keys"), "{preview:?}");
        let log = emulator.request_log();
        assert!(log.iter().all(|request| request.method() == "GET"));
        assert!(!shell.path(JOURNAL).exists());

        let report = shell.run(&all_old(&TO_DIR)).exits(0).json();
        assert_eq!(report["rotated"], 3);
        assert_rotated(&emulator, &shell, &before);
        let new = ids(&emulator);
        assert_eq!(old.difference(&new).collect::<Vec<_>>(), OLD);

        // Nothing is left that is old enough.
        let again = shell.run(&all_old(&TO_DIR)).exits(0);
        assert!(
            again.err.contains("no API key is to be rotated"),
            "{again:?}"
        );
        assert_eq!(outcomes(&again.json()), [""; 0]);
        assert_eq!(ids(&emulator), new);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_that_signs_in_goes_last() {
    let (emulator, shell) = start().await;
    let before = everything(&emulator);
    let old = ids(&emulator);
    let caller = emulator.calling_api_key_id().to_owned();
    let all = ["--all", "--yes", "--exec", "true"];
    let report = shell.run(&rotate(&all)).exits(0).json();
    assert_eq!(report["rotated"], old.len());
    let last = report["keys"].as_array().unwrap().last().unwrap();
    assert_eq!(last["id"], caller);
    assert_eq!(everything(&emulator), before);
    assert!(ids(&emulator).is_disjoint(&old));
    let log = emulator.request_log();
    let mut deletions = log.iter().filter(|request| request.method() == "DELETE");
    let last = deletions.next_back().unwrap().target().to_owned();
    assert!(last.contains(&caller), "{last}");

    // After a grace, too.
    let (emulator, shell) = start().await;
    let before = everything(&emulator);
    let report = shell
        .run(&rotate(&[&all[..], &["--grace", "1h"]].concat()))
        .exits(0)
        .json();
    assert_eq!(report["delivered"], old.len());
    let finish = ["--finish", JOURNAL, "--force"];
    let report = shell.run(&rotate(&finish)).exits(0).json();
    assert_eq!(report["rotated"], old.len());
    assert_eq!(everything(&emulator), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_killed_anywhere_can_be_resumed_and_taken_back() {
    // While it lists the keys, in the first rotation, in the second one, and in the last request.
    let second = 1 + REQUESTS;
    let last = REQUESTS * 3;
    for calls in [
        0,
        2,
        3,
        REQUESTS - 1,
        REQUESTS,
        second,
        second + 2,
        second + 6,
        second + 9,
        second + 11,
        last,
    ] {
        for how in ["--resume", "--undo"] {
            let (emulator, shell) = start().await;
            let before = everything(&emulator);
            let arguments = all_old(&TO_DIR);
            let child = stuck(&emulator, &shell, &arguments, calls).await;
            child.unwrap().kill(&emulator, &shell);
            let done = 3 - old_keys(&emulator).len();
            if calls == 0 {
                // Nothing was started.
                shell.run(&arguments).exits(0);
            } else if how == "--resume" {
                let resume = rotate(&[&["--resume", JOURNAL][..], &TO_DIR].concat());
                let report = shell.run(&resume).exits(0).json();
                assert_eq!(outcomes(&report), ["rotated"; 3], "after {calls} calls");
            } else {
                let finishing = shell.read(JOURNAL).matches("finish_started").count();
                let undone = shell.run(&rotate(&["--undo", JOURNAL]));
                assert!(finishing == done || finishing == done + 1);
                let code = undone.code.unwrap();
                assert_eq!(code == 0, finishing == 0, "after {calls} calls: {undone:?}");
                assert_eq!(3 - old_keys(&emulator).len(), done);
                let marked = everything(&emulator);
                let marked = marked.iter().filter(|key| key.contains("[successor of"));
                if finishing == done {
                    assert_eq!(everything(&emulator), before, "after {calls} calls");
                } else {
                    // Both keys work, until the rotation is finished.
                    assert!(marked.count() <= 1);
                }
                continue;
            }
            assert_rotated(&emulator, &shell, &before);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_killed_again_and_again_is_finished_in_the_end() {
    let (emulator, shell) = start().await;
    let before = everything(&emulator);
    let mut arguments = all_old(&TO_DIR);
    let mut kills = 0;
    // Every later run gets a few requests further.
    while let Some(child) = stuck(&emulator, &shell, &arguments, 1 + kills * 3).await {
        child.kill(&emulator, &shell);
        // As if it had been killed while it wrote a line.
        let journal = shell.read(JOURNAL) + r#"{"at":"2026-"#;
        shell.write(JOURNAL, &journal);
        arguments = rotate(&[&["--resume", JOURNAL][..], &TO_DIR].concat());
        kills += 1;
    }
    assert!(kills > 4, "{kills}");
    // The last run was not stuck, and may still be at work.
    emulator.set_faults(Faults::new());
    shell.run(&arguments).exits(0);
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_set_with_a_summary() {
    let (emulator, shell) = start().await;
    let before = everything(&emulator);
    let child = stuck(&emulator, &shell, &all_old(&TO_DIR), 0).await;
    let ended = child.unwrap().interrupt(&emulator, &shell).exits(130);
    assert!(ended.err.contains("nothing was changed"), "{ended:?}");
    let child = stuck(&emulator, &shell, &all_old(&TO_DIR), 1 + REQUESTS + 3).await;
    let ended = child.unwrap().interrupt(&emulator, &shell).exits(130);
    let report = ended.json();
    assert_eq!(outcomes(&report), ["rotated", "unfinished", "not_started"]);
    assert!(
        ended.err.contains(&format!("--resume {JOURNAL}")),
        "{ended:?}"
    );
    // The journal must not be forgotten, nor its keys rotated by another.
    let another = shell.run(&all_old(&TO_DIR)).exits(2);
    assert!(another.err.contains("not finished"), "{another:?}");
    let other = all_old(&["--journal", "other.jsonl", "--secret-dir", "others"]);
    let other = shell.run(&other).exits(0);
    assert!(other.err.contains("1 key left out"), "{other:?}");
    assert_eq!(outcomes(&other.json()), ["rotated"]);
    // The third key has gone meanwhile.
    let resume = rotate(&[&["--resume", JOURNAL][..], &TO_DIR].concat());
    let resumed = shell.run(&resume).exits(1).json();
    assert_eq!(outcomes(&resumed), ["rotated", "rotated", "failed"]);
    assert_eq!(everything(&emulator), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_ends_the_set_unless_it_is_to_keep_going() {
    let fails = format!("sh -c 'test $ATLAS_ADMIN_OLD_KEY_ID != {}'", OLD[1]);
    let fails = [&TO_DIR[..], &["--exec", &fails]].concat();
    for (keep_going, expected) in [
        (&[][..], ["rotated", "unfinished", "not_started"]),
        (&["--keep-going"], ["rotated", "unfinished", "rotated"]),
    ] {
        let (emulator, shell) = start().await;
        let before = everything(&emulator);
        let arguments = all_old(&[&fails[..], keep_going].concat());
        let failed = shell.run(&arguments).exits(1);
        let report = failed.json();
        assert_eq!(outcomes(&report), expected);
        let message = report["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("did not take the private key"),
            "{message}"
        );
        assert_eq!(report["keys"][1]["error"], report["error"]);
        let line = format!("failed: API key {}: ", OLD[1]);
        assert!(failed.err.contains(&line), "{failed:?}");
        assert!(
            failed.err.contains(&format!("--resume {JOURNAL}")),
            "{failed:?}"
        );
        assert!(emulator.api_key(OLD[1]).is_some());
        let resume = rotate(&[&["--resume", JOURNAL][..], &TO_DIR].concat());
        shell.run(&resume).exits(0);
        assert_rotated(&emulator, &shell, &before);
    }
    // A call that fails before anything is created, and a later run that has more luck.
    let (emulator, shell) = start().await;
    let before = everything(&emulator);
    let error = Fault::broken_json().skip(1 + REQUESTS).times(1);
    emulator.set_faults(Faults::new().with(error));
    let keep_going = all_old(&[&TO_DIR[..], &["--keep-going"]].concat());
    let report = shell.run(&keep_going).exits(1).json();
    assert_eq!(outcomes(&report), ["rotated", "failed", "rotated"]);
    assert!(!shell.path(&format!("secrets/{}.key", OLD[1])).exists());
    let resume = rotate(&[&["--resume", JOURNAL][..], &TO_DIR].concat());
    shell.run(&resume).exits(0);
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_credentials_end_the_set_even_if_it_is_to_keep_going() {
    let (emulator, shell) = start().await;
    let exec = "sh -c 'touch started; until test -e go; do sleep 0.01; done'";
    let child = shell.start(&all_old(&["--exec", exec, "--keep-going"]));
    while !shell.path("started").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let owner = ["api-key", "update", "--key", KEY, "--role", "ORG_OWNER"];
    shell.run(&owner).exits(0);
    let caller = emulator.calling_api_key_id();
    let delete = ["api-key", "delete", "--yes", "--key", caller];
    shell.run(&delete).exits(0);
    shell.write("go", "");
    let report = shell.wait(child).exits(3).json();
    let expected = ["unfinished", "not_started", "not_started"];
    assert_eq!(outcomes(&report), expected);
    assert_eq!(old_keys(&emulator).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_set_even_if_it_is_to_keep_going() {
    let (emulator, shell) = start().await;
    let before = everything(&emulator);
    // There is room for the first rotation, and not for the second one.
    let arguments = all_old(&[&TO_DIR[..], &["--keep-going"]].concat());
    let child = shell.start_with_file_limit(3, &arguments);
    let ended = shell.wait(child).exits(1);
    let report = ended.json();
    let outcomes = outcomes(&report);
    assert_eq!((outcomes[0], outcomes[2]), ("rotated", "not_started"));
    assert_eq!(ended.err.matches("failed: ").count(), 1, "{ended:?}");
    let resume = rotate(&[&["--resume", JOURNAL][..], &TO_DIR].concat());
    shell.run(&resume).exits(0);
    assert_rotated(&emulator, &shell, &before);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_keys_are_kept_until_their_grace_is_over() {
    let (emulator, shell) = start().await;
    let before = everything(&emulator);
    let graceful = all_old(&[&TO_DIR[..], &["--grace", "1h"]].concat());
    let ended = shell.run(&graceful).exits(0);
    assert_eq!(outcomes(&ended.json()), ["delivered"; 3]);
    assert!(
        ended.err.contains(&format!("--finish {JOURNAL}")),
        "{ended:?}"
    );
    assert_eq!(old_keys(&emulator).len(), 3);
    let early = shell.run(&rotate(&["--finish", JOURNAL])).exits(2);
    assert!(early.err.contains("--force"), "{early:?}");
    let resumed = shell.run(&rotate(&["--resume", JOURNAL])).exits(0);
    assert_eq!(outcomes(&resumed.json()), ["delivered"; 3]);
    // Neither the old keys nor their successors are rotated by another set.
    let all = ["--all", "--desc-glob", "ci-*", "--dry-run"];
    let others = shell.run(&rotate(&all)).exits(0);
    assert!(others.err.contains("6 keys left out"), "{others:?}");
    assert_eq!(others.json().as_array().unwrap().len(), 1);

    let undone = shell.run(&rotate(&["--undo", JOURNAL])).exits(0).json();
    assert_eq!(outcomes(&undone), ["undone"; 3]);
    assert_eq!(everything(&emulator), before);
    assert_eq!(old_keys(&emulator).len(), 3);
    assert!(!shell.path(&format!("secrets/{}.key", OLD[0])).exists());
    let resumed = shell.run(&rotate(&["--resume", JOURNAL])).exits(2);
    assert!(resumed.err.contains("was taken back"), "{resumed:?}");

    // The same journal takes another set.
    shell.run(&graceful).exits(0);
    let finish = ["--finish", JOURNAL, "--force"];
    let finished = shell.run(&rotate(&finish)).exits(0).json();
    assert_eq!(outcomes(&finished), ["rotated"; 3]);
    assert_rotated(&emulator, &shell, &before);
    let undone = shell.run(&rotate(&["--undo", JOURNAL])).exits(2);
    assert!(undone.err.contains("is finished"), "{undone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_back_can_be_finished() {
    let (emulator, shell) = start().await;
    let graceful = all_old(&[&TO_DIR[..], &["--grace", "1h"]].concat());
    shell.run(&graceful).exits(0);
    let finish = rotate(&["--finish", JOURNAL, "--force"]);
    // The last request for the first key.
    let child = stuck(&emulator, &shell, &finish, 4).await;
    child.unwrap().kill(&emulator, &shell);
    assert_eq!(old_keys(&emulator).len(), 2);
    let undone = shell.run(&rotate(&["--undo", JOURNAL])).exits(1);
    assert_eq!(outcomes(&undone.json()), ["unfinished", "undone", "undone"]);
    let advice = format!("--finish {JOURNAL}");
    assert!(undone.err.contains(&advice), "{undone:?}");
    let resumed = shell.run(&rotate(&["--resume", JOURNAL])).exits(2);
    assert!(resumed.err.contains("use --finish"), "{resumed:?}");
    let finished = shell.run(&rotate(&["--finish", JOURNAL])).exits(0);
    assert_eq!(outcomes(&finished.json()), ["rotated", "undone", "undone"]);
    assert_eq!(old_keys(&emulator).len(), 2);
    let keys = emulator.api_keys(ORG);
    assert!(keys.iter().all(|key| !key.desc.contains("successor")));
    let undone = shell.run(&rotate(&["--undo", JOURNAL])).exits(2);
    assert!(undone.err.contains("is finished"), "{undone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_told_which_key_they_get() {
    let (emulator, shell) = start().await;
    let pipe = "sh -c 'cat > $ATLAS_ADMIN_OLD_KEY_ID-$MONGODB_ATLAS_PUBLIC_API_KEY'";
    let report = shell.run(&all_old(&["--pipe", pipe])).exits(0).json();
    for (id, key) in OLD.iter().zip(report["keys"].as_array().unwrap()) {
        let secret = shell.read(&format!("{id}-{}", key["publicKey"].as_str().unwrap()));
        assert_eq!(secret.trim().len(), 36);
    }
    assert_eq!(old_keys(&emulator), []);
    // A folder serves single keys, too.
    let one = rotate(&[&[OTHER_KEY][..], &TO_DIR].concat());
    let report = shell.run(&one).exits(0).json();
    let file = report["secretFile"].as_str().unwrap();
    assert!(
        file.ends_with(&format!("secrets/{OTHER_KEY}.key")),
        "{file}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_has_a_line_for_each_key() {
    let (_emulator, shell) = start().await;
    let fails = format!("sh -c 'test $ATLAS_ADMIN_OLD_KEY_ID != {}'", OLD[1]);
    let grace = all_old(&["--grace", "1h", "--exec", &fails]);
    let is_format = |word: &&str| ["-o", "json"].contains(word);
    let arguments: Vec<_> = grace.into_iter().filter(|word| !is_format(word)).collect();
    let ended = shell.run(&arguments).exits(1);
    let lines: Vec<_> = ended.out.lines().collect();
    assert_eq!(lines.len(), 4, "{ended:?}");
    assert!(lines[0].starts_with("API KEY"), "{ended:?}");
    assert!(
        lines[1].starts_with(&format!("{}  delivered", OLD[0])),
        "{ended:?}"
    );
    assert!(
        lines[2].starts_with(&format!("{}  unfinished", OLD[1])),
        "{ended:?}"
    );
    assert!(
        lines[3].starts_with(&format!("{}  not started", OLD[2])),
        "{ended:?}"
    );
    let totals = "3 keys: 1 delivered, 1 unfinished, 1 not started";
    assert!(ended.err.contains(totals), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_the_keys_and_asks() {
    let (emulator, shell) = start().await;
    let before = emulator.api_keys(ORG);
    let arguments = ["api-key", "rotate", "--all", "--secret-dir", "secrets"];
    let (text, code) = terminal::run(&shell, 200, &arguments, "n\n");
    assert_eq!(code, Some(1), "{text}");
    for key in &before {
        assert!(text.contains(&key.id), "{text}");
    }
    assert!(
        text.contains("The last one is the key that signs in."),
        "{text}"
    );
    let question = "Rotate 7 API keys, and delete the old ones at once? [y/N]";
    assert!(text.contains(question), "{text}");
    assert_eq!(emulator.api_keys(ORG), before);
    assert!(!shell.path(JOURNAL).exists() && !shell.path("secrets").exists());

    let grace = ["--desc-glob", "ci-?", "--grace", "7d"];
    let (text, code) = terminal::run(&shell, 200, &[&arguments[..], &grace].concat(), "y\n");
    assert_eq!(code, Some(0), "{text}");
    let question = "Rotate 3 API keys, and keep the old ones for 7days? [y/N]";
    assert!(text.contains(question), "{text}");
    assert!(!text.contains("signs in"), "{text}");
    assert_eq!(emulator.api_keys(ORG).len(), before.len() + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_sets_are_refused_before_anything_is_sent() {
    let (emulator, shell) = start().await;
    for arguments in [
        &["--all"][..],
        &["--all", "--yes"],
        &["--all", "--exec", "true"],
        &["--all", "--yes", "--secret-file", "ci.key"],
        &["--all", "--yes", "--exec", "true", KEY],
        &["--all", "--yes", "--exec", "true", "--key", KEY],
        &["--all", "--yes", "--exec", "true", "--force"],
        &["--all", "--yes", "--exec", "true", "--role", "ORG_OWNERR"],
        &["--all", "--yes", "--exec", "true", "--desc-glob", "a**b"],
        &[
            "--all",
            "--yes",
            "--exec",
            "true",
            "--secret-dir",
            "a",
            "--secret-file",
            "b",
        ],
        &[KEY, "--exec", "true", "--yes"],
        &[KEY, "--exec", "true", "--keep-going"],
        &[KEY, "--exec", "true", "--older-than", "1d"],
        &[KEY, "--exec", "true", "--desc-glob", "*"],
        &["--resume", "x", "--role", "ORG_OWNER"],
        &["--undo", "x", "--secret-dir", "a"],
    ] {
        let ended = shell.run(&rotate(arguments)).exits(2);
        assert!(ended.err.contains("error"), "{ended:?}");
    }
    assert_eq!(emulator.requests(), 0);
    assert!(!shell.path(JOURNAL).exists());
}
