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
        Cow::Owned(escaped(text.chars()))
    } else {
        Cow::Borrowed(text)
    }
}

/// Sanitizes `text` and cuts it after `limit` characters.
pub(crate) fn excerpt(text: &str, limit: usize) -> String {
    let mut excerpt = escaped(text.chars().take(limit));
    if text.chars().nth(limit).is_some() {
        excerpt.push('…');
    }
    excerpt
}

fn escaped(chars: impl Iterator<Item = char>) -> String {
    let mut out = String::new();
    for c in chars {
        if is_unsafe(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_unsafe_characters() {
        for (text, safe) in [
            ("a\r\n\u{1b}[2J\u{202e}é", r"a\r\n\u{1b}[2J\u{202e}é"),
            ("\u{7f}\u{85}\u{61c}", r"\u{7f}\u{85}\u{61c}"),
            ("plain é", "plain é"),
        ] {
            assert_eq!(sanitize(text), safe);
            assert_eq!(excerpt(text, 99), safe);
        }
    }

    #[test]
    fn cuts_excerpts() {
        assert_eq!(excerpt("abcdef", 3), "abc…");
        assert_eq!(excerpt("abc", 3), "abc");
    }
}
