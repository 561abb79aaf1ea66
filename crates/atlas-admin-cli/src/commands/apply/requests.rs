//! The requests that apply an update.

use std::future::IntoFuture;

use atlas_admin::{ApiKeyId, Client, CreatedApiKey, Error, Network, OrgId, Response};
use bytes::Bytes;

use super::{
    desired::{Target, Update},
    plan::Change,
};
use crate::client::Call;

/// Returns the calls that make a change, one after the other. They return the number of requests
/// that they have sent.
pub(super) fn calls(
    client: &Client,
    key: &ApiKeyId,
    update: &Update,
    change: &Change,
) -> Result<Vec<Call<u32>>, Error> {
    match &update.target {
        Target::Org(org) if update.delete => {
            let delete = client.org(org).api_key(key).delete().missing_ok();
            Ok(vec![counted(delete.to_request(), delete)?])
        }
        Target::Org(org) => {
            let mut request = client.org(org).api_key(key).update();
            if let Some(desc) = &change.desc {
                request = request.desc(&desc.to);
            }
            if let Some(roles) = update.roles.as_ref().filter(|_| change.changes_names()) {
                request = request.roles(roles.iter().map(String::as_str));
            }
            Ok(vec![counted(request.to_request(), request)?])
        }
        Target::Project(project) => {
            let key = client.project(project).api_key(key);
            Ok(vec![match update.roles.as_deref() {
                Some([]) => {
                    let remove = key.remove().missing_ok();
                    counted(remove.to_request(), remove)?
                }
                roles => {
                    let roles = roles.into_iter().flatten().map(String::as_str);
                    let replace = key.replace_roles(roles);
                    counted(replace.to_request(), replace)?
                }
            }])
        }
        Target::AccessList(org) => access_list(client, org, key, change),
    }
}

/// Adds entries before it deletes others, so that the list is never empty in between, which would
/// open the key to every address.
fn access_list(
    client: &Client,
    org: &OrgId,
    key: &ApiKeyId,
    change: &Change,
) -> Result<Vec<Call<u32>>, Error> {
    let list = client.org(org).api_key(key).access_list();
    let mut calls = Vec::with_capacity(1 + change.remove.len());
    if !change.add.is_empty() {
        let add = list.add(&change.add);
        calls.push(counted(add.to_request(), add)?);
    }
    for entry in &change.remove {
        let delete = list.delete(Network::from(entry)).missing_ok();
        calls.push(counted(delete.to_request(), delete)?);
    }
    Ok(calls)
}

/// Returns the call that creates a key with the description and the roles of an update.
pub(super) fn creation(
    client: &Client,
    org: &OrgId,
    update: &Update,
) -> Result<Call<Response<CreatedApiKey>>, Error> {
    let desc = update.desc.as_deref().unwrap_or_default();
    let roles = update.roles.iter().flatten().map(String::as_str);
    let create = client.org(org).api_keys().create(desc).roles(roles);
    Call::new(create.to_request(), create)
}

fn counted<T>(
    request: Result<http::Request<Bytes>, Error>,
    response: impl IntoFuture<Output = Result<Response<T>, Error>, IntoFuture: Send + 'static>,
) -> Result<Call<u32>, Error> {
    let response = response.into_future();
    Call::new(request, async move {
        response.await.map(|response| response.requests_sent())
    })
}
