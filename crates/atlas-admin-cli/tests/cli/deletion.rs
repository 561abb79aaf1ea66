//! Deletions, and the questions before them.

use crate::{
    support::{KEY, ORG, OTHER_KEY, PRIVATE_KEY, PROJECT, PUBLIC_KEY, Shell, UNKNOWN, service},
    terminal,
};
use atlas_emulator::{Emulator, Fault, Faults, Reset};

fn shell(emulator: &Emulator) -> Shell {
    Shell::new(emulator)
        .set("MONGODB_ATLAS_ORG_ID", ORG)
        .set("MONGODB_ATLAS_PROJECT_ID", PROJECT)
        .set("NO_COLOR", "1")
}

/// The terminal shows it as well.
const ANSWER: &str = "n";

const DELETE: [&str; 4] = ["api-key", "delete", "--key", OTHER_KEY];
const REMOVE: [&str; 4] = ["project-key", "remove", "--key", OTHER_KEY];
const DELETE_ENTRY: [&str; 5] = [
    "access-list",
    "delete",
    "--key",
    OTHER_KEY,
    "203.0.113.0/24",
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_without_a_terminal_and_without_yes() {
    let emulator = service().start().await.unwrap();
    let shell = shell(&emulator);
    for command in [&DELETE[..], &REMOVE, &DELETE_ENTRY] {
        let ended = shell.run_with_input(command, "y\n").exits(2);
        assert_eq!(
            ended.err,
            "error: no terminal to ask for confirmation; add --yes\n"
        );
    }
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn asks_with_what_will_be_taken_away() {
    let emulator = service().start().await.unwrap();
    let shell = shell(&emulator);
    let add = ["access-list", "add", "--key", OTHER_KEY, "203.0.113.0/24"];
    shell.run(&add).exits(0);
    let added = emulator.api_key(OTHER_KEY).unwrap();

    let mut questions = String::new();
    for command in [&DELETE_ENTRY[..], &REMOVE, &DELETE] {
        let (text, code) = terminal::run(&shell, 100, command, "n\n");
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("nothing was changed"), "{text}");
        let lines = text.lines().filter(|line| *line != ANSWER);
        questions.extend(lines.map(|line| format!("{line}\n")));
    }
    // The date on which the entry was added.
    let date = questions.find("  20").map(|at| &questions[at + 2..at + 22]);
    let date = date.unwrap().to_owned();
    insta::assert_snapshot!(
        "questions",
        questions.replace(&date, "2026-08-10T03:03:17Z")
    );
    assert_eq!(emulator.api_key(OTHER_KEY), Some(added));

    for command in [&DELETE_ENTRY[..], &REMOVE, &DELETE] {
        let (text, code) = terminal::run(&shell, 100, command, "y\n");
        assert_eq!(code, Some(0), "{text}");
    }
    assert_eq!(emulator.api_key(OTHER_KEY), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_the_key_that_signs_in() {
    let emulator = service().start().await.unwrap();
    let shell = shell(&emulator);
    let calling = emulator.calling_api_key_id();
    for command in ["api-key delete", "project-key remove"] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.extend(["--key", calling]);
        let (text, _) = terminal::run(&shell, 100, &arguments, "n\n");
        assert!(text.contains("This is the key that signs in."), "{text}");
    }
    let (text, _) = terminal::run(&shell, 100, &DELETE, "n\n");
    assert!(!text.contains("signs in"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_an_error_unless_missing_is_ok() {
    let emulator = service().start().await.unwrap();
    let shell = shell(&emulator);
    for (command, field) in [
        (&["api-key", "delete", "--key", UNKNOWN][..], "deleted"),
        (&["project-key", "remove", "--key", UNKNOWN], "removed"),
        (&DELETE_ENTRY, "deleted"),
    ] {
        let failed = shell.run(&[command, &["--yes"]].concat()).exits(1);
        assert!(failed.err.contains("NOT_FOUND"), "{failed:?}");
        let (asked, code) = terminal::run(&shell, 100, command, "y\n");
        assert_eq!(code, Some(1), "{asked}");
        assert!(!asked.contains("[y/N]"), "{asked}");
        let missing_ok = [command, &["--missing-ok", "-o", "json"]].concat();
        let ended = shell.run(&[&missing_ok[..], &["--yes"]].concat()).exits(0);
        assert_eq!(ended.json()[field], false);
        let (asked, code) = terminal::run(&shell, 100, &missing_ok, "");
        assert_eq!(code, Some(0), "{asked}");
    }
    // Another organization says nothing about the key.
    let elsewhere = [&DELETE[..], &["--org", UNKNOWN, "--yes", "--missing-ok"]].concat();
    shell.run(&elsewhere).exits(1);
    assert!(emulator.api_key(OTHER_KEY).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_whose_response_is_lost_succeeds() {
    let emulator = service().start().await.unwrap();
    let faults = Faults::new().with(Fault::reset(Reset::After).times(1));
    emulator.set_faults(faults);
    let ended = shell(&emulator)
        .run(&[&DELETE[..], &["--yes"]].concat())
        .exits(0);
    assert_eq!(ended.out, format!("deleted API key {OTHER_KEY}\n"));
    let log = emulator.request_log();
    assert_eq!(log.iter().filter(|sent| sent.fault().is_some()).count(), 1);
    assert_eq!(emulator.api_key(OTHER_KEY), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_can_delete_itself() {
    let emulator = service().start().await.unwrap();
    let shell = shell(&emulator);
    let create = [
        "api-key",
        "create",
        "--desc",
        "second owner",
        "--role",
        "ORG_OWNER",
        "--secret-file",
        "owner.key",
    ];
    shell.run(&create).exits(0);
    let keys = emulator.api_keys(ORG);
    let key = keys.iter().find(|key| key.desc == "second owner").unwrap();
    let delete = [
        "api-key",
        "delete",
        "--key",
        &key.id,
        "--yes",
        "--public-key",
        &key.public_key,
        "--private-key-file",
        "owner.key",
    ];
    shell.run(&delete).exits(0);
    // Nobody can sign in with it any longer, but with the first owner.
    shell.run(&delete).exits(3);
    let list = shell.run(&["api-key", "list", "-o", "json"]).exits(0);
    assert!(list.out.contains(PUBLIC_KEY) && !list.out.contains(PRIVATE_KEY));
    assert!(list.out.contains(KEY) && !list.out.contains(&key.id));
}
