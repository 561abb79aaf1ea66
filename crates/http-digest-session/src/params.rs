//! Parsing of challenges and their parameters (RFC 9110, section 11), from headers that may
//! contain anything.

/// One challenge that the service offers.
pub(super) struct Offer<'a> {
    pub(super) scheme: &'a [u8],
    /// `None` if they are malformed or contain a duplicate.
    pub(super) parameters: Option<Parameters>,
}

/// The most parameters of one list. The search for duplicates is quadratic.
const MAX_PARAMETERS: usize = 64;

/// Parameters by name, with their values unquoted.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, Vec<u8>)>);

impl Parameters {
    /// Parses a header that contains only parameters, the first [`MAX_PARAMETERS`], and skips
    /// malformed ones.
    pub(super) fn read(list: &[u8]) -> Self {
        let parameters = items(list).filter_map(parameter);
        Self(parameters.take(MAX_PARAMETERS).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| &**value)
    }

    /// Adds a parameter, or returns `None` if it is malformed, a duplicate, or one too many.
    fn with(mut self, item: &[u8]) -> Option<Self> {
        let (name, value) = parameter(item)?;
        if self.0.len() == MAX_PARAMETERS || self.get(&name).is_some() {
            return None;
        }
        self.0.push((name, value));
        Some(self)
    }
}

/// Parses a list of challenges. A malformed challenge does not affect the others, unless it
/// leaves a quote open.
pub(super) fn offers(list: &[u8]) -> Vec<Offer<'_>> {
    let mut offers: Vec<Offer<'_>> = Vec::new();
    for item in items(list) {
        let (word, rest) = split_word(item);
        if word.is_empty() || rest.starts_with(b"=") {
            // A parameter of the previous challenge.
            if let Some(offer) = offers.last_mut() {
                offer.parameters = offer.parameters.take().and_then(|p| p.with(item));
            }
        } else {
            let parameters = Parameters::default();
            offers.push(Offer {
                scheme: word,
                parameters: match rest {
                    [] => Some(parameters),
                    // A token68, such as Negotiate's, counts as a malformed parameter.
                    first => parameters.with(first),
                },
            });
        }
    }
    offers
}

/// Splits a list at the commas outside of quotes.
pub(super) fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    list.split(move |&byte| {
        let parts = byte == b',' && !quoted;
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        parts
    })
    .map(<[u8]>::trim_ascii)
    .filter(|item| !item.is_empty())
}

/// Splits off the token at the start.
fn split_word(item: &[u8]) -> (&[u8], &[u8]) {
    let end = item.iter().position(|&byte| !is_token(byte));
    let (word, rest) = item.split_at(end.unwrap_or(item.len()));
    (word, rest.trim_ascii_start())
}

/// Parses `name = value`, with or without quotes around the value.
fn parameter(item: &[u8]) -> Option<(String, Vec<u8>)> {
    let (name, rest) = split_word(item);
    let value = match rest.strip_prefix(b"=")?.trim_ascii_start() {
        [b'"', quoted @ .., b'"'] => unescaped(quoted)?,
        // More lenient than a token: some services do not quote nonces.
        plain if is_plain(plain) => plain.to_vec(),
        _ => return None,
    };
    let name = String::from_utf8(name.to_ascii_lowercase()).ok()?;
    (!name.is_empty()).then_some((name, value))
}

fn unescaped(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(quoted.len());
    let mut bytes = quoted.iter();
    while let Some(&byte) = bytes.next() {
        value.push(match byte {
            b'\\' => *bytes.next()?,
            b'"' => return None,
            plain => plain,
        });
    }
    Some(value)
}

fn is_plain(value: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && *byte != b'"';
    !value.is_empty() && value.iter().all(is_plain)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(list: &str) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let offers = offers(list.as_bytes());
        let shown = offers.iter().map(|offer| {
            let parameters = match &offer.parameters {
                Some(Parameters(list)) => list
                    .iter()
                    .map(|(name, value)| format!("{name}<{}>", text(value)))
                    .collect::<Vec<_>>()
                    .join(" "),
                None => "malformed".to_owned(),
            };
            format!("{}({parameters})", text(offer.scheme))
        });
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn parses_challenges_in_any_case_and_spacing() {
        for (list, expected) in [
            ("", ""),
            (" , ,", ""),
            ("Basic", "Basic()"),
            (r#"Digest realm="a, b=c""#, "Digest(realm<a, b=c>)"),
            (
                "Digest\t  REALM\t=\t\"a\"  ,, nonce = b ,",
                "Digest(realm<a> nonce<b>)",
            ),
            (r#"Digest realm="\"\\\é""#, r#"Digest(realm<"\é>)"#),
            (
                r#"Digest nonce=a+/==, realm="""#,
                "Digest(nonce<a+/==> realm<>)",
            ),
            ("A, B x=1, y=2, C z=3", "A() B(x<1> y<2>) C(z<3>)"),
        ] {
            assert_eq!(shown(list), expected, "{list}");
        }
    }

    #[test]
    fn malformed_challenges_do_not_affect_others() {
        for (list, expected) in [
            (
                r#"Negotiate YIIab+/==, NTLM TlRM, Digest realm="r""#,
                "Negotiate(malformed) NTLM(malformed) Digest(realm<r>)",
            ),
            ("A x=1, x=2, B y=3", "A(malformed) B(y<3>)"),
            ("A x=, B y=3", "A(malformed) B(y<3>)"),
            (r#"A "x", B y=3"#, "A(malformed) B(y<3>)"),
            (r#"A x="1"2, B y=3"#, "A(malformed) B(y<3>)"),
            (r#"A x=1, B y="open, C z=3"#, "A(x<1>) B(malformed)"),
            (r#"A x="1\"#, "A(malformed)"),
            (r#"A x=\", B y=3""#, "A(malformed)"),
            ("=x, A y=1", "A(y<1>)"),
        ] {
            assert_eq!(shown(list), expected, "{list}");
        }
    }
}
