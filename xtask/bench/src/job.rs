//! The protocol with a client's process: a job on its standard input, a sample on its standard
//! output, both in JSON, whatever language the client is written in.

use serde::{Deserialize, Serialize};

/// The updates that a client makes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) updates: u64,
    pub(crate) concurrency: u64,
    #[serde(flatten)]
    pub(crate) target: Target,
}

/// The API key to update, and the credentials to use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) base_url: String,
    /// The URL of the update itself.
    pub(crate) url: String,
    pub(crate) media_type: String,
    pub(crate) body: String,
    pub(crate) org_id: String,
    pub(crate) api_key_id: String,
    pub(crate) public_key: String,
    pub(crate) private_key: String,
    pub(crate) token: String,
}

/// Returns the URL of an API key in its organization.
pub(crate) fn url(base_url: &str, org_id: &str, api_key_id: &str) -> String {
    format!("{base_url}/api/atlas/v2/orgs/{org_id}/apiKeys/{api_key_id}")
}

pub(crate) const DESC: &str = "ci deploys";
pub(crate) const ROLE: &str = "ORG_READ_ONLY";

/// What a client measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// From the start of the first update to the end of the last.
    pub(crate) seconds: f64,
    /// The median update, in seconds.
    pub(crate) p50: f64,
    /// Processor time of the client's process in these seconds.
    pub(crate) cpu_seconds: f64,
    pub(crate) failures: u64,
}
