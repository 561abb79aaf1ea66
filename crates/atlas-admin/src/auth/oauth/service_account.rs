//! Service accounts: a token in hand, and the next one in good time.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use atlas_admin_raw::Transport;
use http::HeaderValue;
use reqwest::Request;
use secrecy::SecretString;
use tokio::{sync::watch, task::spawn_blocking, time::Instant};

use super::{
    bearer,
    token_service::{TokenService, unreadable},
};
use crate::{
    attempt::{Exchange, Progress},
    model::base_url::BaseUrl,
    call::after,
    error::{Error, ErrorKind},
    token_store::{AccessToken, TokenKey, TokenStore},
    model::buffered_response::BufferedResponse,
};

/// A token is renewed this long before it expires, or in the second half of what
/// is left of its life if that is shorter.
const MARGIN: Duration = Duration::from_secs(60);

/// How long no token is fetched in place of a refused one, once a new one has been
/// refused too. Tokens live for an hour and the account may have 100 of them: at
/// one a minute they do not run out, whatever the service refuses.
const PAUSE: Duration = Duration::from_secs(60);

const ADVICE: &str = "check the service account and that it belongs to this service";

/// A service account with its present token.
pub(crate) struct Account {
    service: TokenService,
    wire: Arc<dyn Transport>,
    timeout: Duration,
    body_limit: usize,
    store: Arc<dyn TokenStore>,
    key: TokenKey,
    state: Mutex<State>,
}

/// What an account needs of the client that it belongs to.
pub(crate) struct Surroundings {
    pub(crate) base_url: BaseUrl,
    pub(crate) http: reqwest::Client,
    pub(crate) user_agent: HeaderValue,
    pub(crate) wire: Arc<dyn Transport>,
    pub(crate) timeout: Duration,
    pub(crate) body_limit: usize,
    pub(crate) store: Arc<dyn TokenStore>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    renewal: Option<Renewal>,
    /// When the service last refused, for the same request, a token and the new one
    /// that took its place.
    in_vain: Option<Instant>,
}

/// A renewal under way, to wait for. It ends without an outcome if the runtime
/// that it ran on is shut down.
type Renewal = watch::Receiver<Option<Result<Token, Error>>>;

/// A token as requests use it.
#[derive(Clone)]
struct Token {
    access: AccessToken,
    header: HeaderValue,
    renew_at: SystemTime,
    /// Whether it was fetched, not found in the store.
    is_new: bool,
}

impl Account {
    pub(crate) fn new(id: String, secret: SecretString, around: Surroundings) -> Self {
        Self {
            key: TokenKey::new(around.base_url.place(), id.clone()),
            service: TokenService {
                id,
                secret,
                http: around.http,
                user_agent: around.user_agent,
                token_url: around.base_url.join("/api/oauth/token"),
                revoke_url: around.base_url.join("/api/oauth/revoke"),
            },
            wire: around.wire,
            timeout: around.timeout,
            body_limit: around.body_limit,
            store: around.store,
            state: Mutex::default(),
        }
    }

    /// Sends a request with the account's token, and once more with the next one
    /// if the service refuses that: it may have been revoked. Where a new token did
    /// not help a moment ago, the refusal stands.
    pub(crate) async fn send(
        self: &Arc<Self>,
        exchange: &Exchange<'_>,
        request: &Request,
    ) -> Result<BufferedResponse, Error> {
        let token = self.token(exchange.progress, None).await?;
        let answer = bearer::send(exchange, request, &token.header).await?;
        if !bearer::is_refused(&answer) || self.renews_in_vain(&token) {
            return bearer::accepted(answer, ADVICE);
        }
        let next = self.token(exchange.progress, Some(&token.header)).await?;
        let answer = bearer::send(exchange, request, &next.header).await?;
        if bearer::is_refused(&answer) && next.is_new {
            self.state().in_vain = Some(Instant::now());
        }
        bearer::accepted(answer, ADVICE)
    }

    /// Whether there is no token but the `refused` one, and a new one is not to be
    /// fetched yet.
    fn renews_in_vain(&self, refused: &Token) -> bool {
        let state = self.state();
        let is_recent = state.in_vain.is_some_and(|at| at.elapsed() < PAUSE);
        let is_other = |token: &Token| token.header != refused.header;
        is_recent && !state.token.as_ref().is_some_and(is_other)
    }

    /// Revokes the tokens in hand and in the store: all that can be, whatever goes
    /// wrong first.
    pub(crate) async fn revoke(self: &Arc<Self>) -> Result<(), Error> {
        let renewal = self.state().renewal.clone();
        if let Some(mut renewal) = renewal {
            // What becomes of it is seen in the state.
            let _ = renewal.wait_for(Option::is_some).await;
        }
        let in_hand = self.state().token.clone();
        let kept = self.load().await;
        let found = kept.as_ref().ok().cloned().flatten();
        let other = found.filter(|kept| in_hand.as_ref().is_none_or(|t| t.header != kept.header));
        let mut outcome = Ok(());
        let mut revoked = Vec::new();
        for token in in_hand.into_iter().chain(other) {
            match self.revoke_one(&token).await {
                Ok(()) => revoked.push(token.header),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        self.state()
            .token
            .take_if(|token| revoked.contains(&token.header));
        // One that may live on stays where it can be found.
        if kept?.is_none_or(|kept| revoked.contains(&kept.header)) {
            outcome = outcome.and(self.stored(|store, key| store.remove(key)).await);
        }
        outcome
    }

    async fn revoke_one(&self, token: &Token) -> Result<(), Error> {
        if token.is_expired() {
            return Ok(());
        }
        let progress = Arc::default();
        let exchange = self.exchange(&progress);
        in_time(self.timeout, self.service.revoke(&exchange, &token.access)).await
    }

    /// The token in hand, while it lives and is not the one that was `refused`, or
    /// the next one. A token that is about to expire is used while somebody else, in
    /// the background, gets the next.
    async fn token(
        self: &Arc<Self>,
        progress: &Arc<Progress>,
        refused: Option<&HeaderValue>,
    ) -> Result<Token, Error> {
        loop {
            let (mut renewal, is_own) = {
                let mut state = self.state();
                state
                    .token
                    .take_if(|token| token.is_expired() || refused == Some(&token.header));
                if let Some(token) = state.token.clone() {
                    if token.renew_at <= SystemTime::now() {
                        self.renewal(&mut state, Some(token.header.clone()), &Arc::default());
                    }
                    return Ok(token);
                }
                self.renewal(&mut state, refused.cloned(), progress)
            };
            if let Ok(outcome) = renewal.wait_for(Option::is_some).await
                && let Some(outcome) = &*outcome
            {
                match outcome.clone() {
                    // Somebody else's renewal found it in the store. If ours brings
                    // it again, the service has no other.
                    Ok(token) if !is_own && refused == Some(&token.header) => {}
                    outcome => return outcome,
                }
            }
        }
    }

    /// The renewal under way, or a new one of our own, after the token `past`. It runs
    /// on by itself, so that nobody who stops waiting for it harms those who do not.
    fn renewal(
        self: &Arc<Self>,
        state: &mut State,
        past: Option<HeaderValue>,
        progress: &Arc<Progress>,
    ) -> (Renewal, bool) {
        let is_under_way = |renewal: &&Renewal| renewal.has_changed().is_ok();
        if let Some(renewal) = state.renewal.as_ref().filter(is_under_way) {
            return (renewal.clone(), false);
        }
        let (sender, receiver) = watch::channel(None);
        state.renewal = Some(receiver.clone());
        let (account, progress) = (Arc::clone(self), Arc::clone(progress));
        tokio::spawn(async move {
            let renewed = account.renew(&progress, past.as_ref());
            let outcome = in_time(account.timeout, renewed).await;
            {
                let mut state = account.state();
                state.renewal = None;
                match &outcome {
                    Ok(token) => state.token = Some(token.clone()),
                    // The token in hand is good for a while yet.
                    Err(_) => {
                        if let Some(token) = &mut state.token {
                            token.renew_at = renew_at(&token.access);
                        }
                    }
                }
            }
            sender.send_replace(Some(outcome));
        });
        (receiver, true)
    }

    /// A token other than `past`: one that another client has put in the store, or
    /// a new one.
    async fn renew(
        &self,
        progress: &Arc<Progress>,
        past: Option<&HeaderValue>,
    ) -> Result<Token, Error> {
        if let Some(kept) = self.load().await?
            && !kept.is_expired()
            && past != Some(&kept.header)
        {
            return Ok(kept);
        }
        let exchange = self.exchange(progress);
        let access = self.service.grant(&exchange).await?;
        let token = Token::new(access.clone(), true)
            .ok_or_else(|| unreadable("the token has characters that no token has"))?;
        let saved = self
            .stored(move |store, key| store.save(key, &access))
            .await;
        if saved.is_err() {
            // It would be lost, and count among the tokens that the account may have.
            let _ = self.service.revoke(&exchange, &token.access).await;
        }
        saved.map(|()| token)
    }

    async fn load(&self) -> Result<Option<Token>, Error> {
        let access = self.stored(|store, key| store.load(key)).await?;
        Ok(access.and_then(|access| Token::new(access, false)))
    }

    /// Asks the store, which may have to wait for a disk.
    async fn stored<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&dyn TokenStore, &TokenKey) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        spawn_blocking(move || ask(&*store, &key))
            .await
            .unwrap_or_else(|broken| Err(std::io::Error::other(broken)))
            .map_err(|error| {
                Error::credentials("the token store failed")
                    .with_advice("see the cause, or give ClientBuilder::token_store another store")
                    .with_source(error)
            })
    }

    fn exchange<'a>(&'a self, progress: &'a Arc<Progress>) -> Exchange<'a> {
        Exchange {
            wire: &*self.wire,
            operation: "token",
            progress,
            tells_connections: false,
            body_limit: self.body_limit,
            until: after(self.timeout),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    /// `None` if it has characters that no token has.
    fn new(access: AccessToken, is_new: bool) -> Option<Self> {
        Some(Self {
            header: bearer::authorization(access.secret())?,
            renew_at: renew_at(&access),
            access,
            is_new,
        })
    }

    fn is_expired(&self) -> bool {
        self.access.expires_at() <= SystemTime::now()
    }
}

fn renew_at(access: &AccessToken) -> SystemTime {
    let left = access
        .expires_at()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    access.expires_at() - MARGIN.min(left / 2)
}

async fn in_time<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(timeout, work)
        .await
        .unwrap_or_else(|_| {
            let message = format!("no answer of the token endpoint within {timeout:?}");
            Err(Error::new(ErrorKind::Timeout, message))
        })
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("id", &self.service.id)
            .finish_non_exhaustive()
    }
}
