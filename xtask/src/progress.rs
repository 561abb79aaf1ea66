//! The progress of a task: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of a task in a known number of steps.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Starts a task.
    pub(crate) fn new(steps: u64) -> Self {
        if !stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(steps);
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// Starts the next step.
    pub(crate) fn step(&self, name: &'static str) {
        match &self.0 {
            Some(bar) => {
                bar.set_message(name);
                bar.inc(1);
            }
            None => eprintln!("{name}"),
        }
    }

    /// Ends the task.
    pub(crate) fn done(&self, text: &'static str) {
        match &self.0 {
            Some(bar) => bar.finish_with_message(text),
            None => eprintln!("{text}"),
        }
    }
}
