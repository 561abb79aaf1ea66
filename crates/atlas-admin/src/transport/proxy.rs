//! The proxy for a service, from the environment.
//!
//! reqwest ignores a variable that it cannot read, and connects directly. Here, that is an
//! error. Since a client has one service, its proxy is known when it is built.

use std::{env, ffi::OsString, net::IpAddr};

use ipnet::IpNet;
use percent_encoding::percent_decode_str;
use reqwest::Proxy;
use url::{Host, Url};

use crate::{error::Error, model::base_url::BaseUrl};

/// How a service is reached.
#[derive(Debug, Clone)]
pub(crate) enum Route {
    Direct,
    /// By the system's settings, since the environment has none.
    System,
    Proxy {
        proxy: Box<Proxy>,
        is_https: bool,
    },
}

impl Route {
    /// Returns the route to the service at `url`, from the variables of the environment.
    pub(crate) fn from_env(url: &BaseUrl) -> Result<Self, Error> {
        Self::from_variables(url, |name| env::var_os(name))
    }

    fn from_variables(
        url: &BaseUrl,
        read: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Error> {
        let first = |names: &[&'static str]| -> Result<Option<(&'static str, String)>, Error> {
            let is_set = |name: &&'static str| read(name).is_some_and(|value| !value.is_empty());
            let Some(name) = names.iter().copied().find(is_set) else {
                return Ok(None);
            };
            let value = read(name).unwrap_or_default().into_string();
            let value = value.map_err(|_| unusable(name, "is not Unicode"))?;
            Ok(Some((name, value)))
        };
        // A proxy would see what is sent to this machine without TLS.
        if url.is_loopback() {
            return Ok(Self::Direct);
        }
        if let Some((_, exempt)) = first(&["NO_PROXY", "no_proxy"])?
            && is_exempt(url.url(), &exempt)
        {
            return Ok(Self::Direct);
        }
        let names: &[_] = if url.is_https() {
            &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        } else if read("REQUEST_METHOD").is_some() {
            // In a CGI program, the request's header `Proxy` sets HTTP_PROXY.
            &["http_proxy", "ALL_PROXY", "all_proxy"]
        } else {
            &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        };
        let Some((name, value)) = first(names)? else {
            return Ok(Self::System);
        };
        let (address, credentials) = parse(&value).map_err(|reason| unusable(name, reason))?;
        let is_https = address.scheme() == "https";
        let mut proxy =
            Proxy::all(address).map_err(|_| unusable(name, "is not the address of a proxy"))?;
        if let Some((user, password)) = credentials {
            proxy = proxy.basic_auth(&user, &password);
        }
        Ok(Self::Proxy {
            proxy: Box::new(proxy),
            is_https,
        })
    }
}

/// Returns an error that does not quote the value, which may contain a password.
fn unusable(variable: &str, reason: &str) -> Error {
    Error::input(format!("the environment variable {variable} {reason}"))
        .with_advice("set it to http://host:port or http://user:password@host:port, or unset it")
}

/// A user name and a password.
type Login = (String, String);

/// Returns a proxy's address, and the login for it.
fn parse(value: &str) -> Result<(Url, Option<Login>), &'static str> {
    const NO_ADDRESS: &str = "is not the address of a proxy";

    let value = value.trim();
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err("names a kind of proxy that is not supported");
    }
    // Passwords are not always percent-encoded, and may contain `@`, `#` and `/`.
    let (credentials, address) = match rest.rsplit_once('@') {
        Some((credentials, address)) => (Some(credentials), address),
        None => (None, rest),
    };
    let url = Url::parse(&format!("{scheme}://{address}")).map_err(|_| NO_ADDRESS)?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !is_bare || address.starts_with('/') {
        return Err(NO_ADDRESS);
    }
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let credentials = credentials.map(|credentials| {
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        (decode(user), decode(password))
    });
    Ok((url, credentials))
}

/// Returns whether `NO_PROXY` lists the host of `url`: as a name, which stands for its
/// subdomains, too, and may begin with `.` or `*.`; as an address or a network; each also with
/// a port; or as `*`. The proxy is used if an entry is none of these.
fn is_exempt(url: &Url, entries: &str) -> bool {
    let is_separator = |c: char| c == ',' || c.is_whitespace();
    entries
        .split(is_separator)
        .filter(|entry| !entry.is_empty())
        .any(|entry| covers(entry, url))
}

fn covers(entry: &str, url: &Url) -> bool {
    let is_address = entry.parse::<IpAddr>().is_ok() || entry.parse::<IpNet>().is_ok();
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) if !is_address && !entry.ends_with(']') => (host, Some(port)),
        _ => (entry, None),
    };
    let is_port = |port: &str| port.parse().ok() == url.port_or_known_default();
    if !port.is_none_or(is_port) {
        return false;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let contains = |address: IpAddr| {
        host.parse() == Ok(address)
            || host
                .parse::<IpNet>()
                .is_ok_and(|network| network.contains(&address))
    };
    let is_subdomain = |name: &str| {
        let domain = host.strip_prefix('*').filter(|rest| rest.starts_with('.'));
        let domain = domain
            .unwrap_or(host)
            .trim_matches('.')
            .to_ascii_lowercase();
        let rest = name.trim_end_matches('.').strip_suffix(&domain);
        !domain.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    host == "*"
        || match url.host() {
            Some(Host::Domain(name)) => is_subdomain(name),
            Some(Host::Ipv4(address)) => contains(address.into()),
            Some(Host::Ipv6(address)) => contains(address.into()),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_may_contain_anything() {
        for (value, address, credentials) in [
            ("proxy", "http://proxy/", None),
            ("proxy:8080", "http://proxy:8080/", None),
            ("https://proxy:8443/", "https://proxy:8443/", None),
            ("http://[::1]:3128", "http://[::1]:3128/", None),
            ("http://me@proxy", "http://proxy/", Some(("me", ""))),
            ("me:p@ss@proxy:1", "http://proxy:1/", Some(("me", "p@ss"))),
            (
                "http://me:a#b/c?d:e@proxy:1",
                "http://proxy:1/",
                Some(("me", "a#b/c?d:e")),
            ),
            (
                "http://m%40e:p%2Fs%@proxy",
                "http://proxy/",
                Some(("m@e", "p/s%")),
            ),
        ] {
            let (url, parsed) = parse(value).unwrap();
            assert_eq!(url.as_str(), address, "{value}");
            let credentials = credentials.map(|(user, password)| (user.into(), password.into()));
            assert_eq!(parsed, credentials, "{value}");
        }
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named_and_not_quoted() {
        let url = "https://cloud.mongodb.com".parse().unwrap();
        for value in [
            "http://",
            "http:///",
            ":8080",
            "not an address",
            "http://me:hush@",
            "http://me:hush@proxy:port",
            "http://proxy/proxy.pac",
            "http://proxy?hush",
            "socks5://me:hush@proxy",
            "ftp://proxy",
        ] {
            for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
                let read = |asked: &str| (asked == name).then(|| value.into());
                let error = Route::from_variables(&url, read).unwrap_err();
                assert!(error.is_input(), "{error}");
                assert!(error.to_string().contains(name), "{error}");
                assert!(!format!("{error} {error:?}").contains("hush"), "{error}");
            }
        }
    }

    #[test]
    fn the_scheme_of_the_service_selects_the_variable() {
        let route = |url: &str, variables: &[(&str, &str)]| {
            let read = |asked: &str| {
                let variable = variables.iter().find(|(name, _)| *name == asked);
                variable.map(|(_, value)| value.into())
            };
            match Route::from_variables(&url.parse().unwrap(), read).unwrap() {
                Route::Direct => "direct",
                Route::System => "system",
                Route::Proxy { is_https, .. } if is_https => "https proxy",
                Route::Proxy { .. } => "http proxy",
            }
        };
        let both = [
            ("HTTPS_PROXY", "https://proxy"),
            ("HTTP_PROXY", "http://proxy"),
        ];
        assert_eq!(route("https://om.example.com", &both), "https proxy");
        assert_eq!(route("http://om.example.com", &both), "http proxy");
        assert_eq!(
            route("http://127.0.0.1", &[("ALL_PROXY", "proxy")]),
            "direct"
        );
        assert_eq!(
            route("http://a.localhost", &[("ALL_PROXY", "??")]),
            "direct"
        );
        assert_eq!(
            route("https://om.example.com", &[("HTTP_PROXY", "proxy")]),
            "system"
        );
        assert_eq!(
            route("https://om.example.com", &[("HTTPS_PROXY", "")]),
            "system"
        );
        let exempt = [("HTTPS_PROXY", "proxy"), ("no_proxy", "*.example.com")];
        assert_eq!(route("https://om.example.com", &exempt), "direct");
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "proxy")];
        assert_eq!(route("http://om.example.com", &cgi), "system");
    }

    #[test]
    fn no_proxy_lists_names_and_addresses_with_and_without_ports() {
        for (entries, url, is) in [
            ("*", "https://om.example.com", true),
            ("example.com", "https://om.example.com", true),
            ("example.com", "https://example.com", true),
            (".example.com", "https://om.example.com", true),
            ("*.example.com", "https://om.example.com", true),
            ("a.test, *.Example.com.", "https://om.example.com", true),
            ("om.example.com:443", "https://om.example.com", true),
            ("*.example.com:8443", "https://om.example.com:8443", true),
            ("om.example.com:8443", "https://om.example.com", false),
            ("om.example.com:port", "https://om.example.com", false),
            ("example.com", "https://notexample.com", false),
            ("om.example.com", "https://example.com", false),
            ("", "https://example.com", false),
            (". * .", "https://example.com", true),
            (".", "https://example.com", false),
            ("/var/run/docker.sock", "https://example.com", false),
            ("10.1.2.3", "https://10.1.2.3", true),
            ("10.1.2.3:8443", "https://10.1.2.3:8443", true),
            ("10.1.2.3:8443", "https://10.1.2.3", false),
            ("10.0.0.0/8", "https://10.1.2.3:8443", true),
            ("10.0.0.0/8", "https://11.1.2.3", false),
            ("fd00::1", "https://[fd00::1]", true),
            ("[fd00::1]", "https://[fd00::1]", true),
            ("[fd00::1]:8443", "https://[fd00::1]:8443", true),
            ("[fd00::1]:8443", "https://[fd00::1]", false),
            ("fd00::/8", "https://[fd00::1]", true),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(is_exempt(&url, entries), is, "{entries} {url}");
        }
    }
}
