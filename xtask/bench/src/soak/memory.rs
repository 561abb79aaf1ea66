//! How much memory the client and the emulator, which are one process, hold.

use std::{
    fs,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::time::sleep;

use super::caller::Surroundings;

const EVERY: Duration = Duration::from_millis(500);

/// How many looks say something.
const ENOUGH: usize = 20;

/// Growth that is none: buffers and pools come and go.
const SLACK: f64 = 1.1;
const SLACK_MIB: f64 = 4.0;

/// MiB in use, from time to time.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<f64>);

impl Memory {
    /// Looks until no update is left.
    pub(super) async fn watch(surroundings: Arc<Surroundings>) -> Result<Self> {
        let mut memory = Self::default();
        loop {
            memory.0.push(in_use()?);
            let is_over = surroundings.left.load(Ordering::Relaxed) == 0;
            if is_over {
                return Ok(memory);
            }
            sleep(EVERY).await;
        }
    }

    /// The median of each quarter of the time.
    pub(super) fn quarters(&self) -> [f64; 4] {
        std::array::from_fn(|quarter| {
            let part = |n: usize| n * self.0.len() / 4;
            let mut part = self.0[part(quarter)..part(quarter + 1)].to_vec();
            part.sort_by(f64::total_cmp);
            part.get(part.len() / 2).copied().unwrap_or_default()
        })
    }

    pub(super) fn peak(&self) -> f64 {
        self.0.iter().copied().fold(0.0, f64::max)
    }

    /// Whether there is no more in the last quarter than in the second: the first is
    /// for warming up. `None` if the time was too short to tell.
    pub(super) fn is_flat(&self) -> Option<bool> {
        let [_, second, _, last] = self.quarters();
        (self.0.len() >= ENOUGH).then_some(last <= second * SLACK + SLACK_MIB)
    }
}

fn in_use() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("Linux only")?;
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
