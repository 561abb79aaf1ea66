//! Settings of one call.

use std::time::Duration;

use super::api_version::ApiVersion;

/// What may be set for one call: query parameters that the services share, the
/// version, and the time it may take.
///
/// Nothing is sent that is not set. [`send`](crate::UpdateOrgApiKey::send) refuses
/// a parameter that the operation does not take on the client's service, with
/// [`ErrorKind::Input`](crate::ErrorKind::Input).
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
    /// No settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the service puts its answer in an envelope with the status
    /// (`envelope`). The caller sees no difference: the envelope is taken off.
    pub fn envelope(mut self, envelope: bool) -> Self {
        self.envelope = Some(envelope);
        self
    }

    /// Whether the service indents its answer (`pretty`).
    pub fn pretty(mut self, pretty: bool) -> Self {
        self.pretty = Some(pretty);
        self
    }

    /// A page of a list, from 1 (`pageNum`). Services take it and answer with one
    /// key all the same.
    pub fn page_num(mut self, page: u32) -> Self {
        self.page_num = Some(page);
        self
    }

    /// The size of a page: 1 to 500, on Atlas v1.0 to 100 (`itemsPerPage`).
    /// Services take it and answer with one key all the same.
    pub fn items_per_page(mut self, items: u32) -> Self {
        self.items_per_page = Some(items);
        self
    }

    /// Whether the service counts the items of a list (`includeCount`). Services
    /// take it and answer with one key all the same.
    pub fn include_count(mut self, count: bool) -> Self {
        self.include_count = Some(count);
        self
    }

    /// The version to ask Atlas v2 for, in place of the client's. The other
    /// services have no versions and are not sent one.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = Some(version);
        self
    }

    /// The longest time for the whole call, in place of the client's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
