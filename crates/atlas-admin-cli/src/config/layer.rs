//! One source of settings.

use std::path::PathBuf;

use atlas_admin::{ApiVersion, Service};

use super::credentials::CredentialParts;

/// The settings of one source.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// The source's name for people.
    pub(crate) origin: String,
    /// Why the source is empty.
    pub(crate) remark: Option<&'static str>,
    pub(crate) service: Option<Service>,
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
    /// Returns a profile without settings.
    pub(super) fn empty(file: &str, profile: &str, remark: &'static str) -> Self {
        Self {
            origin: format!("{file} [{profile}]"),
            remark: Some(remark),
            ..Self::default()
        }
    }
}
