//! The client of a connection.

use std::net::SocketAddr;

/// The address of the client that sent a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);
