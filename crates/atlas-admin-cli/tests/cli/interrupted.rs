//! Interrupted and resumed runs.

use std::{
    collections::HashSet,
    process::Child,
    time::{Duration, Instant},
};

use atlas_emulator::{Emulator, Fault, Faults, Reset};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    FULL_DISK, KEY, ORG, OTHER_KEY, PROJECT, RESUME_AS_JSON, Relay, Shell, service, updates,
    wait_for_lines, wait_for_requests,
};

const KEYS: u32 = 60;

/// Starts a service that is slow enough to interrupt a run.
async fn slow_service() -> Emulator {
    let latency = Duration::from_millis(30);
    service()
        .keys_per_org(KEYS + 1)
        .latency(latency)
        .start()
        .await
        .unwrap()
}

/// Writes a manifest with two updates for each key that is not an owner.
fn write_manifest(shell: &Shell, emulator: &Emulator) {
    let mut text = format!("org: {ORG}\nkeys:\n");
    for (number, key) in emulator
        .synthetic_keys()
        .filter(|key| !key.is_owner())
        .enumerate()
    {
        let id = key.api_key_id();
        text.push_str(&format!(
            "  - id: {id}\n    desc: number {number}\n    projects: {{{PROJECT}: [GROUP_OWNER]}}\n"
        ));
    }
    shell.write("keys.yaml", &text);
}

#[track_caller]
fn assert_end_state(emulator: &Emulator) {
    for (number, key) in emulator
        .synthetic_keys()
        .filter(|key| !key.is_owner())
        .enumerate()
    {
        let state = emulator.api_key(&key.api_key_id()).unwrap();
        assert_eq!(state.desc, format!("number {number}"));
        assert_eq!(state.project_roles[PROJECT], ["GROUP_OWNER"]);
    }
}

/// Returns the paths of the updates that the journal records as applied.
fn journaled(shell: &Shell) -> HashSet<String> {
    let journal = shell.read("journal");
    let lines = journal
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["outcome"] == "applied")
        .map(|line| {
            let key = line["key"].as_str().unwrap();
            let place = match line["org"].as_str() {
                Some(org) => format!("orgs/{org}"),
                None => format!("groups/{}", line["project"].as_str().unwrap()),
            };
            format!("/api/atlas/v2/{place}/apiKeys/{key}")
        })
        .collect()
}

/// Resumes, and checks that the state matches the manifest and that no update recorded as
/// applied was sent again.
fn resume(shell: &Shell, emulator: &Emulator) {
    let done = journaled(shell);
    let settled = done.len() + unchanged_count(shell);
    let before = updates(emulator).len();
    let summary = shell.run(&RESUME_AS_JSON).exits(0).json();
    assert_eq!(summary["previouslyApplied"], settled);
    assert_end_state(emulator);
    for path in &updates(emulator)[before..] {
        assert!(!done.contains(path), "{path} was sent again");
    }
    assert_eq!(
        journaled(shell).len(),
        2 * KEYS as usize - unchanged_count(shell)
    );
}

/// Returns the number of updates that a later run found unchanged, because they had been
/// applied without a record.
fn unchanged_count(shell: &Shell) -> usize {
    shell
        .read("journal")
        .matches(r#""outcome":"unchanged""#)
        .count()
}

const RUN: [&str; 8] = [
    "apply",
    "keys.yaml",
    "--yes",
    "--journal",
    "journal",
    "--concurrency",
    "4",
    "--quiet",
];

const RESUME: [&str; 8] = [
    "apply",
    "keys.yaml",
    "--yes",
    "--resume",
    "journal",
    "--concurrency",
    "4",
    "--quiet",
];

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_finishes_updates_in_flight() {
    for name in [Signal::INT, Signal::TERM, Signal::HUP] {
        let emulator = slow_service().await;
        let shell = Shell::new(&emulator);
        write_manifest(&shell, &emulator);
        let child = shell.start(&RUN[..7]);
        wait_for_lines(&shell.path("journal"), 12).await;
        signal(&child, name);
        let ended = shell.wait(child).exits(130);
        assert!(ended.out.contains("not started"), "{ended:?}");
        assert!(ended.err.contains("--resume journal"), "{ended:?}");
        // Every update that was started has finished and is in the journal.
        let done = journaled(&shell);
        assert_eq!(done, updates(&emulator).into_iter().collect());
        assert!(done.len() < 2 * KEYS as usize, "the signal came too late");
        resume(&shell, &emulator);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_during_refresh_changes_nothing() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    emulator.set_faults(Faults::new().with(Fault::delay(Duration::from_secs(1))));
    let child = shell.start(&RUN[..7]);
    wait_for_requests(&emulator, 2).await;
    signal(&child, Signal::INT);
    let ended = shell.wait(child).exits(130);
    assert!(ended.out.contains("not started  120"), "{ended:?}");
    assert_eq!(updates(&emulator), [""; 0]);
    assert!(!shell.path("journal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_does_not_wait_for_reads() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    emulator.set_faults(Faults::new().with(Fault::hang()));
    let child = shell.start(&RUN[..7]);
    wait_for_requests(&emulator, 1).await;
    signal(&child, Signal::INT);
    let started = Instant::now();
    shell.wait(child).exits(130);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(!shell.path("journal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn resumes_a_journal_with_a_truncated_first_line() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    let arguments = [&RESUME[..], &["--plan"]].concat();
    let arguments: Vec<_> = arguments.into_iter().filter(|&it| it != "--yes").collect();
    // Any other file, such as the manifest itself, is left alone.
    for other in ["{\n \"keys\": []}", "keys: []", r#"{"keys": []}"#] {
        shell.write("journal", other);
        shell.run(&arguments).exits(2);
        assert_eq!(shell.read("journal"), other);
    }
    for truncated in [
        "",
        r#"{"ev"#,
        r#"{"event":"run","at":"2026"#,
        r#"{"event":"run_started","at":"2026"#,
    ] {
        shell.write("journal", truncated);
        shell.run(&arguments).exits(0);
    }
    resume(&shell, &emulator);
    resume(&shell, &emulator);
}

/// Starts a run, and lets its updates hang when some are done.
async fn start_and_hang(shell: &Shell, emulator: &Emulator) -> Child {
    write_manifest(shell, emulator);
    let child = shell.start(&RUN[..7]);
    wait_for_lines(&shell.path("journal"), 12).await;
    emulator.set_faults(Faults::new().with(Fault::hang()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_exits_immediately() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    let mut child = start_and_hang(&shell, &emulator).await;
    signal(&child, Signal::INT);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "exited with updates in flight"
    );
    signal(&child, Signal::INT);
    shell.wait(child).exits(130);
    emulator.set_faults(Faults::new());
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn hangups_of_one_closing_terminal_are_one_signal() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    let mut child = start_and_hang(&shell, &emulator).await;
    signal(&child, Signal::HUP);
    tokio::time::sleep(Duration::from_millis(200)).await;
    signal(&child, Signal::HUP);
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "exited with updates in flight"
    );
    signal(&child, Signal::HUP);
    shell.wait(child).exits(130);
    emulator.set_faults(Faults::new());
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn hangups_stay_ignored_under_nohup() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    let child = shell.start_ignoring_hangups(&RUN[..7]);
    wait_for_lines(&shell.path("journal"), 12).await;
    signal(&child, Signal::HUP);
    shell.wait(child).exits(0);
    assert_end_state(&emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_no_recorded_update() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("journal"), 20).await;
    signal(&child, Signal::KILL);
    assert_eq!(shell.wait(child).code, None);
    // As if it had been killed while writing a line.
    let truncated = shell.read("journal") + r#"{"event":"update_finished","key":"#;
    shell.write("journal", &truncated);
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_kill_9_ends_in_the_desired_state() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("journal"), 15).await;
    signal(&child, Signal::KILL);
    shell.wait(child);
    for lines in [30, 45, 60, 75] {
        let done = journaled(&shell);
        let before = updates(&emulator).len();
        let child = shell.start(&RESUME);
        wait_for_lines(&shell.path("journal"), lines).await;
        signal(&child, Signal::KILL);
        shell.wait(child);
        for path in &updates(&emulator)[before..] {
            assert!(!done.contains(path), "{path} was sent again");
        }
    }
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_the_run_with_a_summary() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    let child = shell.start_on_full_disk(&RUN[..7]);
    let ended = shell.wait(child).exits(1);
    assert!(ended.err.contains("cannot write journal: "), "{ended:?}");
    assert!(ended.err.contains("--resume journal"), "{ended:?}");
    assert!(ended.out.contains("not started"), "{ended:?}");
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_cannot_share_a_journal() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("journal"), 5).await;
    // Keeps the first run alive.
    emulator.set_faults(Faults::new().with(Fault::hang()));
    let ended = shell.run(&RESUME).exits(2);
    assert!(
        ended.err.contains("another run is writing journal"),
        "{ended:?}"
    );
    signal(&child, Signal::KILL);
    shell.wait(child);
    emulator.set_faults(Faults::new());
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_applies_changes_to_the_manifest() {
    let emulator = service().keys_per_org(KEYS + 1).start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    shell.run(&RUN).exits(0);
    let before = updates(&emulator).len();
    let file = shell.read("keys.yaml");
    shell.write(
        "keys.yaml",
        &file.replace("desc: number 7\n", "desc: another\n"),
    );
    shell.run(&RESUME).exits(0);
    assert_eq!(updates(&emulator).len(), before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn resumes_only_a_journal_of_these_keys() {
    let emulator = service().keys_per_org(KEYS + 1).start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    shell.run(&RUN).exits(0);
    let before = emulator.requests();
    let rejected = |journal: &str, why: &str| {
        let text = shell.read(journal);
        let ended = shell
            .run(&["apply", "keys.yaml", "--yes", "--resume", journal])
            .exits(2);
        assert!(ended.err.contains(why), "{ended:?}");
        assert_eq!(shell.read(journal), text);
    };
    rejected("keys.yaml", "not a journal");
    rejected("nowhere", "cannot open nowhere");
    shell.write("utf-16", b"\xff\xfe{\0}\0");
    rejected("utf-16", "not a journal: UTF-16 text");
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {OTHER_KEY}, org: {ORG}, desc: x}}]\n"),
    );
    rejected("journal", "has none of the keys");
    assert_eq!(emulator.requests(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn resumes_after_an_outage() {
    let emulator = slow_service().await;
    let relay = Relay::to(&emulator).await;
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_BASE_URL", &relay.base_url);
    write_manifest(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("journal"), 20).await;
    relay.cut();
    shell.wait(child).exits(1);
    relay.restore();
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn resuming_checks_unknown_outcomes_again() {
    let emulator = service().keys_per_org(KEYS + 1).start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_manifest(&shell, &emulator);
    // After the refresh some responses get lost, before or after the update was applied.
    let faults = Faults::new()
        .with(Fault::reset(Reset::After).skip(10).every(5))
        .with(Fault::gateway(502, true).skip(10).every(7));
    emulator.set_faults(faults);
    let arguments = [&RUN[..], &["--keep-going"]].concat();
    let ended = shell.run(&arguments).exits(1);
    assert!(ended.out.contains("unknown"), "{ended:?}");
    assert!(shell.read("journal").contains(r#""outcomeUnknown":true"#));
    emulator.set_faults(Faults::new());
    resume(&shell, &emulator);
    assert!(
        unchanged_count(&shell) > 0,
        "no update with a lost response had been applied"
    );
}

/// Writes a manifest that sets the description and the project roles of one key.
fn write_one_key(shell: &Shell, desc: &str, role: &str) {
    let text = format!(
        "org: {ORG}\nkeys:\n- {{id: {OTHER_KEY}, desc: {desc}, projects: {{{PROJECT}: [{role}]}}}}\n"
    );
    shell.write("keys.yaml", &text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_was_begun_is_checked_again() {
    for (other_desc, other_role) in [("BBB", "GROUP_OWNER"), ("AAA", "GROUP_READ_ONLY")] {
        for ending in [Signal::KILL, Signal::INT] {
            let emulator = service().start().await.unwrap();
            let shell = Shell::new(&emulator);
            write_one_key(&shell, "AAA", "GROUP_OWNER");
            shell.run(&RUN).exits(0);

            // The service makes another change, and the run ends before its response.
            write_one_key(&shell, other_desc, other_role);
            let hang = Fault::hang().after_update().skip(1);
            emulator.set_faults(Faults::new().with(hang));
            let child = shell.start(&RESUME);
            let is_changed = || {
                let state = emulator.api_key(OTHER_KEY).unwrap();
                state.desc == other_desc && state.project_roles[PROJECT] == [other_role]
            };
            while !is_changed() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            signal(&child, ending);
            if ending == Signal::INT {
                tokio::time::sleep(Duration::from_millis(100)).await;
                signal(&child, Signal::INT);
            }
            assert_ne!(shell.wait(child).code, Some(0));
            emulator.set_faults(Faults::new());

            write_one_key(&shell, "AAA", "GROUP_OWNER");
            let summary = shell.run(&RESUME_AS_JSON).exits(0).json();
            assert_eq!(summary["applied"], 1, "{summary}");
            let state = emulator.api_key(OTHER_KEY).unwrap();
            assert_eq!(state.desc, "AAA");
            assert_eq!(state.project_roles[PROJECT], ["GROUP_OWNER"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_after_an_update_does_not_settle_it() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_one_key(&shell, "AAA", "GROUP_OWNER");
    shell.run(&RUN).exits(0);
    let complete = shell.read("journal");
    // Disks that are full at every point of the run's lines.
    let added = complete.len();
    for room in (0..added).step_by(20) {
        write_one_key(&shell, "BBB", "GROUP_OWNER");
        let filler = "\n".repeat(FULL_DISK - complete.len() - room);
        shell.write("journal", &(complete.clone() + &filler));
        let child = shell.start_on_full_disk(&RESUME[..7]);
        let ended = shell.wait(child);
        let desc = emulator.api_key(OTHER_KEY).unwrap().desc;
        let has_started = shell.read("journal").matches("update_started").count() > 2;
        assert!(desc == "AAA" || has_started, "{room}: {ended:?}");

        write_one_key(&shell, "AAA", "GROUP_OWNER");
        shell.run(&RESUME_AS_JSON).exits(0);
        assert_eq!(emulator.api_key(OTHER_KEY).unwrap().desc, "AAA", "{room}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_updates_that_the_manifest_no_longer_has() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_one_key(&shell, "AAA", "GROUP_OWNER");
    emulator.set_faults(Faults::new().with(Fault::hang().after_update().skip(1)));
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("journal"), 2).await;
    signal(&child, Signal::KILL);
    shell.wait(child);
    emulator.set_faults(Faults::new());
    shell.write(
        "keys.yaml",
        &format!(
            "org: {ORG}\nkeys:\n- {{id: {OTHER_KEY}, projects: {{{PROJECT}: [GROUP_OWNER]}}}}\n"
        ),
    );
    let ended = shell.run(&RESUME[..5]).exits(0);
    let warning = format!("may have updated API key {OTHER_KEY} (organization)");
    assert!(ended.err.contains(&warning), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_no_updates_that_pruning_takes_back() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let manifest = format!(
        "org: {ORG}\nkeys:\n- {{id: {KEY}, desc: x}}\n- {{id: {OTHER_KEY}, prune: true, projects: {{}}}}\n"
    );
    shell.write("keys.yaml", &manifest);
    let line = |event: &str, rest: String| {
        format!(r#"{{"event":"{event}","at":"2026-11-21T21:50:44.390Z",{rest}}}"#) + "\n"
    };
    let base_url = emulator.base_url();
    let run = format!(r#""service":"atlas-v2","baseUrl":"{base_url}""#);
    let mut journal = line("run_started", run);
    for (key, place, id) in [
        (KEY, "project", PROJECT),
        (OTHER_KEY, "org", ORG),
        (OTHER_KEY, "project", PROJECT),
    ] {
        let update = format!(r#""key":"{key}","{place}":"{id}","roles":[]"#);
        journal += &line("update_started", update);
    }
    shell.write("journal", &journal);
    let ended = shell.run(&RESUME[..5]).exits(0);
    for named in [
        format!("may have updated API key {KEY} (project {PROJECT})"),
        format!("may have updated API key {OTHER_KEY} (organization)"),
    ] {
        assert!(ended.err.contains(&named), "{ended:?}");
    }
    assert_eq!(ended.err.matches("may have updated").count(), 2);
}
