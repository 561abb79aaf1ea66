//! The command as a process, against the emulator.

mod apply;
mod create;
mod credentials;
mod deception;
mod deletion;
mod emulator;
mod every_command;
mod help;
mod interrupted;
mod lists;
mod many;
mod role_edits;
mod rotate;
mod schema;
mod settings;
mod single;
mod support;
mod terminal;
