//! `apply` in GitHub Actions.

use atlas_emulator::{Emulator, SeedKey};

use crate::support::{KEY, ORG, OTHER_KEY, PROJECT, Shell, UNKNOWN, service, updates};

const HOSTILE: &str = "6a793f752c88faeba59bba00";

/// Text that means something in Markdown, in HTML or to GitHub.
const DESC: &str = "a | b `c` <img src=x> [d](https://example.com) *e* @octocat #1 ##[error]f\n::error::g \\| &lt;";

const MANIFEST: &str = "
  - id: KEY
    desc: ci deploys
    roles: [ORG_READ_ONLY]
    projects: {PROJECT: [GROUP_READ_ONLY]}
  - {id: OTHER, desc: reads}
";

async fn emulator() -> Emulator {
    let hostile = SeedKey::new("hostile", "0f3b7c1d-hush")
        .id(HOSTILE)
        .desc(DESC)
        .org_roles(["ORG_MEMBER", "ORG|<b>@octocat`"]);
    service().key(hostile).start().await.unwrap()
}

/// Returns a shell as of a step, with a manifest of these keys.
fn step(emulator: &Emulator, keys: &str) -> Shell {
    let shell = Shell::new(emulator);
    let summary = shell.path("summary.md").display().to_string();
    let keys = keys.replace("KEY", KEY).replace("OTHER", OTHER_KEY);
    let keys = keys.replace("PROJECT", PROJECT);
    shell.write("keys.yaml", &format!("org: {ORG}\nkeys:{keys}"));
    shell.set("GITHUB_STEP_SUMMARY", &summary)
}

const PLAN: [&str; 5] = ["apply", "keys.yaml", "--plan", "--output", "github"];
const APPLY: [&str; 5] = ["apply", "keys.yaml", "--yes", "--output", "github"];

#[tokio::test(flavor = "multi_thread")]
async fn the_step_summary_has_the_plan_and_the_result() {
    let emulator = emulator().await;
    let shell = step(&emulator, MANIFEST);
    shell.write("summary.md", "from an earlier command\n");
    let planned = shell.run(&PLAN).exits(0);
    assert_eq!(
        planned.all(),
        "exit: 0\n-- standard output\nPlan: 1 key to change with 1 update, 1 unchanged; \
         1 role to remove.\n"
    );
    assert_eq!(updates(&emulator), [""; 0]);
    let applied = shell.run(&APPLY).exits(0);
    assert!(applied.out.contains("applied    1"), "{applied:?}");
    assert_eq!(applied.err, "");
    insta::assert_snapshot!("summary", shell.read("summary.md"));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_of_the_service_is_no_markdown_and_no_workflow_command() {
    let emulator = emulator().await;
    let keys = format!("\n  - {{id: {HOSTILE}, desc: ci, roles: [ORG_MEMBER]}}\n");
    let shell = step(&emulator, &keys);
    let planned = shell.run(&PLAN).exits(0);
    insta::assert_snapshot!("hostile", shell.read("summary.md"));
    assert_eq!(
        planned.out,
        "Plan: 1 key to change with 1 update; 1 role to remove.\n"
    );
    assert_eq!(planned.err, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_annotations() {
    let emulator = emulator().await;
    let keys = format!("\n  - {{id: {UNKNOWN}, desc: ci}}\n  - {{id: KEY, desc: ci}}\n");
    let shell = step(&emulator, &keys);
    let is_annotation = |line: &&str| line.starts_with("::error title=atlas-admin::");
    for arguments in [&[&PLAN[..], &["--keep-going"]].concat()[..], &APPLY] {
        let ended = shell.run(arguments).exits(1);
        let annotations: Vec<_> = ended.err.lines().filter(is_annotation).collect();
        assert_eq!(annotations.len(), 1, "{ended:?}");
        assert!(annotations[0].contains(UNKNOWN), "{ended:?}");
    }
    let summary = shell.read("summary.md");
    assert!(
        summary.contains("| API key | cannot be read |"),
        "{summary}"
    );
    assert!(summary.contains("\nFirst failure: <code>"), "{summary}");

    // All problems of a manifest are one annotation.
    shell.write("keys.yaml", "keys:\n  - {id: 100%, desc: ''}\n");
    let ended = shell.run(&PLAN).exits(2);
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    assert!(
        ended.err.contains("nothing was sent%0A  keys.yaml:2:"),
        "{ended:?}"
    );
    assert!(ended.err.contains("100%25"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_summary_is_no_longer_than_github_shows() {
    const MAX: usize = 1024 * 1024;
    let emulator = emulator().await;
    let keys = format!("\n  - {{id: KEY, desc: ci}}\n  - {{id: {HOSTILE}, desc: ci}}\n");
    let shell = step(&emulator, &keys);
    // There is room for the first key, and for what follows the table.
    shell.write("summary.md", &" ".repeat(MAX - 16 * 1024 - 500));
    shell.run(&PLAN).exits(0);
    let summary = shell.read("summary.md");
    assert!(summary.len() <= MAX);
    assert!(
        summary.contains(KEY) && !summary.contains(HOSTILE),
        "{}",
        summary.trim_start()
    );
    assert!(summary.ends_with("\nAnd 1 more key, which GitHub would not show.\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_summary_that_cannot_be_written_fails_before_anything_is_sent() {
    let emulator = emulator().await;
    let mut all = String::new();
    for variable in [None, Some(""), Some("/nowhere/summary.md")] {
        let shell = Shell::new(&emulator);
        shell.write(
            "keys.yaml",
            &format!("org: {ORG}\nkeys: [{{id: {KEY}, desc: ci}}]"),
        );
        let shell = match variable {
            Some(path) => shell.set("GITHUB_STEP_SUMMARY", path),
            None => shell,
        };
        all.push_str(&shell.run(&APPLY).exits(2).err);
    }
    let shell = step(&emulator, MANIFEST);
    all.push_str(
        &shell
            .run(&[&PLAN[..], &["--dry-run"]].concat())
            .exits(2)
            .err,
    );
    let roles = shell.run(&["roles", "--output", "github"]).exits(2);
    all.push_str(&roles.err);
    insta::assert_snapshot!("refused", all);
    assert_eq!(emulator.requests(), 0);
}
