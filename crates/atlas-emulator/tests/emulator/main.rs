//! The emulator as a client meets it: over sockets, with digest responses from
//! an implementation that is not ours.

mod access;
mod admin;
mod answers;
mod assumptions;
mod client;
mod command;
mod digest;
mod documents;
mod errors;
mod faults;
mod hostile;
mod seed_file;
mod settings;
mod synthetic;
mod tls;
mod tokens;
mod traffic;
mod versions;
