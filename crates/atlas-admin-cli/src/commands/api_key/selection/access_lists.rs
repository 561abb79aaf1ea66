//! The access lists of many keys.

use atlas_admin::{ApiKey, ErrorCode, Org};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::{
    commands::listing,
    error::CliError,
    ui::{Output, key_list::ListedKey, progress::Progress},
};

/// Reads the access list of each key, `concurrency` of them at once. Keys that have been deleted
/// since they were listed are left out.
pub(super) async fn read(
    org: &Org,
    keys: Vec<ApiKey>,
    concurrency: usize,
    output: &Output,
) -> Result<Vec<ListedKey>, CliError> {
    let progress = Progress::new("access lists read", keys.len(), output);
    let read = async |key: ApiKey| {
        let list = org.api_key(&key.id).access_list().list();
        let result = listing::call(list)?.send().await;
        progress.increment();
        match result {
            Ok(entries) => Ok(Some(ListedKey::new(key, Some(entries)))),
            Err(error) if error.code() == Some(ErrorCode::API_KEY_NOT_FOUND) => Ok(None),
            Err(error) => Err(CliError::from(error)),
        }
    };
    stream::iter(keys)
        .map(read)
        .buffered(concurrency)
        .try_filter_map(async |listed| Ok(listed))
        .try_collect()
        .await
}
