//! The command on a terminal.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::fd::OwnedFd,
    thread,
};

use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::support::{KEY, ORG, Shell, UNKNOWN, service};

/// Returns both ends of a terminal with this many columns.
fn terminal(columns: u16) -> (File, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let size = Winsize {
        ws_row: 50,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size).unwrap();
    let path = ptsname(&ours, Vec::new()).unwrap();
    let theirs = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path.to_str().unwrap())
        .unwrap();
    (File::from(ours), theirs.into())
}

/// Returns what the command prints on a terminal, and its exit code. `answer` is typed
/// beforehand.
pub(crate) fn run(
    shell: &Shell,
    columns: u16,
    arguments: &[&str],
    answer: &str,
) -> (String, Option<i32>) {
    run_with_stdout(shell, columns, arguments, answer, None)
}

/// As [`run`], but with standard output in a file.
fn run_with_stdout(
    shell: &Shell,
    columns: u16,
    arguments: &[&str],
    answer: &str,
    stdout: Option<File>,
) -> (String, Option<i32>) {
    let (mut ours, theirs) = terminal(columns);
    let mut command = shell.command(arguments);
    command.stdin(theirs.try_clone().unwrap());
    command.stdout(stdout.map_or_else(|| theirs.try_clone().unwrap(), OwnedFd::from));
    command.stderr(theirs);
    let mut child = command.spawn().unwrap();
    // Otherwise the terminal stays open on this side.
    drop(command);
    ours.write_all(answer.as_bytes()).unwrap();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        match ours.read_to_end(&mut bytes) {
            // Linux reports that the other side has closed as an error.
            Err(error) if error.kind() != ErrorKind::Interrupted => {}
            result => drop(result.unwrap()),
        }
        String::from_utf8_lossy(&bytes).replace('\r', "")
    });
    let code = child.wait().unwrap().code();
    (reader.join().unwrap(), code)
}

/// Returns the number of columns that a line takes.
fn width(line: &str) -> usize {
    line.chars()
        .map(|c| if c >= '\u{1100}' { 2 } else { 1 })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_fit_a_narrow_terminal() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let update = ["org-key", "update", "--org", ORG, "--key", KEY];
    let desc = [
        "--desc",
        "配置配置配置配置配置配置配置配置配置配置 naïve 配置配置配置配置",
    ];
    for columns in [40, 60] {
        for command in [
            &["roles"][..],
            &["auth", "status"],
            &[&update[..], &desc].concat(),
            &["api-key", "list", "--org", ORG],
        ] {
            let (text, code) = run(&shell, columns, command, "");
            assert_eq!(code, Some(0), "{text}");
            for line in text.lines() {
                assert!(width(line) <= columns.into(), "{columns}: {line}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_before_applying() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("NO_COLOR", "1");
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {KEY}, org: {ORG}, desc: 配置}}]\n"),
    );
    let apply = ["apply", "keys.yaml"];

    let (text, code) = run(&shell, 80, &apply, "n\n");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("Apply 1 update? [y/N]"), "{text}");
    assert!(text.contains("nothing was changed"), "{text}");
    assert_ne!(emulator.api_key(KEY).unwrap().desc, "配置");

    let (text, code) = run(&shell, 80, &apply, "y\n");
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(emulator.api_key(KEY).unwrap().desc, "配置");
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_the_plan_before_the_prompt_with_json_output() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("NO_COLOR", "1");
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {KEY}, org: {ORG}, roles: [ORG_OWNER]}}]\n"),
    );
    let (text, code) = run(&shell, 80, &["apply", "keys.yaml", "-o", "json"], "n\n");
    assert_eq!(code, Some(1), "{text}");
    assert_plan_before_prompt(&text);
}

#[track_caller]
fn assert_plan_before_prompt(text: &str) {
    let plan = text.find("organization: -ORG_MEMBER +ORG_OWNER");
    assert!(
        plan.is_some_and(|plan| Some(plan) < text.find("Apply 1 update?")),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_the_plan_before_the_prompt_if_standard_output_is_a_file() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("NO_COLOR", "1");
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {KEY}, org: {ORG}, roles: [ORG_OWNER]}}]\n"),
    );
    let file = File::create(shell.path("plan")).unwrap();
    let (text, code) = run_with_stdout(&shell, 80, &["apply", "keys.yaml"], "n\n", Some(file));
    assert_eq!(code, Some(1), "{text}");
    assert_plan_before_prompt(&text);
    assert!(shell.read("plan").contains("+ORG_OWNER"));
}

#[tokio::test(flavor = "multi_thread")]
async fn colors_a_terminal_unless_the_environment_says_otherwise() {
    let emulator = service().start().await.unwrap();
    for (name, value, is_colored) in [
        ("TERM", "xterm", true),
        ("NO_COLOR", "1", false),
        ("CLICOLOR", "0", false),
        ("TERM", "dumb", false),
    ] {
        let shell = Shell::new(&emulator).set("TERM", "xterm").set(name, value);
        shell.write(
            "keys.yaml",
            &format!("keys: [{{id: {KEY}, org: {ORG}, roles: [ORG_OWNER]}}]\n"),
        );
        let (text, code) = run(&shell, 80, &["apply", "keys.yaml", "--plan"], "");
        assert_eq!(code, Some(0), "{text}");
        assert_eq!(
            text.contains("\u{1b}[32m+ORG_OWNER"),
            is_colored,
            "{name}={value}: {text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_the_plan_before_the_prompt_with_quiet() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("NO_COLOR", "1");
    shell.write(
        "keys.yaml",
        &format!("keys: [{{id: {KEY}, org: {ORG}, roles: [ORG_OWNER]}}]\n"),
    );
    let (text, code) = run(&shell, 80, &["apply", "keys.yaml", "--quiet"], "n\n");
    assert_eq!(code, Some(1), "{text}");
    assert_plan_before_prompt(&text);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_short_lines_in_color() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("TERM", "xterm-256color");
    let get = ["api-key", "get", "--org", ORG, "--key", UNKNOWN];
    let (text, code) = run(&shell, 80, &get, "");
    assert_eq!(code, Some(1), "{text}");
    let lines: Vec<_> = text
        .lines()
        .map(|line| line.replace('\u{1b}', "^"))
        .collect();
    insta::assert_snapshot!("error", lines.join("\n"));
    // Elsewhere, an error stays one line.
    let ended = shell.run(&get).exits(1);
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
}
