//! The cookies of a session (RFC 6265). A load balancer finds by them the server that issued
//! the session's nonce.

use std::{
    cmp::Reverse,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue, header};
use url::{Host, Url};

/// The most cookies of a session. A server that sets more loses the earlier ones.
const MAX_COOKIES: usize = 16;

/// The longest `Set-Cookie` that is stored, in bytes.
const SIZE_LIMIT: usize = 4 * 1024;

#[derive(Default)]
pub(super) struct Cookies(Vec<Cookie>);

struct Cookie {
    name: String,
    value: String,
    /// The host that set it, the only one that gets it back: a session belongs to one server.
    host: String,
    path: String,
    secure: bool,
    expires: Option<SystemTime>,
}

impl Cookies {
    /// Stores the cookies of a response to a request for `url`.
    pub(super) fn store(&mut self, headers: &HeaderMap, url: &Url) {
        let short = |value: &&HeaderValue| value.len() <= SIZE_LIMIT;
        for value in headers.get_all(header::SET_COOKIE).iter().filter(short) {
            // One that is malformed or of another host is ignored.
            let Some(cookie) = value.to_str().ok().and_then(|it| Cookie::parse(it, url)) else {
                continue;
            };
            self.0.retain(|other| !cookie.replaces(other));
            if self.0.len() == MAX_COOKIES {
                self.0.remove(0);
            }
            self.0.push(cookie);
        }
    }

    /// Returns the header with the cookies that belong to a request for `url`.
    pub(super) fn header(&self, url: &Url) -> Option<HeaderValue> {
        let now = SystemTime::now();
        let mut cookies: Vec<_> = self.0.iter().filter(|it| it.belongs_to(url, now)).collect();
        if cookies.is_empty() {
            return None;
        }
        cookies.sort_by_key(|cookie| Reverse(cookie.path.len()));
        let pairs: Vec<_> = cookies
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        let mut value = HeaderValue::try_from(pairs.join("; ")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl Cookie {
    /// Parses a `Set-Cookie` (RFC 6265, section 5.2).
    fn parse(set_cookie: &str, url: &Url) -> Option<Self> {
        let mut parts = set_cookie.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            host: url.host_str()?.to_owned(),
            path: default_path(url).to_owned(),
            secure: false,
            expires: None,
        };
        let mut max_age = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "domain" if !is_within(url, value) => return None,
                "expires" => cookie.expires = httpdate::parse_http_date(value).ok(),
                "max-age" => max_age = value.parse::<i64>().ok().or(max_age),
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "path" => default_path(url).clone_into(&mut cookie.path),
                "secure" => cookie.secure = true,
                _ => {}
            }
        }
        if let Some(seconds) = max_age {
            let age = Duration::from_secs(seconds.try_into().unwrap_or(0));
            // One that outlasts the clock does not expire.
            cookie.expires = SystemTime::now().checked_add(age);
        }
        (!cookie.name.is_empty()).then_some(cookie)
    }

    fn replaces(&self, other: &Self) -> bool {
        (&self.name, &self.host, &self.path) == (&other.name, &other.host, &other.path)
    }

    fn belongs_to(&self, url: &Url, now: SystemTime) -> bool {
        let rest = url.path().strip_prefix(&self.path);
        rest.is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/')
        }) && url.host_str() == Some(&self.host)
            && (!self.secure || url.scheme() == "https")
            && self.expires.is_none_or(|end| now < end)
    }
}

/// Returns the folder of the request (RFC 6265, section 5.1.4).
fn default_path(url: &Url) -> &str {
    match url.path().rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder,
        _ => "/",
    }
}

/// Whether a cookie of this `Domain` belongs to the host of `url` (RFC 6265, section 5.1.3). An
/// empty one is ignored.
fn is_within(url: &Url, domain: &str) -> bool {
    let domain = domain
        .strip_prefix('.')
        .unwrap_or(domain)
        .to_ascii_lowercase();
    let host = url.host_str().unwrap_or_default();
    let has_parents = matches!(url.host(), Some(Host::Domain(_)));
    let is_parent = |rest: &str| has_parents && rest.ends_with('.');
    domain.is_empty() || host == domain || host.strip_suffix(&domain).is_some_and(is_parent)
}

#[cfg(test)]
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
            (&["node=1; Path=/a"], Some("node=1")),
            (&["node=1; Path=/ab"], None),
            (&["node=1; Path=a/c"], Some("node=1")),
            (&["node=1; Domain=other.example.com"], None),
            (&["node=1; Domain=pi.example.com"], None),
            (&["node=1; Domain=.Example.com"], Some("node=1")),
            (&["node=1; Domain="], Some("node=1")),
            (&["node=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], None),
            (
                &["node=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
                Some("node=1"),
            ),
            (&["node=1; Max-Age=9223372036854775807"], Some("node=1")),
            (&["node=1; Max-Age=soon"], Some("node=1")),
            (&["all=1; Path=/", "here=2; Path=/a"], Some("here=2; all=1")),
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
    fn cookies_of_addresses_go_to_this_address_alone() {
        let headers = |cookie: &'static str| {
            HeaderMap::from_iter([(header::SET_COOKIE, HeaderValue::from_static(cookie))])
        };
        let url = Url::parse("http://127.0.0.1:8080/").unwrap();
        for (cookie, expected) in [
            ("node=1", true),
            ("node=1; Domain=127.0.0.1", true),
            ("node=1; Domain=0.0.1", false),
        ] {
            let mut store = Cookies::default();
            store.store(&headers(cookie), &url);
            assert_eq!(store.header(&url).is_some(), expected, "{cookie}");
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
