//! Lists of keys and their pages.

use std::collections::BTreeSet;

use atlas_emulator::{Emulator, SeedKey};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::client::{
    Caller, OPS_MANAGER, Reply, Request, SERVICES, V2, org_keys, project_key, project_keys,
};

const PASSWORD: &str = "0f3b7c1d-aaaa-4bbb-8ccc-0123456789ab";

async fn with_five_keys() -> Emulator {
    let mut builder = Emulator::builder().public_key("owner").no_rate_limits();
    for name in ["zebra", "apple", "mango"] {
        builder = builder.key(SeedKey::new(name, PASSWORD).org_roles(["ORG_MEMBER"]));
    }
    builder.start().await.unwrap()
}

fn public_keys(reply: &Reply) -> Vec<String> {
    let results = reply.results();
    let name = |key: &Value| key["publicKey"].as_str().unwrap().to_owned();
    results.iter().map(name).collect()
}

/// Returns the relations and queries of a page's links.
fn links(reply: &Reply, url: &str) -> Vec<(String, String)> {
    let json = reply.json();
    let links = json["links"].as_array().unwrap().iter();
    links
        .map(|link| {
            let href = link["href"].as_str().unwrap();
            let (path, query) = href.split_once('?').unwrap();
            assert_eq!(path, url);
            (link["rel"].as_str().unwrap().to_owned(), query.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn keys_are_listed_in_the_order_of_their_public_keys() {
    let emulator = with_five_keys().await;
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let keys = org_keys(&emulator, service);
        let create = Request::post(&keys, r#"{"desc":"x","roles":["ORG_MEMBER"]}"#);
        let new = owner.send(&create).await;
        let list = owner.send(&Request::get(&keys)).await;
        let names = public_keys(&list);
        assert!(names.is_sorted(), "{names:?}");
        assert!(names.contains(&new.text("publicKey")));
        assert_eq!(list.json()["totalCount"], names.len());
        let read = owner
            .send(&Request::get(format!("{keys}/{}", new.text("id"))))
            .await;
        assert!(list.results().contains(&read.json()), "with all roles");
    }
}

#[tokio::test]
async fn pages_have_links_to_their_neighbours() {
    let emulator = with_five_keys().await;
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let keys = org_keys(&emulator, service);
        let url = [emulator.base_url(), &keys].concat();
        let count = match service {
            OPS_MANAGER => "",
            _ => "includeCount=true&",
        };
        let query = |page: u32| format!("{count}pageNum={page}&itemsPerPage=2");
        let mut seen = Vec::new();
        for (page, relations) in [
            (1, &[("self", 1), ("next", 2)][..]),
            (2, &[("self", 2), ("previous", 1), ("next", 3)]),
            (3, &[("self", 3), ("previous", 2)]),
            (4, &[("self", 4), ("previous", 3)]),
        ] {
            let path = format!("{keys}?itemsPerPage=2&pageNum={page}");
            let reply = owner.send(&Request::get(path)).await;
            let expected: Vec<_> = relations
                .iter()
                .map(|(relation, page)| (relation.to_string(), query(*page)))
                .collect();
            assert_eq!(links(&reply, &url), expected, "{service}");
            assert_eq!(reply.json()["totalCount"], 5);
            seen.extend(public_keys(&reply));
        }
        let all = owner.send(&Request::get(&keys)).await;
        assert_eq!(seen, public_keys(&all));
        let only = format!("{count}pageNum=1&itemsPerPage=100");
        assert_eq!(links(&all, &url), [("self".to_owned(), only)]);
    }
}

#[tokio::test]
async fn the_count_can_be_omitted_where_the_documents_say_so() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let path = format!("{}?includeCount=false", org_keys(&emulator, service));
        let reply = owner.send(&Request::get(path)).await;
        let has_count = reply.json().get("totalCount").is_some();
        assert_eq!(has_count, service == OPS_MANAGER, "{service}");
    }
}

#[tokio::test]
async fn an_enveloped_page_has_its_status_beside_the_results() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let keys = org_keys(&emulator, service);
        let plain = owner.send(&Request::get(&keys)).await;
        let reply = owner
            .send(&Request::get(format!("{keys}?envelope=true")))
            .await;
        let mut json = reply.json();
        let status = json.as_object_mut().unwrap().remove("status");
        assert_eq!(status, Some(json!(200)));
        assert_eq!(json, plain.json());
    }
}

#[tokio::test]
async fn bad_pages_are_refused_and_distant_ones_are_empty() {
    let emulator = Emulator::start().await.unwrap();
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        for keys in [
            org_keys(&emulator, service),
            project_keys(&emulator, service),
        ] {
            for query in [
                "itemsPerPage=0",
                "itemsPerPage=501",
                "pageNum=0",
                "pageNum=x",
            ] {
                let reply = owner.send(&Request::get(format!("{keys}?{query}"))).await;
                assert_eq!(reply.code(), "INVALID_QUERY_PARAMETER", "{query}");
            }
            let path = format!("{keys}?pageNum=99999999999999999999&itemsPerPage=500");
            let reply = owner.send(&Request::get(path)).await;
            assert_eq!((reply.status, reply.results().len()), (StatusCode::OK, 0));
            assert_eq!(reply.json()["totalCount"], 2);
        }
    }
}

#[tokio::test]
async fn a_project_lists_the_keys_with_a_role_in_it() {
    let emulator = with_five_keys().await;
    let owner = Caller::owner(&emulator);
    for service in SERVICES {
        let list = Request::get(project_keys(&emulator, service));
        let assign = Request::patch(
            project_key(&emulator, service),
            r#"{"roles":["GROUP_READ_ONLY"]}"#,
        );
        assert_eq!(owner.send(&assign).await.status, StatusCode::OK);
        assert_eq!(owner.send(&list).await.results().len(), 2);
        owner
            .send(&Request::delete(project_key(&emulator, service)))
            .await;
        assert_eq!(public_keys(&owner.send(&list).await), ["owner"]);
    }
}

#[tokio::test]
async fn lists_need_a_member_of_the_organization_or_project() {
    let other = "c0123456789abcdef012345c";
    let project = "b0123456789abcdef012345b";
    let emulator = Emulator::builder()
        .project_id(project)
        .org(other)
        .key(
            SeedKey::new("outsider", PASSWORD)
                .org(other)
                .org_roles(["ORG_OWNER"]),
        )
        .key(SeedKey::new("member", PASSWORD).org_roles(["ORG_MEMBER"]))
        .key(SeedKey::new("reader", PASSWORD).org_roles(["ORG_READ_ONLY"]))
        .key(SeedKey::new("guest", PASSWORD).project_roles(project, ["GROUP_READ_ONLY"]))
        .start()
        .await
        .unwrap();
    for service in SERVICES {
        let org = Request::get(org_keys(&emulator, service));
        let in_project = Request::get(project_keys(&emulator, service));
        for (user, request, code) in [
            ("outsider", &org, "USER_CANNOT_ACCESS_ORG"),
            ("outsider", &in_project, "NOT_IN_GROUP"),
            ("member", &in_project, "NOT_IN_GROUP"),
        ] {
            let reply = Caller::new(&emulator, user, PASSWORD).send(request).await;
            assert_eq!(
                (reply.status.as_u16(), &*reply.code()),
                (401, code),
                "{user}"
            );
        }
        for (user, request) in [
            ("member", &org),
            ("guest", &in_project),
            ("reader", &in_project),
        ] {
            let reply = Caller::new(&emulator, user, PASSWORD).send(request).await;
            assert_eq!(reply.status, StatusCode::OK, "{user}");
        }
    }
}

#[tokio::test]
async fn ten_thousand_keys_are_listed_once_each() {
    let emulator = Emulator::builder()
        .keys_per_org(10_000)
        .no_rate_limits()
        .start()
        .await
        .unwrap();
    let owner = Caller::owner(&emulator);
    let mut seen = BTreeSet::new();
    let mut next = format!("{}?itemsPerPage=500", org_keys(&emulator, V2));
    for _ in 0..21 {
        let reply = owner.send(&Request::get(&next)).await;
        for name in public_keys(&reply) {
            assert!(seen.insert(name));
        }
        let json = reply.json();
        let links = json["links"].as_array().unwrap();
        let link = links.iter().find(|link| link["rel"] == "next");
        let Some(link) = link else { break };
        let href = link["href"].as_str().unwrap();
        next = href.trim_start_matches(emulator.base_url()).to_owned();
    }
    assert_eq!(seen.len(), 10_002);
}
