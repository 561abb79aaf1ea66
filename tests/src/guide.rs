//! The code in the chapters of the guide, each of which is documentation here.

#![cfg_attr(test, allow(dead_code))]

#[doc = include_str!("../../docs/src/quick-start.md")]
struct QuickStart;

#[doc = include_str!("../../docs/src/authentication.md")]
struct Authentication;

#[doc = include_str!("../../docs/src/errors.md")]
struct Errors;

#[doc = include_str!("../../docs/src/versions.md")]
struct Versions;

#[doc = include_str!("../../docs/src/ops-manager.md")]
struct OpsManager;

#[doc = include_str!("../../docs/src/testing.md")]
struct Testing;

#[doc = include_str!("../../docs/src/bulk.md")]
struct Bulk;

#[test]
fn no_page_is_forgotten() {
    let summary = include_str!("../../docs/src/SUMMARY.md");
    let pages = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src");
    for page in std::fs::read_dir(pages).unwrap() {
        let path = page.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".md") || name == "SUMMARY.md" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let is_here = include_str!("guide.rs").contains(&format!("/docs/src/{name}\""));
        assert_eq!(is_here, text.contains("```rust"), "{name}: its code here");
        assert_eq!(
            is_here,
            text.contains("--example"),
            "{name}: a whole program"
        );
        assert!(
            summary.contains(&format!("({name})")),
            "{name}: in the summary"
        );
    }
}
