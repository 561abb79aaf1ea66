//! The certificates that a client is given, and the TLS library that uses them.

use reqwest::ClientBuilder;
#[cfg(any(feature = "native-tls", feature = "rustls-no-provider"))]
use reqwest::{Certificate, Identity};

use crate::error::Error;

/// The certificates that a client is given.
#[derive(Clone, Default)]
pub(crate) struct Certificates {
    #[cfg(any(feature = "native-tls", feature = "rustls-no-provider"))]
    roots: Vec<Certificate>,
    #[cfg(any(feature = "native-tls", feature = "rustls-no-provider"))]
    identity: Option<Identity>,
}

#[cfg(any(feature = "native-tls", feature = "rustls-no-provider"))]
impl Certificates {
    /// Adds the certificate authorities in `pem`.
    pub(crate) fn add_roots(&mut self, pem: &[u8]) -> Result<(), Error> {
        let roots = Certificate::from_pem_bundle(pem)
            .ok()
            .filter(|roots| !roots.is_empty())
            .ok_or_else(|| Error::input("the root certificate is not valid PEM"))?;
        self.roots.extend(roots);
        Ok(())
    }

    /// Sets the client certificate, which `pem` has with its private key.
    pub(crate) fn set_identity(&mut self, pem: &[u8]) -> Result<(), Error> {
        let identity = identity(pem).ok_or_else(|| {
            Error::input("the identity is not a certificate with its private key in PEM")
        })?;
        self.identity = Some(identity);
        Ok(())
    }

    /// Sets TLS up for a client. Reading the system's certificates takes time, and fails where
    /// there are none, so that is left out unless the client `uses_tls`.
    pub(super) fn apply(&self, builder: ClientBuilder, uses_tls: bool) -> ClientBuilder {
        let roots = self.roots.iter().cloned();
        let builder = match roots.len() {
            _ if !uses_tls => backend(builder).tls_certs_only(roots),
            0 => backend(builder),
            _ => backend(builder).tls_certs_merge(roots),
        };
        match &self.identity {
            Some(identity) => builder.identity(identity.clone()),
            None => builder,
        }
    }
}

#[cfg(not(any(feature = "native-tls", feature = "rustls-no-provider")))]
impl Certificates {
    /// Without TLS, there is nothing to set up.
    pub(super) fn apply(&self, builder: ClientBuilder, _uses_tls: bool) -> ClientBuilder {
        builder
    }
}

/// Checks that rustls has a provider, without which reqwest panics.
pub(super) fn check_provider() -> Result<(), Error> {
    #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(
            Error::input("the program has installed no provider for rustls").with_advice(
                "call CryptoProvider::install_default first, or turn on the feature rustls of \
                     atlas-admin",
            ),
        );
    }
    Ok(())
}

/// Chooses the library, since reqwest may have been built with others for other crates.
#[cfg(feature = "rustls-no-provider")]
fn backend(builder: ClientBuilder) -> ClientBuilder {
    builder.tls_backend_rustls()
}

#[cfg(feature = "rustls-no-provider")]
fn identity(pem: &[u8]) -> Option<Identity> {
    Identity::from_pem(pem).ok()
}

#[cfg(all(feature = "native-tls", not(feature = "rustls-no-provider")))]
fn backend(builder: ClientBuilder) -> ClientBuilder {
    builder.tls_backend_native()
}

/// Returns the identity, for which native-tls takes the key apart from the certificates.
#[cfg(all(feature = "native-tls", not(feature = "rustls-no-provider")))]
fn identity(pem: &[u8]) -> Option<Identity> {
    const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
    const END: &str = "-----END PRIVATE KEY-----";

    let pem = str::from_utf8(pem).ok()?;
    let start = pem.find(BEGIN)?;
    let end = start + pem[start..].find(END)? + END.len();
    let certificates = [&pem[..start], &pem[end..]].concat();
    Identity::from_pkcs8_pem(certificates.as_bytes(), &pem.as_bytes()[start..end]).ok()
}
