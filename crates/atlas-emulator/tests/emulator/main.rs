//! The emulator as a client meets it: over sockets, with digest answers from
//! an implementation that is not ours.

mod access;
mod answers;
mod client;
mod command;
mod digest;
mod errors;
mod tokens;
mod traffic;
mod versions;
