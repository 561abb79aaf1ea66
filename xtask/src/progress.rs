//! How far a task has come: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};

/// The progress of a task in a known number of steps.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins a task.
    pub fn new(steps: u64) -> Self {
        if !stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(steps);
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        Self(Some(bar))
    }

    /// Begins the next step.
    pub fn step(&self, name: &'static str) {
        match &self.0 {
            Some(bar) => {
                bar.set_message(name);
                bar.inc(1);
            }
            None => eprintln!("{name}"),
        }
    }

    /// Says something that is to stay.
    pub fn line(&self, text: &str) {
        match &self.0 {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    /// Ends the task.
    pub fn done(&self, text: &'static str) {
        match &self.0 {
            Some(bar) => bar.finish_with_message(text),
            None => eprintln!("{text}"),
        }
    }
}
