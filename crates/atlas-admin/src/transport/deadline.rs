//! Deadlines.

use std::time::Duration;

use tokio::time::Instant;

/// Returns the instant when `timeout` will have passed. Timeouts beyond a year are cut to
/// one, since clocks cannot represent every instant.
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + timeout.min(YEAR)
}
