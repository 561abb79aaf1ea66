//! Adding and removing single roles.

use crate::support::{KEY, OTHER_KEY, PROJECT, Shell, UNKNOWN, service, updates};

const ADD: [&str; 4] = ["project-key", "add-roles", "--project", PROJECT];
const REMOVE: [&str; 4] = ["project-key", "remove-roles", "--project", PROJECT];

#[tokio::test(flavor = "multi_thread")]
async fn single_roles_are_added_and_removed() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let edit = |command: [&'static str; 4], role| {
        let more = ["--key", OTHER_KEY, "--role", role, "-o", "json"];
        shell.run(&[&command[..], &more].concat()).exits(0).json()
    };
    let added = edit(ADD, "GROUP_DATA_ACCESS_ADMIN,GROUP_OWNER");
    assert_eq!(added["changed"], true);
    assert_eq!(added["groupId"], PROJECT);
    let again = edit(ADD, "GROUP_DATA_ACCESS_ADMIN");
    assert_eq!(
        (&again["changed"], &again["roles"]),
        (&false.into(), &added["roles"])
    );
    let removed = edit(REMOVE, "GROUP_OWNER,GROUP_READ_ONLY");
    assert_eq!(
        removed["roles"],
        serde_json::json!(["GROUP_DATA_ACCESS_ADMIN"])
    );
    let state = emulator.api_key(OTHER_KEY).unwrap();
    assert_eq!(state.project_roles[PROJECT], ["GROUP_DATA_ACCESS_ADMIN"]);
    assert_eq!(updates(&emulator).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_role_stays() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let before = emulator.api_key(OTHER_KEY);
    let all = ["--key", OTHER_KEY, "--role", "GROUP_OWNER,GROUP_READ_ONLY"];
    let ended = shell.run(&[&REMOVE[..], &all].concat()).exits(2);
    let hint = "hint: atlas-admin project-key remove takes the key out of the project";
    assert!(ended.err.contains(hint), "{ended:?}");
    assert_eq!(emulator.api_key(OTHER_KEY), before);
    assert_eq!(updates(&emulator), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_checked_as_for_other_commands() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    for command in [ADD, REMOVE] {
        for more in [&["--role", "GROUP_OWNERR"][..], &["--role", ""], &[]] {
            let key = ["--key", KEY];
            shell.run(&[&command[..], &key, more].concat()).exits(2);
        }
    }
    assert_eq!(emulator.requests(), 0);
    let sent = [
        "--key",
        KEY,
        "--role",
        "GROUP_OWNERR",
        "--allow-unknown-role",
    ];
    let ended = shell.run(&[&ADD[..], &sent].concat());
    assert!(
        ended.err.starts_with("warning: GROUP_OWNERR is not"),
        "{ended:?}"
    );
    let nobody = ["--key", UNKNOWN, "--role", "GROUP_OWNER"];
    shell.run(&[&REMOVE[..], &nobody].concat());
    assert_eq!(updates(&emulator), [""; 0]);
}
