//! HTML pages in the place of JSON, such as the sign-in page of a proxy.

use crate::model::{response::BufferedResponse, sanitize::quoted_excerpt};

/// How much of a page is searched for its title, in bytes.
const SEARCH_LIMIT: usize = 64 * 1024;

/// The longest title that an error shows, in characters.
const TITLE_LIMIT: usize = 100;

/// Returns a description of the body, with the page's title, if it is an HTML page.
pub(crate) fn describe(response: &BufferedResponse) -> Option<String> {
    let (page, lower) = page(&response.body)?;
    let title = title(&page, &lower).unwrap_or_default();
    Some(if title.is_empty() {
        "an HTML page".to_owned()
    } else {
        format!(
            "an HTML page titled {}",
            quoted_excerpt(&title, TITLE_LIMIT)
        )
    })
}

/// Returns whether the body is an HTML page.
pub(crate) fn is_page(body: &[u8]) -> bool {
    page(body).is_some()
}

/// Returns the beginning of the body if it is an HTML page, as it is and in lower case.
fn page(body: &[u8]) -> Option<(String, String)> {
    let body = &body[..body.len().min(SEARCH_LIMIT)];
    let page = String::from_utf8_lossy(body);
    let page = page.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    // Offsets stay the same: only ASCII letters change.
    let lower = page.to_ascii_lowercase();
    let is_page = lower.starts_with("<!doctype html") || lower.starts_with("<html");
    is_page.then(|| (page.to_owned(), lower))
}

/// Returns the text of the first `title` element, on one line.
fn title(page: &str, lower: &str) -> Option<String> {
    let element = lower.find("<title")?;
    let start = element + lower[element..].find('>')? + 1;
    let end = start + lower[start..].find("</title")?;
    let words: Vec<_> = page[start..end].split_whitespace().collect();
    Some(words.join(" "))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn described(body: &'static str) -> Option<String> {
        describe(&BufferedResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        })
    }

    #[test]
    fn names_a_page_by_its_title() {
        for (body, expected) in [
            (
                "\u{feff}\n<!DOCTYPE html><HEAD><Title lang=en>\n Sign \u{130}\n in</TITLE>",
                "an HTML page titled \"Sign \u{130} in\"",
            ),
            (
                "<html><title>a\u{1b}[2Jb</title>",
                r#"an HTML page titled "a\u{1b}[2Jb""#,
            ),
            ("<html><title>  </title>", "an HTML page"),
            ("<html><title>open", "an HTML page"),
            ("<html><title", "an HTML page"),
            ("<html>", "an HTML page"),
        ] {
            assert_eq!(described(body).as_deref(), Some(expected), "{body}");
        }
        for body in ["", "{}", "<xml/>", "\"<html>\"", "htm\u{e9}"] {
            assert_eq!(described(body), None, "{body}");
        }
    }
}
