//! The addresses from which a caller may send requests.

use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;

/// Networks, shared by all callers with the same list. An empty list allows every address, as for a
/// key without an access list.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessList(Option<Arc<[IpNet]>>);

impl AccessList {
    /// Parses entries such as `192.0.2.7` and `10.0.0.0/8`. The error is the first invalid entry.
    pub(crate) fn parse(entries: &[String]) -> Result<Self, String> {
        let network = |entry: &String| {
            let address = entry.parse::<IpAddr>().map(IpNet::from);
            address
                .or_else(|_| entry.parse())
                .map_err(|_| entry.clone())
        };
        let networks: Vec<IpNet> = entries.iter().map(network).collect::<Result<_, _>>()?;
        Ok(Self((!networks.is_empty()).then(|| networks.into())))
    }

    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0
            .as_deref()
            .is_none_or(|networks| networks.iter().any(|network| network.contains(&address)))
    }

    /// Returns the networks as text.
    pub(crate) fn entries(&self) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .flat_map(|networks| networks.iter())
            .map(|network| network.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> AccessList {
        let entries: Vec<_> = entries.iter().map(|entry| entry.to_string()).collect();
        AccessList::parse(&entries).unwrap()
    }

    #[test]
    fn matches_addresses_and_networks_of_both_families() {
        let list = list(&["192.0.2.7", "10.0.0.0/8", "2001:db8::/32"]);
        for (address, allowed) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("10.255.0.1", true),
            ("::ffff:10.255.0.1", true),
            ("2001:db8::1", true),
            ("::1", false),
        ] {
            assert_eq!(list.allows(address.parse().unwrap()), allowed, "{address}");
        }
        assert!(AccessList::default().allows("::1".parse().unwrap()));
    }

    #[test]
    fn errors_name_the_invalid_entry() {
        for invalid in ["10.0.0.0/33", "localhost", ""] {
            let error = AccessList::parse(&[invalid.to_owned()]).unwrap_err();
            assert_eq!(error, invalid);
        }
    }
}
