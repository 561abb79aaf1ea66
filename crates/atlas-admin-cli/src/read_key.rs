//! Reading one API key.

use atlas_admin::{ApiKey, ApiKeyId, Client, Error, OrgId, Response};

/// The key as it is now.
pub(crate) async fn read_key(
    client: Client,
    org: &OrgId,
    key: &ApiKeyId,
) -> Result<Response<ApiKey>, Error> {
    client.org(org).api_key(key).get().send().await
}
