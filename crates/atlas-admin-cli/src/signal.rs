//! Signals that ask this process to stop.

use std::io;
#[cfg(unix)]
use std::time::{Duration, Instant};

use crate::error::CliError;

/// A terminal that closes sends SIGHUP more than once, and systemd sends it with SIGTERM. A hangup
/// this soon after another signal is the same request.
#[cfg(unix)]
const ONE_REQUEST: Duration = Duration::from_secs(1);

/// A listener for Ctrl-C, SIGTERM and SIGHUP, which no longer end the process by themselves.
pub(crate) struct Signal {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// `None` if hangups are ignored, as under nohup.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
    #[cfg(unix)]
    received: Option<Instant>,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signal {
    /// Starts listening.
    pub(crate) fn listen() -> Result<Self, CliError> {
        Self::open().map_err(|error| CliError::local("cannot listen for signals", error))
    }

    #[cfg(unix)]
    fn open() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let hangup = may_listen_for_hangup().then(|| signal(SignalKind::hangup()));
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: hangup.transpose()?,
            received: None,
        })
    }

    #[cfg(windows)]
    fn open() -> io::Result<Self> {
        let interrupt = tokio::signal::windows::ctrl_c()?;
        Ok(Self { interrupt })
    }

    /// Waits for the next signal.
    #[cfg(unix)]
    pub(crate) async fn recv(&mut self) {
        loop {
            let is_hangup = tokio::select! {
                _ = self.interrupt.recv() => false,
                _ = self.terminate.recv() => false,
                () = hangup(&mut self.hangup) => true,
            };
            let before = self.received.replace(Instant::now());
            if !is_hangup || before.is_none_or(|before| before.elapsed() >= ONE_REQUEST) {
                return;
            }
        }
    }

    /// Waits for the next signal.
    #[cfg(windows)]
    pub(crate) async fn recv(&mut self) {
        self.interrupt.recv().await;
    }
}

#[cfg(unix)]
async fn hangup(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns whether hangups end this process. A listener would take them from nohup, which has
/// them ignored, and only Linux says so without unsafe code.
#[cfg(unix)]
fn may_listen_for_hangup() -> bool {
    const SIGHUP: u32 = 1;

    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & (1 << (SIGHUP - 1)) == 0)
}
