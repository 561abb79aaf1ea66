//! One source of settings.

use std::path::PathBuf;

use atlas_admin::{ApiVersion, Service};

use super::credentials::{CredentialParts, Part};
use crate::args::NamedService;

/// The settings of one source.
#[derive(Default)]
pub(crate) struct Layer {
    /// The source's name for people.
    pub(crate) origin: String,
    /// Why the source is empty.
    pub(crate) remark: Option<String>,
    pub(crate) service: Part<NamedService>,
    /// The base URL of Atlas.
    pub(crate) base_url: Option<String>,
    pub(crate) ops_manager_url: Option<String>,
    pub(crate) api_version: Option<ApiVersion>,
    pub(crate) org: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) credentials: CredentialParts,
    /// The files that hold its secrets.
    pub(crate) secret_files: Vec<PathBuf>,
}

impl Layer {
    /// Sets the base URLs. A source that names its service has the URL of no other; without a
    /// URL, the name may stand for one.
    pub(super) fn with_urls(
        mut self,
        base_url: Option<String>,
        ops_manager_url: Option<String>,
    ) -> Self {
        let named = self.service.as_ref().and_then(|named| named.as_ref().ok());
        let implied = named.and_then(|named| named.base_url.map(str::to_owned));
        (self.base_url, self.ops_manager_url) = match named.map(|named| named.service) {
            None => (base_url, ops_manager_url),
            Some(Service::OpsManager) => (None, ops_manager_url.or(base_url).or(implied)),
            // The Atlas CLI uses this variable for other addresses of Atlas, too.
            Some(_) => (base_url.or(ops_manager_url).or(implied), None),
        };
        self
    }

    /// Returns a profile without settings.
    pub(super) fn empty(file: &str, profile: &str, remark: &str) -> Self {
        Self {
            origin: format!("{file} [{profile}]"),
            remark: Some(remark.to_owned()),
            ..Self::default()
        }
    }
}
