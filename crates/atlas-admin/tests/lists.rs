//! Lists: pages, streams, and lists that change while they are read.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use atlas_admin::{
    AccessListEntry, ApiKey, Client, Error, ErrorKind, List, ListStream, RetryPolicy,
    futures_core::Stream,
    ipnet::IpNet,
    testing::{FakeResponse, FakeService, Key, Operation, RecordedRequest},
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const PROJECT: &str = "5356823b3794de37132bb7b9";
const KEY: &str = "6a793f752c88faeba59bba49";

fn id(number: usize) -> String {
    format!("{number:024x}")
}

fn client(fake: &FakeService) -> Client {
    fake.builder().retry(RetryPolicy::none()).build().unwrap()
}

/// Creates a client of an organization with this many keys.
fn org_of(count: usize) -> (FakeService, Client) {
    let fake = FakeService::new();
    let keys = (0..count).map(|number| Key::new(id(number)));
    fake.always(Operation::ListOrgApiKeys, FakeResponse::keys(keys));
    let client = client(&fake);
    (fake, client)
}

fn keys(client: &Client) -> List<ApiKey> {
    client.org(ORG).api_keys().list()
}

fn page_of(request: &RecordedRequest) -> usize {
    let (_, page) = request.query.iter().find(|(n, _)| n == "pageNum").unwrap();
    page.parse().unwrap()
}

/// Responds with a page of the services' shape.
fn page(ids: impl IntoIterator<Item = String>, links: &[&str]) -> FakeResponse {
    let results: Vec<Value> = ids.into_iter().map(|id| json!({"id": id})).collect();
    let links: Vec<Value> = links.iter().map(|rel| json!({"rel": rel})).collect();
    let body = json!({"results": results, "links": links}).to_string();
    FakeResponse::http(http::Response::new(body))
}

#[tokio::test]
async fn a_page_has_its_items_its_total_and_its_links() {
    let (fake, client) = org_of(250);
    let first = keys(&client).items_per_page(100).page().await.unwrap();
    assert_eq!((first.results.len(), first.total_count), (100, Some(250)));
    assert!(first.has_next());
    let last = keys(&client).items_per_page(100).page_num(3).await.unwrap();
    assert_eq!((last.results.len(), last.has_next()), (50, false));
    assert_eq!(last.results[49].id, id(249));
    let query = &fake.requests()[1].query;
    let expected = [("itemsPerPage", "100"), ("pageNum", "3")].map(|(n, v)| (n.into(), v.into()));
    assert_eq!(query[..], expected);
}

#[tokio::test]
async fn every_list_of_every_service_is_streamed() {
    let network: IpNet = "203.0.113.0/24".parse().unwrap();
    let fake = FakeService::new();
    let page_of_keys = FakeResponse::keys([Key::new(KEY)]);
    fake.always(Operation::ListOrgApiKeys, page_of_keys.clone())
        .always(Operation::ListProjectApiKeys, page_of_keys)
        .always(
            Operation::ListAccessListEntries,
            FakeResponse::entries([AccessListEntry::new(network)]),
        );
    for builder in [
        fake.builder(),
        fake.builder().atlas_v1(),
        fake.builder().ops_manager("https://om.example.com"),
    ] {
        let client = builder.build().unwrap();
        let org = client.org(ORG);
        assert_eq!(org.api_keys().list().all().await.unwrap()[0].id, KEY);
        let project = client.project(PROJECT).api_keys();
        assert_eq!(project.list().all().await.unwrap()[0].id, KEY);
        let entries = org.api_key(KEY).access_list().list().all().await.unwrap();
        assert_eq!(entries[0].network, network);
    }
}

/// At any time, a stream holds no more than the page that it is in.
#[tokio::test]
async fn pages_are_read_as_they_are_needed() {
    let mut seen = 0;
    for _ in 0..20 {
        let (fake, client) = org_of(500);
        let mut stream = keys(&client).stream();
        assert_eq!(fake.requests().len(), 0);
        let mut taken = 0;
        while let Some(key) = stream.next().await {
            assert_eq!(key.unwrap().id, id(taken));
            assert_eq!(fake.requests().len(), taken / 100 + 1);
            taken += 1;
        }
        assert_eq!((taken, fake.requests().len()), (500, 5));
        // Fetching the challenge took one more.
        assert_eq!(stream.requests_sent(), 6);
        seen += taken;
    }
    assert_eq!(seen, 10_000);
}

#[tokio::test]
async fn a_stream_starts_and_steps_as_it_is_told() {
    let (fake, client) = org_of(25);
    let rest = keys(&client).items_per_page(10).page_num(2).all().await;
    let rest: Vec<_> = rest.unwrap().into_iter().map(|key| key.id).collect();
    assert!(rest.iter().eq(&(10..25).map(id).collect::<Vec<_>>()));
    assert!(fake.requests().iter().map(page_of).eq([2, 3]));
}

#[tokio::test]
async fn a_stream_is_a_stream_that_can_move_between_threads() {
    fn sendable<T>(_: impl Stream<Item = Result<T, Error>> + Send + Unpin + 'static) {}
    let (_, client) = org_of(1);
    sendable(keys(&client).stream());
    let mut stream: ListStream<ApiKey> = keys(&client).stream();
    let task = tokio::spawn(async move { stream.next().await });
    assert_eq!(task.await.unwrap().unwrap().unwrap().id, id(0));
}

#[tokio::test]
async fn a_stream_ends_after_an_error() {
    let fake = FakeService::new();
    fake.once(Operation::ListOrgApiKeys, page((0..3).map(id), &["next"]));
    fake.always(Operation::ListOrgApiKeys, FakeResponse::not_allowed());
    let mut stream = keys(&client(&fake)).stream();
    for number in 0..3 {
        assert_eq!(stream.next().await.unwrap().unwrap().id, id(number));
    }
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(error.is_permission(), "{error}");
    assert!(stream.next().await.is_none());
    assert!(keys(&client(&fake)).all().await.is_err());
}

#[tokio::test]
async fn invalid_pages_are_refused_before_sending() {
    let (fake, client) = org_of(1);
    for (list, reason) in [
        (keys(&client).items_per_page(0), "itemsPerPage is 0"),
        (keys(&client).items_per_page(501), "accepts 1 to 500"),
        (keys(&client).page_num(0), "pageNum is 0"),
        (client.org("x").api_keys().list(), "organization id"),
    ] {
        for error in [
            list.to_request().unwrap_err(),
            list.clone().page().await.unwrap_err(),
            list.stream().next().await.unwrap().unwrap_err(),
        ] {
            assert!(error.is_input(), "{error}");
            assert!(error.to_string().contains(reason), "{error}");
            assert!(
                error
                    .to_string()
                    .starts_with("list_org_api_keys in organization")
            );
        }
    }
    let ops_manager = fake.builder().ops_manager("https://om.example.com");
    let counted = keys(&ops_manager.build().unwrap()).include_count(true);
    let error = counted.page().await.unwrap_err();
    assert!(error.to_string().contains("does not accept includeCount"));
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn a_page_with_what_is_no_id_is_refused_by_name() {
    let fake = FakeService::new();
    let ids = [id(1), "gswvkocq".to_owned()];
    fake.always(Operation::ListOrgApiKeys, page(ids, &["self"]));
    let error = keys(&client(&fake)).page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("gswvkocq"), "{error}");
    assert!(!error.outcome_unknown());
}

/// Services that send pages in other ways than ours, and how many requests they get.
#[tokio::test]
async fn streams_of_any_service_end() {
    type Rule = fn(usize) -> FakeResponse;
    let rules: [(&str, Rule, usize, usize); 8] = [
        (
            "ignores the page",
            |_| page((0..100).map(id), &["next"]),
            100,
            2,
        ),
        (
            "ignores it without links",
            |_| page((0..100).map(id), &[]),
            100,
            2,
        ),
        ("always links to more", |_| page([], &["next"]), 0, 1),
        (
            "repeats its last page",
            |n| page((0..10).map(|i| id(n.min(3) * 10 + i)), &["next"]),
            30,
            4,
        ),
        (
            "sends less than it was asked for",
            |n| {
                page(
                    (0..10).map(|i| id(n * 10 + i)),
                    if n < 4 { &["next"] } else { &["self"] },
                )
            },
            40,
            4,
        ),
        (
            "sends no links",
            |n| {
                page(
                    (0..if n < 3 { 100 } else { 7 }).map(|i| id(n * 100 + i)),
                    &[],
                )
            },
            207,
            3,
        ),
        (
            "has exactly one page",
            |_| page((0..100).map(id), &["self"]),
            100,
            1,
        ),
        ("has nothing", |_| page([], &[]), 0, 1),
    ];
    for (name, rule, items, requests) in rules {
        let fake = FakeService::new();
        fake.always_with(Operation::ListOrgApiKeys, move |request| {
            rule(page_of(request))
        });
        let all = keys(&client(&fake)).all().await.unwrap();
        assert_eq!(
            (all.len(), fake.requests().len()),
            (items, requests),
            "{name}"
        );
    }
}

/// Something that happens to a list before a page is read: a key is added or deleted, at a place
/// in its order.
#[derive(Debug, Clone, Copy)]
struct Change {
    is_deletion: bool,
    place: usize,
}

fn changes() -> impl Strategy<Value = Vec<Vec<Change>>> {
    let change = (any::<bool>(), any::<usize>())
        .prop_map(|(is_deletion, place)| Change { is_deletion, place });
    vec(vec(change, 0..4), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_list_that_changes_while_it_is_read_yields_no_key_twice(
        size in 0_usize..40,
        changes in changes(),
    ) {
        let list = Arc::new(Mutex::new((0..size).map(id).collect::<Vec<_>>()));
        let initial: BTreeSet<String> = list.lock().unwrap().iter().cloned().collect();
        let has_deletions = changes.iter().flatten().any(|change| change.is_deletion);
        let (pages, added) = (AtomicUsize::new(0), AtomicUsize::new(1_000));
        let fake = FakeService::new();
        fake.always_with(Operation::ListOrgApiKeys, move |_| {
            let mut list = list.lock().unwrap();
            let page = pages.fetch_add(1, Ordering::Relaxed);
            for change in changes.get(page).into_iter().flatten() {
                let place = change.place % (list.len() + 1);
                if !change.is_deletion {
                    list.insert(place, id(added.fetch_add(1, Ordering::Relaxed)));
                } else if place < list.len() {
                    list.remove(place);
                }
            }
            FakeResponse::keys(list.iter().cloned().map(Key::new))
        });
        let list = keys(&client(&fake)).items_per_page(5);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let items = runtime.block_on(list.all()).unwrap();
        let ids: BTreeSet<String> = items.iter().map(|key| key.id.to_string()).collect();
        prop_assert_eq!(ids.len(), items.len());
        prop_assert!(fake.requests().len() <= size / 5 + 48);
        // Keys move to later pages only, so that none is skipped.
        if !has_deletions {
            prop_assert!(initial.is_subset(&ids), "{:?}", initial.difference(&ids));
        }
    }
}
