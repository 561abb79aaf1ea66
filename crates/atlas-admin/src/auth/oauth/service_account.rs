//! Service accounts: use a token, and refresh it before it expires.

use std::{
    fmt, io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use secrecy::SecretString;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    super::{bearer, request::CallRequest},
    token_endpoint::{TokenEndpoint, unreadable},
};
use crate::{
    error::{Error, ErrorKind, from_response},
    model::{base_url::BaseUrl, response::BufferedResponse},
    mutex::Mutex,
    token_store::{AccessToken, TokenKey, TokenLock, TokenStore},
    transport::{
        Transport, blocking, context::RequestContext, deadline::deadline_after, progress::Progress,
    },
};

/// How long before its expiry a token is refreshed. Tokens with less than twice this left
/// are refreshed halfway through.
const REFRESH_MARGIN: Duration = Duration::from_secs(60);

/// How long refused tokens are not replaced after the service has refused a new one as well.
/// Tokens live for an hour and an account may have 100 of them, so one a minute cannot
/// exhaust them.
const REFRESH_COOLDOWN: Duration = Duration::from_secs(60);

/// How often a client looks whether another one has stored a token.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

const ADVICE: &str = "check the service account and that it belongs to this service";

/// A service account with its current token.
pub(crate) struct ServiceAccount {
    endpoint: TokenEndpoint,
    transport: Arc<dyn Transport>,
    timeout: Duration,
    max_body_size: usize,
    store: Arc<dyn TokenStore>,
    key: TokenKey,
    state: Mutex<State>,
}

/// The client's settings that authentication uses.
pub(crate) struct AuthContext {
    pub(crate) base_url: BaseUrl,
    pub(crate) http: reqwest::Client,
    pub(crate) user_agent: HeaderValue,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) timeout: Duration,
    pub(crate) max_body_size: usize,
    pub(crate) store: Arc<dyn TokenStore>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    refresh: Option<Refresh>,
    /// When the service last refused both a token and its replacement for one request.
    refresh_failed_at: Option<Instant>,
}

/// A refresh in flight. It ends without an outcome if its runtime is shut down.
type Refresh = watch::Receiver<Option<Result<Token, Error>>>;

/// A token, ready for use on requests.
#[derive(Clone)]
struct Token {
    access: AccessToken,
    header: HeaderValue,
    refresh_at: SystemTime,
    /// Whether the service issued it to this client; otherwise it comes from the store.
    is_new: bool,
}

impl ServiceAccount {
    pub(crate) fn new(id: String, secret: SecretString, context: AuthContext) -> Self {
        Self {
            key: TokenKey::new(context.base_url.host_and_path(), id.clone()),
            endpoint: TokenEndpoint {
                id,
                secret,
                http: context.http,
                user_agent: context.user_agent,
                token_url: context.base_url.join("/api/oauth/token"),
                revoke_url: context.base_url.join("/api/oauth/revoke"),
            },
            transport: context.transport,
            timeout: context.timeout,
            max_body_size: context.max_body_size,
            store: context.store,
            state: Mutex::default(),
        }
    }

    /// Sends a request with the account's token, and again with a new one if the service
    /// refuses the first, which may have been revoked. If a new token did not help a moment
    /// ago, the refusal stands.
    pub(crate) async fn send(
        self: &Arc<Self>,
        context: &RequestContext<'_>,
        request: &CallRequest<'_>,
    ) -> Result<BufferedResponse, Error> {
        let token = self.token(context.progress, None).await?;
        let response = bearer::send(context, request, &token.header).await?;
        if !bearer::is_refused(&response) || self.is_cooling_down(&token) {
            return accepted(response);
        }
        let next = self.token(context.progress, Some(&token.header)).await?;
        let response = bearer::send(context, request, &next.header).await?;
        if bearer::is_refused(&response) && next.is_new {
            self.state.lock().refresh_failed_at = Some(Instant::now());
        }
        accepted(response)
    }

    /// Returns whether `refused` is the only token, and it is too early to request another.
    fn is_cooling_down(&self, refused: &Token) -> bool {
        let state = self.state.lock();
        let is_recent = state
            .refresh_failed_at
            .is_some_and(|at| at.elapsed() < REFRESH_COOLDOWN);
        let is_other = |token: &Token| token.header != refused.header;
        is_recent && !state.token.as_ref().is_some_and(is_other)
    }

    /// Revokes the tokens in memory and in the store, each even if another one fails.
    pub(crate) async fn revoke(self: &Arc<Self>) -> Result<(), Error> {
        let refresh = self.state.lock().refresh.clone();
        if let Some(mut refresh) = refresh {
            // Its outcome is read from the state below.
            let _ = refresh.wait_for(Option::is_some).await;
        }
        let current = self.state.lock().token.clone();
        let stored = self.load().await;
        let other = stored.as_ref().ok().cloned().flatten();
        let other = other.filter(|token| current.as_ref().is_none_or(|c| c.header != token.header));
        let mut outcome = Ok(());
        let mut revoked = Vec::new();
        for token in current.into_iter().chain(other) {
            match self.revoke_one(&token).await {
                Ok(()) => revoked.push(token.header),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        self.state
            .lock()
            .token
            .take_if(|token| revoked.contains(&token.header));
        // A token that may still be valid stays where it can be found.
        if stored?.is_none_or(|token| revoked.contains(&token.header)) {
            outcome = outcome.and(self.with_store(|store, key| store.remove(key)).await);
        }
        outcome
    }

    async fn revoke_one(&self, token: &Token) -> Result<(), Error> {
        if token.is_expired() {
            return Ok(());
        }
        let progress = Arc::default();
        let context = self.request_context(&progress);
        within(self.timeout, self.endpoint.revoke(&context, &token.access)).await
    }

    /// Returns the current token, unless it has expired or was `refused`, or else the next
    /// one. A token that is about to expire is used while a background task refreshes it.
    async fn token(
        self: &Arc<Self>,
        progress: &Arc<Progress>,
        refused: Option<&HeaderValue>,
    ) -> Result<Token, Error> {
        loop {
            let (mut refresh, is_own) = {
                let mut state = self.state.lock();
                state
                    .token
                    .take_if(|token| token.is_expired() || refused == Some(&token.header));
                if let Some(token) = state.token.clone() {
                    if token.is_due() {
                        self.refresh(&mut state, Some(token.header.clone()), &Arc::default());
                    }
                    return Ok(token);
                }
                self.refresh(&mut state, refused.cloned(), progress)
            };
            if let Ok(outcome) = refresh.wait_for(Option::is_some).await
                && let Some(outcome) = &*outcome
            {
                match outcome.clone() {
                    // Another caller's refresh found it in the store. If our own returns it
                    // again, there is no other.
                    Ok(token) if !is_own && refused == Some(&token.header) => {}
                    outcome => return outcome,
                }
            }
        }
    }

    /// Returns the refresh in flight, or starts one to replace the token `old`. It runs in a
    /// task of its own, so that a caller that stops waiting does not cancel it for the others.
    fn refresh(
        self: &Arc<Self>,
        state: &mut State,
        old: Option<HeaderValue>,
        progress: &Arc<Progress>,
    ) -> (Refresh, bool) {
        let is_in_flight = |refresh: &&Refresh| refresh.has_changed().is_ok();
        if let Some(refresh) = state.refresh.as_ref().filter(is_in_flight) {
            return (refresh.clone(), false);
        }
        let (sender, receiver) = watch::channel(None);
        state.refresh = Some(receiver.clone());
        let (account, progress) = (Arc::clone(self), Arc::clone(progress));
        tokio::spawn(async move {
            let next = account.next_token(&progress, old.as_ref());
            let outcome = within(account.timeout, next).await;
            {
                let mut state = account.state.lock();
                state.refresh = None;
                match &outcome {
                    Ok(token) => state.token = Some(token.clone()),
                    // The current token is still valid for a while.
                    Err(_) => {
                        if let Some(token) = &mut state.token {
                            token.refresh_at = refresh_at(&token.access);
                        }
                    }
                }
            }
            sender.send_replace(Some(outcome));
        });
        (receiver, true)
    }

    /// Returns a token other than `old`: one that another client has put into the store, or
    /// a new one. Clients that share a store request one token between them.
    async fn next_token(
        &self,
        progress: &Arc<Progress>,
        old: Option<&HeaderValue>,
    ) -> Result<Token, Error> {
        if let Some(other) = self.load_other(old).await? {
            return Ok(other);
        }
        let lock = self.lock(old).await?;
        // Another client may have stored one before this one got the lock.
        if let Some(other) = self.load_other(old).await? {
            return Ok(other);
        }
        let token = self.new_token(progress, old).await;
        drop(lock);
        token
    }

    /// Waits until this client may request a token, or until another one has stored one. A
    /// client that holds the lock for too long is not waited for.
    async fn lock(&self, old: Option<&HeaderValue>) -> Result<TokenLock, Error> {
        let patience = deadline_after(self.timeout / 2);
        loop {
            if let Some(lock) = self.with_store(|store, key| store.try_lock(key)).await? {
                return Ok(lock);
            }
            if Instant::now() >= patience || self.load_other(old).await?.is_some() {
                return Ok(TokenLock::unlocked());
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Requests a token and stores it. Of the tokens that nobody will find again, none stays
    /// valid: they count towards the account's 100 tokens.
    async fn new_token(
        &self,
        progress: &Arc<Progress>,
        old: Option<&HeaderValue>,
    ) -> Result<Token, Error> {
        let context = self.request_context(progress);
        let access = match self.endpoint.request_token(&context).await {
            Ok(access) => access,
            // Another client may have got one meanwhile, perhaps the last that the service issues.
            Err(error) => return self.load_other(old).await.ok().flatten().ok_or(error),
        };
        let token = Token::new(access.clone(), true)
            .ok_or_else(|| unreadable("the token contains characters that tokens cannot have"))?;
        let replaced = self.load().await.ok().flatten();
        let replaced = replaced.filter(|token| !token.is_expired());
        if let Some(other) = &replaced
            && old != Some(&other.header)
        {
            let _ = self.endpoint.revoke(&context, &token.access).await;
            return Ok(other.clone());
        }
        let saved = self
            .with_store(move |store, key| store.save(key, &access))
            .await;
        let lost = match &saved {
            Err(_) => Some(&token),
            // Other clients may still use a token that is about to expire, and a service may
            // issue the same token again.
            Ok(()) => replaced
                .as_ref()
                .filter(|old| !old.is_due() && old.header != token.header),
        };
        if let Some(lost) = lost {
            let _ = self.endpoint.revoke(&context, &lost.access).await;
        }
        saved.map(|()| token)
    }

    /// Loads a valid token other than `old`.
    async fn load_other(&self, old: Option<&HeaderValue>) -> Result<Option<Token>, Error> {
        let stored = self.load().await?;
        Ok(stored.filter(|stored| !stored.is_expired() && old != Some(&stored.header)))
    }

    async fn load(&self) -> Result<Option<Token>, Error> {
        let access = self.with_store(|store, key| store.load(key)).await?;
        Ok(access.and_then(|access| Token::new(access, false)))
    }

    /// Runs `work` on the store, which may have to wait for a disk.
    async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TokenStore, &TokenKey) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (store, key) = (Arc::clone(&self.store), self.key.clone());
        // Before the call's own deadline, so that the error names the store.
        let limit = self.timeout.mul_f64(0.8);
        blocking::run(limit, move || work(&*store, &key))
            .await
            .map_err(|error| {
                Error::credentials("the token store failed")
                    .with_advice("see its source, or use another ClientBuilder::token_store")
                    .with_source(error)
            })
    }

    fn request_context<'a>(&'a self, progress: &'a Arc<Progress>) -> RequestContext<'a> {
        RequestContext {
            transport: &*self.transport,
            operation_id: "token",
            progress,
            reports_connections: false,
            max_body_size: self.max_body_size,
            deadline: deadline_after(self.timeout),
        }
    }
}

impl Token {
    /// Returns `None` if the text cannot be a token.
    fn new(access: AccessToken, is_new: bool) -> Option<Self> {
        Some(Self {
            header: bearer::authorization(access.secret())?,
            refresh_at: refresh_at(&access),
            access,
            is_new,
        })
    }

    fn is_expired(&self) -> bool {
        self.access.expires_at() <= SystemTime::now()
    }

    /// Returns whether it is about to expire.
    fn is_due(&self) -> bool {
        self.refresh_at <= SystemTime::now()
    }
}

fn refresh_at(access: &AccessToken) -> SystemTime {
    let left = access
        .expires_at()
        .duration_since(SystemTime::now())
        .unwrap_or_default();
    access.expires_at() - REFRESH_MARGIN.min(left / 2)
}

/// Returns the response, unless it refuses the token.
fn accepted(response: BufferedResponse) -> Result<BufferedResponse, Error> {
    if bearer::is_refused(&response) {
        Err(from_response::refused_credentials(response, ADVICE))
    } else {
        Ok(response)
    }
}

async fn within<T>(
    timeout: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(timeout, work)
        .await
        .unwrap_or_else(|_| {
            let message = format!("the token endpoint did not respond within {timeout:?}");
            Err(Error::new(ErrorKind::Timeout, message))
        })
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("id", &self.endpoint.id)
            .finish_non_exhaustive()
    }
}
