//! The injected faults and their probabilities.

use std::time::Duration;

use atlas_emulator::{Fault, FaultTarget, Faults, Reset};

/// Returns faults for updates: all kinds that the emulator has. About one call in eight meets one.
pub(super) fn for_updates() -> Faults {
    let lies = [
        Fault::other_key().chance(0.002),
        Fault::ignored().chance(0.002),
    ];
    honest().chain(lies).fold(Faults::new(), Faults::with)
}

/// Returns faults for the life of a key. More responses are lost, after which a creation must not
/// be repeated. No success is a lie: nothing in the response to a creation or a deletion could give
/// it away.
pub(super) fn for_life() -> Faults {
    let lost = [
        Fault::gateway(503, true).after_update().chance(0.02),
        Fault::gateway(502, true).after_update().chance(0.02),
        Fault::reset(Reset::After).chance(0.02),
    ];
    honest().chain(lost).fold(Faults::new(), Faults::with)
}

fn honest() -> impl Iterator<Item = Fault> {
    let after = |fault: Fault| fault.after_update();
    [
        Fault::reset(Reset::Before)
            .on(FaultTarget::All)
            .chance(0.003),
        Fault::gateway(503, true)
            .on(FaultTarget::Tokens)
            .chance(0.05),
        Fault::rate_limited().on(FaultTarget::Tokens).chance(0.05),
        Fault::reset(Reset::Before)
            .on(FaultTarget::Tokens)
            .chance(0.05),
        Fault::stale().chance(0.03),
        Fault::rate_limited().chance(0.01),
        Fault::rate_limited().retry_after(0).chance(0.005),
        Fault::maintenance().chance(0.002),
        Fault::gateway(503, false).chance(0.01),
        after(Fault::gateway(503, true)).chance(0.002),
        Fault::gateway(502, true).chance(0.005),
        after(Fault::gateway(502, false)).chance(0.005),
        after(Fault::gateway(504, false)).chance(0.003),
        Fault::unexpected().chance(0.002),
        after(Fault::unexpected()).chance(0.002),
        Fault::reset(Reset::Before).chance(0.01),
        Fault::reset(Reset::After).chance(0.01),
        Fault::reset(Reset::During).chance(0.005),
        Fault::reset(Reset::Idle).chance(0.01),
        Fault::broken_json().chance(0.003),
        Fault::old_desc().chance(0.002),
        Fault::old_roles().chance(0.002),
        Fault::delay(Duration::from_millis(20)).chance(0.02),
        Fault::hang().chance(0.0002),
        after(Fault::hang()).chance(0.0002),
    ]
    .into_iter()
}
