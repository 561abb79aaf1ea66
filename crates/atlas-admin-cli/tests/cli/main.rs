//! The command as a process, against the emulator.

mod apply;
mod audit;
mod create;
mod credentials;
mod deception;
mod deletion;
mod emulator;
mod every_command;
mod existence;
mod export;
mod github;
mod guide;
mod help;
mod interrupted;
mod lists;
mod many;
mod plans;
mod quiet;
mod role_edits;
mod rotate;
mod rotate_all;
mod schema;
mod settings;
mod single;
mod support;
mod terminal;
