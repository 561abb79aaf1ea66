//! The memory of the client and the emulator, which share a process.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};

const INTERVAL: Duration = Duration::from_millis(500);

/// The least number of samples for a verdict.
const MIN_SAMPLES: usize = 20;

/// Buffers and pools may grow by this much.
const TOLERANCE: f64 = 1.1;
const TOLERANCE_MIB: f64 = 4.0;

/// Samples of the memory in use, in MiB.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<f64>);

impl Memory {
    /// Takes samples until the sender is dropped.
    pub(super) fn watch() -> (JoinHandle<Result<Self>>, oneshot::Sender<()>) {
        let (stop, mut stopped) = oneshot::channel();
        let samples = async move {
            let mut memory = Self::default();
            loop {
                memory.0.push(in_use()?);
                if timeout(INTERVAL, &mut stopped).await.is_ok() {
                    return Ok(memory);
                }
            }
        };
        (tokio::spawn(samples), stop)
    }

    /// Returns the median of each quarter of the time.
    pub(super) fn quarters(&self) -> [f64; 4] {
        std::array::from_fn(|quarter| {
            let start = |quarter: usize| quarter * self.0.len() / 4;
            let mut samples = self.0[start(quarter)..start(quarter + 1)].to_vec();
            samples.sort_by(f64::total_cmp);
            samples.get(samples.len() / 2).copied().unwrap_or_default()
        })
    }

    pub(super) fn peak(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// Returns whether the last quarter uses no more than the second; the first warms up. Returns
    /// `None` if the time was too short to tell.
    pub(super) fn is_flat(&self) -> Option<bool> {
        let [_, second, _, last] = self.quarters();
        (self.0.len() >= MIN_SAMPLES).then_some(last <= second * TOLERANCE + TOLERANCE_MIB)
    }
}

fn in_use() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("only Linux is supported")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .context("/proc/self/status has no VmRSS")?;
    Ok(kib / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leak_is_not_flat() {
        let leak = Memory((0..100).map(|n| 50.0 + f64::from(n)).collect());
        assert_eq!(leak.is_flat(), Some(false));
        let warm = Memory((0..100).map(|n| 50.0 + f64::from(n).min(20.0)).collect());
        assert_eq!(warm.is_flat(), Some(true));
        assert_eq!(warm.quarters(), [62.0, 70.0, 70.0, 70.0]);
        assert_eq!(Memory(vec![1.0, 90.0]).is_flat(), None);
        assert!(in_use().unwrap() > 1.0);
    }
}
