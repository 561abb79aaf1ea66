//! A nonce in use: its answers to one request after the other (RFC 7616,
//! section 3.4).

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::challenge::{AuthenticationInfo, Challenge};

/// A challenge with the state of our answers to it.
pub(super) struct Lane {
    challenge: Challenge,
    /// The part of the header that is the same in all answers.
    fixed: Vec<u8>,
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
        Self::with_cnonce(challenge, user, password, random())
    }

    fn with_cnonce(
        challenge: Challenge,
        user: &str,
        password: &SecretString,
        cnonce: String,
    ) -> Self {
        let hash = challenge.algorithm.hash;
        let user = &*spelled(user, &challenge);
        let password = SecretString::from(&*spelled(password.expose_secret(), &challenge));
        let mut lane = Self {
            fixed: fixed(&challenge, user),
            key: hash
                .of(&[
                    user.as_bytes(),
                    &challenge.realm,
                    password.expose_secret().as_bytes(),
                ])
                .into(),
            cnonce,
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
        let mut value = HeaderValue::from_maybe_shared(self.authorization(target)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn authorization(&self, target: Target<'_>) -> Bytes {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(&self.fixed);
        quoted(&mut out, "uri", target.uri.as_bytes());
        quoted(&mut out, "nonce", &self.challenge.nonce);
        if self.challenge.qop {
            plain(&mut out, "nc", self.count().as_bytes());
            quoted(&mut out, "cnonce", self.cnonce.as_bytes());
        }
        quoted(&mut out, "response", self.digest(target).as_bytes());
        out.into()
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

    fn count(&self) -> const_hex::Buffer<4> {
        const_hex::const_encode(&self.uses.to_be_bytes())
    }
}

/// A name or password as the service knows it: the same letters can be written in
/// several ways, of which RFC 7616, section 4, has services of UTF-8 use one.
fn spelled<'a>(text: &'a str, challenge: &Challenge) -> Cow<'a, str> {
    if challenge.utf8 {
        ComposingNormalizerBorrowed::new_nfc().normalize(text)
    } else {
        text.into()
    }
}

/// Who is asking, and what does not change while a challenge is in use.
fn fixed(challenge: &Challenge, user: &str) -> Vec<u8> {
    let mut out = b"Digest ".to_vec();
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
    let mut rest = value;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn random() -> String {
    const_hex::encode(rand::random::<[u8; 16]>())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::*;

    const TARGET: Target<'static> = Target {
        method: "GET",
        uri: "/dir/index.html",
    };

    /// For the first answer of [`mufasa`] with SHA-256, computed with Python's hashlib.
    const PROOF: &str = "86d3b25618d41854ca5039a5d7e53ff6355d5134a9b1fb088a78ac3c462195a0";

    fn challenge(text: &str) -> Challenge {
        let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
        Challenge::strongest(&HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)])).unwrap()
    }

    fn answer(lane: &mut Lane, target: Target<'_>) -> String {
        let value = lane.answer(target).unwrap();
        assert!(value.is_sensitive());
        String::from_utf8(value.as_bytes().to_vec()).unwrap()
    }

    /// The lane of RFC 7616, section 3.9.1, with another algorithm in its place.
    fn mufasa(rest: &str) -> Lane {
        let challenge = challenge(&format!(
            r#"Digest realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"{rest}"#
        ));
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ".to_owned();
        Lane::with_cnonce(challenge, "Mufasa", &"Circle of Life".into(), cnonce)
    }

    #[test]
    fn the_examples_of_the_rfc_are_answered() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            (
                "SHA-256",
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let mut lane = mufasa(&format!(
                r#", qop="auth, auth-int", algorithm={algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#
            ));
            assert_eq!(
                answer(&mut lane, TARGET),
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
    fn a_user_hash_in_any_script_is_answered() {
        let text = r#"Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", charset=UTF-8"#;
        let target = Target {
            method: "GET",
            uri: "/doe.json",
        };
        let answered = |text: &str| {
            let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v".to_owned();
            let password = "Secret, or not?".into();
            let user = "J\u{e4}s\u{f8}n Doe";
            let mut lane = Lane::with_cnonce(challenge(text), user, &password, cnonce);
            answer(&mut lane, target)
        };
        let response = "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5";
        let hashed = answered(&format!("{text}, userhash=true"));
        assert!(hashed.starts_with(
            "Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", \
             userhash=true, realm="
        ));
        let plain = answered(text);
        assert!(plain.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, realm="));
        // A service that does not say UTF-8 may not know of `username*`.
        let older = answered(&text.replace("UTF-8", "other"));
        assert!(older.starts_with("Digest username=\"J\u{e4}s\u{f8}n Doe\", realm="));
        for answered in [hashed, plain, older] {
            assert!(
                answered.ends_with(&format!("response=\"{response}\"")),
                "{answered}"
            );
        }
    }

    #[test]
    fn a_service_of_utf_8_is_given_one_spelling() {
        let answered = |charset: &str, user: &str, password: &str| {
            let text = format!(r#"Digest realm="r", nonce="n", qop="auth"{charset}"#);
            let cnonce = "c".to_owned();
            let mut lane = Lane::with_cnonce(challenge(&text), user, &password.into(), cnonce);
            answer(&mut lane, TARGET)
        };
        for (charset, is_one) in [(", charset=UTF-8", true), ("", false)] {
            let composed = answered(charset, "J\u{e4}s\u{f8}n", "Secr\u{e9}t");
            let name_apart = answered(charset, "Ja\u{308}s\u{f8}n", "Secr\u{e9}t");
            let password_apart = answered(charset, "J\u{e4}s\u{f8}n", "Secre\u{301}t");
            assert_eq!(composed == name_apart, is_one);
            assert_eq!(composed == password_apart, is_one);
        }
    }

    #[test]
    fn without_qop_the_answer_is_that_of_rfc_2069() {
        let answered = answer(&mut mufasa(""), TARGET);
        assert!(!answered.contains("nc=") && !answered.contains("algorithm="));
        // Computed with Python's hashlib.
        let expected = "7b2cc3b30e75b4777ea31027084363fd";
        assert!(
            answered.ends_with(&format!("response=\"{expected}\"")),
            "{answered}"
        );
    }

    #[test]
    fn a_session_keeps_its_key_and_others_change_their_nonce() {
        let cnonce = |text: &str| {
            let (_, rest) = text.split_once("cnonce=\"").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let mut session = mufasa(r#", qop="auth", algorithm=MD5-sess"#);
        let first = answer(&mut session, TARGET);
        assert!(
            first.contains("e783283f46242139c486a698fec7211d"),
            "{first}"
        );
        assert_eq!(cnonce(&first), cnonce(&answer(&mut session, TARGET)));
        let mut session = session.after(next("other")).unwrap();
        assert!(answer(&mut session, TARGET).contains("nc=00000003"));

        let mut lane = mufasa(r#", qop="auth""#);
        let first = answer(&mut lane, TARGET);
        assert_ne!(cnonce(&first), cnonce(&answer(&mut lane, TARGET)));
    }

    #[test]
    fn a_next_nonce_starts_a_new_count() {
        let mut lane = mufasa(r#", qop="auth""#);
        answer(&mut lane, TARGET);
        let same = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let mut lane = lane.after(next(same)).unwrap();
        assert!(answer(&mut lane, TARGET).contains("nc=00000002"));
        let mut lane = lane.after(next("n\"w")).unwrap();
        let answered = answer(&mut lane, TARGET);
        assert!(
            answered.contains(r#"nonce="n\"w", nc=00000001"#),
            "{answered}"
        );
    }

    #[test]
    fn a_nonce_that_is_used_up_is_left() {
        let mut lane = mufasa(r#", qop="auth""#);
        lane.uses = u32::MAX - 1;
        assert!(answer(&mut lane, TARGET).contains("nc=ffffffff"));
        assert!(lane.after(AuthenticationInfo::default()).is_none());
    }

    #[test]
    fn the_services_proof_is_checked() {
        let mut lane = mufasa(r#", qop="auth", algorithm=SHA-256"#);
        answer(&mut lane, TARGET);
        let says = |proof: &str| AuthenticationInfo {
            proof: Some(proof.into()),
            ..AuthenticationInfo::default()
        };
        assert!(lane.trusts(&AuthenticationInfo::default(), TARGET.uri));
        assert!(lane.trusts(&says(PROOF), TARGET.uri));
        assert!(lane.trusts(&says(&PROOF.to_uppercase()), TARGET.uri));
        assert!(!lane.trusts(&says(PROOF), "/other"));
        assert!(!lane.trusts(&says(""), TARGET.uri));
        answer(&mut lane, TARGET);
        assert!(
            !lane.trusts(&says(PROOF), TARGET.uri),
            "a proof that was used"
        );
    }

    fn next(nonce: &str) -> AuthenticationInfo {
        AuthenticationInfo {
            next_nonce: Some(nonce.into()),
            ..AuthenticationInfo::default()
        }
    }
}
