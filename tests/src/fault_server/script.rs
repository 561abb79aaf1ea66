//! What a server is to do, and what has reached it.

use super::behavior::Behavior;

/// How a fault server behaves.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// What it does with the first challenges or token requests.
    pub handshakes: Vec<Behavior>,
    /// What it does with the first updates.
    pub updates: Vec<Behavior>,
    /// Whether the client sends a handshake before its first update.
    pub starts_with_handshake: bool,
    /// Whether an HTTP/1.1 connection stays open after a handshake.
    pub keeps_connections: bool,
    /// Whether it speaks HTTP/2 over TLS instead of HTTP/1.1 without TLS.
    pub http2: bool,
}

impl Script {
    /// Returns a script that sends responses to updates, in order.
    #[must_use]
    pub fn responses<'a>(responses: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            updates: responses.into_iter().map(Behavior::from).collect(),
            ..Self::default()
        }
    }
}

/// What has reached a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections.
    pub connections: u32,
    /// Requests of any kind.
    pub requests: u32,
    /// Updates with credentials.
    pub updates: u32,
}
