//! The faults of an emulator, and the decision when to inject them.

use parking_lot::Mutex;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::fault::{Fault, FaultKind, FaultTarget, Mismatch, Trigger};
use crate::spec::operation::Success;

/// A list of faults. At most one is injected into a request: the first that is due.
///
/// Probabilities are drawn from a fixed [`seed`](Self::seed), so a run with the same requests in
/// the same order is reproducible.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::{Emulator, Fault, Faults, Reset};
///
/// let faults = Faults::new()
///     .with(Fault::rate_limited().retry_after(1).every(10))
///     .with(Fault::reset(Reset::After).chance(0.01));
/// let emulator = Emulator::builder().faults(faults).start().await?;
/// emulator.set_faults(Faults::new());
/// # Ok(())
/// # }
/// ```
///
/// # Text format
///
/// `--faults`, seed files, the admin endpoint and `parse` read faults as text: faults are separated
/// by `;`, and a fault is a name, optionally followed by `:` and settings separated by `,`.
///
/// | name | fault |
/// | --- | --- |
/// | `429` | [`Fault::rate_limited`] |
/// | `405` | [`Fault::maintenance`] |
/// | `stale` | [`Fault::stale`] |
/// | `500` | [`Fault::unexpected`] |
/// | `502`, `503`, `504` | [`Fault::gateway`] with an empty body |
/// | `html502`, `html503`, `html504` | [`Fault::gateway`] with an HTML page |
/// | `badjson` | [`Fault::broken_json`] |
/// | `otherkey` | [`Fault::other_key`] |
/// | `olddesc`, `oldroles` | [`Fault::old_desc`], [`Fault::old_roles`] |
/// | `ignored` | [`Fault::ignored`] |
/// | `delay` | [`Fault::delay`]; requires `ms` |
/// | `hang` | [`Fault::hang`] |
/// | `reset` | [`Fault::reset`] |
///
/// | setting | meaning |
/// | --- | --- |
/// | `every=N` | [`Fault::every`] |
/// | `p=0.01` | [`Fault::chance`] |
/// | `skip=N`, `times=N` | [`Fault::skip`], [`Fault::times`] |
/// | `on=calls`, `tokens` or `all` | [`Fault::on`] |
/// | `at=before` or `after` | before or [after the update](Fault::after_update), for `500`, `502` to `504`, `html…` and `hang` |
/// | `at=before`, `after`, `during` or `idle` | [`Reset`](crate::Reset), for `reset` |
/// | `retry_after=N` | [`Fault::retry_after`] |
/// | `ms=N` | the delay in milliseconds, for `delay` |
///
/// ```
/// use atlas_emulator::{Fault, Faults, Reset};
///
/// let faults: Faults = "429:every=10,retry_after=1; reset:at=after,p=0.01".parse()?;
/// assert_eq!(
///     faults,
///     Faults::new()
///         .with(Fault::rate_limited().retry_after(1).every(10))
///         .with(Fault::reset(Reset::After).chance(0.01))
/// );
/// assert!("reset:at=noon".parse::<Faults>().is_err());
/// # Ok::<(), atlas_emulator::FaultSpecError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    pub(crate) faults: Vec<Fault>,
    seed: u64,
}

impl Faults {
    /// Creates an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a fault.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Sets the seed of random faults; default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// A point in the processing of a request at which a fault may be injected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InjectionPoint {
    /// Any request has arrived.
    Arrival,
    /// A token request is about to be processed.
    Token,
    /// A call is authenticated.
    Call {
        is_write: bool,
        is_digest: bool,
        success: Success,
    },
}

/// A fault that is injected into a request.
#[derive(Clone, Debug)]
pub(crate) struct InjectedFault {
    pub(crate) kind: FaultKind,
    pub(crate) retry_after: Option<u64>,
    pub(crate) after_update: bool,
}

/// Decides which fault to inject into a request.
#[derive(Debug)]
pub(crate) struct FaultInjector(Mutex<Schedule>);

#[derive(Debug)]
struct Schedule {
    faults: Faults,
    /// For each fault, the number of matching requests, and of those it was injected into.
    counts: Vec<(u64, u64)>,
    rng: StdRng,
}

impl FaultInjector {
    pub(crate) fn new(faults: Faults) -> Self {
        Self(Mutex::new(Schedule::new(faults)))
    }

    /// Replaces the faults and resets their counts.
    pub(crate) fn replace(&self, faults: Faults) {
        *self.0.lock() = Schedule::new(faults);
    }

    /// Resets the counts.
    pub(crate) fn reset(&self) {
        let mut schedule = self.0.lock();
        *schedule = Schedule::new(std::mem::take(&mut schedule.faults));
    }

    /// Returns the first fault that is due, if any.
    pub(crate) fn inject(&self, point: InjectionPoint) -> Option<InjectedFault> {
        let mut schedule = self.0.lock();
        let Schedule {
            faults,
            counts,
            rng,
        } = &mut *schedule;
        for (fault, (seen, injected)) in faults.faults.iter().zip(counts) {
            if !fault.applies_to(point) {
                continue;
            }
            *seen += 1;
            let is_due = match fault.trigger {
                _ if *seen <= fault.skip || *injected >= fault.times => false,
                Trigger::Every(n) => (*seen - fault.skip).is_multiple_of(n),
                Trigger::Chance(p) => rng.random_bool(p),
            };
            if is_due {
                *injected += 1;
                return Some(InjectedFault {
                    kind: fault.kind.clone(),
                    retry_after: fault.retry_after,
                    after_update: fault.after_update,
                });
            }
        }
        None
    }
}

impl Schedule {
    fn new(faults: Faults) -> Self {
        Self {
            counts: vec![(0, 0); faults.faults.len()],
            rng: StdRng::seed_from_u64(faults.seed),
            faults,
        }
    }
}

impl Fault {
    fn applies_to(&self, point: InjectionPoint) -> bool {
        match (self.on, point) {
            (FaultTarget::All, InjectionPoint::Arrival)
            | (FaultTarget::Tokens, InjectionPoint::Token) => true,
            (
                FaultTarget::Calls,
                InjectionPoint::Call {
                    is_write,
                    is_digest,
                    success,
                },
            ) => match self.kind {
                FaultKind::Maintenance | FaultKind::Mismatch(Mismatch::Ignored) => is_write,
                FaultKind::Mismatch(Mismatch::OtherKey) => success == Success::Key,
                FaultKind::Mismatch(_) => is_write && success == Success::Key,
                FaultKind::BrokenJson => success != Success::Empty,
                FaultKind::Stale => is_digest,
                _ => true,
            },
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: InjectionPoint = InjectionPoint::Call {
        is_write: true,
        is_digest: true,
        success: Success::Key,
    };

    fn injected(injector: &FaultInjector, calls: usize) -> Vec<bool> {
        (0..calls)
            .map(|_| injector.inject(CALL).is_some())
            .collect()
    }

    #[test]
    fn every_counts_after_the_skipped_requests() {
        let fault = Fault::rate_limited().skip(1).every(2).times(2);
        let injector = FaultInjector::new(Faults::new().with(fault));
        let once = [false, false, true, false, true, false, false];
        assert_eq!(injected(&injector, 7), once);
        injector.reset();
        assert_eq!(injected(&injector, 7), once);
    }

    #[test]
    fn random_faults_are_reproducible_from_their_seed() {
        let run = |seed| {
            let faults = Faults::new().with(Fault::hang().chance(0.5)).seed(seed);
            injected(&FaultInjector::new(faults), 64)
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let hits = run(1).into_iter().filter(|hit| *hit).count();
        assert!((16..48).contains(&hits), "{hits}");
    }

    #[test]
    fn mismatches_only_apply_to_responses_that_can_have_them() {
        for (text, expected) in [
            ("otherkey", [true, false, false]),
            ("olddesc", [true, false, false]),
            ("ignored", [true, true, true]),
            ("badjson", [true, true, false]),
        ] {
            let injector = FaultInjector::new(text.parse().unwrap());
            let applies = [Success::Key, Success::Other, Success::Empty].map(|success| {
                let call = InjectionPoint::Call {
                    is_write: true,
                    is_digest: true,
                    success,
                };
                injector.inject(call).is_some()
            });
            assert_eq!(applies, expected, "{text}");
        }
    }

    #[test]
    fn faults_only_apply_to_matching_requests() {
        let injector = FaultInjector::new("405; stale; 500:on=tokens".parse().unwrap());
        let name = |point| injector.inject(point).map(|injected| injected.kind.name());
        let call = |is_write, is_digest| InjectionPoint::Call {
            is_write,
            is_digest,
            success: Success::Key,
        };
        assert_eq!(name(call(true, true)), Some("405"));
        assert_eq!(name(call(false, true)), Some("stale"));
        assert_eq!(name(call(false, false)), None);
        assert_eq!(name(InjectionPoint::Token), Some("500"));
        assert_eq!(name(InjectionPoint::Arrival), None);
    }
}
