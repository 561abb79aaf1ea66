//! Help texts, completions and manual pages.

use std::{path::Path, process::Command};

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
        assert!(script.contains("ATLAS_ADMIN_COMPLETE"), "{name}");
    }
}

/// Returns what bash completes at the end of a command line.
fn completed(shell: &Shell, line: &str) -> Vec<String> {
    let script = shell.run(&["completions", "bash"]).exits(0).out;
    shell.write("completions.bash", &script);
    let command = shell.command(&[]);
    let program = Path::new(command.get_program());
    let ask = format!(
        r#"source completions.bash
        COMP_WORDS=({line} "") COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        _clap_complete_atlas_admin atlas-admin ""
        printf '%s\n' "${{COMPREPLY[@]}}""#
    );
    let output = Command::new("bash")
        .args(["-c", &ask])
        .current_dir(shell.path(""))
        .env_clear()
        .env("HOME", shell.path(""))
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", program.parent().unwrap().display()),
        )
        .output()
        .unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    words.lines().map(str::to_owned).collect()
}

#[test]
fn completes_roles_and_profiles_and_files_only_where_they_belong() {
    let shell = shell();
    shell.write(
        ".config/atlas-admin/config.toml",
        "[production]\norg = \"32b6e34b3d91647abb20e7b8\"\n[staging]\n",
    );
    shell.write("keys.yaml", "");
    assert_eq!(
        completed(&shell, "atlas-admin --profile"),
        ["production", "staging"]
    );
    let roles = completed(&shell, "atlas-admin api-key update --role");
    assert!(roles.contains(&"ORG_OWNER".to_owned()), "{roles:?}");
    assert!(
        roles.iter().all(|role| role.starts_with("ORG_")),
        "{roles:?}"
    );
    let roles = completed(&shell, "atlas-admin project-key assign --role");
    assert!(roles.contains(&"GROUP_OWNER".to_owned()), "{roles:?}");
    assert!(
        roles.iter().all(|role| role.starts_with("GROUP_")),
        "{roles:?}"
    );
    let roles = completed(&shell, "atlas-admin api-key list --role");
    assert!(roles.contains(&"GROUP_OWNER".to_owned()), "{roles:?}");
    assert!(roles.contains(&"ORG_OWNER".to_owned()), "{roles:?}");
    let rotated = completed(&shell, "atlas-admin api-key rotate --all --role");
    assert_eq!(rotated, roles);
    let is_file = |word: &String| word == "keys.yaml";
    assert!(completed(&shell, "atlas-admin apply").iter().any(is_file));
    let ids = completed(&shell, "atlas-admin api-key list --org");
    assert!(!ids.iter().any(is_file), "{ids:?}");
}

#[test]
fn options_stand_where_they_are_used() {
    for (command, uses_service) in [
        ("roles", true),
        ("schema", false),
        ("completions", false),
        ("man", false),
        ("emulator", false),
    ] {
        let help = shell().run(&[command, "--help"]).exits(0).out;
        assert!(!help.contains("--profile"), "{command}");
        assert!(!help.contains("--dry-run"), "{command}");
        assert_eq!(help.contains("--service <"), uses_service, "{command}");
        assert!(help.contains("--output <"), "{command}");
    }
    let help = shell().run(&["api-key", "get", "--help"]).exits(0).out;
    assert!(help.contains("--profile") && help.contains("--dry-run"));
    // Where they are hidden, they are still accepted.
    shell().run(&["roles", "--profile", "none"]).exits(0);
    shell().run(&["--profile", "none", "roles"]).exits(0);
}

#[test]
fn the_output_format_has_a_variable() {
    let with = |format: &str| shell().set("MONGODB_ATLAS_OUTPUT", format);
    assert!(with("json").run(&["roles"]).exits(0).json().is_array());
    // As the Atlas CLI calls it.
    let table = with("plaintext").run(&["roles"]).exits(0).out;
    assert!(table.starts_with("ROLE"), "{table}");
    let table = with("json").run(&["roles", "-o", "table"]).exits(0).out;
    assert!(table.starts_with("ROLE"), "{table}");
    with("pictures").run(&["roles"]).exits(2);
}

#[test]
fn options_have_the_names_of_the_atlas_cli() {
    let org = "32b6e34b3d91647abb20e7b8";
    let dry_run = ["--dry-run", "--service", "cloud", "-P", "work"];
    let shell = shell();
    shell.write(".config/atlas-admin/config.toml", "[work]\n");
    let list = ["api-key", "list", "--orgId", org];
    let list = shell.run(&[&list[..], &dry_run].concat()).exits(0).out;
    assert!(list.contains(&format!("/orgs/{org}/apiKeys")), "{list}");
    let list = ["project-key", "list", "--projectId", org];
    let list = shell.run(&[&list[..], &dry_run].concat()).exits(0).out;
    assert!(list.contains(&format!("/groups/{org}/apiKeys")), "{list}");
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
