//! Which keys `--all` rotates.

use std::collections::BTreeSet;

use atlas_admin::{OrgId, RotateOrgApiKey};

use super::super::selection::Selection;
use crate::{
    client::Session,
    commands::listing,
    error::CliError,
    ui::{Output, key_list::ListedKey, table::count},
};

/// Returns the keys that meet the conditions, the oldest first, and the one that signs in last.
/// The old keys of rotations that are not finished are left out, and so are their successors.
pub(super) async fn choose(
    session: &Session,
    org: &OrgId,
    selection: &Selection,
    output: &Output,
) -> Result<Vec<ListedKey>, CliError> {
    let org = session.client.org(org);
    let mut keys = listing::call(org.api_keys().list())?.send().await?;
    keys.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
    // A list that moves while its pages are read may have a key twice.
    keys.dedup_by(|a, b| a.id == b.id);
    let ids: BTreeSet<_> = keys.iter().map(|key| key.id.to_string()).collect();
    let mut unfinished = BTreeSet::new();
    for key in &keys {
        let predecessor = RotateOrgApiKey::predecessor(key).map(|id| id.to_string());
        if let Some(id) = predecessor.filter(|id| ids.contains(id)) {
            unfinished.extend([id, key.id.to_string()]);
        }
    }
    let mut chosen = selection.select(&org, keys, output).await?;
    let found = chosen.len();
    chosen.retain(|listed| !unfinished.contains(listed.key.id.as_str()));
    if found > chosen.len() {
        let left_out = count(found - chosen.len(), "key");
        output.note(&format!(
            "{left_out} left out because a rotation is not finished; see their descriptions, and go \
             on with its journal"
        ));
    }
    chosen.sort_by_key(|listed| signs_in(session, listed));
    Ok(chosen)
}

/// Returns whether the key is the one that signs in.
pub(super) fn signs_in(session: &Session, listed: &ListedKey) -> bool {
    session.public_key.is_some() && listed.key.public_key == session.public_key
}
