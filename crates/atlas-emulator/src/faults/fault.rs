//! One thing that is injected: what it is, and when it applies to.

use std::time::Duration;

/// Something that is injected. Several make [`Faults`](crate::Faults).
///
/// | fault | the client sees | was the update carried out? |
/// | --- | --- | --- |
/// | [`rate_limited`](Self::rate_limited) | 429 in the services' shape | no |
/// | [`maintenance`](Self::maintenance) | 405 `WRITES_NOT_ALLOWED_DURING_APP_UPGRADES`, for updates alone | no |
/// | [`stale`](Self::stale) | a digest challenge with `stale=true` | no |
/// | [`unexpected`](Self::unexpected) | 500 `UNEXPECTED_ERROR` | no, or with [`after_update`](Self::after_update) yes |
/// | [`gateway`](Self::gateway) | 502, 503 or 504 of a proxy | no, or with `after_update` yes |
/// | [`broken_json`](Self::broken_json) | the response with half of its body, well-formed as HTTP | yes |
/// | [`delay`](Self::delay) | the right response, late | yes, before the wait |
/// | [`hang`](Self::hang) | nothing, until the client gives up | no, or with `after_update` yes |
/// | [`reset`](Self::reset) | a connection that breaks | see [`Reset`] |
///
/// "Carried out" means as far as the request was right: a body that is refused
/// changes nothing in any case. What a fault responses is never in an envelope.
///
/// A fault applies to each time, unless [`every`](Self::every) or
/// [`chance`](Self::chance) says otherwise, and calls of the operations whose
/// caller has signed in, unless [`on`](Self::on) says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub(crate) effect: FaultKind,
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
    Delay(Duration),
    Hang,
    Reset(Reset),
}

/// Which of the requests that a fault could strike it does strike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trigger {
    Every(u64),
    Chance(f64),
}

/// When [`Fault::reset`] breaks the connection. Over HTTP/2 all requests of
/// the connection are lost with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reset {
    /// Before the request is acted on. The update is **not** carried out.
    Before,
    /// Once the update **was carried out**, before a byte of the response is
    /// sent: the client cannot tell this from [`Before`](Self::Before).
    After,
    /// Amid the response's body. The update **was carried out**.
    During,
    /// After the response, with no `Connection: close` in it: the connection is
    /// closed under the client's next request. The update **was carried out**,
    /// and the client was told; the next request is not acted on.
    Idle,
}

/// Which requests a fault can strike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultTarget {
    /// Calls of the operations, once their caller has signed in. Digest
    /// challenges stay as they are. The default.
    #[default]
    Calls,
    /// Requests for a token.
    Tokens,
    /// Every request as it arrives, challenges and requests for tokens
    /// included.
    All,
}

/// Marks a response after or instead of which the connection breaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakConnection(pub(crate) Reset);

impl Fault {
    fn new(effect: FaultKind) -> Self {
        Self {
            effect,
            retry_after: None,
            after_update: false,
            on: FaultTarget::default(),
            trigger: Trigger::Every(1),
            skip: 0,
            times: u64::MAX,
        }
    }

    /// A 429 without `Retry-After`; see [`retry_after`](Self::retry_after).
    #[must_use]
    pub fn rate_limited() -> Self {
        Self::new(FaultKind::RateLimited)
    }

    /// A 405 as during an upgrade of the service, for updates alone. With no
    /// other setting it is the mode of maintenance.
    #[must_use]
    pub fn maintenance() -> Self {
        Self::new(FaultKind::Maintenance)
    }

    /// A right digest authorization is met with a challenge that calls its nonce
    /// stale. Calls with a token are spared.
    #[must_use]
    pub fn stale() -> Self {
        Self::new(FaultKind::Stale)
    }

    /// A 500 in the services' shape.
    #[must_use]
    pub fn unexpected() -> Self {
        Self::new(FaultKind::Unexpected)
    }

    /// The response of a proxy with no body, or with a page of HTML. `status` is
    /// 502, 503 or 504; any other counts as 502.
    #[must_use]
    pub fn gateway(status: u16, html: bool) -> Self {
        let status = match status {
            503 | 504 => status,
            _ => 502,
        };
        Self::new(FaultKind::Gateway { status, html })
    }

    /// The right response with half of its body, which is then no JSON.
    #[must_use]
    pub fn broken_json() -> Self {
        Self::new(FaultKind::BrokenJson).after_update()
    }

    /// The right response, later by so much.
    #[must_use]
    pub fn delay(time: Duration) -> Self {
        Self::new(FaultKind::Delay(time)).after_update()
    }

    /// No response while the client waits.
    #[must_use]
    pub fn hang() -> Self {
        Self::new(FaultKind::Hang)
    }

    /// A connection that breaks.
    #[must_use]
    pub fn reset(when: Reset) -> Self {
        let fault = Self::new(FaultKind::Reset(when));
        match when {
            Reset::Before => fault,
            _ => fault.after_update(),
        }
    }

    /// Strikes once the update was carried out. For [`unexpected`],
    /// [`gateway`] and [`hang`]; it changes nothing of the others.
    ///
    /// [`unexpected`]: Self::unexpected
    /// [`gateway`]: Self::gateway
    /// [`hang`]: Self::hang
    #[must_use]
    pub fn after_update(mut self) -> Self {
        self.after_update = self.effect.can_follow_an_update();
        self
    }

    /// `Retry-After` in seconds, for a 429 and for the responses of a proxy; it
    /// changes nothing of the others.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if self.effect.can_tell_when_to_retry() {
            self.retry_after = Some(seconds);
        }
        self
    }

    /// Which requests it can strike. [`maintenance`](Self::maintenance) and
    /// [`stale`](Self::stale) keep to calls.
    #[must_use]
    pub fn on(mut self, target: FaultTarget) -> Self {
        if !self.effect.is_of_calls_alone() {
            self.on = target;
        }
        self
    }

    /// Strikes every `n`th request: with 3 the third, the sixth and so on. 0
    /// counts as 1.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.trigger = Trigger::Every(n.max(1));
        self
    }

    /// Strikes with this probability, from 0 to 1.
    #[must_use]
    pub fn chance(mut self, probability: f64) -> Self {
        let probability = if probability.is_nan() {
            0.0
        } else {
            probability
        };
        self.trigger = Trigger::Chance(probability.clamp(0.0, 1.0));
        self
    }

    /// Spares the first `n` requests.
    #[must_use]
    pub fn skip(mut self, n: u64) -> Self {
        self.skip = n;
        self
    }

    /// Strikes at most `n` times.
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.times = n;
        self
    }
}

impl FaultKind {
    pub(crate) fn can_follow_an_update(&self) -> bool {
        match self {
            Self::RateLimited | Self::Maintenance | Self::Stale => false,
            Self::Reset(when) => *when != Reset::Before,
            _ => true,
        }
    }

    pub(crate) fn can_tell_when_to_retry(&self) -> bool {
        matches!(self, Self::RateLimited | Self::Gateway { .. })
    }

    pub(crate) fn is_of_calls_alone(&self) -> bool {
        matches!(self, Self::Maintenance | Self::Stale)
    }

    /// As in a fault specification and in the log.
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
            Self::Delay(_) => "delay",
            Self::Hang => "hang",
            Self::Reset(Reset::Before) => "reset:at=before",
            Self::Reset(Reset::After) => "reset:at=after",
            Self::Reset(Reset::During) => "reset:at=during",
            Self::Reset(Reset::Idle) => "reset:at=idle",
        }
    }
}
