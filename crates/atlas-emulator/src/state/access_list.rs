//! The addresses from which a caller may send requests.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ipnet::IpNet;

/// The access list of a caller. An empty list allows every address.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccessList(Vec<Entry>);

/// An address or a network, and its use so far.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) network: IpNet,
    /// The address as it was written, without the length of a prefix.
    pub(crate) address: Box<str>,
    pub(crate) created: DateTime<Utc>,
    /// The number of requests.
    pub(crate) count: u32,
    pub(crate) last_used: Option<(DateTime<Utc>, IpAddr)>,
}

/// Parses an address, or a network in CIDR notation.
pub(crate) fn parse(text: &str) -> Option<IpNet> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).ok()
}

impl Entry {
    /// Parses an entry such as `192.0.2.7` or `10.0.0.0/8`.
    pub(crate) fn new(text: &str, created: DateTime<Utc>) -> Option<Self> {
        let network = parse(text)?;
        let (address, _) = text.split_once('/').unwrap_or((text, ""));
        Some(Self {
            network: network.trunc(),
            address: address.into(),
            created,
            count: 0,
            last_used: None,
        })
    }

    /// Returns whether the entry is a single address.
    pub(crate) fn is_host(&self) -> bool {
        self.network.prefix_len() == self.network.max_prefix_len()
    }

    /// Returns the network as it was written.
    pub(crate) fn cidr_block(&self) -> String {
        format!("{}/{}", self.address, self.network.prefix_len())
    }
}

impl AccessList {
    /// Parses entries such as `192.0.2.7` and `10.0.0.0/8`. The error is the first invalid entry.
    pub(crate) fn parse(entries: &[String]) -> Result<Self, String> {
        let created = Utc::now();
        let entry = |text: &String| Entry::new(text, created).ok_or_else(|| text.clone());
        entries
            .iter()
            .map(entry)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Returns whether `address` is allowed, and counts the request for its entries.
    pub(crate) fn sign_in(&mut self, address: IpAddr) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let address = address.to_canonical();
        let now = Utc::now();
        let mut is_allowed = false;
        for entry in &mut self.0 {
            if entry.network.contains(&address) {
                entry.count = entry.count.saturating_add(1);
                entry.last_used = Some((now, address));
                is_allowed = true;
            }
        }
        is_allowed
    }

    /// Returns the entries in the order in which they were added.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.0
    }

    pub(crate) fn get(&self, network: IpNet) -> Option<&Entry> {
        let network = network.trunc();
        self.0.iter().find(|entry| entry.network == network)
    }

    pub(crate) fn add(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.0.extend(entries);
    }

    pub(crate) fn remove(&mut self, network: IpNet) {
        let network = network.trunc();
        self.0.retain(|entry| entry.network != network);
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
        let mut list = list(&["192.0.2.7", "10.0.0.0/8", "2001:db8::/32"]);
        for (address, allowed) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("10.255.0.1", true),
            ("::ffff:10.255.0.1", true),
            ("2001:db8::1", true),
            ("::1", false),
        ] {
            assert_eq!(list.sign_in(address.parse().unwrap()), allowed, "{address}");
        }
        assert!(AccessList::default().sign_in("::1".parse().unwrap()));
    }

    #[test]
    fn every_entry_that_holds_the_address_is_counted() {
        let mut list = list(&["192.0.2.7", "192.0.2.0/24", "10.0.0.0/8"]);
        assert!(list.sign_in("192.0.2.7".parse().unwrap()));
        assert!(list.sign_in("::ffff:192.0.2.9".parse().unwrap()));
        assert!(!list.sign_in("198.51.100.1".parse().unwrap()));
        let counts: Vec<_> = list.entries().iter().map(|entry| entry.count).collect();
        assert_eq!(counts, [1, 2, 0]);
        let used = list.entries()[1].last_used.map(|(_, address)| address);
        assert_eq!(used, Some("192.0.2.9".parse().unwrap()));
    }

    #[test]
    fn a_network_is_found_however_it_is_written() {
        let mut list = list(&["192.0.2.7/32", "10.1.2.3/8", "2001:db8:0:0::/32"]);
        for text in ["192.0.2.7", "10.0.0.0/8", "2001:db8::/32"] {
            let network = parse(text).unwrap();
            assert!(list.get(network).is_some(), "{text}");
            list.remove(network);
            assert!(list.get(network).is_none(), "{text}");
        }
        assert!(list.entries().is_empty());
    }

    #[test]
    fn errors_name_the_invalid_entry() {
        for invalid in ["10.0.0.0/33", "localhost", ""] {
            let error = AccessList::parse(&[invalid.to_owned()]).unwrap_err();
            assert_eq!(error, invalid);
        }
    }
}
