//! HTTP Digest as in RFC 7616: challenges, and the verification of authorizations.

use std::{sync::Arc, time::Instant};

use http::{HeaderValue, Uri, request::Parts};
use md5::Md5;
use parking_lot::Mutex;
use sha2::{Digest, Sha256, Sha512_256};
use subtle::ConstantTimeEq;

use crate::{
    auth::authorization::Parameters,
    auth::nonces::{NonceCounting, NoncePolicy, Nonces, Refused},
    state::user::{Principal, User},
};

const REALM: &str = "MMS Public API";

/// An algorithm that a digest challenge offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
#[non_exhaustive]
pub enum Algorithm {
    /// MD5, which the services offer (default).
    #[default]
    Md5,
    /// MD5 with the nonces in the password's hash.
    Md5Sess,
    /// SHA-256, which RFC 7616 prefers.
    #[cfg_attr(feature = "cli", value(name = "sha-256"))]
    Sha256,
    /// SHA-256 with the nonces in the password's hash.
    #[cfg_attr(feature = "cli", value(name = "sha-256-sess"))]
    Sha256Sess,
    /// SHA-512/256, the strongest in RFC 7616.
    #[cfg_attr(feature = "cli", value(name = "sha-512-256"))]
    Sha512_256,
    /// SHA-512/256 with the nonces in the password's hash.
    #[cfg_attr(feature = "cli", value(name = "sha-512-256-sess"))]
    Sha512_256Sess,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
            Self::Sha512_256 => "SHA-512-256",
            Self::Sha512_256Sess => "SHA-512-256-sess",
        }
    }

    fn is_session(self) -> bool {
        matches!(
            self,
            Self::Md5Sess | Self::Sha256Sess | Self::Sha512_256Sess
        )
    }

    /// Hashes `parts`, joined by colons, to hexadecimal digits.
    fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Md5 | Self::Md5Sess => const_hex::encode(Md5::digest(text)),
            Self::Sha256 | Self::Sha256Sess => const_hex::encode(Sha256::digest(text)),
            Self::Sha512_256 | Self::Sha512_256Sess => const_hex::encode(Sha512_256::digest(text)),
        }
    }
}

/// The options of challenges and of `Authentication-Info`.
#[derive(Clone, Debug)]
pub(crate) struct DigestPolicy {
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) auth_int: bool,
    pub(crate) opaque: Option<String>,
    pub(crate) userhash: bool,
    pub(crate) next_nonce: bool,
    pub(crate) response_auth: bool,
}

/// Issues challenges and verifies authorizations.
pub(crate) struct DigestAuthenticator {
    policy: DigestPolicy,
    counting: NonceCounting,
    nonces: Mutex<Nonces>,
}

/// An authenticated caller, and the `Authentication-Info` for the response.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) caller: Principal,
    pub(crate) info: Option<HeaderValue>,
}

/// Why authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The request gets a challenge. If `stale`, the password was right and only the nonce was not.
    Challenge { stale: bool },
    /// The `uri` parameter is not the request's.
    Uri,
}

impl DigestAuthenticator {
    pub(crate) fn new(policy: DigestPolicy, nonces: NoncePolicy) -> Self {
        Self {
            policy,
            counting: nonces.counting,
            nonces: Mutex::new(Nonces::new(nonces)),
        }
    }

    /// Creates a user with a name and a password.
    pub(crate) fn user(&self, name: &str, password: &str, principal: Principal) -> User {
        let algorithms = || self.policy.algorithms.iter();
        let ha1: Vec<_> = algorithms()
            .map(|a| a.hash(&[name, REALM, password]))
            .collect();
        let hashed_names = algorithms()
            .filter(|_| self.policy.userhash)
            .map(|a| a.hash(&[name, REALM]).into());
        User {
            principal,
            ha1: ha1.join(" ").into(),
            hashed_names: hashed_names.collect(),
        }
    }

    /// Returns whether to verify as Jetty does: an unknown or used-up nonce is stale whatever the
    /// password, and the `uri` parameter is not compared with the request.
    fn is_jetty(&self) -> bool {
        self.counting == NonceCounting::Jetty
    }

    /// Issues a nonce and returns its challenges, one for each algorithm.
    pub(crate) fn challenge(&self, stale: bool) -> Vec<HeaderValue> {
        let policy = &self.policy;
        let nonce = self.nonces.lock().issue(Instant::now());
        let qop = if policy.auth_int {
            "auth,auth-int"
        } else {
            "auth"
        };
        let opaque = policy.opaque.as_ref();
        let opaque = opaque.map_or_else(String::new, |opaque| format!(r#", opaque="{opaque}""#));
        let userhash = if policy.userhash {
            ", userhash=true"
        } else {
            ""
        };
        let challenge = |algorithm: &Algorithm| {
            let algorithm = algorithm.name();
            HeaderValue::try_from(format!(
                r#"Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm={algorithm}, qop="{qop}", stale={stale}{opaque}{userhash}"#
            ))
            .expect("every part of the challenge is visible ASCII")
        };
        policy.algorithms.iter().map(challenge).collect()
    }

    /// Verifies the parameters of a `Digest` Authorization header. `user` returns the user with a
    /// name.
    pub(crate) fn verify(
        &self,
        header: &str,
        request: &Parts,
        body: &[u8],
        user: impl FnOnce(&str) -> Option<Arc<User>>,
    ) -> Result<Verified, Denied> {
        let denied = Denied::Challenge { stale: false };
        let parameters = Parameters::parse(header).ok_or(denied)?;
        let get = |name| parameters.get(name).ok_or(denied);
        let (name, nonce, uri) = (get("username")?, get("nonce")?, get("uri")?);
        let (nc, cnonce, response) = (get("nc")?, get("cnonce")?, get("response")?);
        let qop = get("qop")?.to_ascii_lowercase();
        let named = parameters.get("algorithm").unwrap_or("MD5");
        let (index, algorithm) = self
            .policy
            .algorithms
            .iter()
            .enumerate()
            .find(|(_, algorithm)| algorithm.name().eq_ignore_ascii_case(named))
            .ok_or(denied)?;
        let is_hashed = parameters
            .get("userhash")
            .is_some_and(|is| is.eq_ignore_ascii_case("true"));
        if get("realm")? != REALM
            || !(qop == "auth" || (qop == "auth-int" && self.policy.auth_int))
            || parameters.get("opaque") != self.policy.opaque.as_deref()
            || is_hashed != self.policy.userhash
        {
            return Err(denied);
        }
        let count = count(nc).ok_or(denied)?;

        let mut nonces = self.nonces.lock();
        // Spent by a failed attempt too.
        let spent = nonces.spend(nonce, count, Instant::now());
        if self.is_jetty() && spent == Err(Refused::Stale) {
            return Err(Denied::Challenge { stale: true });
        }
        let user = user(name).ok_or(denied)?;
        let mut ha1 = user.ha1(index).ok_or(denied)?.to_owned();
        if algorithm.is_session() {
            ha1 = algorithm.hash(&[&ha1, nonce, cnonce]);
        }
        let digest = |ha2: String| algorithm.hash(&[&ha1, nonce, nc, cnonce, &qop, &ha2]);
        let expected = digest(if qop == "auth-int" {
            // `hash` takes text, and no operation accepts a body that is not UTF-8.
            let body = algorithm.hash(&[std::str::from_utf8(body).map_err(|_| denied)?]);
            algorithm.hash(&[request.method.as_str(), uri, &body])
        } else {
            algorithm.hash(&[request.method.as_str(), uri])
        });
        if !bool::from(expected.as_bytes().ct_eq(response.as_bytes())) {
            return Err(denied);
        }
        if !self.is_jetty() && !is_requested(uri, &request.uri) {
            return Err(Denied::Uri);
        }
        spent.map_err(|refused| Denied::Challenge {
            stale: refused == Refused::Stale,
        })?;

        let mut info = Vec::new();
        if self.policy.next_nonce {
            info.push(format!(r#"nextnonce="{}""#, nonces.issue(Instant::now())));
        }
        if self.policy.response_auth && qop == "auth" {
            let rspauth = digest(algorithm.hash(&["", uri]));
            info.push(format!(
                r#"rspauth="{rspauth}", cnonce="{cnonce}", nc={nc}, qop=auth"#
            ));
        }
        Ok(Verified {
            caller: user.principal,
            info: HeaderValue::try_from(info.join(", "))
                .ok()
                .filter(|info| !info.is_empty()),
        })
    }
}

/// Parses a nonce count: eight hexadecimal digits, at least 1.
fn count(nc: &str) -> Option<u32> {
    let is_hex = nc.len() == 8 && nc.bytes().all(|byte| byte.is_ascii_hexdigit());
    let count = u32::from_str_radix(nc, 16).ok()?;
    (is_hex && count > 0).then_some(count)
}

/// Returns whether `uri` names the requested resource.
fn is_requested(uri: &str, requested: &Uri) -> bool {
    let Some(requested) = requested.path_and_query() else {
        return false;
    };
    requested.as_str() == uri
        || uri
            .parse::<Uri>()
            .is_ok_and(|uri| uri.scheme().is_some() && uri.path_and_query() == Some(requested))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7616, section 3.9.1.
    #[test]
    fn hash_matches_the_rfc_example() {
        for (algorithm, expected) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let ha1 = algorithm.hash(&["Mufasa", "http-auth@example.org", "Circle of Life"]);
            let ha2 = algorithm.hash(&["GET", "/dir/index.html"]);
            let response = algorithm.hash(&[
                &ha1,
                "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                "00000001",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                "auth",
                &ha2,
            ]);
            assert_eq!(response, expected);
        }
    }

    #[test]
    fn nonce_counts_are_eight_hexadecimal_digits_and_positive() {
        assert_eq!(count("0000000a"), Some(10));
        for nc in ["00000000", "1", "000000001", "+0000001", "0000000g", ""] {
            assert_eq!(count(nc), None, "{nc}");
        }
    }
}
