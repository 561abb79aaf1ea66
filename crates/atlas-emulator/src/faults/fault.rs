//! A fault: what it does, and to which requests.

use std::time::Duration;

/// A fault to inject into requests. [`Faults`](crate::Faults) holds a list of them.
///
/// | fault | the client sees | is the change made? |
/// | --- | --- | --- |
/// | [`rate_limited`](Self::rate_limited) | 429 in the services' format | no |
/// | [`maintenance`](Self::maintenance) | 405 `WRITES_NOT_ALLOWED_DURING_APP_UPGRADES`, for changes only | no |
/// | [`stale`](Self::stale) | a digest challenge with `stale=true` | no |
/// | [`unexpected`](Self::unexpected) | 500 `UNEXPECTED_ERROR` | no; with [`after_update`](Self::after_update) yes |
/// | [`gateway`](Self::gateway) | 502, 503 or 504 of a proxy | no; with `after_update` yes |
/// | [`broken_json`](Self::broken_json) | the response with half of its body, valid as HTTP | yes |
/// | [`other_key`](Self::other_key) | a success about another key's id | yes |
/// | [`old_desc`](Self::old_desc) | a success with the description before the update | yes |
/// | [`old_roles`](Self::old_roles) | a success with the roles before the update | yes |
/// | [`ignored`](Self::ignored) | a success with the key as it was | no |
/// | [`delay`](Self::delay) | the normal response, late | yes, before the delay |
/// | [`hang`](Self::hang) | nothing, until the client gives up | no; with `after_update` yes |
/// | [`reset`](Self::reset) | a connection that breaks | see [`Reset`] |
///
/// A change is an update, a creation, a deletion, an assignment, or a change of an access list;
/// [`maintenance`](Self::maintenance) and [`ignored`](Self::ignored) apply to all of them. A request
/// that the emulator refuses changes nothing in any case. A fault's response never has an envelope.
///
/// By default, a fault applies to every authenticated call of an operation. [`every`](Self::every),
/// [`chance`](Self::chance), [`skip`](Self::skip) and [`times`](Self::times) limit how often,
/// [`on`](Self::on) sets to which requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) retry_after: Option<u64>,
    pub(crate) after_update: bool,
    pub(crate) on: FaultTarget,
    pub(crate) trigger: Trigger,
    pub(crate) skip: u64,
    pub(crate) times: u64,
}

/// What a fault does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FaultKind {
    RateLimited,
    Maintenance,
    Stale,
    Unexpected,
    Gateway { status: u16, html: bool },
    BrokenJson,
    Mismatch(Mismatch),
    Delay(Duration),
    Hang,
    Reset(Reset),
}

/// How a success differs from what was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    OtherKey,
    OldDesc,
    OldRoles,
    Ignored,
}

/// Which of the matching requests a fault is injected into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trigger {
    Every(u64),
    Chance(f64),
}

/// When [`Fault::reset`] breaks the connection. Over HTTP/2, all requests on the connection are
/// lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reset {
    /// Before the request is processed. The update is **not** applied.
    Before,
    /// After the update **is applied**, before any byte of the response is sent. The client cannot
    /// distinguish this from [`Before`](Self::Before).
    After,
    /// In the middle of the response body. The update **is applied**.
    During,
    /// After the response, without `Connection: close`: the connection closes under the client's
    /// next request. The update **is applied**, and the client knows; the next request is not
    /// processed.
    Idle,
}

/// The requests that a fault may be injected into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultTarget {
    /// Authenticated calls of the operations. Digest challenges are not affected. The default.
    #[default]
    Calls,
    /// Token requests.
    Tokens,
    /// All requests on arrival, including challenges and token requests.
    All,
}

/// Marks a response with which the connection breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakConnection(pub(crate) Reset);

impl Fault {
    fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            retry_after: None,
            after_update: false,
            on: FaultTarget::default(),
            trigger: Trigger::Every(1),
            skip: 0,
            times: u64::MAX,
        }
    }

    /// Creates a fault that responds with 429, without `Retry-After` unless
    /// [`retry_after`](Self::retry_after) sets it.
    #[must_use]
    pub fn rate_limited() -> Self {
        Self::new(FaultKind::RateLimited)
    }

    /// Creates a fault that responds to changes with 405, as during an upgrade of the service.
    /// Without further settings, the emulator is in maintenance mode.
    #[must_use]
    pub fn maintenance() -> Self {
        Self::new(FaultKind::Maintenance)
    }

    /// Creates a fault that responds to a valid digest authorization with a challenge with
    /// `stale=true`. Calls with a token are not affected.
    #[must_use]
    pub fn stale() -> Self {
        Self::new(FaultKind::Stale)
    }

    /// Creates a fault that responds with 500 in the services' format.
    #[must_use]
    pub fn unexpected() -> Self {
        Self::new(FaultKind::Unexpected)
    }

    /// Creates a fault that responds as a proxy does, with an empty body or an HTML page. `status`
    /// is 502, 503 or 504; any other counts as 502.
    #[must_use]
    pub fn gateway(status: u16, html: bool) -> Self {
        let status = match status {
            503 | 504 => status,
            _ => 502,
        };
        Self::new(FaultKind::Gateway { status, html })
    }

    /// Creates a fault that sends half of the response's body, which is then invalid JSON. Operations
    /// without a body in their response are not affected.
    #[must_use]
    pub fn broken_json() -> Self {
        Self::new(FaultKind::BrokenJson).after_update()
    }

    /// Creates a fault that responds to a call as requested, but about the id of another key. Only
    /// calls that respond with one key are affected, as by the next two faults.
    #[must_use]
    pub fn other_key() -> Self {
        Self::new(FaultKind::Mismatch(Mismatch::OtherKey)).after_update()
    }

    /// Creates a fault that applies an update or creates a key, and responds with the description
    /// before it. The response is correct if the update does not change the description; a creation
    /// gets an invented one.
    #[must_use]
    pub fn old_desc() -> Self {
        Self::new(FaultKind::Mismatch(Mismatch::OldDesc)).after_update()
    }

    /// Creates a fault that applies an update or creates a key, and responds with the roles before
    /// it. The response is correct if the update does not change the roles; a creation gets none.
    #[must_use]
    pub fn old_roles() -> Self {
        Self::new(FaultKind::Mismatch(Mismatch::OldRoles)).after_update()
    }

    /// Creates a fault that responds to a valid change with success, but does not make it: no key is
    /// updated, created, deleted, assigned or removed. The response to an update has the key as it
    /// is.
    #[must_use]
    pub fn ignored() -> Self {
        Self::new(FaultKind::Mismatch(Mismatch::Ignored)).after_update()
    }

    /// Creates a fault that delays the response by `time`.
    #[must_use]
    pub fn delay(time: Duration) -> Self {
        Self::new(FaultKind::Delay(time)).after_update()
    }

    /// Creates a fault that never responds.
    #[must_use]
    pub fn hang() -> Self {
        Self::new(FaultKind::Hang)
    }

    /// Creates a fault that breaks the connection.
    #[must_use]
    pub fn reset(when: Reset) -> Self {
        let fault = Self::new(FaultKind::Reset(when));
        match when {
            Reset::Before => fault,
            _ => fault.after_update(),
        }
    }

    /// Injects the fault after the update is applied. Only [`unexpected`], [`gateway`] and [`hang`]
    /// support this; other faults ignore it.
    ///
    /// [`unexpected`]: Self::unexpected
    /// [`gateway`]: Self::gateway
    /// [`hang`]: Self::hang
    #[must_use]
    pub fn after_update(mut self) -> Self {
        self.after_update = self.kind.supports_after_update();
        self
    }

    /// Sets `Retry-After`, in seconds, for [`rate_limited`](Self::rate_limited) and
    /// [`gateway`](Self::gateway); other faults ignore it.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if self.kind.supports_retry_after() {
            self.retry_after = Some(seconds);
        }
        self
    }

    /// Sets which requests the fault may be injected into; default: [`FaultTarget::Calls`].
    /// [`maintenance`](Self::maintenance), [`stale`](Self::stale) and successes that differ from the
    /// request only apply to calls.
    #[must_use]
    pub fn on(mut self, target: FaultTarget) -> Self {
        if !self.kind.is_for_calls_only() {
            self.on = target;
        }
        self
    }

    /// Injects the fault into every `n`th request: with 3, into the third, the sixth and so on;
    /// default: every request. 0 counts as 1.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.trigger = Trigger::Every(n.max(1));
        self
    }

    /// Injects the fault with this probability, from 0 to 1.
    #[must_use]
    pub fn chance(mut self, probability: f64) -> Self {
        // Not `clamp`, which returns NaN for NaN.
        let probability = if probability > 0.0 {
            probability.min(1.0)
        } else {
            0.0
        };
        self.trigger = Trigger::Chance(probability);
        self
    }

    /// Skips the first `n` requests; default: 0.
    #[must_use]
    pub fn skip(mut self, n: u64) -> Self {
        self.skip = n;
        self
    }

    /// Injects the fault at most `n` times; default: unlimited.
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.times = n;
        self
    }
}

impl FaultKind {
    pub(crate) fn supports_after_update(&self) -> bool {
        match self {
            Self::RateLimited | Self::Maintenance | Self::Stale => false,
            Self::Reset(when) => *when != Reset::Before,
            _ => true,
        }
    }

    pub(crate) fn supports_retry_after(&self) -> bool {
        matches!(self, Self::RateLimited | Self::Gateway { .. })
    }

    pub(crate) fn is_for_calls_only(&self) -> bool {
        matches!(self, Self::Maintenance | Self::Stale | Self::Mismatch(_))
    }

    /// Returns the name in fault specifications and in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::RateLimited => "429",
            Self::Maintenance => "405",
            Self::Stale => "stale",
            Self::Unexpected => "500",
            Self::Gateway { status: 503, html } => ["503", "html503"][usize::from(*html)],
            Self::Gateway { status: 504, html } => ["504", "html504"][usize::from(*html)],
            Self::Gateway { html, .. } => ["502", "html502"][usize::from(*html)],
            Self::BrokenJson => "badjson",
            Self::Mismatch(Mismatch::OtherKey) => "otherkey",
            Self::Mismatch(Mismatch::OldDesc) => "olddesc",
            Self::Mismatch(Mismatch::OldRoles) => "oldroles",
            Self::Mismatch(Mismatch::Ignored) => "ignored",
            Self::Delay(_) => "delay",
            Self::Hang => "hang",
            Self::Reset(Reset::Before) => "reset:at=before",
            Self::Reset(Reset::After) => "reset:at=after",
            Self::Reset(Reset::During) => "reset:at=during",
            Self::Reset(Reset::Idle) => "reset:at=idle",
        }
    }
}
