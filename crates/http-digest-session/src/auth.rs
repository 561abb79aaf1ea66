//! Credentials, and the pool of their sessions.

use std::{
    fmt,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use secrecy::SecretString;

use super::{
    challenge::Challenge, cookies::Cookies, nonce_counts::NonceCounts, session::DigestSession,
};

/// The largest number of idle sessions; further ones are dropped.
const MAX_IDLE_SESSIONS: usize = 256;

/// A user name and a password for one server, with the idle sessions.
///
/// Share it between all tasks that send requests to the server, behind an [`Arc`](std::sync::Arc)
/// if need be. A request takes the session that was returned last, so that a few sessions stay in
/// use; up to 256 are kept.
///
/// A session's nonce belongs to the server that issued it. Use a value for each server, or one
/// server learns what another accepts.
///
/// ```
/// use http_digest_session::DigestAuth;
///
/// let auth = DigestAuth::new("Mufasa", "Circle of Life");
/// assert_eq!(auth.user(), "Mufasa");
/// // The password does not show.
/// assert_eq!(
///     format!("{auth:?}"),
///     r#"DigestAuth { user: "Mufasa", idle_sessions: 0, .. }"#
/// );
/// ```
pub struct DigestAuth {
    user: String,
    password: SecretString,
    idle: Mutex<Vec<(DigestSession, Cookies)>>,
    counts: NonceCounts,
    /// Whether the server has accepted the credentials before.
    was_accepted: AtomicBool,
}

impl DigestAuth {
    /// Creates credentials without a session: the first request fetches a challenge.
    ///
    /// For servers that announce `charset=UTF-8`, both are normalized to NFC (RFC 7616, section 4).
    ///
    /// ```
    /// use http_digest_session::{DigestAuth, secrecy::SecretString};
    ///
    /// let password: SecretString = "Circle of Life".into();
    /// let auth = DigestAuth::new("Mufasa", password);
    /// ```
    pub fn new(user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
            idle: Mutex::default(),
            counts: NonceCounts::default(),
            was_accepted: AtomicBool::new(false),
        }
    }

    /// Returns the user name.
    ///
    /// ```
    /// let auth = http_digest_session::DigestAuth::new("Mufasa", "Circle of Life");
    /// assert_eq!(auth.user(), "Mufasa");
    /// ```
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the number of sessions that no request uses.
    ///
    /// ```
    /// let auth = http_digest_session::DigestAuth::new("Mufasa", "Circle of Life");
    /// assert_eq!(auth.idle_sessions(), 0);
    /// ```
    pub fn idle_sessions(&self) -> usize {
        self.idle().len()
    }

    pub(crate) fn take(&self) -> Option<(DigestSession, Cookies)> {
        self.idle().pop()
    }

    pub(crate) fn put_back(&self, session: DigestSession, cookies: Cookies) {
        let mut idle = self.idle();
        if idle.len() < MAX_IDLE_SESSIONS {
            idle.push((session, cookies));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(DigestSession, Cookies)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn session(&self, challenge: Challenge) -> DigestSession {
        DigestSession::new(challenge, &self.user, &self.password, &self.counts)
    }

    pub(crate) fn counts(&self) -> &NonceCounts {
        &self.counts
    }

    pub(crate) fn was_accepted(&self) -> bool {
        self.was_accepted.load(Ordering::Relaxed)
    }

    pub(crate) fn set_accepted(&self) {
        self.was_accepted.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for DigestAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestAuth")
            .field("user", &self.user)
            .field("idle_sessions", &self.idle_sessions())
            .finish_non_exhaustive()
    }
}
