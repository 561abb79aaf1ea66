//! The command as a process, against the emulator.

mod apply;
mod credentials;
mod deception;
mod emulator;
mod help;
mod interrupted;
mod many;
mod schema;
mod settings;
mod single;
mod support;
mod terminal;
