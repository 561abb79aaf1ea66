//! Runs that are cut off, and go on.

use std::{
    collections::HashSet,
    process::Child,
    time::{Duration, Instant},
};

use atlas_emulator::{Emulator, Fault, Faults, Reset};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{
    ORG, OTHER_KEY, PROJECT, RESUME_AS_JSON, Relay, Shell, service, updates, wait_for_lines,
};

const KEYS: u32 = 60;

/// A service that is slow enough to be cut off in the middle of things.
async fn slow_service() -> Emulator {
    let latency = Duration::from_millis(30);
    service()
        .keys_per_org(KEYS + 1)
        .latency(latency)
        .start()
        .await
        .unwrap()
}

/// A file with two updates for each key that is no owner.
fn write_file(shell: &Shell, emulator: &Emulator) {
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

/// The paths of the updates that the report calls done.
fn reported_done(shell: &Shell) -> HashSet<String> {
    let report = shell.read("report");
    let lines = report
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["outcome"] == "done")
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

/// Goes on and checks that all is well: the end state is that of the file, and
/// nothing that was reported as done is done again.
fn resume(shell: &Shell, emulator: &Emulator) {
    let done = reported_done(shell);
    let settled = done.len() + already_there(shell);
    let before = updates(emulator).len();
    let tally = shell.run(&RESUME_AS_JSON).exits(0).json();
    assert_eq!(tally["doneEarlier"], settled);
    assert_end_state(emulator);
    for path in &updates(emulator)[before..] {
        assert!(!done.contains(path), "{path} was done and reported");
    }
    assert_eq!(
        reported_done(shell).len(),
        2 * KEYS as usize - already_there(shell)
    );
}

/// Updates that were made and not reported, which a later run found as wanted.
fn already_there(shell: &Shell) -> usize {
    shell
        .read("report")
        .matches(r#""outcome":"as_wanted""#)
        .count()
}

const RUN: [&str; 8] = [
    "apply",
    "keys.yaml",
    "--yes",
    "--report",
    "report",
    "--concurrency",
    "4",
    "--quiet",
];

const RESUME: [&str; 8] = [
    "apply",
    "keys.yaml",
    "--yes",
    "--resume",
    "report",
    "--concurrency",
    "4",
    "--quiet",
];

fn signal(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), signal).unwrap();
}

/// Waits until the command has made so many requests.
async fn has_asked(emulator: &Emulator, requests: u64) {
    while emulator.requests() < requests {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_finishes_what_is_in_flight_and_says_what_is_left() {
    for name in [Signal::INT, Signal::TERM] {
        let emulator = slow_service().await;
        let shell = Shell::new(&emulator);
        write_file(&shell, &emulator);
        let child = shell.start(&RUN[..7]);
        wait_for_lines(&shell.path("report"), 12).await;
        signal(&child, name);
        let ended = shell.wait(child).exits(130);
        assert!(ended.out.contains("not begun"), "{ended:?}");
        assert!(ended.err.contains("--resume report"), "{ended:?}");
        // What was begun has ended, and is in the report.
        let done = reported_done(&shell);
        assert_eq!(done, updates(&emulator).into_iter().collect());
        assert!(
            done.len() < 2 * KEYS as usize,
            "it was too late for the signal"
        );
        resume(&shell, &emulator);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_keys_are_read_changes_nothing() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    let child = shell.start(&RUN[..7]);
    has_asked(&emulator, 12).await;
    signal(&child, Signal::INT);
    let ended = shell.wait(child).exits(130);
    assert!(ended.out.contains("not begun  120"), "{ended:?}");
    assert_eq!(updates(&emulator), [""; 0]);
    assert!(!shell.path("report").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_does_not_wait_for_the_reading_of_a_key() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    emulator.set_faults(Faults::new().with(Fault::hang()));
    let child = shell.start(&RUN[..7]);
    has_asked(&emulator, 1).await;
    signal(&child, Signal::INT);
    let started = Instant::now();
    shell.wait(child).exits(130);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(!shell.path("report").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_was_torn_at_its_start_is_gone_on_with() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    let arguments = [&RESUME[..], &["--plan"]].concat();
    let arguments: Vec<_> = arguments.into_iter().filter(|&it| it != "--yes").collect();
    // Such as the file with the keys itself.
    for other in ["{\n \"keys\": []}", "keys: []", r#"{"keys": []}"#] {
        shell.write("report", other);
        shell.run(&arguments).exits(2);
        assert_eq!(shell.read("report"), other);
    }
    for torn in ["", r#"{"ev"#, r#"{"event":"run","at":"2026"#] {
        shell.write("report", torn);
        shell.run(&arguments).exits(0);
    }
    resume(&shell, &emulator);
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_signal_leaves_at_once() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    let mut child = shell.start(&RUN[..7]);
    wait_for_lines(&shell.path("report"), 12).await;
    emulator.set_faults(Faults::new().with(Fault::hang()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    signal(&child, Signal::INT);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        child.try_wait().unwrap(),
        None,
        "it left what was in flight"
    );
    signal(&child, Signal::INT);
    shell.wait(child).exits(130);
    emulator.set_faults(Faults::new());
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_reported() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("report"), 20).await;
    signal(&child, Signal::KILL);
    assert_eq!(shell.wait(child).code, None);
    // As if it had been cut off in the middle of a line.
    let torn = shell.read("report") + r#"{"event":"update","key":"#;
    shell.write("report", &torn);
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_again_and_again_ends_where_the_file_says() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("report"), 15).await;
    signal(&child, Signal::KILL);
    shell.wait(child);
    for lines in [30, 45, 60, 75] {
        let done = reported_done(&shell);
        let before = updates(&emulator).len();
        let child = shell.start(&RESUME);
        wait_for_lines(&shell.path("report"), lines).await;
        signal(&child, Signal::KILL);
        shell.wait(child);
        for path in &updates(&emulator)[before..] {
            assert!(!done.contains(path), "{path} was done and reported");
        }
    }
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_it_with_a_summary() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    let child = shell.start_on_full_disk(&RUN[..7]);
    let ended = shell.wait(child).exits(1);
    assert!(ended.err.contains("cannot write report: "), "{ended:?}");
    assert!(ended.err.contains("--resume report"), "{ended:?}");
    assert!(ended.out.contains("not begun"), "{ended:?}");
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_do_not_write_one_report() {
    let emulator = slow_service().await;
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("report"), 5).await;
    // So that the first run is there for certain.
    emulator.set_faults(Faults::new().with(Fault::hang()));
    let ended = shell.run(&RESUME).exits(2);
    assert!(
        ended.err.contains("another run is writing report"),
        "{ended:?}"
    );
    signal(&child, Signal::KILL);
    shell.wait(child);
    emulator.set_faults(Faults::new());
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_file_asks_for_anew_is_done_anew() {
    let emulator = service().keys_per_org(KEYS + 1).start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
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
async fn only_a_report_about_these_keys_is_gone_on_with() {
    let emulator = service().keys_per_org(KEYS + 1).start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    shell.run(&RUN).exits(0);
    let before = emulator.requests();
    let refused = |report: &str, why: &str| {
        let text = shell.read(report);
        let ended = shell
            .run(&["apply", "keys.yaml", "--yes", "--resume", report])
            .exits(2);
        assert!(ended.err.contains(why), "{ended:?}");
        assert_eq!(shell.read(report), text);
    };
    refused("keys.yaml", "not a report");
    refused("nowhere", "cannot open nowhere");
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {OTHER_KEY}, org: {ORG}, desc: x}}]\n"),
    );
    refused("report", "tells of other keys");
    assert_eq!(emulator.requests(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_goes_away_half_way_is_come_back_to() {
    let emulator = slow_service().await;
    let relay = Relay::to(&emulator).await;
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_BASE_URL", &relay.base_url);
    write_file(&shell, &emulator);
    let child = shell.start(&RUN);
    wait_for_lines(&shell.path("report"), 20).await;
    relay.cut();
    shell.wait(child).exits(1);
    relay.mend();
    resume(&shell, &emulator);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_is_looked_at_again() {
    let emulator = service().keys_per_org(KEYS + 1).start().await.unwrap();
    let shell = Shell::new(&emulator);
    write_file(&shell, &emulator);
    // Past the reading of the keys, answers get lost, some before the update was
    // made and some after.
    let faults = Faults::new()
        .with(Fault::reset(Reset::After).skip(80).every(5))
        .with(Fault::gateway(502, true).skip(80).every(7));
    emulator.set_faults(faults);
    let arguments = [&RUN[..], &["--keep-going"]].concat();
    let ended = shell.run(&arguments).exits(1);
    assert!(ended.out.contains("unknown"), "{ended:?}");
    assert!(shell.read("report").contains(r#""outcomeUnknown":true"#));
    emulator.set_faults(Faults::new());
    resume(&shell, &emulator);
    assert!(already_there(&shell) > 0, "no lost update had been made");
}
