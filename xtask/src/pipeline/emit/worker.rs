//! Runs the generator in a process of its own. A bad document can make it panic, or recurse
//! or grow without end, and only a process can always be stopped.

use std::{
    env,
    io::{self, Read, Write},
    path::PathBuf,
    process::{self, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde_json::Value;

use super::progenitor::{self, Part};

/// The task that [`make`] starts this program with.
pub const TASK: &str = "generator";

/// The full upstream document takes half a second.
const MAX_TIME: Duration = Duration::from_secs(60);

/// The full upstream document takes a tenth of this.
#[cfg(unix)]
const MAX_BYTES: u64 = 4 << 30;

/// Deep documents are fine; only endless recursion is not.
const STACK_BYTES: usize = 256 << 20;

/// Generates a part of the low-level crate from a lowered document, in another process.
///
/// Programs other than `xtask`, such as tests of this library, have no such process and
/// generate it themselves, without limits.
pub fn make(part: Part, lowered: &Value) -> Result<String> {
    let Some(program) = program() else {
        return progenitor::make(part, lowered);
    };
    let part = part.to_possible_value().context("every part has a name")?;
    let mut child = Command::new(program)
        .args([TASK, part.get_name()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start the generator")?;
    let mut stdin = child.stdin.take().context("piped above")?;
    // A worker that dies early closes its end; its exit status says why.
    stdin.write_all(&serde_json::to_vec(lowered)?).ok();
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        reason(output.status, &output.stderr)
    );
    String::from_utf8(output.stdout).context("the generator's output is not UTF-8")
}

fn program() -> Option<PathBuf> {
    env::current_exe()
        .ok()
        .filter(|program| program.file_stem().is_some_and(|name| name == "xtask"))
}

/// Returns why a worker failed, in one line.
fn reason(status: ExitStatus, stderr: &[u8]) -> String {
    let said = String::from_utf8_lossy(stderr);
    if said.contains("stack overflow") || said.contains("overflowed its stack") {
        return "the generator recurses without end".to_owned();
    }
    if said.contains("memory allocation") {
        return "the generator needs too much memory".to_owned();
    }
    match said.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => line.trim_start_matches("error: ").to_owned(),
        None => format!("the generator ended with {status}"),
    }
}

/// Runs in the process: reads a lowered document and writes a part of the crate.
pub fn run(part: Part) -> Result<()> {
    limit_memory()?;
    thread::spawn(|| {
        thread::sleep(MAX_TIME);
        eprintln!("the generator takes longer than {} s", MAX_TIME.as_secs());
        process::exit(2);
    });
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or_default();
        let line = message.lines().next().unwrap_or_default();
        eprintln!("the generator panics: {line}");
    }));
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    let make = move || progenitor::make(part, &serde_json::from_slice(&text)?);
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(make)?;
    match thread.join() {
        Ok(made) => Ok(io::stdout().write_all(made?.as_bytes())?),
        Err(_) => bail!("panicked"),
    }
}

#[cfg(unix)]
fn limit_memory() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::As).maximum;
    let current = Some(maximum.map_or(MAX_BYTES, |maximum| maximum.min(MAX_BYTES)));
    Ok(setrlimit(Resource::As, Rlimit { current, maximum })?)
}

#[cfg(not(unix))]
fn limit_memory() -> io::Result<()> {
    Ok(())
}
