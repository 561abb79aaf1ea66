//! Properties of the parsers that hold for every header. Tests check them with generated
//! headers, and the fuzz target in `fuzz/` with many more.

use std::str;

use digest_auth::{AuthContext, AuthorizationHeader, HttpMethod, Qop};
use http::{HeaderMap, HeaderValue, header};
use http_auth::{DigestClient, PasswordParams, parser::ChallengeParser};
use secrecy::SecretString;

use super::{
    challenge::{AuthenticationInfo, Challenge},
    nonce_counts::NonceCounts,
    params::{Parameters, items, offers},
    session::{DigestSession, Target},
};

const USER: &str = r#"a "b" \c"#;
const PASSWORD: &str = "hush";
const TARGET: Target<'static> = Target {
    method: "PATCH",
    uri: "/a/b?c=d,e",
};

/// Checks all properties on lines of text: challenges, and `Authentication-Info` where a
/// line starts with `!`.
///
/// # Panics
///
/// If a property does not hold.
pub(crate) fn check(lines: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in lines.split(|&byte| byte == b'\n') {
        let (name, value) = match line {
            [b'!', info @ ..] => (header::HeaderName::from_static("authentication-info"), info),
            challenge => (header::WWW_AUTHENTICATE, challenge),
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }

    for value in headers.get_all(header::WWW_AUTHENTICATE) {
        if let Ok(text) = value.to_str() {
            agrees_with_http_auth(text);
        }
    }
    match Challenge::strongest(&headers) {
        Err(error) => {
            let reason = error.to_string();
            assert!(reason.chars().count() < 500, "{reason}");
            assert!(!reason.contains(char::is_control), "{reason:?}");
        }
        Ok(challenge) => authorizes(challenge, AuthenticationInfo::read(&headers)),
    }
}

/// Checks that lists which http-auth parses are parsed the same here.
fn agrees_with_http_auth(text: &str) {
    let Ok(expected) = ChallengeParser::new(text).collect::<Result<Vec<_>, _>>() else {
        return;
    };
    let read = offers(text.as_bytes());
    assert_eq!(read.len(), expected.len(), "{text}");
    for (offer, expected) in read.iter().zip(&expected) {
        assert_eq!(offer.scheme, expected.scheme.as_bytes(), "{text}");
        let Some(parameters) = &offer.parameters else {
            let mut names: Vec<_> = expected
                .params
                .iter()
                .map(|(name, _)| name.to_lowercase())
                .collect();
            names.sort();
            assert!(names.windows(2).any(|pair| pair[0] == pair[1]), "{text}");
            continue;
        };
        for (name, value) in &expected.params {
            let value = value.to_unescaped();
            let name = name.to_lowercase();
            assert_eq!(parameters.get(&name), Some(value.as_bytes()), "{text}");
        }
        if let Ok(client) = DigestClient::try_from(expected)
            && client.opaque().is_some() == parameters.get("opaque").is_some()
            && client.qop() & http_auth::digest::Qop::Auth
            && let Some(algorithm) = parameters.get("algorithm")
        {
            let headers = HeaderMap::from_iter([(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_bytes(&one(expected)).unwrap(),
            )]);
            match Challenge::strongest(&headers) {
                Ok(challenge) => {
                    assert_eq!(challenge.algorithm_name.as_deref(), Some(algorithm));
                    authorizes_like(client, challenge);
                }
                // http-auth does not check these.
                Err(error) => {
                    let reason = error.to_string();
                    assert!(
                        reason.contains("too long") || reason.contains("without qop"),
                        "{reason}"
                    );
                }
            }
        }
    }
}

fn one(challenge: &http_auth::ChallengeRef<'_>) -> Vec<u8> {
    let parameters: Vec<_> = challenge
        .params
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", value.as_escaped()))
        .collect();
    format!("Digest {}", parameters.join(", ")).into_bytes()
}

/// Checks that both produce the same parameters, in any order.
fn authorizes_like(mut client: DigestClient, challenge: Challenge) {
    if !challenge.qop {
        // http-auth omits the algorithm in this case.
        return;
    }
    let ours = authorize(&mut session(challenge));
    let cnonce = Parameters::read(&ours).get("cnonce").unwrap().to_vec();
    let params = PasswordParams {
        username: USER,
        password: PASSWORD,
        uri: TARGET.uri,
        method: TARGET.method,
        body: None,
    };
    let theirs = client.respond_with_testing_cnonce(&params, str::from_utf8(&cnonce).unwrap());
    let theirs = theirs.unwrap();
    let sorted = |authorization: &str| {
        let mut parameters: Vec<_> = items(authorization.as_bytes())
            .map(|item| String::from_utf8(item.to_vec()).unwrap())
            .collect();
        parameters.sort();
        parameters
    };
    assert_eq!(
        sorted(str::from_utf8(&ours).unwrap()),
        sorted(theirs.strip_prefix("Digest ").unwrap())
    );
}

/// Checks that each authorization echoes the challenge, counts up, and is right.
fn authorizes(challenge: Challenge, info: AuthenticationInfo) {
    let mut session = session(challenge.clone());
    for count in ["00000001", "00000002"] {
        let ours = authorize(&mut session);
        let ours = Parameters::read(&ours);
        assert_eq!(ours.get("realm"), Some(&*challenge.realm));
        assert_eq!(ours.get("nonce"), Some(&*challenge.nonce));
        assert_eq!(ours.get("opaque"), challenge.opaque.as_deref());
        assert_eq!(ours.get("algorithm"), challenge.algorithm_name.as_deref());
        assert_eq!(ours.get("uri"), Some(TARGET.uri.as_bytes()));
        let nc = challenge.qop.then_some(count.as_bytes());
        assert_eq!(ours.get("nc"), nc);
        agrees_with_digest_auth(&challenge, &ours);
    }
    let _ = session.verify_rspauth(&info, TARGET.uri);
    let next = info.next_nonce.clone();
    let ours = authorize(&mut session.next(info, &NonceCounts::default()).unwrap());
    let nonce = Parameters::read(&ours).get("nonce").unwrap().to_vec();
    assert!(nonce == challenge.nonce || Some(nonce) == next);
}

fn agrees_with_digest_auth(challenge: &Challenge, ours: &Parameters) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    let get = |name| ours.get(name).and_then(text);
    let (Some(realm), Some(nonce)) = (text(&challenge.realm), text(&challenge.nonce)) else {
        return;
    };
    let algorithm = &challenge.algorithm;
    let name = match algorithm.hash {
        super::algorithm::Hash::Md5 => "MD5",
        super::algorithm::Hash::Sha256 => "SHA-256",
        super::algorithm::Hash::Sha512_256 => "SHA-512-256",
    };
    let session = if algorithm.session { "-sess" } else { "" };
    let mut context = AuthContext::new_with_method(
        USER,
        PASSWORD,
        TARGET.uri,
        None::<&[u8]>,
        HttpMethod::from(TARGET.method),
    );
    if let Some(cnonce) = get("cnonce") {
        context.set_custom_cnonce(cnonce);
    }
    let mut expected = AuthorizationHeader {
        realm,
        nonce,
        opaque: None,
        userhash: challenge.userhash,
        algorithm: format!("{name}{session}").parse().unwrap(),
        response: String::new(),
        username: String::new(),
        uri: TARGET.uri.to_owned(),
        qop: challenge.qop.then_some(Qop::AUTH),
        cnonce: get("cnonce"),
        nc: get("nc").map_or(0, |nc| u32::from_str_radix(&nc, 16).unwrap()),
    };
    expected.digest(&context);
    assert_eq!(get("response"), Some(expected.response));
}

fn session(challenge: Challenge) -> DigestSession {
    DigestSession::new(
        challenge,
        USER,
        &SecretString::from(PASSWORD),
        &NonceCounts::default(),
    )
}

fn authorize(session: &mut DigestSession) -> Vec<u8> {
    let value = session.authorize(TARGET).unwrap();
    assert!(value.is_sensitive());
    value.as_bytes().strip_prefix(b"Digest ").unwrap().to_vec()
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::vec, prelude::*, sample::select, string::string_regex, test_runner::Config,
    };

    use super::check;

    /// Fragments of headers, valid and invalid.
    fn fragment() -> impl Strategy<Value = String> {
        prop_oneof![
            6 => select(vec![
                "Digest ", "digest\t ", "Basic ", "Negotiate YII==", "\n", "\n!", "!", ",", ", ",
                "realm=", "nonce=", "opaque = ", "qop=", "algorithm=", "userhash=true", "stale=TRUE",
                "charset=UTF-8", "domain=\"/ /x\"", "nextnonce=", "rspauth=", "\"auth\"",
                "\"auth,auth-int\"", "auth-int", "MD5", "md5-sess", "SHA-256", "sha-512-256-SESS",
                "\"\"", "\"r\"", "\"a\\\"b\\\\\"", "\"\u{fc}\"", "\"", "\\", "=", " ", "\t",
            ])
            .prop_map(str::to_owned),
            1 => string_regex(".{0,4}").expect("a valid pattern"),
        ]
    }

    /// A valid challenge.
    fn challenge() -> impl Strategy<Value = String> {
        let value = string_regex("[ -~\u{e9}\u{fc}\u{4e2d}]{0,12}").expect("a valid pattern");
        let quoted = value
            .prop_map(|text| format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\"")));
        (
            vec(quoted, 3),
            select(vec![
                "MD5",
                "md5-sess",
                "SHA-256",
                "SHA-256-sess",
                "SHA-512-256",
            ]),
            select(vec!["", ", qop=\"auth\"", ",qop = \"auth-int , AUTH\""]),
            select(vec!["", ", userhash=true", ", charset=utf-8"]),
            any::<bool>(),
        )
            .prop_map(|(values, algorithm, qop, more, has_opaque)| {
                let [realm, nonce, opaque] = &values[..] else {
                    unreachable!()
                };
                let opaque = if has_opaque {
                    format!(", opaque={opaque}")
                } else {
                    String::new()
                };
                format!(
                    "Digest realm={realm}, nonce={nonce}, algorithm={algorithm}{qop}{more}{opaque}"
                )
            })
            .prop_filter("a session needs qop", |text| {
                !text.contains("-sess") || text.contains("qop")
            })
    }

    proptest! {
        #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(1_000) })]

        #[test]
        fn properties_hold_for_fragments(fragments in vec(fragment(), 0..24)) {
            check(fragments.concat().as_bytes());
        }

        #[test]
        fn properties_hold_for_any_bytes(bytes in vec(any::<u8>(), 0..64)) {
            check(&bytes);
        }

        #[test]
        fn valid_challenges_authorize(valid in challenge(), next in fragment()) {
            let headers = http::HeaderMap::from_iter([(
                http::header::WWW_AUTHENTICATE,
                http::HeaderValue::from_bytes(valid.as_bytes()).unwrap(),
            )]);
            super::Challenge::strongest(&headers).unwrap();
            check(format!("{valid}\n!nextnonce={next}").as_bytes());
        }
    }

    /// Covers every header that differs from a valid one in one byte.
    #[test]
    fn properties_hold_for_mutations() {
        let valid = br#"Digest realm="a\"b", nonce="n", qop="auth,auth-int", algorithm=MD5, Basic realm="x""#;
        for at in 0..valid.len() {
            for byte in 0..=0xff {
                let mut mutation = valid.to_vec();
                mutation[at] = byte;
                check(&mutation);
                check(&mutation[..=at]);
            }
        }
    }
}
