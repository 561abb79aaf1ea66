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
    assert!(!copy.path().join(".update").exists());
}

#[test]
fn a_killed_update_leaves_all_or_nothing() {
    let copy = copy();
    let root = copy.path();
    let new = write_variant(root, |text| {
        text.replace("maxLength: 250", "maxLength: 300").replace(
            "- ORG_READ_ONLY",
            "- ORG_READ_ONLY\n            - ORG_ROBOT_KEEPER",
        )
    });
    let before = files(root);
    let mut was_cut_off = 0;
    for delay in (0..200).step_by(10) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .arg("--root")
            .arg(root)
            .args(["update", "--from", new.path().to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        was_cut_off += usize::from(!child.wait().unwrap().success());
        // A commit that had begun goes on for a moment.
        thread::sleep(Duration::from_millis(50));
        let after = files(root);
        if after != before {
            let whole = update(root, new.path(), &[]);
            assert!(whole.status.success());
            assert!(files(root) == after, "killed after {delay} ms");
            break;
        }
    }
    assert!(was_cut_off > 0);
    assert!(update(root, new.path(), &[]).status.success());
    assert!(files(root) != before);
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
    assert!(files(copy.path()) == before);
}

/// Answers one request on a free port with `body`.
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
