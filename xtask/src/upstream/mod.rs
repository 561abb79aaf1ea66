//! The vendor's document, from a file or an address.

pub mod changelog;
pub mod lock;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
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
    source: String,
    text: String,
    /// The whole document.
    pub document: Value,
}

impl Upstream {
    /// Reads a document from a path, or from an `http` or `https` address.
    pub fn read(source: &str) -> Result<Self> {
        Self::read_text(source)
            .and_then(|text| {
                let document = parse(&text)?;
                check_openapi(&document)?;
                Ok(Self {
                    source: source.to_owned(),
                    text,
                    document,
                })
            })
            .with_context(|| source.to_owned())
    }

    fn read_text(source: &str) -> Result<String> {
        if source.starts_with("https://") || source.starts_with("http://") {
            unpack(download(source)?.as_slice())
        } else {
            document::read_text(Path::new(source))
        }
    }

    /// Returns the part that our operations reach.
    pub fn trimmed(&self, services: &Services) -> Result<Value> {
        let service = service(services)?;
        trim(
            &self.document,
            &service.base_path,
            services.operations.values(),
        )
        .with_context(|| self.source.clone())
    }

    /// Returns the lock of the workspace at `root` after it takes this document.
    pub fn lock(&self, root: &Path) -> Result<Lock> {
        let old = Lock::read(&root.join(LOCK))?;
        Ok(Lock::new(&self.source, &self.text, old.as_ref()))
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

/// Downloads an address, up to the longest document allowed.
fn download(address: &str) -> Result<Vec<u8>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        let mut response = client.get(address).send().await?;
        ensure!(
            response.status().is_success(),
            "answered {}",
            response.status()
        );
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
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
