//! Digest challenges and what follows a good answer to one (RFC 7616, sections
//! 3.3 and 3.5), read from headers that may hold anything.

use http::{HeaderMap, header};

use super::{
    algorithm::Algorithm,
    parameters::{Parameters, offers},
};
use crate::text::escape;

/// How much of a header that cannot be used is quoted.
const QUOTE_LIMIT: usize = 200;

/// The most that a challenge may have us send back with every request.
const ECHO_LIMIT: usize = 16 * 1024;

/// A digest challenge that can be answered. Its texts are bytes: what a service
/// sends is hashed and sent back as it is, in whatever script.
///
/// `domain` is not kept: all requests of a client go to one service, and a wrong
/// guess that a nonce is good for another path costs one challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) opaque: Option<Vec<u8>>,
    pub(super) algorithm: Algorithm,
    /// The algorithm as the service spells it, if it names one.
    pub(super) algorithm_name: Option<Vec<u8>>,
    /// Whether `qop` is offered. It is not by services of RFC 2069's time.
    pub(super) qop: bool,
    /// Whether the hash of the user name is wanted in its place.
    pub(super) userhash: bool,
    /// Whether `charset=UTF-8` says that the service knows RFC 7616's way of
    /// writing names.
    pub(super) utf8: bool,
    /// Whether the service calls a good answer outdated rather than wrong.
    pub(super) stale: bool,
}

impl Challenge {
    /// The strongest digest challenge among those offered.
    ///
    /// # Errors
    ///
    /// Says why there is none, with a quote of what was offered.
    pub(super) fn strongest(headers: &HeaderMap) -> Result<Self, String> {
        let mut best: Option<Self> = None;
        let mut complaint = "no digest challenge";
        let values = || headers.get_all(header::WWW_AUTHENTICATE).into_iter();

        for offer in values().flat_map(|value| offers(value.as_bytes())) {
            if !offer.scheme.eq_ignore_ascii_case(b"Digest") {
                continue;
            }
            match Self::read(offer.parameters) {
                Ok(challenge) => {
                    let strength = challenge.algorithm.hash;
                    if best.as_ref().is_none_or(|b| strength > b.algorithm.hash) {
                        best = Some(challenge);
                    }
                }
                Err(reason) => complaint = reason,
            }
        }

        best.ok_or_else(|| {
            let offered: Vec<_> = values()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            format!(
                "{complaint} in \"{}\"",
                escape(&offered.join(", "), QUOTE_LIMIT)
            )
        })
    }

    fn read(parameters: Option<Parameters>) -> Result<Self, &'static str> {
        let parameters = parameters.ok_or("a challenge that cannot be parsed")?;
        let get = |name| parameters.get(name).map(<[u8]>::to_vec);
        let is = |name, value: &[u8]| {
            parameters
                .get(name)
                .is_some_and(|given| given.eq_ignore_ascii_case(value))
        };
        let algorithm_name = get("algorithm");
        let challenge = Self {
            realm: get("realm").ok_or("a challenge without a realm")?,
            nonce: get("nonce").ok_or("a challenge without a nonce")?,
            opaque: get("opaque"),
            algorithm: match &algorithm_name {
                Some(name) => Algorithm::named(name).ok_or("an unknown algorithm")?,
                None => Algorithm::DEFAULT,
            },
            algorithm_name,
            qop: match parameters.get("qop") {
                None | Some([]) => false,
                Some(qop) if offers_auth(qop) => true,
                Some(_) => return Err("no qop but such as are not supported"),
            },
            userhash: is("userhash", b"true"),
            utf8: is("charset", b"UTF-8"),
            stale: is("stale", b"true"),
        };
        let echo = [&challenge.realm, &challenge.nonce]
            .into_iter()
            .chain(&challenge.opaque);
        if echo.map(Vec::len).sum::<usize>() > ECHO_LIMIT {
            return Err("a challenge that is too long");
        }
        Ok(challenge)
    }
}

fn offers_auth(qop: &[u8]) -> bool {
    qop.split(|&byte| byte == b',')
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"auth"))
}

/// What a service says after a good answer, in `Authentication-Info`.
#[derive(Debug, Default)]
pub(super) struct AuthenticationInfo {
    /// The nonce to use for the next request.
    pub(super) next_nonce: Option<Vec<u8>>,
    /// The proof that the service knows the password.
    pub(super) proof: Option<Vec<u8>>,
}

impl AuthenticationInfo {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut info = Self::default();
        for value in headers.get_all("authentication-info") {
            let parameters = Parameters::read(value.as_bytes());
            let get = |name| parameters.get(name).map(<[u8]>::to_vec);
            info.next_nonce = info.next_nonce.or(get("nextnonce"));
            // A proof that covers the body is left alone: answers arrive
            // decompressed, and none is asked for.
            if parameters.get("qop") != Some(b"auth-int") {
                info.proof = info.proof.or(get("rspauth"));
            }
        }
        info.next_nonce = info
            .next_nonce
            .filter(|nonce| (1..=ECHO_LIMIT).contains(&nonce.len()));
        info
    }
}
