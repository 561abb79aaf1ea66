//! The peer of a connection.

use std::net::SocketAddr;

/// The address from which a request was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);
