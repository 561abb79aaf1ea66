//! The address of a service.

use std::{fmt, str::FromStr};

use url::{Host, Url};

use super::{parse_error::ParseError, sanitize::excerpt};

/// An address that a path can be appended to: it has no credentials, query or fragment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl(Url);

impl BaseUrl {
    /// Appends `path`, which starts with a slash.
    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// Returns the host, a port other than the scheme's default, and the path.
    pub(crate) fn host_and_path(&self) -> String {
        let path = self.0.path().trim_end_matches('/');
        format!("{}{path}", self.0.authority())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.0
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns whether the host is a name, which somebody has to resolve.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.0.host(), Some(Host::Domain(_)))
    }

    /// Returns whether the address is on this machine, if names of this machine are resolved
    /// as such.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => is_loopback_name(name),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Returns whether others can read what is sent: plain HTTP to another machine.
    pub(crate) fn is_exposed(&self) -> bool {
        !self.is_https() && !self.is_loopback()
    }
}

/// Returns whether a lower-case name always means this machine (RFC 6761, section 6.3).
pub(crate) fn is_loopback_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

impl FromStr for BaseUrl {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        // The error does not quote the text, which may contain a password.
        let url = Url::parse(text.trim())
            .map_err(|error| ParseError::new(format!("the base URL is not a URL: {error}")))?;
        let reason = if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            "must start with https:// and a host"
        } else if !url.username().is_empty() || url.password().is_some() {
            "contains credentials; use Credentials instead"
        } else if url.query().is_some() {
            "has a query"
        } else if url.fragment().is_some() {
            "has a fragment"
        } else if let Some(path) = service_path(&url) {
            return Err(ParseError::new(format!(
                "the base URL ends in {path}, which the client appends; leave it out"
            )));
        } else {
            return Ok(Self(url));
        };
        Err(ParseError::new(format!("the base URL {reason}")))
    }
}

fn service_path(url: &Url) -> Option<&'static str> {
    ["/api/atlas/v2", "/api/atlas/v1.0", "/api/public/v1.0"]
        .into_iter()
        .find(|path| url.path().trim_end_matches('/').ends_with(path))
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&excerpt(self.0.as_str(), 200))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_paths_with_one_slash() {
        for (text, joined) in [
            ("https://cloud.mongodb.com", "https://cloud.mongodb.com/x"),
            (
                "https://om.example.com:8443//",
                "https://om.example.com:8443/x",
            ),
            (
                "https://proxy.example.com/atlas/",
                "https://proxy.example.com/atlas/x",
            ),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().join("/x"), joined);
        }
    }

    #[test]
    fn refuses_addresses_that_leak_or_mislead() {
        for (text, reason) in [
            ("", "not a URL"),
            ("cloud.mongodb.com", "not a URL"),
            ("ftp://example.com", "must start with"),
            ("data:text/plain,x", "must start with"),
            ("https://me:hunter2@example.com", "credentials"),
            ("https://example.com/?a=b", "query"),
            ("https://example.com/#top", "fragment"),
            ("https://example.com/api/atlas/v2/", "leave it out"),
        ] {
            let error = text.parse::<BaseUrl>().unwrap_err();
            assert!(error.to_string().contains(reason), "{text}: {error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn plain_http_is_exposed_except_on_loopback() {
        let exposed = |text: &str| text.parse::<BaseUrl>().unwrap().is_exposed();
        for text in [
            "http://127.0.0.1:1",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://localhost",
            "https://example.com",
        ] {
            assert!(!exposed(text), "{text}");
        }
        for text in [
            "http://example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "http://0.0.0.0",
        ] {
            assert!(exposed(text), "{text}");
        }
    }
}
