//! Tests the emulator over sockets, with digest authorizations from an independent implementation.

mod access;
mod access_list;
mod admin;
mod assumptions;
mod client;
mod command;
mod creations;
mod deletions;
mod digest;
mod directory;
mod documents;
mod errors;
mod faults;
mod hostile;
mod lists;
mod responses;
mod seed_file;
mod settings;
mod synthetic;
mod tls;
mod tokens;
mod traffic;
mod versions;
