//! Help texts, completions and manual pages.

use crate::support::Shell;

fn shell() -> Shell {
    Shell::at("http://127.0.0.1:1")
}

/// Returns the names under "Commands:" in a help text.
fn commands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn help_fits_the_screen_and_has_examples() {
    // `man` is hidden.
    let mut open = vec![vec![], vec!["man".to_owned()]];
    let mut seen = Vec::new();
    while let Some(command) = open.pop() {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        for flag in ["-h", "--help"] {
            let help = shell().run(&[&words[..], &[flag]].concat()).exits(0).out;
            for line in help.lines() {
                assert!(line.chars().count() <= 100, "{command:?}: {line}");
            }
            assert!(help.contains("Example"), "{command:?}");
            assert!(help.contains("  atlas-admin "), "{command:?}");
            if flag == "-h" {
                let below = commands(&help).into_iter();
                open.extend(below.map(|name| [&command[..], &[name]].concat()));
            }
        }
        seen.push([&["atlas-admin"], &words[..]].concat().join(" "));
    }
    seen.sort_unstable();
    insta::assert_snapshot!("commands", seen.join("\n"));
}

#[test]
fn short_help() {
    insta::assert_snapshot!("short_help", shell().run(&["-h"]).exits(0).out);
}

#[test]
fn lists_roles_by_service() {
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
fn prints_completion_scripts() {
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = shell().run(&["completions", name]).exits(0).out;
        assert!(script.contains("set-roles"), "{name}");
    }
}

#[test]
fn writes_manual_pages() {
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
