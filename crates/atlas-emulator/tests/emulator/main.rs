//! Tests the emulator over sockets, with digest authorizations from an independent implementation.

mod access;
mod admin;
mod assumptions;
mod client;
mod command;
mod digest;
mod documents;
mod errors;
mod faults;
mod hostile;
mod responses;
mod seed_file;
mod settings;
mod synthetic;
mod tls;
mod tokens;
mod traffic;
mod versions;
