//! A server's process, from its start to its end.

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

/// How long a server may take until it listens: Node takes its time on a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long it may take to end.
const END: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// A server in the foreground. It is told to stop, with its own children, when
/// this is dropped, and waited for.
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
            .with_context(|| name.clone())?;
        let mut process = Self(process);
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.0.try_wait()? {
                let said = fs::read_to_string(log).unwrap_or_default();
                bail!("{name} stopped ({status}): {}", said.trim());
            }
            if start.elapsed() > START {
                bail!("{name} does not listen; see {}", log.display());
            }
            thread::sleep(PAUSE);
        }
        Ok(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).map(Pid::from_raw);
        // A signal that can be handled: Apache stops its children on it.
        if let Ok(pid) = pid
            && kill(pid, Signal::SIGTERM).is_ok()
        {
            let start = Instant::now();
            while start.elapsed() < END {
                if !matches!(self.0.try_wait(), Ok(None)) {
                    return;
                }
                thread::sleep(PAUSE);
            }
        }
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("process {} cannot be stopped: {error}", self.0.id());
        }
    }
}

/// A port of the loopback address that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
