//! `cargo xtask update` on copies of the workspace.

mod support;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use support::{copy_workspace, upstream_documents, workspace, xtask};

fn copy() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_workspace(copy.path()).unwrap();
    copy
}

/// Every file of a workspace but the changelog, which keeps a history.
fn files(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![
        root.join("openapi"),
        root.join("crates"),
        root.join("tests"),
    ];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.insert(path.strip_prefix(root).unwrap().to_owned(), text);
            }
        }
    }
    found
}

/// Takes a change of the committed document for a new one.
fn write_variant(root: &Path, change: impl Fn(&str) -> String) -> tempfile::NamedTempFile {
    let text = fs::read_to_string(root.join("openapi/atlas-v2.yaml")).unwrap();
    let mut file = tempfile::Builder::new()
        .suffix("-2027-01-02.yaml")
        .tempfile()
        .unwrap();
    file.write_all(change(&text).as_bytes()).unwrap();
    file
}

fn update(root: &Path, from: &Path, more: &[&str]) -> std::process::Output {
    let arguments = [&["update", "--from", from.to_str().unwrap()], more].concat();
    xtask(root, &arguments)
}

#[test]
fn a_new_role_becomes_a_variant_and_a_dropped_one_stays() {
    let copy = copy();
    let root = copy.path();
    let new_role = write_variant(root, |text| {
        text.replace(
            "- ORG_READ_ONLY",
            "- ORG_READ_ONLY\n            - ORG_ROBOT_KEEPER",
        )
    });
    let output = update(root, new_role.path(), &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let roles = fs::read_to_string(root.join("crates/atlas-admin/src/generated/roles.rs")).unwrap();
    assert!(
        roles.contains("/// `ORG_ROBOT_KEEPER`, listed by atlas-v2.\n    RobotKeeper,"),
        "{roles}"
    );
    let changelog = fs::read_to_string(root.join("CHANGELOG.md")).unwrap();
    assert!(
        changelog.contains(
            "- Atlas v2 as of 2027-01-02: additive.\n  - additive: ORG_ROBOT_KEEPER is accepted"
        ),
        "{changelog}"
    );

    // Back to a document without it: breaking, so it must be asked for.
    let without = workspace().join("openapi/atlas-v2.yaml");
    let before = files(root);
    let output = update(root, &without, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).contains("ORG_ROBOT_KEEPER may be refused"));
    assert!(files(root) == before);
    let output = update(root, &without, &["--accept-breaking"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let roles = fs::read_to_string(root.join("crates/atlas-admin/src/generated/roles.rs")).unwrap();
    assert!(
        roles
            .contains("/// `ORG_ROBOT_KEEPER`, no longer listed by any service.\n    RobotKeeper,"),
        "{roles}"
    );
}

#[test]
fn other_names_upstream_change_no_code() {
    let copy = copy();
    let renamed = write_variant(copy.path(), |text| {
        text.replace("ApiKeyUserDetails", "ProgrammaticKey")
            .replace("UpdateAtlasOrganizationApiKey", "OrganizationKeyPatch")
            .replace("updateOrgApiKey", "patchKey")
    });
    let before = files(copy.path());
    let output = update(copy.path(), renamed.path(), &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let changed: Vec<_> = files(copy.path())
        .into_iter()
        .filter(|(path, text)| before.get(path) != Some(text))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_eq!(
        changed,
        ["openapi/atlas-v2.yaml", "openapi/upstream.lock.toml"]
    );
}

#[test]
fn a_dry_run_and_a_bad_document_write_nothing() {
    let copy = copy();
    let before = files(copy.path());
    let new = write_variant(copy.path(), |text| {
        text.replace("maxLength: 250", "maxLength: 300")
    });
    let output = update(copy.path(), new.path(), &["--dry-run"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("250 → 300"));
    let bad = write_variant(copy.path(), |text| {
        text.replace("#/components/schemas/Link", "#/components/schemas/Gone")
    });
    let output = update(copy.path(), bad.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(files(copy.path()) == before);
}

fn git(root: &Path, arguments: &[&str]) {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(["-c", "user.name=test", "-c", "user.email=test@example.com"])
        .args(arguments)
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {message}");
}

fn committed_copy() -> tempfile::TempDir {
    let copy = copy();
    git(copy.path(), &["init", "--quiet"]);
    git(copy.path(), &["add", "."]);
    git(copy.path(), &["commit", "--quiet", "--message", "start"]);
    copy
}

fn with_robot_keeper(root: &Path) -> tempfile::NamedTempFile {
    write_variant(root, |text| {
        text.replace("maxLength: 250", "maxLength: 300").replace(
            "- ORG_READ_ONLY",
            "- ORG_READ_ONLY\n            - ORG_ROBOT_KEEPER",
        )
    })
}

#[test]
fn uncommitted_changes_are_not_overwritten() {
    let copy = committed_copy();
    let root = copy.path();
    let new = with_robot_keeper(root);
    let roles = root.join("crates/atlas-admin/src/generated/roles.rs");
    fs::write(&roles, "// mine\n").unwrap();
    let before = files(root);
    let output = update(root, new.path(), &[]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("crates/atlas-admin/src/generated/roles.rs; commit or stash"),
        "{message}"
    );
    assert!(files(root) == before);
    git(root, &["restore", "."]);
    assert!(update(root, new.path(), &[]).status.success());
    // The files just written are not committed yet.
    let newer = write_variant(root, |text| {
        text.replace("maxLength: 300", "maxLength: 310")
    });
    assert_eq!(update(root, newer.path(), &[]).status.code(), Some(2));
    git(root, &["commit", "--quiet", "--all", "--message", "update"]);
    assert!(update(root, newer.path(), &[]).status.success());
}

#[test]
fn what_git_could_not_restore_is_overwritten_on_request() {
    let copy = committed_copy();
    let root = copy.path();
    let new = with_robot_keeper(root);
    fs::write(root.join("crates/atlas-admin/src/generated/roles.rs"), "").unwrap();
    assert_eq!(update(root, new.path(), &[]).status.code(), Some(2));
    assert!(
        update(root, new.path(), &["--allow-dirty"])
            .status
            .success()
    );
}

#[test]
fn a_failed_write_names_the_files_to_restore() {
    let copy = committed_copy();
    let root = copy.path();
    let before = files(root);
    let new = with_robot_keeper(root);
    fs::write(root.join("README.md"), "mine").unwrap();
    // A folder in the place of the temporary file makes the write fail.
    let blocked = root.join("crates/atlas-admin/src/generated/roles.rs.new");
    fs::create_dir(&blocked).unwrap();
    let output = update(root, new.path(), &[]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(files(root) != before);
    let command = message.split('`').nth(1).unwrap();
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(arguments[..2], ["restore", "--"]);
    git(root, &arguments);
    assert!(files(root) == before);
    assert_eq!(fs::read_to_string(root.join("README.md")).unwrap(), "mine");
}

#[test]
fn tasks_that_start_beside_an_update_do_not_undo_it() {
    let copy = copy();
    let root = copy.path();
    let new = with_robot_keeper(root);
    assert!(update(root, new.path(), &[]).status.success());
    let updated = files(root);
    let old = workspace().join("openapi/atlas-v2.yaml");
    for delay in [5, 20, 60, 120] {
        assert!(update(root, &old, &["--accept-breaking"]).status.success());
        let start = |task: &[&str]| {
            Command::new(env!("CARGO_BIN_EXE_xtask"))
                .arg("--root")
                .arg(root)
                .args(task)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let from = new.path().to_str().unwrap();
        let mut update = start(&["update", "--no-type-check", "--from", from]);
        thread::sleep(Duration::from_millis(delay));
        // It would read the old document, and write after the update has.
        let mut generate = start(&["generate", "--no-type-check"]);
        assert!(update.wait().unwrap().success());
        assert!(generate.wait().unwrap().success());
        assert!(files(root) == updated, "after {delay} ms");
    }
}

#[test]
fn git_restores_after_a_killed_update() {
    let copy = committed_copy();
    let root = copy.path();
    let new = with_robot_keeper(root);
    let before = files(root);
    let mut killed = 0;
    for delay in (0..200).step_by(20) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("--root")
            .arg(root)
            .args(["update", "--no-type-check", "--from"])
            .arg(new.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        git(root, &["restore", "."]);
        git(root, &["clean", "--quiet", "--force", "-d"]);
        assert!(files(root) == before, "killed after {delay} ms");
    }
    assert!(killed > 0);
    assert!(update(root, new.path(), &[]).status.success());
    assert!(files(root) != before);
}

#[test]
fn a_task_works_on_the_checkout_it_is_run_in() {
    let copy = copy();
    let new = with_robot_keeper(copy.path());
    let before = files(&workspace());
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["update", "--from", new.path().to_str().unwrap()])
        .current_dir(copy.path().join("crates"))
        .output()
        .unwrap();
    assert!(output.status.success());
    let document = fs::read_to_string(copy.path().join("openapi/atlas-v2.yaml")).unwrap();
    assert!(document.contains("ORG_ROBOT_KEEPER"));
    assert!(files(&workspace()) == before);
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["generate", "--check"])
        .current_dir(elsewhere.path())
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("is not in a checkout"), "{message}");
}

#[test]
fn there_and_back_again_changes_nothing() {
    let documents = upstream_documents();
    let (Some(oldest), Some(newest)) = (documents.first(), documents.last()) else {
        return;
    };
    let copy = copy();
    let before = files(copy.path());
    for document in [oldest, newest] {
        let output = update(copy.path(), document, &["--accept-breaking"]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let after = files(copy.path());
    let changed: Vec<_> = before
        .iter()
        .filter(|(path, text)| after.get(*path) != Some(text))
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}

/// Responses one request on a free port with `body`.
fn serve(body: Vec<u8>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&body).unwrap();
    });
    format!("http://{address}/atlas-v2-2027-01-02.json")
}

#[test]
fn what_is_secret_in_an_address_is_neither_printed_nor_written() {
    let copy = copy();
    let new = write_variant(copy.path(), |text| {
        text.replace("maxLength: 250", "maxLength: 300")
    });
    let signed = |address: &str, scheme: &str| {
        address.replace("http://", &format!("{scheme}://user:S3CRET@")) + "?sig=S3CRET/x#S3CRET"
    };
    let address = signed(&serve(fs::read(new.path()).unwrap()), "HTTP");
    let output = xtask(copy.path(), &["update", "--from", &address]);
    assert!(output.status.success());
    let lock = fs::read_to_string(copy.path().join("openapi/upstream.lock.toml")).unwrap();
    assert!(
        lock.contains("source = \"atlas-v2-2027-01-02.json\""),
        "{lock}"
    );
    assert!(!String::from_utf8_lossy(&output.stderr).contains("S3CRET"));
    assert!(
        files(copy.path())
            .values()
            .all(|text| !text.contains("S3CRET"))
    );

    let broken = serve(b"not a document: [".to_vec());
    for address in [
        signed(&broken, "http"),
        signed("http://127.0.0.1:1/x", "http"),
        signed("http://127.0.0.1/x", "ftp"),
        signed("http://127.0.0.1:notaport/x", "http"),
        signed("http://127.0.0.1:1", "http"),
    ] {
        for task in ["update", "diff", "trim", "check-operations"] {
            let output = xtask(copy.path(), &[task, "--from", &address]);
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{message}");
            assert!(!message.contains("S3CRET"), "{task}: {message}");
        }
    }
}

#[test]
fn a_document_is_taken_from_an_address() {
    let copy = copy();
    let new = write_variant(copy.path(), |text| {
        text.replace("maxLength: 250", "maxLength: 300")
    });
    let address = serve(fs::read(new.path()).unwrap());
    let output = xtask(copy.path(), &["update", "--from", &address]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let lock = fs::read_to_string(copy.path().join("openapi/upstream.lock.toml")).unwrap();
    assert!(
        lock.contains("source = \"atlas-v2-2027-01-02.json\""),
        "{lock}"
    );
}
