//! What users rely on at compile time.

use std::{sync::Arc, time::SystemTime};

use atlas_admin::{
    AccessToken, ApiKey, ApiKeyId, ApiVersion, Client, ClientBuilder, Credentials, Deprecation,
    Error, ErrorCode, ErrorKind, FieldViolation, FileStore, GetOrgApiKey, Link, MemoryStore,
    Mismatch, Org, OrgApiKey, OrgId, OrgRole, OtherRole, PrivateKey, Project, ProjectApiKey,
    ProjectId, ProjectRole, RateLimit, ReplaceProjectRoles, RequestOptions, Response, RetryPolicy,
    RoleAssignment, TokenKey, TokenStore, UpdateOrgApiKey,
    testing::{FakeResponse, FakeService, Key, Operation, RecordedRequest},
};

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
    shared_between_threads::<(Org, OrgApiKey, Project, ProjectApiKey)>();
    shared_between_threads::<(GetOrgApiKey, UpdateOrgApiKey, ReplaceProjectRoles)>();
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
    let org: OrgId = "32b6e34b3d91647abb20e7b8".parse().unwrap();
    let key: ApiKeyId = "6a793f752c88faeba59bba49".parse().unwrap();
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

#[test]
fn codes_compare_with_their_constants() {
    let code = Some(ErrorCode::from("CANNOT_DEMOTE_LAST_ORG_OWNER"));
    assert!(code == Some(ErrorCode::CANNOT_DEMOTE_LAST_ORG_OWNER));
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
