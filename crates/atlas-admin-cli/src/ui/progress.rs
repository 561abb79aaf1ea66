//! Progress of a long run: a bar on a terminal, a line every two seconds elsewhere.

use std::{
    io::{self, IsTerminal},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;

use super::{Output, eprint};

const INTERVAL: Duration = Duration::from_secs(2);

pub(crate) struct Progress {
    /// What has happened to the items, such as "keys read".
    message: &'static str,
    total: usize,
    display: Display,
}

enum Display {
    Bar(ProgressBar),
    Lines(Mutex<Lines>),
    Quiet,
}

struct Lines {
    finished: usize,
    printed: Instant,
}

impl Progress {
    pub(crate) fn new(message: &'static str, total: usize, output: &Output) -> Self {
        let display = if output.quiet {
            Display::Quiet
        } else if io::stderr().is_terminal() {
            let style =
                ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}, {elapsed}, {eta} left");
            let bar = ProgressBar::new(total as u64).with_message(message);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            Display::Bar(bar)
        } else {
            Display::Lines(Mutex::new(Lines {
                finished: 0,
                printed: Instant::now(),
            }))
        };
        Self {
            message,
            total,
            display,
        }
    }

    /// Counts one more finished item.
    pub(crate) fn increment(&self) {
        match &self.display {
            Display::Bar(bar) => bar.inc(1),
            Display::Lines(lines) => {
                let mut lines = lines.lock();
                lines.finished += 1;
                if lines.printed.elapsed() >= INTERVAL {
                    lines.printed = Instant::now();
                    eprint(&format!(
                        "{} of {} {}",
                        lines.finished, self.total, self.message
                    ));
                }
            }
            Display::Quiet => {}
        }
    }

    /// Prints a line that stays above the bar.
    pub(crate) fn println(&self, text: &str) {
        match &self.display {
            Display::Bar(bar) => bar.suspend(|| eprint(text)),
            Display::Lines(_) | Display::Quiet => eprint(text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Display::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}
