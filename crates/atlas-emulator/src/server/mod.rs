//! Connections, routes and handlers.

pub(crate) mod accept;
pub(crate) mod admin;
pub(crate) mod app;
pub(crate) mod call;
pub(crate) mod connection;
pub(crate) mod emulator;
mod handlers;
pub(crate) mod peer;
pub(crate) mod request_log;
pub(crate) mod router;
pub(crate) mod socket;
#[cfg(feature = "tls")]
pub(crate) mod tls;
#[cfg(not(feature = "tls"))]
pub(crate) mod tls {
    /// Uninhabited without the feature `tls`.
    #[derive(Clone)]
    pub(crate) enum Tls {}
}
