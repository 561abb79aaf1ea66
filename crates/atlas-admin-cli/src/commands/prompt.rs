//! Questions to a person.

use std::{
    io::{self, IsTerminal},
    thread,
};

use tokio::sync::oneshot;

use crate::{error::CliError, ui::eprint};

/// Fails without a terminal to ask on. `instead` says what to do then.
pub(super) fn require_terminal(instead: &str) -> Result<(), CliError> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(());
    }
    Err(CliError::input(format!(
        "no terminal to ask for confirmation; {instead}"
    )))
}

/// Asks a question, and returns whether the answer is yes.
pub(super) async fn confirm(question: &str) -> bool {
    eprint(&format!("{question} [y/N]"));
    let (sender, line) = oneshot::channel();
    // Reading cannot be interrupted, so it gets a thread that may be left behind.
    thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        let _ = sender.send(read.map(|_| line));
    });
    match line.await {
        Ok(Ok(line)) => matches!(line.trim(), "y" | "Y" | "yes" | "Yes"),
        _ => false,
    }
}
