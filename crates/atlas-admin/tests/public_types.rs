//! What users rely on at compile time.

use std::{sync::Arc, time::SystemTime};

use atlas_admin::{
    AccessList, AccessListEntry, AccessToken, AddAccessListEntries, ApiKey, ApiKeyId, ApiVersion,
    Client, ClientBuilder, CreateOrgApiKey, CreateProjectApiKey, CreatedApiKey, Credentials,
    CustomRequest, DeleteAccessListEntry, DeleteOrgApiKey, Deprecation, EditProjectRoles, Error,
    ErrorCode, ErrorKind, FieldViolation, FileStore, GetAccessListEntry, GetOrgApiKey, IdText,
    Link, List, ListStream, MemoryStore, Mismatch, Network, Org, OrgApiKey, OrgApiKeys, OrgId,
    OrgRole, OtherRole, Page, PrivateKey, Project, ProjectApiKey, ProjectApiKeys, ProjectId,
    ProjectRole, RateLimit, RemoveProjectApiKey, ReplaceProjectRoles, RequestOptions, Response,
    RetryPolicy, RoleAssignment, RoleEdit, TokenKey, TokenStore, UpdateOrgApiKey, http,
    ipnet::IpNet,
    testing::{FakeResponse, FakeService, Key, Operation, RecordedRequest},
};

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const KEY: &str = "6a793f752c88faeba59bba49";

const fn shared_between_threads<T: Send + Sync + Clone + 'static>() {}

const _: () = {
    shared_between_threads::<Client>();
    shared_between_threads::<ClientBuilder>();
    shared_between_threads::<Credentials>();
    shared_between_threads::<ApiVersion>();
    shared_between_threads::<(OrgId, ProjectId, ApiKeyId)>();
    shared_between_threads::<(OrgRole, ProjectRole)>();
    shared_between_threads::<ErrorCode>();
    shared_between_threads::<(RequestOptions, RetryPolicy)>();
    shared_between_threads::<(IdText<OrgId>, Network)>();
    shared_between_threads::<(Org, OrgApiKeys, OrgApiKey, AccessList)>();
    shared_between_threads::<(Project, ProjectApiKeys, ProjectApiKey)>();
    shared_between_threads::<(
        CreateOrgApiKey,
        GetOrgApiKey,
        UpdateOrgApiKey,
        DeleteOrgApiKey,
    )>();
    shared_between_threads::<(
        CreateProjectApiKey,
        ReplaceProjectRoles,
        RemoveProjectApiKey,
    )>();
    shared_between_threads::<(
        AddAccessListEntries,
        GetAccessListEntry,
        DeleteAccessListEntry,
    )>();
    shared_between_threads::<(List<ApiKey>, List<AccessListEntry>, EditProjectRoles)>();
    shared_between_threads::<(
        Page<ApiKey>,
        Page<AccessListEntry>,
        AccessListEntry,
        RoleEdit,
    )>();
    const fn moved_between_threads<T: Send + 'static>() {}
    moved_between_threads::<(ListStream<ApiKey>, CustomRequest)>();
    moved_between_threads::<Arc<CreatedApiKey>>();
    shared_between_threads::<(ApiKey, PrivateKey, RoleAssignment, OtherRole, Link)>();
    shared_between_threads::<(Deprecation, RateLimit)>();
    shared_between_threads::<Response<ApiKey>>();
    shared_between_threads::<(Error, ErrorKind, FieldViolation, Mismatch)>();
    shared_between_threads::<(AccessToken, TokenKey)>();
    shared_between_threads::<(MemoryStore, FileStore)>();
    shared_between_threads::<Arc<dyn TokenStore>>();
    shared_between_threads::<(FakeService, Key, Operation, FakeResponse, RecordedRequest)>();
    const fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<Error>();
    assert!(size_of::<Result<(), Error>>() <= 16);
    assert!(size_of::<Client>() == size_of::<usize>());
};

#[test]
fn a_call_can_be_spawned_and_needs_no_client_to_live() {
    fn spawnable(_: impl Future<Output = Result<Response<ApiKey>, Error>> + Send + 'static) {}
    let client = Client::builder()
        .credentials(Credentials::digest("abcdefgh", String::from("private")))
        .build()
        .unwrap();
    let org: OrgId = ORG.parse().unwrap();
    let key: ApiKeyId = KEY.parse().unwrap();
    spawnable(
        client
            .org(&org)
            .api_key(&key)
            .update()
            .roles([OrgRole::ReadOnly])
            .send(),
    );
    spawnable(
        client
            .project("")
            .api_key(key)
            .replace_roles(["GROUP_OWNER"])
            .send(),
    );
}

/// A secret that is copied or written by accident is found nowhere again.
const _: () = {
    trait Neither<Why> {
        const CHECKED: () = ();
    }
    struct Clones;
    struct Serializes;
    impl<T> Neither<()> for T {}
    impl<T: Clone> Neither<Clones> for T {}
    impl<T: serde::Serialize> Neither<Serializes> for T {}
    // Ambiguous if one of the two applies.
    <CreatedApiKey as Neither<_>>::CHECKED
};

#[test]
fn codes_compare_with_their_constants_and_with_text() {
    let code = Some(ErrorCode::from("CANNOT_DEMOTE_LAST_ORG_OWNER"));
    assert!(code == Some(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER));
    let code: ErrorCode = "GROUP_NOT_FOUND".to_owned().into();
    assert!(code == "GROUP_NOT_FOUND" && code.as_ref() == "GROUP_NOT_FOUND");
    assert_eq!("GROUP_NOT_FOUND".parse(), Ok(ErrorCode::GROUP_NOT_FOUND));
}

/// Looks up a key as a program might, over a trait that its tests implement.
fn found(result: Result<Response<ApiKey>, Error>) -> Result<Option<ApiKey>, Error> {
    match result {
        Ok(key) => Ok(Some(key.into_inner())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[test]
fn results_can_be_made_and_compared_in_tests() {
    let mut key = ApiKey::new(KEY.parse().unwrap());
    key.desc = Some("ci deploys".to_owned());
    key.roles = vec![RoleAssignment::org(ORG.parse().unwrap(), OrgRole::Member)];
    key.private_key = Some(PrivateKey::new("hush"));
    key.links = vec![Link::new("self", "https://cloud.mongodb.com")];
    let response = Response::new(key.clone())
        .with_status(http::StatusCode::ACCEPTED)
        .with_requests_sent(2);
    assert_eq!(response.status().as_u16(), 202);
    assert_eq!(
        response.clone().map(|key| key.id),
        response.clone().map(|_| key.id.clone())
    );
    assert_eq!(found(Ok(response)), Ok(Some(key.clone())));

    let missing = Error::new(ErrorKind::NotFound, "no such key");
    assert_eq!(found(Err(missing)), Ok(None));
    let conflict = || {
        Error::new(ErrorKind::Conflict, "the last owner")
            .with_code(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER)
    };
    assert_eq!(found(Err(conflict())), Err(conflict()));
    assert_ne!(
        conflict(),
        Error::new(ErrorKind::Conflict, "the last owner")
    );
    assert_eq!(
        conflict().to_string(),
        "the last owner: CANNOT_DEMOTE_LAST_ORG_OWNER"
    );
    let doubtful = Error::new(ErrorKind::Timeout, "late").with_outcome_unknown(true);
    assert!(doubtful.outcome_unknown());

    let page = Page::new(vec![key]);
    assert_eq!((page.total_count, page.has_next()), (Some(1), false));
    let host: IpNet = "198.51.100.7/32".parse().unwrap();
    assert_eq!(AccessListEntry::new(host).address(), Some(host.addr()));
    let created = CreatedApiKey::new(KEY.parse().unwrap(), "gswvkocq", "hush");
    assert_eq!(
        (created.id.as_str(), &*created.public_key),
        (KEY, "gswvkocq")
    );
    assert!(!format!("{created:?} {page:?}").contains("hush"));
}

#[test]
fn ids_are_text_where_text_is_expected() {
    fn takes_text(_: &str) {}
    let id: ApiKeyId = KEY.parse().unwrap();
    takes_text(&id);
    let owned = KEY.to_owned();
    assert_eq!(id, KEY);
    assert_eq!(KEY, id);
    assert_eq!(id, owned);
    assert_eq!(owned, id);
    assert_eq!(String::from(id), KEY);
    let texts: [IdText<OrgId>; 3] = [ORG.into(), ORG.to_owned().into(), (&ORG.to_owned()).into()];
    assert!(
        texts
            .iter()
            .all(|text| format!("{text:?}") == format!("{ORG:?}"))
    );
}

#[test]
fn settings_fail_when_the_client_is_built() {
    let valid = || Client::builder().credentials(Credentials::digest("abcdefgh", "hush"));
    for (builder, reason) in [
        (valid().base_url("nowhere"), "the base URL is not a URL"),
        (valid().ops_manager("ftp://om.example.com"), "the base URL"),
        (
            valid().add_root_certificate("no certificate"),
            "root certificate",
        ),
        (valid().client_identity("hush"), "identity"),
        (valid().user_agent_suffix("\n"), "user agent"),
        // The first one is named.
        (
            valid().base_url("nowhere").client_identity("hush"),
            "the base URL",
        ),
    ] {
        let error = builder.build().unwrap_err();
        assert!(error.is_input(), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!format!("{error:?}").contains("hush"));
    }
    assert!(valid().base_url("nowhere").validate().is_err());
    assert!(valid().validate().is_ok());
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    const HUSH: &str = "hush";
    let store = MemoryStore::new();
    let secrets = [
        Credentials::digest("abcdefgh", HUSH),
        Credentials::service_account("mdb_sa_id_1", HUSH),
        Credentials::bearer(HUSH),
        // In the place of a name, by mistake.
        Credentials::digest("mdb_sa_sk_hush", HUSH),
        Credentials::service_account("mdb_sa_sk_hush", HUSH),
    ];
    let mut shown = format!("{:?}", AccessToken::new(HUSH, SystemTime::now()));
    for credentials in secrets {
        shown += &format!("{credentials:?} {credentials:#?}");
        let builder = Client::builder()
            .credentials(credentials)
            .token_store(store.clone());
        shown += &format!("{builder:?} {builder:#?}");
        let client = match builder.build() {
            Ok(client) => client,
            Err(error) => {
                shown += &format!("{error} {error:?}");
                continue;
            }
        };
        let (org, project) = (client.org("1"), client.project("2"));
        shown += &format!("{client:?} {client:#?} {org:?} {project:?}");
        let (org_key, project_key) = (org.api_key("3"), project.api_key("4"));
        shown += &format!("{org_key:?} {project_key:?}");
        let update = org_key.update().desc("x");
        let replace = project_key.replace_roles([ProjectRole::Owner]);
        shown += &format!("{update:?} {update:#?} {replace:?} {replace:#?}");
    }
    shown += &format!("{store:?} {:?}", FileStore::new("/tmp/tokens"));
    assert!(!shown.contains(HUSH), "{shown}");
}
