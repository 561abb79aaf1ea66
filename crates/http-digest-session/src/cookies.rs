//! The cookies of a session (RFC 6265). A load balancer finds by them the server that issued
//! the session's nonce.

#[cfg(feature = "cookies")]
use {
    cookie_store::CookieStore,
    http::{HeaderMap, HeaderValue, header},
    url::Url,
};

/// The most cookies of a session. A server that sets more loses the earlier ones.
#[cfg(feature = "cookies")]
const MAX_COOKIES: usize = 16;

/// The longest `Set-Cookie` that is stored, in bytes.
#[cfg(feature = "cookies")]
const SIZE_LIMIT: usize = 4 * 1024;

#[derive(Default)]
pub(super) struct Cookies(#[cfg(feature = "cookies")] CookieStore);

#[cfg(feature = "cookies")]
impl Cookies {
    /// Stores the cookies of a response to a request for `url`.
    pub(super) fn store(&mut self, headers: &HeaderMap, url: &Url) {
        for value in headers.get_all(header::SET_COOKIE) {
            let Some(cookie) = value.to_str().ok().filter(|it| it.len() <= SIZE_LIMIT) else {
                continue;
            };
            if self.0.iter_any().count() >= MAX_COOKIES {
                self.0.clear();
            }
            // One that is malformed or of another host is ignored.
            let _ = self.0.parse(cookie, url);
        }
    }

    /// Returns the header with the cookies that belong to a request for `url`.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let cookies: Vec<_> = self
            .0
            .get_request_values(url)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if cookies.is_empty() {
            return None;
        }
        let mut value = HeaderValue::try_from(cookies.join("; ")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(all(test, feature = "cookies"))]
mod tests {
    use super::*;

    /// Returns the header for a request after one for `/a/b` has set these cookies.
    fn sent(cookies: &[&str], url: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::SET_COOKIE, cookie.parse().unwrap());
        }
        let mut store = Cookies::default();
        store.store(
            &headers,
            &Url::parse("https://api.example.com/a/b").unwrap(),
        );
        let value = store.header(&Url::parse(url).unwrap())?;
        assert!(value.is_sensitive());
        Some(value.to_str().unwrap().to_owned())
    }

    #[test]
    fn cookies_go_back_to_their_host_and_path_alone() {
        let url = "https://api.example.com/a/c";
        for (cookies, expected) in [
            (&["node=1; Path=/"][..], Some("node=1")),
            (&["node=1; Secure; HttpOnly"], Some("node=1")),
            (&["node=1", "node=2"], Some("node=2")),
            (&["node=1", "node=; Max-Age=0"], None),
            (&["node=1; Path=/other"], None),
            (&["node=1; Domain=other.example.com"], None),
            (&["nonsense", "", "=", "node=1"], Some("node=1")),
        ] {
            assert_eq!(sent(cookies, url).as_deref(), expected, "{cookies:?}");
        }
        for url in [
            "https://other.example.com/a/b",
            "https://sub.api.example.com/a/b",
            "http://api.example.com/a/b",
        ] {
            assert_eq!(sent(&["node=1; Secure"], url), None, "{url}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let many: Vec<_> = (0..1_000).map(|n| format!("c{n}=1; Path=/")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let kept = sent(&many, "https://api.example.com/").unwrap();
        assert!(kept.split("; ").count() <= MAX_COOKIES, "{kept}");
        assert!(kept.contains("c999=1"), "{kept}");
        let long = format!("long={}; Path=/", "x".repeat(SIZE_LIMIT));
        assert_eq!(sent(&[&long], "https://api.example.com/"), None);
    }
}
