//! Digest challenges (RFC 7616), read from headers that may hold anything.

use http::{HeaderMap, HeaderValue, header};
use http_auth::{
    ChallengeRef, DigestClient, ParamValue, digest::Algorithm, parser::ChallengeParser,
};

use crate::text::escape;

/// How much of a header that cannot be used is quoted.
const QUOTE_LIMIT: usize = 200;

/// The parameters of one challenge, by name and without quoting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge(Vec<(String, String)>);

impl Challenge {
    /// The strongest digest challenge among those offered.
    ///
    /// # Errors
    ///
    /// Says why there is none, with a quote of what was offered.
    pub(super) fn strongest(headers: &HeaderMap) -> Result<Self, String> {
        let mut best: Option<(u8, Self)> = None;
        let mut complaint = "no digest challenge".to_owned();
        let mut offered = String::new();

        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            let Ok(text) = value.to_str() else {
                complaint = "a challenge is not plain ASCII".to_owned();
                offered.push_str(&String::from_utf8_lossy(value.as_bytes()));
                continue;
            };
            offered.push_str(text);
            for parsed in ChallengeParser::new(text) {
                let Ok(parsed) = parsed else {
                    complaint = "a challenge cannot be parsed".to_owned();
                    break;
                };
                if !parsed.scheme.eq_ignore_ascii_case("Digest") {
                    continue;
                }
                let challenge = Self::of(&parsed);
                match challenge.client() {
                    Ok(client) => {
                        let rank = strength(client.algorithm());
                        if best.as_ref().is_none_or(|(best, _)| rank > *best) {
                            best = Some((rank, challenge));
                        }
                    }
                    Err(reason) => complaint = escape(&reason, QUOTE_LIMIT),
                }
            }
        }

        best.map(|(_, challenge)| challenge)
            .ok_or_else(|| format!("{complaint} in \"{}\"", escape(&offered, QUOTE_LIMIT)))
    }

    fn of(parsed: &ChallengeRef<'_>) -> Self {
        Self(
            parsed
                .params
                .iter()
                .map(|(name, value)| {
                    let name = name.to_ascii_lowercase();
                    let mut value = value.to_unescaped();
                    if name == "algorithm" {
                        value = registered(&value);
                    }
                    (name, value)
                })
                .collect(),
        )
    }

    /// The same challenge with the nonce that `Authentication-Info` names for the
    /// next request, where it names a new one.
    pub(super) fn renewed(&self, headers: &HeaderMap) -> Option<Self> {
        let next = next_nonce(headers)?;
        let mut renewed = self.clone();
        let (_, nonce) = renewed.0.iter_mut().find(|(name, _)| name == "nonce")?;
        if *nonce == next {
            return None;
        }
        *nonce = next;
        Some(renewed)
    }

    /// A client that answers this challenge, with its count of uses at zero.
    pub(super) fn client(&self) -> Result<DigestClient, String> {
        let escaped: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| (name, value.replace('\\', r"\\").replace('"', r#"\""#)))
            .collect();
        let mut challenge = ChallengeRef::new("Digest");
        for (name, value) in &escaped {
            challenge
                .params
                .push((name, ParamValue::try_from_escaped(value)?));
        }
        DigestClient::try_from(&challenge)
    }
}

/// The spelling of an algorithm that the registry has, which any case may mean.
fn registered(algorithm: &str) -> String {
    let upper = algorithm.to_ascii_uppercase();
    match upper.strip_suffix("-SESS") {
        Some(base) => format!("{base}-sess"),
        None => upper,
    }
}

fn strength(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Md5 => 1,
        Algorithm::Sha256 => 2,
        Algorithm::Sha512Trunc256 => 3,
        _ => 0,
    }
}

fn next_nonce(headers: &HeaderMap) -> Option<String> {
    let info = headers
        .get("authentication-info")
        .map(HeaderValue::to_str)?
        .ok()?;
    // The parameters of this header are written as those of a challenge.
    let text = format!("Digest {}", info.trim_start());
    let parsed = ChallengeParser::new(&text).next()?.ok()?;
    let (_, nonce) = parsed
        .params
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("nextnonce"))?;
    Some(nonce.to_unescaped()).filter(|nonce| !nonce.is_empty())
}

/// Whether the challenge calls a good answer outdated rather than wrong.
pub(super) fn is_stale(challenge: &Challenge) -> bool {
    challenge
        .0
        .iter()
        .any(|(name, value)| name == "stale" && value.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        headers
    }

    fn algorithm(values: &[&str]) -> Algorithm {
        Challenge::strongest(&headers(values))
            .unwrap()
            .client()
            .unwrap()
            .algorithm()
    }

    #[test]
    fn the_strongest_algorithm_is_taken_from_any_place() {
        let md5 = r#"Digest realm="r", nonce="n", qop="auth""#;
        let sha256 = r#"Digest realm="r", nonce="n", qop="auth", algorithm=sha-256"#;
        let sha512 = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-512-256"#;
        assert_eq!(algorithm(&[md5]), Algorithm::Md5);
        assert_eq!(algorithm(&[md5, sha256]), Algorithm::Sha256);
        assert_eq!(algorithm(&[sha256, md5]), Algorithm::Sha256);
        assert_eq!(
            algorithm(&[&format!("{md5}, {sha512}, {sha256}")]),
            Algorithm::Sha512Trunc256
        );
        assert_eq!(
            algorithm(&[&format!(r#"Basic realm="b", {md5}, Bearer realm="c""#)]),
            Algorithm::Md5
        );
        assert_eq!(
            algorithm(&[r#"Digest realm="r", nonce="n", algorithm=SHA-3"#, md5]),
            Algorithm::Md5
        );
    }

    #[test]
    fn the_recorded_challenge_is_read() {
        let challenge = Challenge::strongest(&headers(&[
            r#"Digest realm="MMS Public API", domain="", nonce="+4YICU5YLx6mQEzmVhx1G5ySQVrufjv6", algorithm=MD5, qop="auth", stale=false"#,
        ]))
        .unwrap();
        let client = challenge.client().unwrap();
        assert_eq!(client.realm(), "MMS Public API");
        assert_eq!(client.nonce(), "+4YICU5YLx6mQEzmVhx1G5ySQVrufjv6");
        assert!(!is_stale(&challenge));
    }

    #[test]
    fn sess_and_quoting_survive() {
        let challenge = Challenge::strongest(&headers(&[
            r#"dIGEST realm="a \"b\" \\c", nonce="n", algorithm=md5-SESS, stale=TRUE"#,
        ]))
        .unwrap();
        let client = challenge.client().unwrap();
        assert_eq!(client.realm(), r#"a "b" \c"#);
        assert!(client.session() && is_stale(&challenge));
    }

    #[test]
    fn a_next_nonce_is_taken_over() {
        let challenge =
            Challenge::strongest(&headers(&[r#"Digest realm="r", nonce="old", qop=auth"#]))
                .unwrap();
        let with = |info: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(
                "authentication-info",
                HeaderValue::from_bytes(info.as_bytes()).unwrap(),
            );
            challenge
                .renewed(&headers)
                .map(|c| c.client().unwrap().nonce().to_owned())
        };
        assert_eq!(
            with(r#"nextnonce="new", qop=auth, nc=00000001"#).as_deref(),
            Some("new")
        );
        assert_eq!(
            with(r#"rspauth="0", NextNonce = "n\"w""#).as_deref(),
            Some("n\"w")
        );
        for info in [
            r#"nextnonce="old""#,
            r#"nextnonce="""#,
            "qop=auth",
            "",
            "=,\"",
            "nextnonce=\"ü\"",
        ] {
            assert_eq!(with(info), None, "{info}");
        }
    }

    #[test]
    fn hostile_headers_are_quoted_tamely() {
        let long = format!(r#"Digest realm="{}", nonce="n""#, "x".repeat(70_000));
        for hostile in [
            "",
            "Digest",
            "Digest realm=",
            r#"Digest realm="unclosed"#,
            r#"Digest realm="r""#,
            r#"Digest realm="r", realm="r", nonce="n""#,
            r#"Digest realm="ü", nonce="n""#,
            "Digest =,=,\\\"",
            "\tBasic realm=\"only\"",
            r#"Digest realm="r", nonce="n", qop="auth-conf""#,
            &long,
        ] {
            let error = Challenge::strongest(&headers(&[hostile])).unwrap_err();
            assert!(error.chars().count() < 500, "{error}");
            assert!(!error.contains(char::is_control), "{error}");
        }
    }

    /// Every header that differs from a good one in a byte or two.
    #[test]
    fn no_mutation_of_a_challenge_panics() {
        let good = br#"Digest realm="a\"b", nonce="n", qop="auth,auth-int", algorithm=MD5, Basic realm="x""#;
        for at in 0..good.len() {
            for byte in (0x20..=0xff_u8).chain([b'\t']) {
                let mut bad = good.to_vec();
                bad[at] = byte;
                for bytes in [&bad[..], &bad[..=at]] {
                    if let Ok(value) = HeaderValue::from_bytes(bytes) {
                        let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]);
                        let _ = Challenge::strongest(&headers).map(|c| c.client());
                    }
                }
            }
        }
    }
}
