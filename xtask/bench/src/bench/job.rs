//! What a client process is told, and what it tells: one JSON object each, on
//! standard input and output, whatever the client is written in.

use serde::{Deserialize, Serialize};

/// The updates that a client is to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) updates: u64,
    pub(crate) concurrency: u64,
    #[serde(flatten)]
    pub(crate) target: Target,
}

/// The API key to update, and who asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) base_url: String,
    /// The address of the update itself.
    pub(crate) url: String,
    pub(crate) media_type: String,
    pub(crate) body: String,
    pub(crate) org_id: String,
    pub(crate) api_key_id: String,
    pub(crate) public_key: String,
    pub(crate) private_key: String,
    pub(crate) token: String,
}

/// The address of an API key in its organization.
pub(crate) fn url(base_url: &str, org_id: &str, api_key_id: &str) -> String {
    format!("{base_url}/api/atlas/v2/orgs/{org_id}/apiKeys/{api_key_id}")
}

pub(crate) const DESC: &str = "ci deploys";
pub(crate) const ROLE: &str = "ORG_READ_ONLY";

/// How it went, as the client saw it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// From the first update's start to the last one's end.
    pub(crate) seconds: f64,
    /// The median update, in seconds.
    pub(crate) p50: f64,
    /// Processor time of the client's process meanwhile.
    pub(crate) cpu_seconds: f64,
    pub(crate) failures: u64,
}
