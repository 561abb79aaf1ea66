//! Other people's text inside our messages.

/// `text` on one line and at most `limit` characters long, with everything that
/// could rewrite a terminal or a log written as an escape.
pub(crate) fn escape(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == limit {
            out.push('…');
            break;
        }
        if c.is_control() || reorders(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that are invisible or change the direction of what follows.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn control_characters_and_length_are_tamed() {
        assert_eq!(
            escape("a\r\n\u{1b}[2J\u{202e}é", 99),
            r"a\r\n\u{1b}[2J\u{202e}é"
        );
        assert_eq!(escape("abcdef", 3), "abc…");
        assert_eq!(escape("abc", 3), "abc");
    }
}
