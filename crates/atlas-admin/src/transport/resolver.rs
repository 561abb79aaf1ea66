//! Host names.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    time::Duration,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::blocking;
use crate::model::base_url::is_loopback_name;

/// Resolves names with the system's resolver, except those of this machine (RFC 6761, section
/// 6.3): a resolver may send them elsewhere, and plain HTTP is allowed to them.
pub(super) struct Resolver {
    /// How long to wait for the system's resolver.
    pub(super) limit: Duration,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let limit = self.limit;
        let name = name.as_str().to_owned();
        Box::pin(async move {
            // The port comes from the URL.
            let addresses: Addrs = if is_loopback_name(&name) {
                let loopback: [SocketAddr; 2] = [
                    (Ipv4Addr::LOCALHOST, 0).into(),
                    (Ipv6Addr::LOCALHOST, 0).into(),
                ];
                Box::new(loopback.into_iter())
            } else {
                let resolving = move || (name.as_str(), 0).to_socket_addrs();
                Box::new(blocking::run(limit, resolving).await?)
            };
            Ok(addresses)
        })
    }
}
