//! Digest challenges, and `Authentication-Info` (RFC 7616, sections 3.3 and 3.5), parsed
//! from headers that may contain anything.

use http::{HeaderMap, HeaderName, header};

use super::{
    algorithm::Algorithm,
    error::DigestError,
    params::{Parameters, offers},
};

const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");

/// The most bytes of a challenge that are sent back with every request.
const ECHO_LIMIT: usize = 16 * 1024;

/// The most bytes of headers that are parsed.
const PARSE_LIMIT: usize = 64 * 1024;

/// The most challenges that are looked at.
const MAX_CHALLENGES: usize = 32;

/// A supported digest challenge. Its texts are bytes: they are hashed and sent back
/// unchanged, whatever their encoding.
///
/// `domain` is ignored: all requests of a `DigestAuth` go to one server, and a nonce that is not
/// valid for another path only costs another challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: Vec<u8>,
    pub(super) nonce: Vec<u8>,
    pub(super) opaque: Option<Vec<u8>>,
    pub(super) algorithm: Algorithm,
    /// The algorithm's name as the service wrote it, if it named one.
    pub(super) algorithm_name: Option<Vec<u8>>,
    /// Whether `qop` is offered. Services that follow RFC 2069 do not.
    pub(super) qop: bool,
    /// Whether the user name is sent hashed.
    pub(super) userhash: bool,
    /// Whether `charset=UTF-8` announces RFC 7616's encoding of names.
    pub(super) utf8: bool,
    /// Whether the credentials were right but the nonce outdated.
    pub(super) stale: bool,
}

impl Challenge {
    /// Returns the strongest digest challenge among those offered.
    ///
    /// # Errors
    ///
    /// [`DigestError::NoChallenge`] if there is none.
    pub(super) fn strongest(headers: &HeaderMap) -> Result<Self, DigestError> {
        let mut best: Option<Self> = None;
        let mut reason = "no digest challenge";
        let values: Vec<_> = headers.get_all(header::WWW_AUTHENTICATE).iter().collect();
        if values.iter().map(|value| value.len()).sum::<usize>() > PARSE_LIMIT {
            return Err(DigestError::NoChallenge {
                reason: "challenges that are too long",
                offered: None,
            });
        }
        let offers = values.iter().flat_map(|value| offers(value.as_bytes()));
        for offer in offers.take(MAX_CHALLENGES) {
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
                Err(unsupported) => reason = unsupported,
            }
        }

        best.ok_or_else(|| {
            let offered: Vec<_> = values
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()))
                .collect();
            DigestError::NoChallenge {
                reason,
                offered: Some(offered.join(", ")),
            }
        })
    }

    fn read(parameters: Option<Parameters>) -> Result<Self, &'static str> {
        let parameters = parameters.ok_or("an unparsable challenge")?;
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
                Some(_) => return Err("no supported qop"),
            },
            userhash: is("userhash", b"true"),
            utf8: is("charset", b"UTF-8"),
            stale: is("stale", b"true"),
        };
        if challenge.algorithm.session && !challenge.qop {
            return Err("a -sess algorithm without qop");
        }
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

/// The header `Authentication-Info`, which follows a successful authentication.
#[derive(Debug, Default)]
pub(super) struct AuthenticationInfo {
    /// The nonce to use for the next request.
    pub(super) next_nonce: Option<Vec<u8>>,
    /// The service's proof that it knows the password.
    pub(super) rspauth: Option<Vec<u8>>,
}

impl AuthenticationInfo {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut info = Self::default();
        for value in headers.get_all(AUTHENTICATION_INFO) {
            let parameters = Parameters::read(value.as_bytes());
            let get = |name| parameters.get(name).map(<[u8]>::to_vec);
            info.next_nonce = info.next_nonce.or(get("nextnonce"));
            // A proof over the body is ignored: bodies arrive decompressed, and `auth-int` is
            // never requested.
            if parameters.get("qop") != Some(b"auth-int") {
                info.rspauth = info.rspauth.or(get("rspauth"));
            }
        }
        info.next_nonce = info
            .next_nonce
            .filter(|nonce| (1..=ECHO_LIMIT).contains(&nonce.len()));
        info
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{super::algorithm::Hash, *};

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn strongest(values: &[&str]) -> Result<Challenge, DigestError> {
        Challenge::strongest(&headers("www-authenticate", values))
    }

    #[test]
    fn selects_the_strongest_algorithm() {
        let md5 = r#"Digest realm="r", nonce="n", qop="auth""#;
        let sha256 = r#"Digest realm="r", nonce="n", qop="auth", algorithm=sha-256"#;
        let sha512 = r#"Digest realm="r", nonce="n", qop="auth", algorithm="SHA-512-256""#;
        let all = format!("{md5}, {sha512}, {sha256}");
        let mixed = format!(r#"Negotiate YII==, Basic realm="b", {md5}, Bearer realm="c""#);
        for (values, hash) in [
            (&[md5][..], Hash::Md5),
            (&[md5, sha256], Hash::Sha256),
            (&[sha256, md5], Hash::Sha256),
            (&[&all], Hash::Sha512_256),
            (&[&mixed], Hash::Md5),
            (
                &[r#"Digest realm="r", nonce="n", algorithm=SHA-3"#, md5],
                Hash::Md5,
            ),
            (&[r#"Digest realm="open"#, "Digest =", md5], Hash::Md5),
        ] {
            assert_eq!(
                strongest(values).unwrap().algorithm.hash,
                hash,
                "{values:?}"
            );
        }
    }

    #[test]
    fn the_first_of_equals_is_used() {
        let [first, other] =
            ["first", "other"].map(|nonce| format!(r#"Digest realm="r", nonce="{nonce}""#));
        assert_eq!(strongest(&[&first, &other]).unwrap().nonce, b"first");
    }

    #[test]
    fn lengths_are_bounded() {
        let of = |echo: usize| format!(r#"Digest realm="", nonce="{}""#, "n".repeat(echo));
        let reason = |headers: &[&str]| match strongest(headers) {
            Ok(_) => "",
            Err(DigestError::NoChallenge { reason, .. }) => reason,
            Err(other) => panic!("{other}"),
        };
        assert_eq!(reason(&[&of(16 * 1024)]), "");
        assert_eq!(
            reason(&[&of(16 * 1024 + 1)]),
            "a challenge that is too long"
        );
        let valid = of(1);
        let rest = "x".repeat(64 * 1024 - valid.len());
        assert_eq!(reason(&[&valid, &rest]), "");
        assert_eq!(
            reason(&[&valid, &rest, "x"]),
            "challenges that are too long"
        );
        let after_others = |count| {
            let mut offers = vec!["Basic"; count];
            offers.push(&valid);
            reason(&offers)
        };
        assert_eq!(after_others(31), "");
        assert_eq!(after_others(32), "no digest challenge");
    }

    #[test]
    fn parses_the_recorded_challenge() {
        let challenge = strongest(&[
            r#"Digest realm="MMS Public API", domain="", nonce="+4YICU5YLx6mQEzmVhx1G5ySQVrufjv6", algorithm=MD5, qop="auth", stale=false"#,
        ])
        .unwrap();
        let expected = Challenge {
            realm: b"MMS Public API".into(),
            nonce: b"+4YICU5YLx6mQEzmVhx1G5ySQVrufjv6".into(),
            opaque: None,
            algorithm: Algorithm::DEFAULT,
            algorithm_name: Some(b"MD5".into()),
            qop: true,
            userhash: false,
            utf8: false,
            stale: false,
        };
        assert_eq!(challenge, expected);
    }

    #[test]
    fn parses_every_parameter_in_any_spelling() {
        let challenge = strongest(&[
            "dIGEST  Realm = \"\u{fc} \\\"q\\\"\",QOP=\"AUTH-INT , Auth\",nonce=a+/=,ALGORITHM=md5-SESS,opaque=\"\",Stale=TRUE,UserHash=True,charset=utf-8",
        ])
        .unwrap();
        let expected = Challenge {
            realm: "\u{fc} \"q\"".into(),
            nonce: b"a+/=".into(),
            opaque: Some(Vec::new()),
            algorithm: Algorithm {
                hash: Hash::Md5,
                session: true,
            },
            algorithm_name: Some(b"md5-SESS".into()),
            qop: true,
            userhash: true,
            utf8: true,
            stale: true,
        };
        assert_eq!(challenge, expected);
    }

    #[test]
    fn names_and_quotes_unsupported_challenges() {
        let long = format!(r#"Digest realm="{}", nonce="n""#, "x".repeat(70_000));
        let extensions: String = (0..64).map(|n| format!(", x{n}=1")).collect();
        let many = format!(r#"Digest realm="r", nonce="n"{extensions}"#);
        for (header, reason) in [
            ("", "no digest challenge"),
            ("\tBasic realm=\"only\"", "no digest challenge"),
            ("Digest", "without a realm"),
            (r#"Digest realm="r""#, "without a nonce"),
            ("Digest realm=", "unparsable challenge"),
            (r#"Digest realm="open"#, "unparsable challenge"),
            (
                r#"Digest realm="r", realm="r", nonce="n""#,
                "unparsable challenge",
            ),
            (r#"Digest =,=,\""#, "no digest challenge"),
            (
                r#"Digest realm="r", nonce="n", qop="auth-conf""#,
                "no supported qop",
            ),
            (
                r#"Digest realm="r", nonce="n", qop="auth-int""#,
                "no supported qop",
            ),
            (
                r#"Digest realm="r", nonce="n", algorithm=MD5-sess"#,
                "without qop",
            ),
            (
                r#"Digest realm="r", nonce="n", algorithm=ROT13"#,
                "unknown algorithm",
            ),
            (&long, "too long"),
            (&many, "unparsable challenge"),
        ] {
            let error = strongest(&[header]).unwrap_err().to_string();
            assert!(error.contains(reason), "{header}: {error}");
            assert!(error.chars().count() < 500 && !error.contains(char::is_control));
        }
    }

    #[test]
    fn reads_authentication_info() {
        let read = |values: &[&str]| {
            let info = AuthenticationInfo::read(&headers("authentication-info", values));
            let text = |bytes: Option<Vec<u8>>| bytes.map(|b| String::from_utf8(b).unwrap());
            (text(info.next_nonce), text(info.rspauth))
        };
        let some = |text: &str| Some(text.to_owned());
        for (values, expected) in [
            (&[][..], (None, None)),
            (
                &[r#"nextnonce="new", qop=auth, nc=00000001"#],
                (some("new"), None),
            ),
            (
                &[r#"rspauth="0a", NextNonce = "n\"w""#],
                (some("n\"w"), some("0a")),
            ),
            (
                &[r#"rspauth="0a""#, "nextnonce=\"\u{fc}\""],
                (some("\u{fc}"), some("0a")),
            ),
            (&[r#"rspauth="0a", qop=auth-int"#], (None, None)),
            (&[r#"nextnonce="""#], (None, None)),
            (&["=,\"", "", "qop"], (None, None)),
        ] {
            assert_eq!(read(values), expected, "{values:?}");
        }
    }
}
