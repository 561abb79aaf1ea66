//! Access lists: the addresses that an API key may be used from.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use atlas_admin_raw::types;
use chrono::{DateTime, Utc};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{api_key::Link, parse_error::ParseError, sanitize::quoted_excerpt};

/// An entry of an access list: an address or a network that an API key may be used from.
///
/// It serializes with the services' field names, and deserializes from what they send.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessListEntry {
    /// The address or network; an address is a network of one (`/32`, or `/128` for IPv6).
    pub network: IpNet,
    /// The number of requests that came from it.
    pub count: Option<u32>,
    /// When the entry was added.
    pub created: Option<DateTime<Utc>>,
    /// When the last request came from it. `None` if there was none.
    pub last_used: Option<DateTime<Utc>>,
    /// The address of that request.
    pub last_used_address: Option<IpAddr>,
    /// Links to the entry.
    pub links: Vec<Link>,
}

impl AccessListEntry {
    /// Creates an entry for an address or a network, for tests.
    #[must_use]
    pub fn new(network: impl Into<IpNet>) -> Self {
        Self {
            network: network.into(),
            count: None,
            created: None,
            last_used: None,
            last_used_address: None,
            links: Vec::new(),
        }
    }

    /// Returns the address, if the entry is not a larger network.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        address(&self.network)
    }

    /// Reads an entry in a response. A time or an address that cannot be read is left out.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the entry has neither a network nor an address.
    #[inline]
    pub(crate) fn from_raw(entry: types::AccessListEntry) -> Result<Self, ParseError> {
        let time = |text: Option<String>| Some(DateTime::parse_from_rfc3339(&text?).ok()?.to_utc());
        let network = entry.cidr_block.or(entry.ip_address).unwrap_or_default();
        Ok(Self {
            network: Network::from(network).parsed()?,
            count: entry.count.and_then(|count| u32::try_from(count).ok()),
            created: time(entry.created),
            last_used: time(entry.last_used),
            last_used_address: entry.last_used_address.and_then(|text| text.parse().ok()),
            links: entry
                .links
                .unwrap_or_default()
                .into_iter()
                .map(Link::from_raw)
                .collect(),
        })
    }

    #[inline]
    fn to_raw(&self) -> types::AccessListEntry {
        let time = |time: Option<DateTime<Utc>>| Some(time?.to_rfc3339());
        types::AccessListEntry {
            cidr_block: Some(self.network.to_string()),
            ip_address: address(&self.network).map(|address| address.to_string()),
            count: self.count.and_then(|count| i32::try_from(count).ok()),
            created: time(self.created),
            last_used: time(self.last_used),
            last_used_address: self.last_used_address.map(|address| address.to_string()),
            links: Some(self.links.iter().map(Link::to_raw).collect()),
        }
    }
}

impl Serialize for AccessListEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_raw().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AccessListEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_raw(types::AccessListEntry::deserialize(deserializer)?)
            .map_err(de::Error::custom)
    }
}

/// Returns the one address of a network, if it has no more.
pub(crate) fn address(network: &IpNet) -> Option<IpAddr> {
    (network.prefix_len() == network.max_prefix_len()).then(|| network.addr())
}

/// An address or a network as methods take it: typed, or as text, which is checked when a call
/// is sent.
///
/// ```
/// use atlas_admin::{Network, ipnet::IpNet};
///
/// let office: IpNet = "203.0.113.0/24".parse()?;
/// let entries: [Network; 3] = [office.into(), "198.51.100.7".into(), "2001:db8::/32".into()];
/// # Ok::<(), atlas_admin::ipnet::AddrParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Network(Result<IpNet, Box<str>>);

impl Network {
    /// Returns the network, which has no host bits: in `203.0.113.7/24`, nobody can tell
    /// whether the address or the network is meant.
    pub(crate) fn check(&self) -> Result<IpNet, ParseError> {
        let network = self.parsed()?;
        if network == network.trunc() {
            return Ok(network);
        }
        let (address, whole) = (network.addr(), network.trunc());
        Err(ParseError::new(format!(
            "{network} is an address in the network {whole}; use {whole}, or {address} alone"
        )))
    }

    fn parsed(&self) -> Result<IpNet, ParseError> {
        self.0.clone().map_err(|text| {
            ParseError::new(format!(
                "access list entry {} is neither an IP address nor a network such as \
                 203.0.113.0/24",
                quoted_excerpt(&text, 60)
            ))
        })
    }
}

/// Fails, as calls do, if it is text that is neither an address nor a network, or a network with
/// host bits.
impl TryFrom<Network> for IpNet {
    type Error = ParseError;

    fn try_from(network: Network) -> Result<Self, ParseError> {
        network.check()
    }
}

/// Writes an address without `/32`, as the services address entries.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(network) => match address(network) {
                Some(address) => address.fmt(f),
                None => network.fmt(f),
            },
            Err(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(network) => network.fmt(f),
            Err(text) => f.write_str(&quoted_excerpt(text, 60)),
        }
    }
}

impl From<&str> for Network {
    fn from(text: &str) -> Self {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        Self(text.parse().or_else(|_| address()).map_err(|_| text.into()))
    }
}

impl From<String> for Network {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl From<&String> for Network {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<IpNet> for Network {
    fn from(network: IpNet) -> Self {
        Self(Ok(network))
    }
}

impl From<&IpNet> for Network {
    fn from(network: &IpNet) -> Self {
        Self(Ok(*network))
    }
}

impl From<Ipv4Net> for Network {
    fn from(network: Ipv4Net) -> Self {
        Self(Ok(network.into()))
    }
}

impl From<Ipv6Net> for Network {
    fn from(network: Ipv6Net) -> Self {
        Self(Ok(network.into()))
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self(Ok(address.into()))
    }
}

impl From<&IpAddr> for Network {
    fn from(address: &IpAddr) -> Self {
        Self(Ok((*address).into()))
    }
}

impl From<Ipv4Addr> for Network {
    fn from(address: Ipv4Addr) -> Self {
        IpAddr::from(address).into()
    }
}

impl From<Ipv6Addr> for Network {
    fn from(address: Ipv6Addr) -> Self {
        IpAddr::from(address).into()
    }
}

impl From<&AccessListEntry> for Network {
    fn from(entry: &AccessListEntry) -> Self {
        Self(Ok(entry.network))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_round_trip_through_json() {
        let wire = json!({
            "cidrBlock": "198.51.100.7/32",
            "ipAddress": "198.51.100.7",
            "count": 0,
            "created": "2026-08-10T03:03:17Z",
            "lastUsed": "yesterday",
            "links": [],
        });
        let entry: AccessListEntry = serde_json::from_value(wire).unwrap();
        assert_eq!(entry.network.to_string(), "198.51.100.7/32");
        assert_eq!((entry.count, entry.last_used), (Some(0), None));
        let written = serde_json::to_value(&entry).unwrap();
        assert_eq!(written["ipAddress"], "198.51.100.7");
        assert_eq!(
            serde_json::from_value::<AccessListEntry>(written).unwrap(),
            entry
        );
        let address: AccessListEntry = serde_json::from_value(json!({"ipAddress": "::1"})).unwrap();
        assert_eq!(
            address,
            AccessListEntry::new(Ipv6Net::from(Ipv6Addr::LOCALHOST))
        );
        for bad in [json!({}), json!({"cidrBlock": "everywhere"})] {
            assert!(serde_json::from_value::<AccessListEntry>(bad).is_err());
        }
    }

    #[test]
    fn networks_are_checked_and_written_as_services_address_them() {
        for (text, written) in [
            ("198.51.100.7", "198.51.100.7"),
            ("198.51.100.7/32", "198.51.100.7"),
            ("203.0.113.0/24", "203.0.113.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0::/32", "2001:db8::/32"),
            ("2001:db8::1/128", "2001:db8::1"),
        ] {
            let network = Network::from(text);
            assert_eq!(network.to_string(), written);
            assert_eq!(
                Network::from(IpNet::try_from(network).unwrap()).to_string(),
                written
            );
        }
        let error = Network::from("203.0.113.7/24").check().unwrap_err();
        assert_eq!(
            error.to_string(),
            "203.0.113.7/24 is an address in the network 203.0.113.0/24; use 203.0.113.0/24, or \
             203.0.113.7 alone"
        );
        for bad in [
            "",
            "203.0.113.0/33",
            "203.0.113",
            "host.example.com",
            "1.2.3.4 ",
        ] {
            let error = Network::from(bad).check().unwrap_err();
            assert!(error.to_string().contains("neither"), "{error}");
        }
    }
}
