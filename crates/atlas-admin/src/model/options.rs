//! Options of one call.

use std::time::Duration;

use serde_json::Value;

use super::api_version::ApiVersion;

/// Options of one call: query parameters, the API version and the time limit.
///
/// Query parameters that are not set are not sent. If the operation does not accept a
/// parameter on the client's service, [`send`](crate::UpdateOrgApiKey::send) returns
/// [`ErrorKind::Input`](crate::ErrorKind::Input) without sending anything.
///
/// ```
/// use std::time::Duration;
/// use atlas_admin::{ApiVersion, RequestOptions};
///
/// let options = RequestOptions::new()
///     .api_version(ApiVersion::V2023_10_01)
///     .timeout(Duration::from_secs(5));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct RequestOptions {
    pub(crate) envelope: Option<bool>,
    pub(crate) pretty: Option<bool>,
    pub(crate) page_num: Option<u32>,
    pub(crate) items_per_page: Option<u32>,
    pub(crate) include_count: Option<bool>,
    pub(crate) api_version: Option<ApiVersion>,
    pub(crate) timeout: Option<Duration>,
}

impl RequestOptions {
    /// Returns options with nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the query parameters that are set, by the services' names.
    pub(crate) fn query(&self) -> impl Iterator<Item = (&'static str, Value)> {
        [
            ("envelope", self.envelope.map(Value::from)),
            ("pretty", self.pretty.map(Value::from)),
            ("pageNum", self.page_num.map(Value::from)),
            ("itemsPerPage", self.items_per_page.map(Value::from)),
            ("includeCount", self.include_count.map(Value::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    /// Sets whether the service wraps its response and the status in an envelope
    /// (`envelope`). The client unwraps it, so the result is the same.
    pub fn envelope(mut self, envelope: bool) -> Self {
        self.envelope = Some(envelope);
        self
    }

    /// Sets whether the service indents its response (`pretty`).
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = Some(pretty);
        self
    }

    /// Sets the page of a list, from 1 (`pageNum`). Operations other than lists accept it on
    /// some services, and it has no effect there.
    pub fn page_num(mut self, page: u32) -> Self {
        self.page_num = Some(page);
        self
    }

    /// Sets the number of items on a page of a list (`itemsPerPage`): 1 to 500, and 100 by
    /// default. Operations other than lists accept it on some services, and it has no effect
    /// there.
    pub fn items_per_page(mut self, items: u32) -> Self {
        self.items_per_page = Some(items);
        self
    }

    /// Sets whether a page says how long the whole list is (`includeCount`); by default it
    /// does. Ops Manager does not accept it. Operations other than lists accept it on some
    /// services, and it has no effect there.
    pub fn include_count(mut self, count: bool) -> Self {
        self.include_count = Some(count);
        self
    }

    /// Sets the version to request from Atlas v2, instead of the client's. The other services
    /// have no versions.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = Some(version);
        self
    }

    /// Sets the time limit of the whole call, instead of the client's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
