//! The representation of an access list's entry in responses.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::{http::link::Link, state::access_list::Entry};

/// An entry, with its members in alphabetical order.
#[derive(Serialize)]
pub(crate) struct EntryView<'a> {
    #[serde(rename = "cidrBlock")]
    cidr_block: String,
    count: u32,
    created: String,
    #[serde(rename = "ipAddress", skip_serializing_if = "Option::is_none")]
    ip_address: Option<&'a str>,
    #[serde(rename = "lastUsed", skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
    #[serde(rename = "lastUsedAddress", skip_serializing_if = "Option::is_none")]
    last_used_address: Option<String>,
    links: [Link; 1],
}

impl<'a> EntryView<'a> {
    /// Creates the representation. `list` is the URL of the access list.
    pub(crate) fn new(entry: &'a Entry, list: &str) -> Self {
        let cidr_block = entry.cidr_block();
        // A single address is addressed without its prefix.
        let name = match entry.is_host() {
            true => entry.address.to_string(),
            false => cidr_block.replace('/', "%2F"),
        };
        Self {
            cidr_block,
            count: entry.count,
            created: stamp(entry.created),
            ip_address: entry.is_host().then_some(&*entry.address),
            last_used: entry.last_used.map(|(time, _)| stamp(time)),
            last_used_address: entry.last_used.map(|(_, address)| address.to_string()),
            links: [Link {
                href: format!("{list}/{name}"),
                rel: "self",
            }],
        }
    }
}

/// Formats a time as the services do: `2026-08-10T03:11:03Z`.
pub(crate) fn stamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
