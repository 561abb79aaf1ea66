//! The question before anything is written.

use std::{
    io::{self, IsTerminal},
    thread,
};

use tokio::sync::oneshot;

use super::{
    plan::{Plan, counted},
    stop::Stop,
};
use crate::{
    exit::Failure,
    output::{Format, complain},
};

/// Whether the person at the terminal says yes. Fails if there is no terminal.
pub(crate) async fn confirm(plan: &Plan, format: Format, stop: &Stop) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::input(
            "there is no terminal to ask on; look at the plan and add --yes",
        ));
    }
    if format != Format::Table {
        // Results are for a program, and so the plan has not been seen.
        complain(plan.text().trim_end());
    }
    let updates = counted(plan.update_count(), "update");
    complain(&format!("Make {updates}? [y/N]"));
    let (answered, answer) = oneshot::channel();
    // A thread of its own, which may be left behind in the middle of its reading.
    thread::spawn(move || {
        let mut line = String::new();
        let read = io::stdin().read_line(&mut line);
        // Nobody listens any more if a signal came first.
        let _ = answered.send(read.map(|_| line));
    });
    tokio::select! {
        () = stop.wait() => Ok(false),
        line = answer => match line {
            Ok(Ok(line)) => Ok(matches!(line.trim(), "y" | "Y" | "yes" | "Yes")),
            _ => Ok(false),
        },
    }
}
