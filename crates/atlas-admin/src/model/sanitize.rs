//! Terminal-safe text.

use std::borrow::Cow;

/// Makes text from a service or a file safe to print.
///
/// Replaces characters that could move a terminal's cursor, forge a line of a log or hide
/// text (control characters, line separators, invisible and direction-changing characters)
/// with their Rust escapes. Other characters do not change.
///
/// ```
/// assert_eq!(atlas_admin::sanitize("a\r\u{1b}[2Jb"), r"a\r\u{1b}[2Jb");
/// ```
#[must_use]
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if text.contains(is_unsafe) {
        Cow::Owned(escaped(text.chars(), is_unsafe))
    } else {
        Cow::Borrowed(text)
    }
}

/// Puts text from a service or a file in quotes, so that a reader can tell where it ends.
///
/// Escapes quotes, backslashes and what [`sanitize`] escapes. In a run of white space only the
/// first character stays, or the rest of the text could be pushed to the start of a terminal's
/// next line.
///
/// ```
/// assert_eq!(atlas_admin::quote("a\" -> \"b"), r#""a\" -> \"b""#);
/// ```
#[must_use]
pub fn quote(text: &str) -> String {
    format!("\"{}\"", escape_quoted(text.chars()))
}

/// Returns whether `text` has the form of a secret: a private key (a UUID, or the same with
/// four groups as some pages print it), a client secret, or a signed token.
///
/// Secrets are often pasted where a name or an id belongs. Text of this form is not shown.
///
/// ```
/// assert!(atlas_admin::looks_like_secret("beefdead-1111-2222-3333-444444444444"));
/// assert!(!atlas_admin::looks_like_secret("gswvkocq"));
/// ```
#[must_use]
pub fn looks_like_secret(text: &str) -> bool {
    let is_delimiter = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let text = text.trim_matches(is_delimiter);
    let has_groups = |separator, lengths: &[&[usize]]| {
        let groups: Vec<_> = text.split(separator).map(str::len).collect();
        lengths.contains(&&*groups)
    };
    let is_private_key = has_groups('-', &[&[8, 4, 4, 4, 12], &[8, 4, 4, 12]])
        && text.bytes().all(|b| b == b'-' || b.is_ascii_alphanumeric());
    let is_signed_token = text.starts_with("eyJ") && text.matches('.').count() == 2;
    is_private_key || is_signed_token || text.starts_with("mdb_sa_sk_")
}

/// Sanitizes `text` and cuts it after `limit` characters. A secret is not shown.
pub(crate) fn excerpt(text: &str, limit: usize) -> String {
    shown(text, limit, |chars| escaped(chars, is_unsafe))
}

/// As [`excerpt`], in quotes.
pub(crate) fn quoted_excerpt(text: &str, limit: usize) -> String {
    format!("\"{}\"", shown(text, limit, |chars| escape_quoted(chars)))
}

fn shown(
    text: &str,
    limit: usize,
    escape: impl FnOnce(&mut dyn Iterator<Item = char>) -> String,
) -> String {
    if looks_like_secret(text) {
        return "[REDACTED]".to_owned();
    }
    let mut excerpt = escape(&mut text.chars().take(limit));
    if text.chars().nth(limit).is_some() {
        excerpt.push('…');
    }
    excerpt
}

fn escape_quoted(chars: impl Iterator<Item = char>) -> String {
    let mut follows_space = false;
    escaped(chars, |c| {
        let is_padding = follows_space && c.is_whitespace();
        follows_space = c.is_whitespace();
        is_padding || matches!(c, '"' | '\\') || is_unsafe(c)
    })
}

fn escaped(chars: impl Iterator<Item = char>, mut must_escape: impl FnMut(char) -> bool) -> String {
    let mut out = String::new();
    for c in chars {
        match c {
            _ if !must_escape(c) => out.push(c),
            // `escape_default` leaves it as it is.
            ' ' => out.extend(c.escape_unicode()),
            _ => out.extend(c.escape_default()),
        }
    }
    out
}

/// Returns whether a character does not show, or changes how others show.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Returns the first character that a reader cannot see. A plain space is visible enough.
pub(crate) fn first_invisible(text: &str) -> Option<char> {
    text.chars()
        .find(|&c| is_unsafe(c) || (c.is_whitespace() && c != ' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_unsafe_characters() {
        for (text, safe) in [
            ("a\r\n\u{1b}[2J\u{202e}é", r"a\r\n\u{1b}[2J\u{202e}é"),
            ("\u{7f}\u{85}\u{61c}", r"\u{7f}\u{85}\u{61c}"),
            ("\u{2028}\u{3164}\u{e0041}", r"\u{2028}\u{3164}\u{e0041}"),
            (r#"plain é "\"#, r#"plain é "\"#),
        ] {
            assert_eq!(sanitize(text), safe);
            assert_eq!(excerpt(text, 99), safe);
        }
    }

    #[test]
    fn quoted_text_cannot_end_its_quotes_or_reach_the_next_line() {
        for (text, quoted) in [
            ("plain é", r#""plain é""#),
            (r#"a" -> "b\"#, r#""a\" -> \"b\\""#),
            (
                "a   b\u{a0}\u{3000}c",
                "\"a \\u{20}\\u{20}b\u{a0}\\u{3000}c\"",
            ),
            ("a\n  b", r#""a\n\u{20}\u{20}b""#),
        ] {
            assert_eq!(quote(text), quoted);
            assert_eq!(quoted_excerpt(text, 99), quoted);
        }
    }

    #[test]
    fn cuts_excerpts() {
        assert_eq!(excerpt("abcdef", 3), "abc…");
        assert_eq!(excerpt("abc", 3), "abc");
    }

    #[test]
    fn secrets_are_known_by_their_form() {
        for secret in [
            "beefdead-1111-2222-3333-444444444444",
            "BEEFDEAD-1111-2222-333344444444",
            " \"beefdead-1111-2222-3333-444444444444\"\n",
            "mdb_sa_sk_x",
            "eyJhbGciOi.eyJzdWIi.c2ln",
        ] {
            assert!(looks_like_secret(secret), "{secret}");
            assert_eq!(excerpt(secret, 99), "[REDACTED]");
            assert_eq!(quoted_excerpt(secret, 3), "\"[REDACTED]\"");
        }
        for name in [
            "",
            "gswvkocq",
            "mdb_sa_id_5980cfc70b6d97029d82e3f9",
            "me@example.com",
            "32b6e34b3d91647abb20e7b8",
            "2025-03-12",
        ] {
            assert!(!looks_like_secret(name), "{name}");
        }
    }
}
