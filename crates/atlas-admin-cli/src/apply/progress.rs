//! How far it is: a bar on a terminal, a line now and then elsewhere.

use std::{
    io::{self, IsTerminal},
    sync::Mutex,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{Output, complain};

const PAUSE: Duration = Duration::from_secs(2);

pub(crate) struct Progress {
    what: &'static str,
    total: usize,
    bar: Option<ProgressBar>,
    lines: Option<Mutex<Lines>>,
}

struct Lines {
    done: usize,
    written: Instant,
}

impl Progress {
    /// For so many steps; `what` says what has become of them.
    pub(crate) fn new(what: &'static str, total: usize, output: &Output) -> Self {
        let on_terminal = io::stderr().is_terminal();
        let bar = (on_terminal && !output.is_quiet()).then(|| {
            let style =
                ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}, {elapsed}, {eta} left");
            let bar = ProgressBar::new(total as u64).with_message(what);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let lines = (!on_terminal && !output.is_quiet()).then(|| {
            Mutex::new(Lines {
                done: 0,
                written: Instant::now(),
            })
        });
        Self {
            what,
            total,
            bar,
            lines,
        }
    }

    /// One step more.
    pub(crate) fn step(&self) {
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        if let Some(lines) = &self.lines {
            let mut lines = lines
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            lines.done += 1;
            if lines.written.elapsed() >= PAUSE {
                lines.written = Instant::now();
                complain(&format!("{} of {} {}", lines.done, self.total, self.what));
            }
        }
    }

    /// A line that stays.
    pub(crate) fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
