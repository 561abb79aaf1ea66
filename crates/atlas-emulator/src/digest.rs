//! HTTP Digest as in RFC 7616: the challenge, and the check of the answer.

use std::{collections::HashMap, time::Instant};

use http::{HeaderValue, Uri, request::Parts};
use md5::Md5;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    authorization::Parameters,
    nonces::{NoncePolicy, Nonces, Refused},
    state::Principal,
};

const REALM: &str = "MMS Public API";

/// The hash of the digest challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// MD5, which the services offer. The default.
    #[default]
    Md5,
    /// SHA-256, which RFC 7616 prefers.
    Sha256,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// The hexadecimal hash of `parts` joined by colons.
    fn hash(self, parts: &[&str]) -> String {
        match self {
            Self::Md5 => hash::<Md5>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
        }
    }
}

fn hash<H: Digest>(parts: &[&str]) -> String {
    let mut hasher = H::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(":");
        }
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

/// The users that may sign in, and the nonces they were given.
pub(crate) struct DigestGate {
    algorithm: Algorithm,
    users: HashMap<String, User>,
    nonces: Mutex<Nonces>,
}

/// A user's password is kept as its hash only.
struct User {
    ha1: String,
    principal: Principal,
}

/// Why a request was not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// To be challenged. `stale` tells that the password was right and only
    /// the nonce was not.
    Challenge { stale: bool },
    /// The `uri` parameter is not the request's.
    Uri,
}

impl DigestGate {
    pub(crate) fn new(algorithm: Algorithm, policy: NoncePolicy) -> Self {
        Self {
            algorithm,
            users: HashMap::new(),
            nonces: Mutex::new(Nonces::new(policy)),
        }
    }

    /// Adds a user; `false` if the name is taken.
    pub(crate) fn add_user(&mut self, name: &str, password: &str, principal: Principal) -> bool {
        let ha1 = self.algorithm.hash(&[name, REALM, password]);
        self.users
            .insert(name.to_owned(), User { ha1, principal })
            .is_none()
    }

    /// A challenge with a new nonce.
    pub(crate) fn challenge(&self, stale: bool) -> HeaderValue {
        let nonce = self.nonces.lock().issue(Instant::now());
        let algorithm = self.algorithm.name();
        HeaderValue::try_from(format!(
            r#"Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm={algorithm}, qop="auth", stale={stale}"#
        ))
        .expect("every part of the challenge is visible ASCII")
    }

    /// Checks the parameters of a `Digest` Authorization header.
    pub(crate) fn verify(&self, header: &str, request: &Parts) -> Result<Principal, Denied> {
        let denied = Denied::Challenge { stale: false };
        let parameters = Parameters::parse(header).ok_or(denied)?;
        let get = |name| parameters.get(name).ok_or(denied);
        let (name, nonce, uri) = (get("username")?, get("nonce")?, get("uri")?);
        let (nc, cnonce, response) = (get("nc")?, get("cnonce")?, get("response")?);
        let algorithm = parameters.get("algorithm").unwrap_or("MD5");
        if get("realm")? != REALM
            || !get("qop")?.eq_ignore_ascii_case("auth")
            || !algorithm.eq_ignore_ascii_case(self.algorithm.name())
        {
            return Err(denied);
        }
        let count = count(nc).ok_or(denied)?;

        let user = self.users.get(name).ok_or(denied)?;
        let ha2 = self.algorithm.hash(&[request.method.as_str(), uri]);
        let expected = self
            .algorithm
            .hash(&[&user.ha1, nonce, nc, cnonce, "auth", &ha2]);
        if !bool::from(expected.as_bytes().ct_eq(response.as_bytes())) {
            return Err(denied);
        }
        if !is_requested(uri, &request.uri) {
            return Err(Denied::Uri);
        }
        self.nonces
            .lock()
            .spend(nonce, count, Instant::now())
            .map_err(|refused| Denied::Challenge {
                stale: refused == Refused::Stale,
            })?;
        Ok(user.principal)
    }
}

/// A nonce count: eight hexadecimal digits, counted from 1.
fn count(nc: &str) -> Option<u32> {
    let is_hex = nc.len() == 8 && nc.bytes().all(|byte| byte.is_ascii_hexdigit());
    let count = u32::from_str_radix(nc, 16).ok()?;
    (is_hex && count > 0).then_some(count)
}

/// Whether `uri` names the resource that was asked for.
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
    fn the_example_of_the_rfc_is_computed() {
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
    fn counts_are_eight_hexadecimal_digits_from_one() {
        assert_eq!(count("0000000a"), Some(10));
        for nc in ["00000000", "1", "000000001", "+0000001", "0000000g", ""] {
            assert_eq!(count(nc), None, "{nc}");
        }
    }
}
