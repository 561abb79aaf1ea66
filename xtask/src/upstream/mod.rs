//! The vendor's document, from a file or an address.

pub mod changelog;
pub mod lock;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use serde_json::Value;

use crate::{
    diff::service_of,
    document::output::Output,
    document::{self, MAX_BYTES, check_openapi, parse, to_yaml, unpack},
    pipeline::services::{Services, with_trimmed},
    pipeline::trim::trim,
    upstream::lock::{Lock, Locks},
};

/// The service of a document that has no operation of any.
pub const DEFAULT_SERVICE: &str = "atlas-v2";

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

    /// Returns the service that the document describes: the `named` one, or else the one whose
    /// paths it has.
    pub fn service<'a>(&self, named: Option<&'a str>, services: &'a Services) -> Result<&'a str> {
        let service = named
            .or_else(|| service_of(&self.document, services))
            .unwrap_or(DEFAULT_SERVICE);
        services.service(service)?;
        Ok(service)
    }

    /// Returns the part that our operations reach, for `service`.
    ///
    /// Fails if the vendor publishes no document of that service.
    pub fn trimmed(&self, service: &str, services: &Services) -> Result<Value> {
        let known = services.service(service)?;
        ensure!(
            known.upstream.is_some(),
            "{service}: the vendor publishes no document of {}, so openapi/{} is written by hand; \
             edit it, then run `cargo xtask generate`",
            known.title,
            known.document
        );
        let operations = services.operations.values();
        trim(&self.document, &known.base_path, operations).with_context(|| self.label.clone())
    }

    /// Returns the entry of `service` in `locks` after the workspace takes this document.
    pub fn lock(&self, service: &str, locks: &Locks) -> Lock {
        Lock::new(&self.label, &self.text, locks.get(service))
    }

    /// Returns the files for the trimmed document of `service`: the document, its lock, and the
    /// note in `services.toml` that it is trimmed.
    pub fn outputs(&self, root: &Path, service: &str, services: &Services) -> Result<Vec<Output>> {
        let trimmed = to_yaml(&self.trimmed(service, services)?)?;
        let path = Path::new("openapi").join(&services.service(service)?.document);
        let locks = Locks::read(root)?;
        let lock = self.lock(service, &locks);
        let text = fs::read_to_string(root.join(Services::PATH)).context(Services::PATH)?;
        Ok(vec![
            Output::new(path, trimmed),
            Output::new(Locks::PATH, locks.with(service, lock).to_toml()?),
            Output::new(Services::PATH, with_trimmed(&text, service)),
        ])
    }
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
