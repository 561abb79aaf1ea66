//! The settings that affect requests.

use std::time::Duration;

use chrono::{NaiveDate, Utc};

use super::assumptions::Assumptions;
use crate::{
    http::error::ApiError,
    state::rate_limit::{Exhausted, RateLimit},
};

/// The settings that affect requests.
#[derive(Clone, Debug)]
pub(crate) struct Behavior {
    pub(crate) latency: Duration,
    pub(crate) org_rate_limit: Option<RateLimit>,
    pub(crate) project_rate_limit: Option<RateLimit>,
    pub(crate) token_rate_limit: Option<RateLimit>,
    pub(crate) assumptions: Assumptions,
    pub(crate) admin: bool,
    /// A fixed current day, instead of the clock's.
    pub(super) today: Option<NaiveDate>,
}

impl Behavior {
    /// Returns the current day of the versions' clock.
    pub(crate) fn today(&self) -> NaiveDate {
        self.today.unwrap_or_else(|| Utc::now().date_naive())
    }

    /// Returns the error for a request that an empty bucket refuses.
    pub(crate) fn rate_limited(&self, path: &str, limit: RateLimit, empty: Exhausted) -> ApiError {
        let mut error = ApiError::rate_limited(path, limit, empty);
        if !self.assumptions.retry_after {
            error.retry_after = None;
        }
        error
    }
}
