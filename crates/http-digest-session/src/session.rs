//! Digest sessions: one nonce and its count, for consecutive requests (RFC 7616, section
//! 3.4).

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use icu_normalizer::ComposingNormalizerBorrowed;
use memchr::memchr2;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::{
    algorithm::Hex,
    challenge::{AuthenticationInfo, Challenge},
    nonce_counts::{NonceCounter, NonceCounts},
};

/// A challenge, and the number of requests authorized with its nonce.
pub(super) struct DigestSession {
    challenge: Challenge,
    /// The part of the header that does not change.
    prefix: Vec<u8>,
    /// The hash of user, realm and password: H(A1) of the RFC.
    ha1: SecretSlice<u8>,
    /// The client's nonce, which is as old as the service's.
    cnonce: Hex,
    counter: NonceCounter,
    /// The count of the last request, 0 before the first.
    nonce_count: u32,
}

/// The request that is authorized.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) method: &'a str,
    /// The path with the query.
    pub(super) uri: &'a str,
}

impl DigestSession {
    pub(super) fn new(
        challenge: Challenge,
        user: &str,
        password: &SecretString,
        counts: &NonceCounts,
    ) -> Self {
        let counter = counts.of(&challenge.nonce);
        Self::with_cnonce(challenge, user, password, random(), counter)
    }

    fn with_cnonce(
        challenge: Challenge,
        user: &str,
        password: &SecretString,
        cnonce: Hex,
        counter: NonceCounter,
    ) -> Self {
        let hash = challenge.algorithm.hash;
        let user = &*normalized(user, &challenge);
        let password = SecretString::from(&*normalized(password.expose_secret(), &challenge));
        let mut session = Self {
            prefix: prefix(&challenge, user),
            ha1: secret(&hash.of(&[
                user.as_bytes(),
                &challenge.realm,
                password.expose_secret().as_bytes(),
            ])),
            cnonce,
            counter,
            nonce_count: 0,
            challenge,
        };
        if session.challenge.algorithm.session {
            session.ha1 = secret(&hash.of(&[
                session.ha1.expose_secret(),
                &session.challenge.nonce,
                &session.cnonce,
            ]));
        }
        session
    }

    /// Returns the `Authorization` header for the next request.
    pub(super) fn authorize(&mut self, target: Target<'_>) -> Option<HeaderValue> {
        self.nonce_count = self.counter.next()?;
        let mut value = HeaderValue::from_maybe_shared(self.authorization(target)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn authorization(&self, target: Target<'_>) -> Bytes {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(&self.prefix);
        quoted(&mut out, "uri", target.uri.as_bytes());
        quoted(&mut out, "nonce", &self.challenge.nonce);
        if self.challenge.qop {
            plain(&mut out, "nc", self.count().as_bytes());
            quoted(&mut out, "cnonce", &self.cnonce);
        }
        quoted(&mut out, "response", &self.digest(target));
        out.into()
    }

    /// Returns whether a request with a higher count of the same nonce has been authorized
    /// since the last one of this session.
    pub(super) fn is_overtaken(&self) -> bool {
        self.counter.count() > self.nonce_count
    }

    /// Returns whether the service's proof that it knows the password is right, or absent.
    pub(super) fn verify_rspauth(&self, info: &AuthenticationInfo, uri: &str) -> bool {
        // The proof is computed like a response, without a method.
        let expected = || self.digest(Target { method: "", uri });
        info.rspauth
            .as_ref()
            .is_none_or(|rspauth| rspauth.eq_ignore_ascii_case(&expected()))
    }

    /// Returns the session for the next request, with a new nonce if the service supplies
    /// one, or `None` if the counter is exhausted.
    pub(super) fn next(mut self, info: AuthenticationInfo, counts: &NonceCounts) -> Option<Self> {
        // With `-sess`, H(A1) covers the nonce. Servers differ in whether a new nonce changes
        // it, but all of them accept the old nonce.
        if let Some(nonce) = info.next_nonce
            && !self.challenge.algorithm.session
            && nonce != self.challenge.nonce
        {
            self.challenge.nonce = nonce;
            self.cnonce = random();
            self.counter = counts.of(&self.challenge.nonce);
            self.nonce_count = 0;
        }
        (!self.counter.is_exhausted()).then_some(self)
    }

    fn digest(&self, target: Target<'_>) -> Hex {
        let challenge = &self.challenge;
        let hash = challenge.algorithm.hash;
        let ha1 = self.ha1.expose_secret();
        let ha2 = hash.of(&[target.method.as_bytes(), target.uri.as_bytes()]);
        if challenge.qop {
            hash.of(&[
                ha1,
                &challenge.nonce,
                self.count().as_bytes(),
                &self.cnonce,
                b"auth",
                &ha2,
            ])
        } else {
            hash.of(&[ha1, &challenge.nonce, &ha2])
        }
    }

    fn count(&self) -> const_hex::Buffer<4> {
        const_hex::const_encode(&self.nonce_count.to_be_bytes())
    }
}

/// Returns a name or password in NFC if the service uses UTF-8 (RFC 7616, section 4).
fn normalized<'a>(text: &'a str, challenge: &Challenge) -> Cow<'a, str> {
    if challenge.utf8 {
        ComposingNormalizerBorrowed::new_nfc().normalize(text)
    } else {
        text.into()
    }
}

/// Returns the part of the header that is the same for every request of a session.
fn prefix(challenge: &Challenge, user: &str) -> Vec<u8> {
    let mut out = b"Digest ".to_vec();
    if challenge.userhash {
        let hash = challenge.algorithm.hash;
        let hashed = hash.of(&[user.as_bytes(), &challenge.realm]);
        quoted(&mut out, "username", &hashed);
        plain(&mut out, "userhash", b"true");
    } else if user.is_ascii() || !challenge.utf8 {
        quoted(&mut out, "username", user.as_bytes());
    } else {
        // RFC 8187 encodes text of any script.
        let encoded = utf8_percent_encode(user, NON_ALPHANUMERIC);
        plain(
            &mut out,
            "username*",
            format!("UTF-8''{encoded}").as_bytes(),
        );
    }
    quoted(&mut out, "realm", &challenge.realm);
    if let Some(name) = &challenge.algorithm_name {
        plain(&mut out, "algorithm", name);
    }
    if challenge.qop {
        plain(&mut out, "qop", b"auth");
    }
    if let Some(opaque) = &challenge.opaque {
        quoted(&mut out, "opaque", opaque);
    }
    out
}

/// Appends a parameter, after a comma unless it is the first.
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
    let mut rest = value;
    while let Some(at) = memchr2(b'"', b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn random() -> Hex {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    Hex::new(&bytes)
}

fn secret(digits: &[u8]) -> SecretSlice<u8> {
    digits.to_vec().into()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::*;

    const TARGET: Target<'static> = Target {
        method: "GET",
        uri: "/dir/index.html",
    };

    /// For the first request of [`mufasa`] with SHA-256, computed with Python's hashlib.
    const RSPAUTH: &str = "86d3b25618d41854ca5039a5d7e53ff6355d5134a9b1fb088a78ac3c462195a0";

    fn challenge(text: &str) -> Challenge {
        let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
        Challenge::strongest(&HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)])).unwrap()
    }

    fn authorize(session: &mut DigestSession, target: Target<'_>) -> String {
        let value = session.authorize(target).unwrap();
        assert!(value.is_sensitive());
        String::from_utf8(value.as_bytes().to_vec()).unwrap()
    }

    /// The session of RFC 7616, section 3.9.1, with a choice of algorithm.
    fn mufasa(rest: &str) -> DigestSession {
        let challenge = challenge(&format!(
            r#"Digest realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"{rest}"#
        ));
        let cnonce = Hex::from_text("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
        DigestSession::with_cnonce(
            challenge,
            "Mufasa",
            &"Circle of Life".into(),
            cnonce,
            NonceCounter::default(),
        )
    }

    #[test]
    fn authorizes_the_examples_of_the_rfc() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let mut session = mufasa(&format!(
                r#", qop="auth, auth-int", algorithm={algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
            ));
            assert_eq!(
                authorize(&mut session, TARGET),
                format!(
                    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                     algorithm={algorithm}, qop=auth, \
                     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", \
                     uri=\"/dir/index.html\", \
                     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
                     cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", \
                     response=\"{response}\""
                )
            );
        }
    }

    /// The example of section 3.9.2, with the hashes that its erratum 4897 corrects.
    #[test]
    fn hashes_user_names_of_any_script() {
        let text = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", charset=UTF-8"#;
        let target = Target {
            method: "GET",
            uri: "/doe.json",
        };
        let authorized = |text: &str| {
            let cnonce = Hex::from_text("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v");
            let password = "Secret, or not?".into();
            let user = "J\u{e4}s\u{f8}n Doe";
            let mut session = DigestSession::with_cnonce(
                challenge(text),
                user,
                &password,
                cnonce,
                NonceCounter::default(),
            );
            authorize(&mut session, target)
        };
        let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
        let hashed = authorized(&format!("{text}, userhash=true"));
        assert!(hashed.starts_with(
            "Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", \
             userhash=true, realm="
        ));
        let plain = authorized(text);
        assert!(plain.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="));
        // A service that does not announce UTF-8 may not know `username*`.
        let older = authorized(&text.replace("UTF-8", "other"));
        assert!(older.starts_with("Digest username=\"J\u{e4}s\u{f8}n Doe\", realm="));
        for authorized in [hashed, plain, older] {
            assert!(
                authorized.ends_with(&format!("response=\"{response}\"")),
                "{authorized}"
            );
        }
    }

    #[test]
    fn normalizes_names_for_utf_8_services() {
        let authorized = |charset: &str, user: &str, password: &str| {
            let text = format!(r#"Digest realm="r", nonce="n", qop="auth"{charset}"#);
            let cnonce = Hex::from_text("c");
            let mut session = DigestSession::with_cnonce(
                challenge(&text),
                user,
                &password.into(),
                cnonce,
                NonceCounter::default(),
            );
            authorize(&mut session, TARGET)
        };
        for (charset, is_one) in [(", charset=UTF-8", true), ("", false)] {
            let composed = authorized(charset, "J\u{e4}s\u{f8}n", "Secr\u{e9}t");
            let name_apart = authorized(charset, "Ja\u{308}s\u{f8}n", "Secr\u{e9}t");
            let password_apart = authorized(charset, "J\u{e4}s\u{f8}n", "Secre\u{301}t");
            assert_eq!(composed == name_apart, is_one);
            assert_eq!(composed == password_apart, is_one);
        }
    }

    #[test]
    fn follows_rfc_2069_without_qop() {
        let authorized = authorize(&mut mufasa(""), TARGET);
        assert!(!authorized.contains("nc=") && !authorized.contains("algorithm="));
        // Computed with Python's hashlib.
        let expected = "7b2cc3b30e75b4777ea31027084363fd";
        assert!(
            authorized.ends_with(&format!("response=\"{expected}\"")),
            "{authorized}"
        );
    }

    #[test]
    fn changes_the_cnonce_with_the_nonce_except_for_sess_algorithms() {
        let cnonce = |text: &str| {
            let (_, rest) = text.split_once("cnonce=\"").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let counts = NonceCounts::default();
        let mut session = mufasa(r#", qop="auth", algorithm=MD5-sess"#);
        let first = authorize(&mut session, TARGET);
        assert!(
            first.contains("e783283f46242139c486a698fec7211d"),
            "{first}"
        );
        assert_eq!(cnonce(&first), cnonce(&authorize(&mut session, TARGET)));
        let mut session = session.next(next("other"), &counts).unwrap();
        let third = authorize(&mut session, TARGET);
        assert!(third.contains("nc=00000003"), "{third}");
        assert_eq!(cnonce(&first), cnonce(&third));

        let mut session = mufasa(r#", qop="auth""#);
        let first = cnonce(&authorize(&mut session, TARGET));
        assert_eq!(first, cnonce(&authorize(&mut session, TARGET)));
        let mut session = session.next(next("other"), &counts).unwrap();
        let other = cnonce(&authorize(&mut session, TARGET));
        assert_ne!(first, other);
        assert_eq!(other.len(), 32);
    }

    #[test]
    fn restarts_the_count_with_a_next_nonce() {
        let mut session = mufasa(r#", qop="auth""#);
        authorize(&mut session, TARGET);
        let same = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let mut session = session.next(next(same), &NonceCounts::default()).unwrap();
        assert!(authorize(&mut session, TARGET).contains("nc=00000002"));
        let mut session = session.next(next("n\"w"), &NonceCounts::default()).unwrap();
        let authorized = authorize(&mut session, TARGET);
        assert!(
            authorized.contains(r#"nonce="n\"w", nc=00000001"#),
            "{authorized}"
        );
    }

    #[test]
    fn ends_when_the_count_is_exhausted() {
        let mut session = mufasa(r#", qop="auth""#);
        session.counter.set(u32::MAX - 1);
        assert!(authorize(&mut session, TARGET).contains("nc=ffffffff"));
        assert!(
            session
                .next(AuthenticationInfo::default(), &NonceCounts::default())
                .is_none()
        );
    }

    #[test]
    fn verifies_rspauth() {
        let mut session = mufasa(r#", qop="auth", algorithm=SHA-256"#);
        authorize(&mut session, TARGET);
        let says = |rspauth: &str| AuthenticationInfo {
            rspauth: Some(rspauth.into()),
            ..AuthenticationInfo::default()
        };
        assert!(session.verify_rspauth(&AuthenticationInfo::default(), TARGET.uri));
        assert!(session.verify_rspauth(&says(RSPAUTH), TARGET.uri));
        assert!(session.verify_rspauth(&says(&RSPAUTH.to_uppercase()), TARGET.uri));
        assert!(!session.verify_rspauth(&says(RSPAUTH), "/other"));
        assert!(!session.verify_rspauth(&says(""), TARGET.uri));
        authorize(&mut session, TARGET);
        assert!(
            !session.verify_rspauth(&says(RSPAUTH), TARGET.uri),
            "an rspauth of an earlier request"
        );
    }

    fn next(nonce: &str) -> AuthenticationInfo {
        AuthenticationInfo {
            next_nonce: Some(nonce.into()),
            ..AuthenticationInfo::default()
        }
    }
}
