//! What one source of settings says.

use std::path::PathBuf;

use atlas_admin::ApiVersion;

use super::LoginParts;
use crate::service::Service;

/// One source of settings. What it does not know is left to the next.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    /// The source, as a user knows it.
    pub(crate) origin: String,
    /// Why there is nothing in it, where that is worth saying.
    pub(crate) remark: Option<&'static str>,
    pub(crate) service: Option<Service>,
    /// Where Atlas is.
    pub(crate) base_url: Option<String>,
    /// Where Ops Manager is.
    pub(crate) ops_manager_url: Option<String>,
    pub(crate) api_version: Option<ApiVersion>,
    pub(crate) org: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) login: LoginParts,
    /// The files that hold its secrets.
    pub(crate) secret_files: Vec<PathBuf>,
}
