//! The faults of an emulator, and whose turn it is.

use parking_lot::Mutex;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::fault::{Fault, FaultKind, FaultTarget, Trigger};

/// Things that are injected, in an order: at most one applies to a
/// request, the first whose turn it is.
///
/// Chance is drawn from a fixed [`seed`](Self::seed), so that a run with the
/// same requests in the same order repeats.
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
/// emulator.set_faults(Faults::new()); // From now on all goes well.
/// # Ok(())
/// # }
/// ```
///
/// # As text
///
/// The command's `--faults`, a seed file and the admin endpoint take them as
/// text, which `parse` reads too: faults parted by `;`, each a name and after
/// `:` its settings, parted by `,`.
///
/// | name | fault |
/// | --- | --- |
/// | `429` | [`Fault::rate_limited`] |
/// | `405` | [`Fault::maintenance`] |
/// | `stale` | [`Fault::stale`] |
/// | `500` | [`Fault::unexpected`] |
/// | `502`, `503`, `504` | [`Fault::gateway`] with no body |
/// | `html502`, `html503`, `html504` | [`Fault::gateway`] with a page |
/// | `badjson` | [`Fault::broken_json`] |
/// | `delay` | [`Fault::delay`]; needs `ms` |
/// | `hang` | [`Fault::hang`] |
/// | `reset` | [`Fault::reset`] |
///
/// | setting | meaning |
/// | --- | --- |
/// | `every=N` | [`Fault::every`] |
/// | `p=0.01` | [`Fault::chance`] |
/// | `skip=N`, `times=N` | [`Fault::skip`], [`Fault::times`] |
/// | `on=calls`, `tokens` or `all` | [`Fault::on`] |
/// | `at=before` or `after` | before or [after the update](Fault::after_update), for `500` to `504`, `html…` and `hang` |
/// | `at=before`, `after`, `during` or `idle` | [`Reset`](crate::Reset), for `reset` |
/// | `retry_after=N` | [`Fault::retry_after`] |
/// | `ms=N` | how late, for `delay` |
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
    /// No faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault, behind those that are there.
    #[must_use]
    pub fn with(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Where chance is drawn from. Default: 0.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// A request, as a fault looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum InjectionPoint {
    /// It has just arrived, whatever it is.
    Arrival,
    /// It is for a token.
    Token,
    /// It is a call whose caller has signed in.
    Call { is_write: bool, is_digest: bool },
}

/// A injected fault a request.
#[derive(Clone, Debug)]
pub(crate) struct InjectedFault {
    pub(crate) effect: FaultKind,
    pub(crate) retry_after: Option<u64>,
    pub(crate) after_update: bool,
}

/// Faults at work.
#[derive(Debug)]
pub(crate) struct FaultInjector(Mutex<Running>);

#[derive(Debug)]
struct Running {
    plan: Faults,
    /// How many requests each fault could have struck, and how many it did.
    counts: Vec<(u64, u64)>,
    rng: StdRng,
}

impl FaultInjector {
    pub(crate) fn new(plan: Faults) -> Self {
        Self(Mutex::new(Running::new(plan)))
    }

    /// Replaces the faults and counts from the start.
    pub(crate) fn replace(&self, plan: Faults) {
        *self.0.lock() = Running::new(plan);
    }

    /// Counts from the start again.
    pub(crate) fn reset(&self) {
        let mut running = self.0.lock();
        *running = Running::new(std::mem::take(&mut running.plan));
    }

    /// The first fault whose turn it is, if any.
    pub(crate) fn inject(&self, point: InjectionPoint) -> Option<InjectedFault> {
        let mut running = self.0.lock();
        let Running { plan, counts, rng } = &mut *running;
        for (fault, (seen, injected)) in plan.faults.iter().zip(counts) {
            if !fault.concerns(point) {
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
                    effect: fault.effect.clone(),
                    retry_after: fault.retry_after,
                    after_update: fault.after_update,
                });
            }
        }
        None
    }
}

impl Running {
    fn new(plan: Faults) -> Self {
        Self {
            counts: vec![(0, 0); plan.faults.len()],
            rng: StdRng::seed_from_u64(plan.seed),
            plan,
        }
    }
}

impl Fault {
    fn concerns(&self, point: InjectionPoint) -> bool {
        match (self.on, point) {
            (FaultTarget::All, InjectionPoint::Arrival)
            | (FaultTarget::Tokens, InjectionPoint::Token) => true,
            (
                FaultTarget::Calls,
                InjectionPoint::Call {
                    is_write,
                    is_digest,
                },
            ) => match self.effect {
                FaultKind::Maintenance => is_write,
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
    };

    fn injected(schedule: &FaultInjector, calls: usize) -> Vec<bool> {
        (0..calls)
            .map(|_| schedule.inject(CALL).is_some())
            .collect()
    }

    #[test]
    fn turns_are_counted_after_those_that_are_skipped() {
        let fault = Fault::rate_limited().skip(1).every(2).times(2);
        let schedule = FaultInjector::new(Faults::new().with(fault));
        let once = [false, false, true, false, true, false, false];
        assert_eq!(injected(&schedule, 7), once);
        schedule.reset();
        assert_eq!(injected(&schedule, 7), once);
    }

    #[test]
    fn chance_repeats_with_its_seed() {
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
    fn a_fault_keeps_to_its_requests() {
        let schedule = FaultInjector::new("405; stale; 500:on=tokens".parse().unwrap());
        let name = |point| {
            schedule
                .inject(point)
                .map(|injected| injected.effect.name())
        };
        let call = |is_write, is_digest| InjectionPoint::Call {
            is_write,
            is_digest,
        };
        assert_eq!(name(call(true, true)), Some("405"));
        assert_eq!(name(call(false, true)), Some("stale"));
        assert_eq!(name(call(false, false)), None);
        assert_eq!(name(InjectionPoint::Token), Some("500"));
        assert_eq!(name(InjectionPoint::Arrival), None);
    }
}
