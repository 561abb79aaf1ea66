//! A nonce in use: its answers to one request after the other (RFC 7616,
//! section 3.4).

use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::challenge::{AuthenticationInfo, Challenge};

/// A challenge with the state of our answers to it.
pub(super) struct Lane {
    challenge: Challenge,
    /// The parameters that say who is asking.
    user: Vec<u8>,
    /// The hash that stands for user, realm and password: A1 of the RFC.
    key: SecretString,
    cnonce: String,
    uses: u32,
}

/// What an answer is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    /// The path with the query.
    pub(super) uri: &'a str,
}

impl Lane {
    pub(super) fn new(challenge: Challenge, user: &str, password: &SecretString) -> Self {
        let hash = challenge.algorithm.hash;
        let mut lane = Self {
            user: user_parameter(&challenge, user),
            key: hash
                .of(&[
                    user.as_bytes(),
                    &challenge.realm,
                    password.expose_secret().as_bytes(),
                ])
                .into(),
            cnonce: random(),
            uses: 0,
            challenge,
        };
        if lane.challenge.algorithm.session {
            lane.key = hash
                .of(&[
                    lane.key.expose_secret().as_bytes(),
                    &lane.challenge.nonce,
                    lane.cnonce.as_bytes(),
                ])
                .into();
        }
        lane
    }

    /// The header that answers the challenge for the next request.
    pub(super) fn answer(&mut self, target: Target<'_>) -> Option<HeaderValue> {
        self.uses = self.uses.checked_add(1)?;
        // The key of a session holds the first one. Services differ in whether
        // they take that or the present one for it: one for all is right by both.
        if !self.challenge.algorithm.session && self.uses > 1 {
            self.cnonce = random();
        }
        let mut value = HeaderValue::from_bytes(&self.authorization(target)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn authorization(&self, target: Target<'_>) -> Vec<u8> {
        let challenge = &self.challenge;
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(b"Digest ");
        out.extend_from_slice(&self.user);
        quoted(&mut out, "realm", &challenge.realm);
        quoted(&mut out, "uri", target.uri.as_bytes());
        quoted(&mut out, "nonce", &challenge.nonce);
        if let Some(name) = &challenge.algorithm_name {
            plain(&mut out, "algorithm", name);
        }
        if challenge.qop {
            plain(&mut out, "nc", self.count().as_bytes());
            quoted(&mut out, "cnonce", self.cnonce.as_bytes());
            plain(&mut out, "qop", b"auth");
        }
        quoted(&mut out, "response", self.digest(target).as_bytes());
        if let Some(opaque) = &challenge.opaque {
            quoted(&mut out, "opaque", opaque);
        }
        out
    }

    /// Whether what the service says about itself is right, or nothing is said.
    pub(super) fn trusts(&self, info: &AuthenticationInfo, uri: &str) -> bool {
        // The service's proof is an answer without a method.
        let expected = || self.digest(Target { method: "", uri });
        info.proof
            .as_ref()
            .is_none_or(|proof| proof.eq_ignore_ascii_case(expected().as_bytes()))
    }

    /// The lane for the next request, on a new nonce if the service names one.
    /// `None` if the present one is used up.
    pub(super) fn after(mut self, info: AuthenticationInfo) -> Option<Self> {
        // A session's key is made of its nonce; whether it is to outlive that,
        // services do not agree. The old nonce is right by all of them.
        if let Some(nonce) = info.next_nonce
            && !self.challenge.algorithm.session
            && nonce != self.challenge.nonce
        {
            self.challenge.nonce = nonce;
            self.cnonce = random();
            self.uses = 0;
        }
        (self.uses < u32::MAX).then_some(self)
    }

    fn digest(&self, target: Target<'_>) -> String {
        let challenge = &self.challenge;
        let hash = challenge.algorithm.hash;
        let key = self.key.expose_secret().as_bytes();
        let request = hash.of(&[target.method.as_bytes(), target.uri.as_bytes()]);
        if challenge.qop {
            hash.of(&[
                key,
                &challenge.nonce,
                self.count().as_bytes(),
                self.cnonce.as_bytes(),
                b"auth",
                request.as_bytes(),
            ])
        } else {
            hash.of(&[key, &challenge.nonce, request.as_bytes()])
        }
    }

    fn count(&self) -> String {
        format!("{:08x}", self.uses)
    }
}

fn user_parameter(challenge: &Challenge, user: &str) -> Vec<u8> {
    let mut out = Vec::new();
    if challenge.userhash {
        let hash = challenge.algorithm.hash;
        let hashed = hash.of(&[user.as_bytes(), &challenge.realm]);
        quoted(&mut out, "username", hashed.as_bytes());
        plain(&mut out, "userhash", b"true");
    } else if user.is_ascii() || !challenge.utf8 {
        quoted(&mut out, "username", user.as_bytes());
    } else {
        // As RFC 8187 writes text of any script.
        let encoded = utf8_percent_encode(user, NON_ALPHANUMERIC);
        plain(&mut out, "username*", format!("UTF-8''{encoded}").as_bytes());
    }
    out
}

/// Adds a parameter, behind a comma unless it is the first.
fn plain(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    if out.last().is_some_and(|&byte| byte != b' ') {
        out.extend_from_slice(b", ");
    }
    out.extend_from_slice(name.as_bytes());
    out.push(b'=');
    out.extend_from_slice(value);
}

fn quoted(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    plain(out, name, b"\"");
    for &byte in value {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

fn random() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}
