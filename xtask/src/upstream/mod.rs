//! The vendor's document, from a file or an address.

pub mod changelog;
pub mod lock;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use serde_json::Value;

use crate::{
    document::output::Output,
    document::{self, MAX_BYTES, check_openapi, parse, to_yaml, unpack},
    pipeline::services::{Service, Services},
    pipeline::trim::trim,
    upstream::lock::Lock,
};

/// The service whose document is trimmed from the vendor's.
pub const SERVICE: &str = "atlas-v2";

const LOCK: &str = "openapi/upstream.lock.toml";

/// The time limit of a download.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A document with its text.
pub struct Upstream {
    /// What to call it: its path, or its address without what may be secret.
    label: String,
    text: String,
    /// The whole document.
    pub document: Value,
}

impl Upstream {
    /// Reads a document from a path, or from an `http` or `https` address.
    pub fn read(source: &str) -> Result<Self> {
        // An address that does not parse may have a secret, so it is not repeated.
        let address = source.contains("://").then(|| Url::parse(source));
        let address = address.transpose().context("not an address")?;
        let label = address.as_ref().map_or(source.to_owned(), label);
        let read = || -> Result<_> {
            let text = match address {
                Some(address) => unpack(download(address)?.as_slice()),
                None => document::read_text(Path::new(source)),
            }?;
            let document = parse(&text)?;
            check_openapi(&document)?;
            Ok((text, document))
        };
        let (text, document) = read().with_context(|| label.clone())?;
        Ok(Self {
            label,
            text,
            document,
        })
    }

    /// Returns the part that our operations reach.
    pub fn trimmed(&self, services: &Services) -> Result<Value> {
        let service = service(services)?;
        trim(
            &self.document,
            &service.base_path,
            services.operations.values(),
        )
        .with_context(|| self.label.clone())
    }

    /// Returns the lock of the workspace at `root` after it takes this document.
    pub fn lock(&self, root: &Path) -> Result<Lock> {
        let old = Lock::read(&root.join(LOCK))?;
        Ok(Lock::new(&self.label, &self.text, old.as_ref()))
    }

    /// Returns whether the workspace at `root` has another document.
    pub fn is_new(&self, root: &Path) -> Result<bool> {
        let old = Lock::read(&root.join(LOCK))?;
        let new = self.lock(root)?;
        Ok(old.is_none_or(|old| old.sha256 != new.sha256))
    }

    /// Returns the files for the trimmed document and its lock.
    pub fn outputs(&self, root: &Path, services: &Services) -> Result<Vec<Output>> {
        let path = Path::new("openapi").join(&service(services)?.document);
        Ok(vec![
            Output::new(path, to_yaml(&self.trimmed(services)?)?),
            Output::new(LOCK, self.lock(root)?.to_toml()?),
        ])
    }
}

fn service(services: &Services) -> Result<&Service> {
    let service = services.services.get(SERVICE);
    service.with_context(|| format!("openapi/services.toml: no service {SERVICE}"))
}

/// Returns an address without its user, password, query and fragment: a signature or a token in
/// them must not be printed or committed.
fn label(address: &Url) -> String {
    let host = address.host_str().unwrap_or_default();
    let port = address.port().map(|port| format!(":{port}"));
    let (scheme, path) = (address.scheme(), address.path());
    format!("{scheme}://{host}{}{path}", port.unwrap_or_default())
}

/// Downloads an address, up to the longest document allowed.
fn download(address: Url) -> Result<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        ensure!(
            ["http", "https"].contains(&address.scheme()),
            "an address must be http or https"
        );
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let response = client.get(address).send().await;
        let mut response = response.map_err(reqwest::Error::without_url)?;
        ensure!(
            response.status().is_success(),
            "the response is {}",
            response.status()
        );
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(reqwest::Error::without_url)?
        {
            ensure!(
                (bytes.len() + chunk.len()) as u64 <= MAX_BYTES,
                "longer than {} MiB",
                MAX_BYTES >> 20
            );
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    })
}
