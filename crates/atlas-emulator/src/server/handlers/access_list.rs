//! Reads and changes the access list of a key.

use axum::response::Response;
use chrono::Utc;
use ipnet::IpNet;
use serde_json::Value;

use crate::{
    http::entry_view::EntryView,
    http::error::ApiError,
    server::call::Call,
    state::access_list::{self, AccessList, Entry},
    state::object_id::ObjectId,
    state::user::Principal,
};

pub(super) fn list(call: &mut Call<'_>) -> Result<Response, ApiError> {
    check_caller(call)?;
    respond_with_list(call, call.key()?.access_list.entries())
}

pub(super) fn add(call: &mut Call<'_>) -> Result<Response, ApiError> {
    check_caller(call)?;
    let id = call.key_id()?;
    let (body, _) = call.body()?;
    let items = body.as_array().into_iter().flatten();
    let added: Vec<Entry> = items.map(entry).collect::<Result<_, _>>()?;
    for (at, entry) in added.iter().enumerate() {
        if added[..at]
            .iter()
            .any(|other| other.network == entry.network)
        {
            return Err(ApiError::duplicate_addresses());
        }
    }
    let list = &mut call.state.key_mut(id)?.access_list;
    if let Some(entry) = added.iter().find(|new| list.get(new.network).is_some()) {
        return Err(ApiError::already_listed(entry.network));
    }
    list.add(added.iter().cloned());
    match call.behavior.assumptions.whole_list_after_add {
        true => respond_with_list(call, call.key()?.access_list.entries()),
        false => respond_with_list(call, &added),
    }
}

pub(super) fn get(call: &mut Call<'_>) -> Result<Response, ApiError> {
    check_caller(call)?;
    let network = network(call)?;
    let entry = call.key()?.access_list.get(network);
    let entry = entry.ok_or_else(|| ApiError::entry_not_found(network))?;
    let list = list_url(call, call.key_id()?);
    Ok(call.response.success(&EntryView::new(entry, &list)))
}

pub(super) fn delete(call: &mut Call<'_>) -> Result<Response, ApiError> {
    check_caller(call)?;
    let (id, network) = (call.key_id()?, network(call)?);
    let list = &call.key()?.access_list;
    if list.get(network).is_none() {
        return Err(ApiError::entry_not_found(network));
    }
    let everywhere = call.behavior.assumptions.caller_stays_on_all_lists;
    if (everywhere || call.caller == Principal::Key(id))
        && let Some(address) = call.peer
        && keeps_out(list, network, address)
    {
        return Err(ApiError::callers_address(address));
    }
    call.state.key_mut(id)?.access_list.remove(network);
    Ok(call.response.empty())
}

/// Refuses a key without an access list of its own, if the service does.
fn check_caller(call: &Call<'_>) -> Result<(), ApiError> {
    let assumptions = &call.behavior.assumptions;
    let key = call.state.caller_key(call.caller);
    let has_list = key.is_none_or(|key| !key.access_list.entries().is_empty());
    if assumptions
        .access_list_required
        .contains(&call.operation.service)
        && !has_list
    {
        return Err(ApiError::access_list_denied());
    }
    Ok(())
}

/// Returns whether the removal of `network` leaves no other entry for `address`.
fn keeps_out(list: &AccessList, network: IpNet, address: std::net::IpAddr) -> bool {
    let address = address.to_canonical();
    let mut others = list.entries().iter().map(|entry| entry.network);
    network.contains(&address)
        && !others.any(|other| other != network.trunc() && other.contains(&address))
}

/// Returns the entry of an item of a valid body.
fn entry(item: &Value) -> Result<Entry, ApiError> {
    let text = item["ipAddress"].as_str().or(item["cidrBlock"].as_str());
    let text = text.ok_or_else(ApiError::address_and_network)?;
    let is_network = item["cidrBlock"].is_string();
    let entry = Entry::new(text, Utc::now())
        .filter(|_| text.contains('/') == is_network)
        .ok_or_else(|| ApiError::invalid_address(text))?;
    if entry.is_host() && entry.network.addr().is_unspecified() {
        return Err(ApiError::unlistable_address(entry.network));
    }
    Ok(entry)
}

/// Returns the address or network in the path.
fn network(call: &Call<'_>) -> Result<IpNet, ApiError> {
    let text = call.parameter("ipAddress");
    access_list::parse(text)
        .map(|network| network.trunc())
        .ok_or_else(|| ApiError::invalid_address(text))
}

fn respond_with_list(call: &Call<'_>, entries: &[Entry]) -> Result<Response, ApiError> {
    let url = list_url(call, call.key_id()?);
    let views = entries.iter().map(|entry| EntryView::new(entry, &url));
    Ok(call.response.page(call.page_of(views)))
}

fn list_url(call: &Call<'_>, key: ObjectId) -> String {
    format!(
        "{}/orgs/{}/apiKeys/{key}/accessList",
        call.root, call.scope.org
    )
}
