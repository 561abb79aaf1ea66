//! What happens to an API key from its creation to its deletion, and what can go wrong.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use atlas_admin::{
    AccessListEntry, ApiKeyId, Client, CreatedApiKey, Error, ErrorCode, ErrorKind, OrgRole,
    ProjectRole, Response, RetryPolicy, RoleEdit,
    chrono::{DateTime, Utc},
    ipnet::IpNet,
    secrecy::ExposeSecret,
    testing::{FakeResponse, FakeService, Key, Operation},
};
use http::{Method, StatusCode};
use serde_json::json;

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const PROJECT: &str = "5356823b3794de37132bb7b9";
const KEY: &str = "6a793f752c88faeba59bba49";
const OTHER_KEY: &str = "6a793f752c88faeba59bba50";
const SECRET: &str = "beefdead-1111-2222-3333-444444444444";

fn client(fake: &FakeService) -> Client {
    fake.builder().retry(RetryPolicy::none()).build().unwrap()
}

/// Creates a client whose service responds in one way to one operation.
fn responding(operation: Operation, response: FakeResponse) -> (FakeService, Client) {
    let fake = FakeService::new();
    fake.always(operation, response);
    let client = client(&fake);
    (fake, client)
}

/// Returns everything that an error shows.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?} {error:#?} {:?}", error.body());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        shown += &format!(" {error} {error:?}");
        cause = error.source();
    }
    shown
}

async fn create(client: &Client) -> Result<Response<CreatedApiKey>, Error> {
    let keys = client.org(ORG).api_keys();
    keys.create("ci deploys").roles([OrgRole::Member]).await
}

#[tokio::test]
async fn a_created_key_comes_with_its_secret() {
    let key = Key::new(KEY).desc("ci deploys").public_key("gswvkocq");
    let key = key.private_key(SECRET).org_role(ORG, OrgRole::Member);
    let (fake, client) = responding(Operation::CreateOrgApiKey, FakeResponse::key(key));
    let new = create(&client).await.unwrap();
    assert!(!format!("{new:?} {new:#?}").contains("beefdead"));
    let new = new.into_inner();
    assert_eq!((new.id.as_str(), &*new.public_key), (KEY, "gswvkocq"));
    assert_eq!(new.private_key().expose_secret(), SECRET);
    assert_eq!(new.created_at().to_string(), "2026-08-10 03:03:17 UTC");
    assert!(format!("{:?}", new.credentials()).contains("gswvkocq"));
    let key = new.to_api_key();
    assert!(key.org_roles().eq([OrgRole::Member]));
    assert!(!serde_json::to_string(&key).unwrap().contains("beefdead"));
    let request = &fake.requests()[0];
    assert_eq!(request.method, Method::POST);
    assert_eq!(
        request.body,
        Some(json!({"desc": "ci deploys", "roles": ["ORG_MEMBER"]}))
    );
}

#[tokio::test]
async fn a_created_key_without_its_secret_is_named_by_the_error() {
    let described = || Key::new(KEY).desc("ci deploys").org_role(ORG, "ORG_MEMBER");
    let without = json!({"id": KEY, "publicKey": "gswvkocq"}).to_string();
    let without_public = json!({"id": KEY, "privateKey": SECRET}).to_string();
    for response in [
        FakeResponse::key(described().private_key("********-****-****-444444444444")),
        FakeResponse::key(described().private_key("")),
        FakeResponse::http(http::Response::new(without)),
        FakeResponse::http(http::Response::new(without_public)),
    ] {
        let (_, client) = responding(Operation::CreateOrgApiKey, response);
        let error = create(&client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains(KEY), "{error}");
        assert!(error.outcome_unknown() && error.created().is_none());
        assert!(!shown(&error).contains("444444444444"));
    }
}

#[tokio::test]
async fn a_created_key_with_other_values_is_kept_by_the_error() {
    let other_desc = Key::new(KEY).desc("else").org_role(ORG, OrgRole::Member);
    let other_roles = Key::new(KEY).desc("ci deploys").org_role(ORG, "ORG_OWNER");
    for (key, field) in [(other_desc, "desc"), (other_roles, "roles")] {
        let response = FakeResponse::key(key.private_key(SECRET));
        let (_, client) = responding(Operation::CreateOrgApiKey, response);
        let error = create(&client).await.unwrap_err();
        assert!(error.is_mismatch() && error.outcome_unknown(), "{error}");
        assert_eq!(error.mismatches()[0].field, field);
        assert!(error.to_string().contains(KEY), "{error}");
        assert!(!shown(&error).contains("beefdead"));
        let created = error.created().unwrap();
        assert_eq!(created.private_key().expose_secret(), SECRET);
    }
}

#[tokio::test]
async fn a_role_that_cannot_be_read_costs_no_secret() {
    let roles = json!([{"orgId": "?", "roleName": "ORG_MEMBER"}, {"roleName": "ORG_MEMBER"}]);
    let key = json!({"id": KEY, "publicKey": "gswvkocq", "privateKey": SECRET, "roles": roles});
    let response = FakeResponse::http(http::Response::new(key.to_string()));
    let (_, client) = responding(Operation::CreateOrgApiKey, response);
    let new = create(&client).await.unwrap();
    assert_eq!(new.private_key().expose_secret(), SECRET);
    assert_eq!(new.roles.len(), 1);
}

#[tokio::test]
async fn a_key_created_in_a_project_may_also_be_a_member_of_the_organization() {
    let key = Key::new(KEY).desc("ci").org_role(ORG, OrgRole::Member);
    let key = key.project_role(PROJECT, ProjectRole::ReadOnly);
    let (_, client) = responding(Operation::CreateProjectApiKey, FakeResponse::key(key));
    let keys = client.project(PROJECT).api_keys();
    let new = keys
        .create("ci")
        .roles([ProjectRole::ReadOnly])
        .await
        .unwrap();
    assert_eq!(new.roles.len(), 2);
}

#[tokio::test]
async fn services_say_what_a_new_key_must_have() {
    let fake = FakeService::new();
    fake.always(Operation::CreateProjectApiKey, FakeResponse::ok());
    let ops_manager = fake.builder().ops_manager("https://om.example.com");
    let ops_manager = ops_manager.build().unwrap().project(PROJECT).api_keys();
    ops_manager.create("ci").await.unwrap();
    assert_eq!(fake.requests()[0].body, Some(json!({"desc": "ci"})));

    let atlas = client(&fake);
    let (org, project) = (atlas.org(ORG).api_keys(), atlas.project(PROJECT).api_keys());
    let long = "x".repeat(251);
    for (error, reason) in [
        (
            project.create("ci").await.unwrap_err(),
            "Atlas v2 requires roles",
        ),
        (
            org.create("ci").await.unwrap_err(),
            "Atlas v2 requires roles",
        ),
        (
            org.create("").roles(["A"]).await.unwrap_err(),
            "desc has 0 characters",
        ),
        (
            org.create(long).roles(["A"]).await.unwrap_err(),
            "maximum is 250",
        ),
        (
            org.create("a\nb").roles(["A"]).await.unwrap_err(),
            "control characters",
        ),
        (
            org.create("a").roles::<OrgRole>([]).await.unwrap_err(),
            "roles has 0 roles",
        ),
    ] {
        assert!(
            error.is_input() && error.to_string().contains(reason),
            "{error}"
        );
    }
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn what_a_doubtful_creation_left_is_found_by_description_and_time() {
    let at = |second: u32, n: u32| Key::new(format!("{second:08x}{n:016x}"));
    let keys = [
        at(999, 1).desc("ci deploys"),
        at(1_000, 2).desc("ci deploys"),
        at(2_000, 3).desc("ci deploys"),
        at(2_000, 4).desc("ci deploys 2"),
    ];
    let fake = FakeService::new();
    let response = FakeResponse::keys(keys);
    fake.always(Operation::ListOrgApiKeys, response.clone())
        .always(Operation::ListProjectApiKeys, response);
    let client = client(&fake);
    let since = DateTime::<Utc>::from_timestamp(1_001, 0).unwrap();
    let org = client.org(ORG).api_keys();
    let project = client.project(PROJECT).api_keys();
    for found in [
        org.find_created("ci deploys", since).await.unwrap(),
        project.find_created("ci deploys", since).await.unwrap(),
    ] {
        let seconds: Vec<_> = found
            .iter()
            .map(|key| key.created_at().timestamp())
            .collect();
        assert_eq!(seconds, [1_000, 2_000]);
    }
    assert!(
        fake.requests()
            .iter()
            .all(|request| request.method == Method::GET)
    );
}

#[tokio::test]
async fn what_is_gone_need_not_be_deleted_if_the_caller_says_so() {
    let fake = FakeService::new();
    let client = client(&fake);
    let org_key = client.org(ORG).api_key(KEY);
    let project_key = client.project(PROJECT).api_key(KEY);
    let list = org_key.access_list();
    fake.always(Operation::DeleteOrgApiKey, FakeResponse::key_not_found())
        .always(
            Operation::RemoveProjectApiKey,
            FakeResponse::key_not_found(),
        )
        .always(
            Operation::DeleteAccessListEntry,
            FakeResponse::entry_not_found(),
        );
    assert!(org_key.delete().await.unwrap_err().is_not_found());
    assert!(project_key.remove().await.unwrap_err().is_not_found());
    assert!(list.delete("::1").await.unwrap_err().is_not_found());
    let gone = org_key.delete().missing_ok().await.unwrap();
    assert_eq!(gone.status(), StatusCode::BAD_REQUEST);
    project_key.remove().missing_ok().await.unwrap();
    let gone = list.delete("::1").missing_ok().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);

    // That says nothing about the key.
    let no_org = FakeResponse::error(StatusCode::NOT_FOUND, ErrorCode::ORG_NOT_FOUND, "No.");
    fake.always(Operation::DeleteOrgApiKey, no_org);
    let error = org_key.delete().missing_ok().await.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::ORG_NOT_FOUND));

    fake.always(Operation::DeleteOrgApiKey, FakeResponse::ok());
    let deleted = org_key.delete().missing_ok().await.unwrap();
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn entries_are_sent_once_as_addresses_or_networks() {
    let (fake, client) = responding(Operation::AddAccessListEntries, FakeResponse::ok());
    let list = client.org(ORG).api_key(KEY).access_list();
    let office: IpNet = "203.0.113.0/24".parse().unwrap();
    let host: std::net::IpAddr = "198.51.100.7".parse().unwrap();
    let entries: [atlas_admin::Network; 6] = [
        office.into(),
        "203.0.113.0/24".into(),
        host.into(),
        "198.51.100.7/32".into(),
        "2001:DB8::/32".into(),
        "2001:db8::1".into(),
    ];
    let page = list.add(entries).await.unwrap();
    assert_eq!(page.results.len(), 4);
    assert_eq!(
        fake.requests()[0].body,
        Some(json!([
            {"cidrBlock": "203.0.113.0/24"},
            {"ipAddress": "198.51.100.7"},
            {"cidrBlock": "2001:db8::/32"},
            {"ipAddress": "2001:db8::1"},
        ]))
    );
    let networks = vec![office];
    list.add(&networks).await.unwrap();
}

#[tokio::test]
async fn an_entry_is_addressed_without_the_length_of_an_address_and_escaped_once() {
    let fake = FakeService::new();
    fake.always(Operation::GetAccessListEntry, FakeResponse::ok())
        .always(Operation::DeleteAccessListEntry, FakeResponse::ok());
    let client = client(&fake);
    let list = client.org(ORG).api_key(KEY).access_list();
    let entry = list.get("203.0.113.0/24").await.unwrap();
    list.delete(&*entry).await.unwrap();
    list.get("198.51.100.7/32").await.unwrap();
    list.delete("2001:db8::/32").await.unwrap();
    let ends: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.path.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        ends,
        [
            "203.0.113.0%2F24",
            "203.0.113.0%2F24",
            "198.51.100.7",
            "2001:db8::%2F32"
        ]
    );
    let other: IpNet = "10.0.0.0/8".parse().unwrap();
    let response = FakeResponse::entries([AccessListEntry::new(other)]);
    fake.always(Operation::GetAccessListEntry, response);
    let error = list.get("203.0.113.0/24").await.unwrap_err();
    assert!(error.is_decode(), "{error}");
    assert!(
        error
            .to_string()
            .contains("another access list entry, \"10.0.0.0/8\"")
    );
}

#[tokio::test]
async fn entries_that_are_none_are_refused_before_sending() {
    let fake = FakeService::new();
    let client = client(&fake);
    let list = client.org(ORG).api_key(KEY).access_list();
    let mut text = String::new();
    for error in [
        list.add::<IpNet>([]).await.unwrap_err(),
        list.add(["203.0.113.7/24"]).await.unwrap_err(),
        list.add(["203.0.113.0/24", "everywhere"])
            .await
            .unwrap_err(),
        list.get("203.0.113.0/33").await.unwrap_err(),
        list.delete("203.0.113.7/24").await.unwrap_err(),
        list.delete(SECRET).await.unwrap_err(),
        list.get("../../..").await.unwrap_err(),
    ] {
        assert!(error.is_input());
        text += &format!("{error}\n");
    }
    assert!(fake.requests().is_empty());
    let text = text.replace(KEY, "KEY").replace(ORG, "ORG");
    insta::assert_snapshot!(text, @r#"
    add_access_list_entries of API key KEY in organization ORG: no addresses or networks to add
    add_access_list_entries of API key KEY in organization ORG: 203.0.113.7/24 is an address in the network 203.0.113.0/24; use 203.0.113.0/24, or 203.0.113.7 alone
    add_access_list_entries of API key KEY in organization ORG: access list entry "everywhere" is neither an IP address nor a network such as 203.0.113.0/24
    get_access_list_entry 203.0.113.0/33 of API key KEY in organization ORG: access list entry "203.0.113.0/33" is neither an IP address nor a network such as 203.0.113.0/24
    delete_access_list_entry 203.0.113.7/24 of API key KEY in organization ORG: 203.0.113.7/24 is an address in the network 203.0.113.0/24; use 203.0.113.0/24, or 203.0.113.7 alone
    delete_access_list_entry [REDACTED] of API key KEY in organization ORG: access list entry "[REDACTED]" is neither an IP address nor a network such as 203.0.113.0/24
    get_access_list_entry ../../.. of API key KEY in organization ORG: access list entry "../../.." is neither an IP address nor a network such as 203.0.113.0/24
    "#);
}

/// A project whose keys have roles, with requests counted by operation.
struct Roles {
    fake: FakeService,
    client: Client,
}

impl Roles {
    fn new(roles: &[ProjectRole]) -> Self {
        let key = roles.iter().fold(Key::new(KEY), |key, role| {
            key.project_role(PROJECT, role.clone())
        });
        let key = key.project_role(ORG, "GROUP_OF_ANOTHER_PROJECT");
        let fake = FakeService::new();
        let others = (0..3).map(|n| Key::new(format!("{n:024x}")));
        fake.always(
            Operation::ListProjectApiKeys,
            FakeResponse::keys(others.chain([key])),
        )
        .always(Operation::ReplaceProjectRoles, FakeResponse::ok());
        let client = client(&fake);
        Self { fake, client }
    }

    /// Returns the roles of the last update, if there was one.
    fn sent(&self) -> Option<serde_json::Value> {
        let requests = self.fake.requests();
        Some(requests.last()?.body.as_ref()?["roles"].clone())
    }
}

#[tokio::test]
async fn roles_are_added_to_and_removed_from_those_that_the_key_has() {
    use ProjectRole::{DataAccessReadOnly, Owner, ReadOnly};
    let roles = Roles::new(&[ReadOnly, Owner]);
    let key = roles.client.project(PROJECT).api_key(KEY);

    let added = key.add_roles([DataAccessReadOnly, ReadOnly]).await.unwrap();
    let after = vec![ReadOnly, Owner, DataAccessReadOnly];
    assert_eq!(*added, RoleEdit::new(true, after));
    // The challenge, the list, and the update.
    assert_eq!(added.requests_sent(), 3);
    assert_eq!(
        roles.sent(),
        Some(json!([
            "GROUP_READ_ONLY",
            "GROUP_OWNER",
            "GROUP_DATA_ACCESS_READ_ONLY"
        ]))
    );
    let removed = key.remove_roles([Owner, DataAccessReadOnly]).await.unwrap();
    assert_eq!(*removed, RoleEdit::new(true, vec![ReadOnly]));
    assert_eq!(roles.sent(), Some(json!(["GROUP_READ_ONLY"])));
}

#[tokio::test]
async fn nothing_is_sent_if_no_role_changes() {
    use ProjectRole::{Owner, ReadOnly, SearchIndexEditor};
    let roles = Roles::new(&[ReadOnly, Owner]);
    let project = roles.client.project(PROJECT);
    let same = RoleEdit::new(false, vec![ReadOnly, Owner]);
    let key = project.api_key(KEY);
    assert_eq!(*key.add_roles([Owner]).await.unwrap(), same);
    assert_eq!(*key.remove_roles([SearchIndexEditor]).await.unwrap(), same);
    let absent = project.api_key(OTHER_KEY);
    let nothing = absent.remove_roles([Owner]).await.unwrap();
    assert_eq!(*nothing, RoleEdit::new(false, vec![]));
    assert_eq!(roles.sent(), None);
    // It is assigned to the project.
    let added = absent.add_roles([Owner]).await.unwrap();
    assert_eq!(*added, RoleEdit::new(true, vec![Owner]));
}

#[tokio::test]
async fn the_last_role_is_never_removed_by_accident() {
    let roles = Roles::new(&[ProjectRole::ReadOnly]);
    let key = roles.client.project(PROJECT).api_key(KEY);
    let error = key.remove_roles([ProjectRole::ReadOnly]).await.unwrap_err();
    assert!(error.is_input() && !error.outcome_unknown());
    assert!(
        error
            .to_string()
            .ends_with("take it out of the project with remove()")
    );
    assert_eq!(roles.sent(), None);

    let before = roles.fake.requests().len();
    for error in [
        key.add_roles::<ProjectRole>([]).await.unwrap_err(),
        roles
            .client
            .project("x")
            .api_key(KEY)
            .add_roles(["A"])
            .await
            .unwrap_err(),
    ] {
        assert!(error.is_input(), "{error}");
    }
    assert_eq!(roles.fake.requests().len(), before);
}

/// To add to roles that nobody can see would be to replace them.
#[tokio::test]
async fn roles_that_a_list_leaves_out_are_not_replaced() {
    let page = json!({"results": [{"id": KEY}]}).to_string();
    let (fake, client) = responding(
        Operation::ListProjectApiKeys,
        FakeResponse::http(http::Response::new(page)),
    );
    let key = client.project(PROJECT).api_key(KEY);
    for edit in [
        key.add_roles(["GROUP_OWNER"]),
        key.remove_roles(["GROUP_OWNER"]),
    ] {
        let error = edit.await.unwrap_err();
        assert!(error.is_decode() && !error.outcome_unknown(), "{error}");
    }
    assert_eq!(fake.requests().len(), 2);
}

/// Its list moves while it is read: the key is skipped once.
#[tokio::test]
async fn a_key_that_a_moving_list_skipped_keeps_its_roles() {
    let other = |n: usize| Key::new(format!("{n:024x}"));
    let key = Key::new(KEY).project_role(PROJECT, ProjectRole::Owner);
    let full: Vec<Key> = (0..500).map(other).chain([key]).collect();
    let fake = FakeService::new();
    fake.once(
        Operation::ListProjectApiKeys,
        FakeResponse::keys(full.clone()),
    )
    .once(
        Operation::ListProjectApiKeys,
        FakeResponse::keys(full[1..].to_vec()),
    )
    .always(Operation::ListProjectApiKeys, FakeResponse::keys(full))
    .always(Operation::ReplaceProjectRoles, FakeResponse::ok());
    let key = client(&fake).project(PROJECT).api_key(KEY);
    let edit = key.add_roles([ProjectRole::ReadOnly]).await.unwrap();
    assert_eq!(edit.roles, [ProjectRole::Owner, ProjectRole::ReadOnly]);
}

/// Each reads, waits, and replaces: without a lock, one would undo what another did.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edits_of_one_key_wait_for_each_other_whatever_the_client() {
    let state = Arc::new(Mutex::new(vec!["GROUP_OWNER".to_owned()]));
    let fake = FakeService::new();
    let shared = state.clone();
    fake.always_with(Operation::ListProjectApiKeys, move |_| {
        let roles = shared.lock().unwrap().clone();
        std::thread::sleep(Duration::from_millis(3));
        FakeResponse::keys([roles.iter().fold(Key::new(KEY), |key, role| {
            key.project_role(PROJECT, role.as_str())
        })])
    });
    let shared = state.clone();
    fake.always_with(Operation::ReplaceProjectRoles, move |request| {
        let roles = request.body.as_ref().unwrap()["roles"].clone();
        *shared.lock().unwrap() = serde_json::from_value(roles).unwrap();
        FakeResponse::ok()
    });
    let edits: Vec<_> = (0..20)
        .map(|n| {
            let key = client(&fake).project(PROJECT).api_key(KEY);
            tokio::spawn(key.add_roles([format!("GROUP_{n}")]).into_future())
        })
        .collect();
    for edit in edits {
        assert!(edit.await.unwrap().unwrap().changed);
    }
    assert_eq!(state.lock().unwrap().len(), 21);
}

#[tokio::test]
async fn roles_are_taken_from_any_collection() {
    let fake = FakeService::new();
    fake.always(Operation::UpdateOrgApiKey, FakeResponse::ok())
        .always(Operation::ReplaceProjectRoles, FakeResponse::ok());
    let client = client(&fake);
    let update = || client.org(ORG).api_key(KEY).update();
    let typed = vec![OrgRole::Member, OrgRole::Member];
    let texts: &[&str] = &["ORG_MEMBER", "ORG_MEMBER"];
    let owned = vec!["ORG_MEMBER".to_owned()];
    for update in [
        update().roles(&typed),
        update().roles(&typed[..]),
        update().roles(typed.clone()),
        update().roles([OrgRole::Member]),
        update().roles(["ORG_MEMBER"]),
        update().roles(texts),
        update().roles(&owned),
        update().roles(owned),
    ] {
        update.await.unwrap();
        let request = fake.requests().pop().unwrap();
        assert_eq!(request.body, Some(json!({"roles": ["ORG_MEMBER"]})));
    }
}

#[tokio::test]
async fn handles_make_many_calls() {
    let fake = FakeService::new();
    fake.always(Operation::GetOrgApiKey, FakeResponse::ok());
    let org = client(&fake).org(ORG);
    let key = org.api_key(KEY);
    let id: ApiKeyId = key.get().await.unwrap().id.clone();
    for read in [org.api_key(&id), org.api_key(id.clone()), key] {
        assert_eq!(read.get().await.unwrap().id, KEY);
    }
}
