//! A server's process.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Node needs much of this on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A server in the foreground. Dropping it stops the server with its own children, and waits.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a server and waits until it listens.
    pub(crate) fn start(command: &mut Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let name = command.get_program().display().to_string();
        let output = fs::File::create(log)?;
        let process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        let mut process = Self(process);
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.0.try_wait()? {
                let output = fs::read_to_string(log).unwrap_or_default();
                bail!("{name} stopped ({status}): {}", output.trim());
            }
            if start.elapsed() > START_TIMEOUT {
                bail!("{name} does not listen; see {}", log.display());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).map(Pid::from_raw);
        // Apache stops its children only if it can handle the signal.
        if let Ok(pid) = pid
            && kill(pid, Signal::SIGTERM).is_ok()
        {
            let start = Instant::now();
            while start.elapsed() < STOP_TIMEOUT {
                if !matches!(self.0.try_wait(), Ok(None)) {
                    return;
                }
                thread::sleep(POLL_INTERVAL);
            }
        }
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("cannot stop process {}: {error}", self.0.id());
        }
    }
}

/// Returns a loopback address that nothing listens on.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
