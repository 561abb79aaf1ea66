//! The scenarios.

mod authentication;
mod behaviors;
mod connections;
mod effects;
mod responses;
mod statuses;

pub(crate) use effects::EffectRow;

use crate::scenario::Scenario;

pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) scenarios: Vec<Scenario>,
}

/// Returns the faults that are compared for each effect.
pub(crate) fn effects() -> Vec<EffectRow> {
    effects::rows()
}

/// Returns the scenarios of the two updates. Their redirects point to the address `redirect_target`.
pub(crate) fn sections(redirect_target: &str) -> Vec<Section> {
    let section = |title, scenarios| Section { title, scenarios };
    vec![
        section("Connection failures", connections::connections()),
        section(
            "Idle connections from an earlier call",
            connections::idle_connections(),
        ),
        section("HTTP/2", connections::http2()),
        section("Slow or missing responses", responses::slow()),
        section("Malformed responses", responses::malformed()),
        section("Unusual success responses", responses::successes()),
        section("Errors from the service or a proxy", statuses::errors()),
        section("Rate limits and unavailability", statuses::unavailable()),
        section("Redirects", statuses::redirects(redirect_target)),
        section("Authentication", authentication::scenarios(redirect_target)),
    ]
}
