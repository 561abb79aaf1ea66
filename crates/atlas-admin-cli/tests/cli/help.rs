//! What the command says of itself.

use crate::support::Shell;

const COMMANDS: &[&[&str]] = &[
    &[],
    &["org-key"],
    &["org-key", "get"],
    &["org-key", "update"],
    &["project-key"],
    &["project-key", "set-roles"],
    &["apply"],
    &["emulator"],
    &["roles"],
    &["schema"],
    &["completions"],
    &["login"],
    &["login", "check"],
    &["man"],
];

fn shell() -> Shell {
    Shell::at("http://127.0.0.1:1")
}

#[test]
fn help_fits_and_has_an_example() {
    for command in COMMANDS {
        for flag in ["-h", "--help"] {
            let help = shell().run(&[command, &[flag][..]].concat()).exits(0).out;
            for line in help.lines() {
                assert!(line.chars().count() <= 100, "{command:?}: {line}");
            }
            assert!(help.contains("Example"), "{command:?}");
            assert!(help.contains("  atlas-admin "), "{command:?}");
        }
    }
}

#[test]
fn short_help_reads_well() {
    insta::assert_snapshot!("short_help", shell().run(&["-h"]).exits(0).out);
}

#[test]
fn roles_are_listed_by_service() {
    let all = shell().run(&["roles", "-o", "json"]).exits(0).json();
    let find = |name: &str| {
        let roles = all.as_array().unwrap();
        roles.iter().find(|role| role["role"] == name).unwrap()["services"].clone()
    };
    assert_eq!(find("ORG_OWNER").as_array().unwrap().len(), 3);
    assert_eq!(find("GROUP_MONITORING_ADMIN")[0], "ops-manager");
    let table = shell()
        .run(&["roles", "--service", "atlas-v1"])
        .exits(0)
        .out;
    insta::assert_snapshot!("roles", table);
}

#[test]
fn shells_get_a_completion_script() {
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = shell().run(&["completions", name]).exits(0).out;
        assert!(script.contains("set-roles"), "{name}");
    }
}

#[test]
fn manual_pages_are_written() {
    let shell = shell();
    shell.run(&["man", "pages"]).exits(0);
    for page in [
        "atlas-admin.1",
        "atlas-admin-apply.1",
        "atlas-admin-org-key-update.1",
    ] {
        assert!(
            shell.read(&format!("pages/{page}")).contains(".TH"),
            "{page}"
        );
    }
}
