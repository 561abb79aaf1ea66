//! What users rely on at compile time.

use atlas_admin::{
    ApiKey, ApiKeyId, ApiVersion, Client, ClientBuilder, Credentials, Error, ErrorCode, OrgId,
    OrgRole, ProjectId, ProjectRole, ReplaceProjectRoles, RequestOptions, Response,
    UpdateOrgApiKey,
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
    shared_between_threads::<RequestOptions>();
    shared_between_threads::<UpdateOrgApiKey>();
    shared_between_threads::<ReplaceProjectRoles>();
    shared_between_threads::<Response<ApiKey>>();
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
