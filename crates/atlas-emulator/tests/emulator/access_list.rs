//! The access lists of keys.

use atlas_emulator::{Assumptions, Emulator, SeedKey, Service};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{Caller, OPS_MANAGER, Reply, Request, SERVICES, V2, org_key, org_keys};

const PASSWORD: &str = "0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab";
const OTHER_KEY: &str = "d0123456789abcdef012345d";

fn list(emulator: &Emulator, service: &str) -> String {
    format!("{}/accessList", org_key(emulator, service))
}

/// Returns the path of the calling key's own list.
fn own_list(emulator: &Emulator, service: &str) -> String {
    let own = emulator.calling_api_key_id();
    format!("{}/{own}/accessList", org_keys(emulator, service))
}

fn blocks(reply: &Reply) -> Vec<String> {
    let block = |entry: &Value| entry["cidrBlock"].as_str().unwrap().to_owned();
    reply.results().iter().map(block).collect()
}

fn with(change: impl FnOnce(&mut Assumptions)) -> atlas_emulator::Builder {
    let mut assumptions = Assumptions::default();
    change(&mut assumptions);
    Emulator::builder().assumptions(assumptions)
}

#[tokio::test]
async fn addresses_and_networks_have_the_recorded_form() {
    for service in SERVICES {
        let emulator = Emulator::start().await.unwrap();
        let owner = Caller::owner(&emulator);
        let path = list(&emulator, service);
        let url = [emulator.base_url(), &path].concat();
        let body = json!([
            {"ipAddress": "203.0.113.7"},
            {"cidrBlock": "203.0.113.0/24"},
            {"cidrBlock": "198.51.100.1/32"},
            {"ipAddress": "2001:db8::1"},
            {"cidrBlock": "2001:db8::/32"},
        ]);
        let added = owner.send(&Request::post(&path, body.to_string())).await;
        assert_eq!(added.status, StatusCode::OK, "{added:?}");
        let forms = [
            ("203.0.113.7/32", Some("203.0.113.7"), "203.0.113.7"),
            ("203.0.113.0/24", None, "203.0.113.0%2F24"),
            ("198.51.100.1/32", Some("198.51.100.1"), "198.51.100.1"),
            ("2001:db8::1/128", Some("2001:db8::1"), "2001:db8::1"),
            ("2001:db8::/32", None, "2001:db8::%2F32"),
        ];
        let entries = added.results();
        assert_eq!(entries.len(), forms.len());
        for (entry, (block, address, name)) in entries.iter().zip(forms) {
            assert_eq!(entry["cidrBlock"], block);
            assert_eq!(entry.get("ipAddress").and_then(Value::as_str), address);
            assert_eq!(entry["count"], 0);
            assert!(entry["created"].as_str().unwrap().ends_with('Z'));
            assert_eq!(entry.get("lastUsed"), None);
            let link = json!([{"href": format!("{url}/{name}"), "rel": "self"}]);
            assert_eq!(entry["links"], link);
            let read = owner.send(&Request::get(format!("{path}/{name}"))).await;
            assert_eq!(read.json(), *entry);
        }
        let listed = owner.send(&Request::get(&path)).await;
        assert_eq!(listed.results(), entries);
        let key = emulator.api_key(emulator.api_key_id()).unwrap();
        assert_eq!(key.access_list, forms.map(|(block, ..)| block));
    }
}

#[tokio::test]
async fn an_addition_responds_with_the_whole_list_or_the_new_entries() {
    for (whole, expected) in [
        (true, &["203.0.113.7/32", "198.51.100.0/24"][..]),
        (false, &["198.51.100.0/24"]),
    ] {
        let emulator = with(|assumptions| assumptions.whole_list_after_add = whole);
        let emulator = emulator.start().await.unwrap();
        let owner = Caller::owner(&emulator);
        let path = list(&emulator, V2);
        let first = Request::post(&path, r#"[{"ipAddress":"203.0.113.7"}]"#);
        owner.send(&first).await;
        let second = Request::post(&path, r#"[{"cidrBlock":"198.51.100.0/24"}]"#);
        assert_eq!(blocks(&owner.send(&second).await), expected);
        let page = format!("{path}?itemsPerPage=1&pageNum=2");
        let page = owner.send(&Request::get(page)).await;
        assert_eq!(blocks(&page), ["198.51.100.0/24"]);
        assert_eq!(page.json()["totalCount"], 2);
    }
}

/// Older clients send the slash of a network as it is; an entry that is encoded twice is a mistake
/// of the client's.
#[tokio::test]
async fn a_network_is_found_with_and_without_an_encoded_slash() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let path = list(&emulator, service);
        let add = Request::post(&path, r#"[{"cidrBlock":"203.0.113.0/24"}]"#);
        for (name, status) in [
            ("203.0.113.0/24", 204),
            ("203.0.113.0%2F24", 204),
            ("203.0.113.0%2f24", 204),
            ("203.0.113.0%252F24", 400),
            ("203.0.113.0", 404),
            ("203.0.113.0/25", 404),
            ("nonsense", 400),
        ] {
            let path = format!("{path}/{name}");
            owner.send(&add).await;
            let read = owner.send(&Request::get(&path)).await;
            let found = if status == 204 { 200 } else { status };
            assert_eq!(read.status.as_u16(), found, "{service} {name}");
            let deleted = owner.send(&Request::delete(&path)).await;
            assert_eq!(deleted.status.as_u16(), status, "{service} {name}");
            let left = owner.send(&Request::get(list(&emulator, service))).await;
            assert_eq!(left.results().is_empty(), status == 204, "{service} {name}");
        }
        owner
            .send(&Request::delete(format!("{path}/203.0.113.0/24")))
            .await;
    }
}

#[tokio::test]
async fn bad_additions_are_refused_and_add_nothing() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let path = list(&emulator, service);
        let add = Request::post(&path, r#"[{"ipAddress":"203.0.113.7"}]"#);
        owner.send(&add).await;
        let name = |new: &'static str, old: &'static str| match service {
            OPS_MANAGER => old,
            _ => new,
        };
        let listed = name(
            "ADDRESS_ALREADY_IN_ACCESS_LIST",
            "ADDRESS_ALREADY_IN_WHITELIST",
        );
        let unlistable = name(
            "CANNOT_ADD_IP_ADDRESS_TO_API_KEY_ACCESS_LIST",
            "CANNOT_ADD_IP_ADDRESS_TO_API_KEY_WHITELIST",
        );
        let new = json!({"ipAddress": "198.51.100.1"});
        for (body, status, code) in [
            (json!([new, {"ipAddress": "203.0.113.7"}]), 409, listed),
            (json!([new, {"cidrBlock": "203.0.113.7/32"}]), 409, listed),
            (json!([new, new]), 400, "DUPLICATE_ADDRESSES_IN_INPUT"),
            (
                json!([new, {"cidrBlock": "198.51.100.1/32"}]),
                400,
                "DUPLICATE_ADDRESSES_IN_INPUT",
            ),
            (
                json!([{"ipAddress": "198.51.100.1", "cidrBlock": "198.51.100.0/24"}]),
                400,
                "BAD_WHITELIST_ADD_REQUEST",
            ),
            (json!([{}]), 400, "BAD_WHITELIST_ADD_REQUEST"),
            (json!([]), 400, "BAD_WHITELIST_ADD_REQUEST"),
            (json!([{"cidrBlock": "0.0.0.0/32"}]), 400, unlistable),
            (json!([{"ipAddress": "::"}]), 400, unlistable),
            (
                json!([{"ipAddress": "300.0.0.1"}]),
                400,
                "INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
            ),
            (
                json!([{"ipAddress": "10.0.0.0/8"}]),
                400,
                "INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
            ),
            (
                json!([{"cidrBlock": "10.0.0.1"}]),
                400,
                "INVALID_IP_ADDRESS_OR_CIDR_NOTATION",
            ),
            (json!([{"ipAddress": 7}]), 400, "INVALID_ATTRIBUTE"),
            (json!([{"address": "10.0.0.1"}]), 400, "INVALID_ATTRIBUTE"),
            (new.clone(), 400, "MALFORMED_JSON"),
        ] {
            let reply = owner.send(&Request::post(&path, body.to_string())).await;
            let seen = (reply.status.as_u16(), &*reply.code());
            assert_eq!(seen, (status, code), "{service} {body}");
        }
        let left = owner.send(&Request::get(&path)).await;
        assert_eq!(blocks(&left), ["203.0.113.7/32"]);
        let absent = owner.send(&Request::get(format!("{path}/192.0.2.1"))).await;
        assert_eq!(absent.status, StatusCode::NOT_FOUND);
        let unknown = name(
            "API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND",
            "API_KEY_WHITELIST_NOT_FOUND",
        );
        assert_eq!(absent.code(), unknown);
        owner
            .send(&Request::delete(format!("{path}/203.0.113.7")))
            .await;
    }
}

#[tokio::test]
async fn a_list_applies_to_the_next_sign_in_of_its_key_and_counts_it() {
    for service in SERVICES {
        let emulator = Emulator::builder()
            .key(
                SeedKey::new("listed", PASSWORD)
                    .id(OTHER_KEY)
                    .org_roles(["ORG_MEMBER"]),
            )
            .start()
            .await
            .unwrap();
        let owner = Caller::owner(&emulator);
        let listed = Caller::new(&emulator, "listed", PASSWORD);
        let read = Request::get(org_keys(&emulator, service));
        assert_eq!(listed.send(&read).await.status, StatusCode::OK);
        let path = format!("{}/{OTHER_KEY}/accessList", org_keys(&emulator, service));
        let elsewhere = Request::post(&path, r#"[{"ipAddress":"203.0.113.7"}]"#);
        owner.send(&elsewhere).await;
        let refused = listed.send(&read).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert_eq!(refused.code(), "IP_ADDRESS_NOT_ON_ACCESS_LIST");
        let here = Request::post(&path, r#"[{"cidrBlock":"127.0.0.0/8"}]"#);
        owner.send(&here).await;
        for _ in 0..2 {
            assert_eq!(listed.send(&read).await.status, StatusCode::OK);
        }
        let entries = owner.send(&Request::get(&path)).await.results();
        assert_eq!(
            (&entries[0]["count"], &entries[1]["count"]),
            (&json!(0), &json!(2))
        );
        assert_eq!(entries[1]["lastUsedAddress"], "127.0.0.1");
        assert!(entries[1]["lastUsed"].as_str().unwrap().ends_with('Z'));
        for name in ["203.0.113.7", "127.0.0.0%2F8"] {
            let delete = Request::delete(format!("{path}/{name}"));
            assert_eq!(owner.send(&delete).await.status, StatusCode::NO_CONTENT);
        }
        assert_eq!(
            listed.send(&read).await.status,
            StatusCode::OK,
            "an empty list"
        );
    }
}

#[tokio::test]
async fn the_callers_own_address_stays_on_its_list() {
    for everywhere in [false, true] {
        for service in SERVICES {
            let builder = with(|assumptions| assumptions.caller_stays_on_all_lists = everywhere);
            let emulator = builder.start().await.unwrap();
            let owner = Caller::owner(&emulator);
            let here = r#"[{"ipAddress":"127.0.0.1"},{"ipAddress":"203.0.113.7"}]"#;
            for path in [own_list(&emulator, service), list(&emulator, service)] {
                owner.send(&Request::post(&path, here)).await;
                let delete = |name: &str| Request::delete(format!("{path}/{name}"));
                let reply = owner.send(&delete("127.0.0.1")).await;
                let is_own = path.contains(emulator.calling_api_key_id());
                if !everywhere && !is_own {
                    assert_eq!(reply.status, StatusCode::NO_CONTENT);
                    owner.send(&delete("203.0.113.7")).await;
                    continue;
                }
                let code = match service {
                    OPS_MANAGER => "CANNOT_REMOVE_CALLER_FROM_WHITELIST",
                    _ => "CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST",
                };
                assert_eq!((reply.status.as_u16(), &*reply.code()), (400, code));
                assert_eq!(reply.json()["parameters"], json!(["127.0.0.1"]));
                let other = owner.send(&delete("203.0.113.7")).await;
                assert_eq!(other.status, StatusCode::NO_CONTENT);
                let wider = Request::post(&path, r#"[{"cidrBlock":"127.0.0.0/8"}]"#);
                owner.send(&wider).await;
                let covered = owner.send(&delete("127.0.0.1")).await;
                assert_eq!(
                    covered.status,
                    StatusCode::NO_CONTENT,
                    "another entry remains"
                );
            }
        }
    }
}

#[tokio::test]
async fn access_lists_can_require_a_list_of_the_caller() {
    let builder = with(|assumptions| assumptions.access_list_required = vec![Service::AtlasV2]);
    let emulator = builder
        .access_list(["127.0.0.1"])
        .key(SeedKey::new("unlisted", PASSWORD).org_roles(["ORG_OWNER"]));
    let emulator = emulator.start().await.unwrap();
    let unlisted = Caller::new(&emulator, "unlisted", PASSWORD);
    let read = Request::get(list(&emulator, V2));
    let reply = unlisted.send(&read).await;
    let seen = (reply.status.as_u16(), &*reply.code());
    assert_eq!(seen, (400, "API_KEY_ACCESS_LIST_ACCESS_DENIED"));
    let elsewhere = Request::get(list(&emulator, OPS_MANAGER));
    assert_eq!(unlisted.send(&elsewhere).await.status, StatusCode::OK);
    let owner = Caller::owner(&emulator);
    assert_eq!(owner.send(&read).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_older_names_of_codes_can_be_turned_off() {
    let builder = with(|assumptions| assumptions.whitelist_codes.clear());
    let emulator = builder.start().await.unwrap();
    let path = format!("{}/203.0.113.7", list(&emulator, OPS_MANAGER));
    let reply = Caller::owner(&emulator).send(&Request::get(path)).await;
    assert_eq!(reply.code(), "API_KEY_ACCESS_LIST_ENTRY_NOT_FOUND");
}
