//! Every operation of every document of the vendor's can be an entry in
//! `services.toml`.

#[allow(
    dead_code,
    reason = "not every test that has this module uses all of it"
)]
mod support;

use support::{name, upstream_documents, workspace, xtask};

#[test]
fn every_operation_is_generated() {
    let documents = upstream_documents();
    // The oldest and the newest: between them, nothing but their mix.
    for document in documents.first().into_iter().chain(documents.last()) {
        let output = xtask(
            &workspace(),
            &["check-operations", "--from", document.to_str().unwrap()],
        );
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let table = String::from_utf8(output.stdout).unwrap();
        let counts: Vec<_> = table
            .split_whitespace()
            .filter_map(|word| word.parse::<usize>().ok())
            .collect();
        assert!(
            matches!(counts.as_slice(), [generated, all] if generated == all && *all > 400),
            "{}\n{table}",
            name(document)
        );
    }
}
