//! The state that the clones of a client share.

use std::{sync::Arc, time::Duration};

use http::HeaderValue;

use super::sunset::SunsetWarnings;
use crate::{
    auth::Auth,
    model::{api_version::ApiVersion, service::Service},
    rate_limiter::RateLimiter,
    retry::RetryPolicy,
    transport::{Transport, http::HttpTransport},
};

/// The state that the clones of a client share.
pub(crate) struct ClientInner {
    pub(crate) service: Service,
    pub(crate) version: ApiVersion,
    /// The media type of bodies in that version.
    pub(crate) media_type: HeaderValue,
    pub(crate) user_agent: HeaderValue,
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) max_body_size: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) rate_limiter: Option<RateLimiter>,
    pub(crate) sunset_warnings: SunsetWarnings,
    pub(crate) auth: Auth,
    pub(crate) transport: Arc<dyn Transport>,
    /// Uses each connection once, to retry a request whose idle connection had closed. `None`
    /// if the user supplied the HTTP client, whose connections are not observed.
    pub(crate) unpooled: Option<HttpTransport>,
    /// Builds requests for the service's address.
    pub(crate) requests: atlas_admin_raw::Client,
}
