//! Text of a service in Markdown.

use atlas_admin::sanitize;

/// Returns the text as code that shows literally, also in a table: no markup, no HTML, and as
/// code, no links and no mentions.
pub(crate) fn code(text: &str) -> String {
    let text = sanitize(text);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '.');
    if !text.trim().is_empty() && text.chars().all(is_plain) {
        return format!("`{text}`");
    }
    // Between backticks, neither a backtick nor a vertical bar could be escaped.
    let mut code = String::from("<code>");
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            code.push_str(&format!("&#{};", u32::from(c)));
        } else {
            code.push(c);
        }
    }
    code + "</code>"
}
