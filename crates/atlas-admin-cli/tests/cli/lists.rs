//! Lists of keys and of access list entries.

use atlas_emulator::SeedKey;

use crate::support::{KEY, ORG, OTHER_KEY, OTHER_PROJECT, PROJECT, Shell, service};

#[tokio::test(flavor = "multi_thread")]
async fn tables_have_a_line_for_each_key() {
    let key = SeedKey::new("everywhere", "0f3b7c1d-hush")
        .id("6a793f752c88faeba59bba00")
        .desc("配置 naïve")
        .org_roles(["ORG_READ_ONLY", "ORG_MEMBER"])
        .project_roles(PROJECT, ["GROUP_OWNER"])
        .project_roles(OTHER_PROJECT, ["GROUP_READ_ONLY"]);
    let emulator = service().key(key).start().await.unwrap();
    let shell = Shell::new(&emulator);
    let calling = emulator.calling_api_key_id();
    let list = |arguments: &[&str]| {
        let table = shell.run(arguments).exits(0).out;
        let without_calling = table.lines().filter(|line| !line.starts_with(calling));
        without_calling
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    let org = list(&["api-key", "list", "--org", ORG]);
    insta::assert_snapshot!("org_keys", org);
    let project = list(&["project-key", "list", "--project", PROJECT]);
    insta::assert_snapshot!("project_keys", project);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_whole_keys_without_their_private_keys() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let list = ["api-key", "list", "--org", ORG, "-o", "json"];
    let keys = shell.run(&list).exits(0).json();
    assert_eq!(keys.as_array().unwrap().len(), 3);
    let of = |id| {
        keys.as_array()
            .unwrap()
            .iter()
            .find(|key| key["id"] == id)
            .unwrap()
    };
    assert_eq!(of(OTHER_KEY)["desc"], "reads");
    assert_eq!(of(OTHER_KEY)["roles"].as_array().unwrap().len(), 3);
    assert!(of(KEY).get("privateKey").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_several_pages_are_complete() {
    let emulator = service().keys_per_org(1_200).start().await.unwrap();
    let shell = Shell::new(&emulator);
    let list = ["api-key", "list", "--org", ORG, "-o", "json"];
    let keys = shell.run(&list).exits(0).json();
    let mut ids: Vec<_> = keys
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["id"])
        .collect();
    assert_eq!(ids.len(), emulator.api_keys(ORG).len());
    ids.sort_by_key(|id| id.as_str());
    ids.dedup();
    assert!(ids.len() >= 1_200, "{}", ids.len());
    let pages = emulator
        .request_log()
        .iter()
        .filter(|request| request.status().is_success())
        .count();
    assert_eq!(pages, ids.len().div_ceil(500));
}

#[tokio::test(flavor = "multi_thread")]
async fn access_lists_refuse_what_is_no_network_before_sending() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    let mut all = String::new();
    for more in [
        &["add", "203.0.113.7/24"][..],
        &["add", "198.51.100.7", "office"],
        &["add", "--entry", "198.51.100.7,"],
        &["add"],
        &["get", "203.0.113.0/33"],
        &["delete", "203.0.113.0/33", "--yes"],
        &["get", "198.51.100.7", "--entry", "198.51.100.8"],
    ] {
        let command = [&["access-list", "--key", KEY][..], more].concat();
        let (group, rest) = command.split_first().unwrap();
        let arguments = [&[*group, rest[2]], &rest[3..], &rest[..2]].concat();
        all.push_str(&shell.run(&arguments).exits(2).err);
    }
    insta::assert_snapshot!("no_networks", all);
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_lists_show_their_use() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    let calling = emulator.calling_api_key_id();
    let of_caller = |command: &str, more: &[&str]| {
        let key = ["access-list", command, "--key", calling];
        shell.run(&[&key[..], more].concat())
    };
    let added = of_caller("add", &["127.0.0.1/32", "203.0.113.0/24"]).exits(0);
    assert_eq!(added.out.lines().count(), 3, "{added:?}");
    // The key has just been used from its own list.
    let entry = of_caller("get", &["127.0.0.1", "-o", "json"])
        .exits(0)
        .json();
    assert_eq!(entry["lastUsedAddress"], "127.0.0.1");
    assert!(entry["count"].as_u64() > Some(0), "{entry}");
    let table = of_caller("list", &[]).exits(0).out;
    let line = table.lines().find(|line| line.starts_with("127.0.0.1 "));
    assert!(line.unwrap().ends_with("127.0.0.1"), "{table}");
    let again = of_caller("add", &["203.0.113.0/24"]).exits(1);
    assert!(again.err.contains("ALREADY_IN_ACCESS_LIST"), "{again:?}");
}
