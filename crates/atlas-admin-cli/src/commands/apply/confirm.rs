//! The confirmation prompt.

use std::{
    io::{self, IsTerminal},
    thread,
};

use tokio::sync::oneshot;

use super::{cancellation::Cancellation, plan::Plan};
use crate::{
    args::Format,
    error::CliError,
    ui::{eprint, table::count},
};

/// Asks whether to apply the plan. Fails without a terminal to ask on.
pub(super) async fn confirm(
    plan: &Plan,
    format: Format,
    cancellation: &Cancellation,
) -> Result<bool, CliError> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(CliError::input(
            "no terminal to ask for confirmation; review the plan and add --yes",
        ));
    }
    if format != Format::Table || !io::stdout().is_terminal() {
        // The plan has not been printed, or not where the question is asked.
        eprint(plan.to_text().trim_end());
    }
    eprint(&format!(
        "Apply {}? [y/N]",
        count(plan.update_count(), "update")
    ));
    let (sender, line) = oneshot::channel();
    // Reading cannot be interrupted, so it gets a thread that may be left behind.
    thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        let _ = sender.send(read.map(|_| line));
    });
    tokio::select! {
        () = cancellation.wait() => Ok(false),
        line = line => match line {
            Ok(Ok(line)) => Ok(matches!(line.trim(), "y" | "Y" | "yes" | "Yes")),
            _ => Ok(false),
        },
    }
}
