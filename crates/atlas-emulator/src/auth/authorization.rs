//! A parser for the parameters of an Authorization header.
//!
//! It is hand-written because clients build their headers with `http-auth`: with the same crate on
//! both sides, a bug in it would go unnoticed. `digest_auth` panics on a header that is not ASCII.

use std::borrow::Cow;

/// Splits credentials into their scheme and the rest.
pub(crate) fn scheme(header: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    Some((scheme, rest.trim_start()))
}

/// Parameters as in RFC 9110, section 11.2: `name=token` or `name="quoted"`, separated by commas,
/// with case-insensitive names that occur at most once.
#[derive(Debug)]
pub(crate) struct Parameters<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// Parses parameters; returns `None` if the text is malformed.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parameters = Self(Vec::with_capacity(10));
        let mut rest = skip_commas(text);
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=')?;
            let name = name.trim_end_matches(is_space);
            let (value, after) = value(after.trim_start_matches(is_space))?;
            if name.is_empty() || !name.bytes().all(is_token) || parameters.get(name).is_some() {
                return None;
            }
            parameters.0.push((name, value));
            let after = after.trim_start_matches(is_space);
            if !after.is_empty() && !after.starts_with(',') {
                return None;
            }
            rest = skip_commas(after);
        }
        Some(parameters)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }
}

/// Splits off a value from the text after it.
fn value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        let is_valid = !token.is_empty() && token.bytes().all(is_token);
        return is_valid.then_some((Cow::Borrowed(token), rest));
    };
    let mut unescaped: Option<String> = None;
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let value = match unescaped {
                    Some(text) => Cow::Owned(text),
                    None => Cow::Borrowed(&quoted[..at]),
                };
                return Some((value, &quoted[at + 1..]));
            }
            '\\' => {
                let (_, escaped) = characters.next()?;
                unescaped
                    .get_or_insert_with(|| quoted[..at].to_owned())
                    .push(escaped);
            }
            plain => {
                if let Some(text) = &mut unescaped {
                    text.push(plain);
                }
            }
        }
    }
    None
}

fn skip_commas(text: &str) -> &str {
    text.trim_start_matches(|c| c == ',' || is_space(c))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_tokens_and_quoted_values() {
        let text = r#"username="a \"b\" \\c", NC=00000001 ,, qop = auth,uri="/x?a=1,2""#;
        let parameters = Parameters::parse(text).unwrap();
        assert_eq!(parameters.get("username"), Some(r#"a "b" \c"#));
        assert_eq!(parameters.get("nc"), Some("00000001"));
        assert_eq!(parameters.get("qop"), Some("auth"));
        assert_eq!(parameters.get("uri"), Some("/x?a=1,2"));
        assert_eq!(parameters.get("opaque"), None);
    }

    #[test]
    fn rejects_malformed_parameters() {
        for text in [
            "username",
            "=x",
            "a=",
            "a=\"open",
            "a=\"open\\",
            "a=1 b=2",
            "a=1, A=2",
            "a b=1",
            "a=\"x\"y",
            "a=ä",
        ] {
            assert!(Parameters::parse(text).is_none(), "{text}");
        }
    }
}
