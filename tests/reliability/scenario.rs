//! A scenario and its check.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use atlas_admin::{
    ApiKeyId, Client, Credentials, Error, ErrorKind, OrgRole, ProjectRole, RequestOptions,
    RetryPolicy,
};
use tokio::net::TcpSocket;
use workspace_tests::{
    fault_server::{Behavior, FaultServer, Script, response},
    ids::{API_KEY_ID, ORG_ID, PRIVATE_KEY, PROJECT_ID},
};

/// The time limit of a scenario that is not about time. It is wide, for busy machines.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// The attempt timeout in scenarios about time.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(1);

/// How much longer than its timeout a call may take on a busy machine.
const GRACE: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    Digest,
    Bearer,
    ServiceAccount,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    GetOrgApiKey,
    UpdateOrgApiKey,
    ReplaceProjectRoles,
    DeleteOrgApiKey,
    CreateOrgApiKey,
}

#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) auth: Vec<Auth>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) outcome: Outcome,
    /// How many requests with credentials reach the server.
    pub(crate) updates_sent: u32,
    pub(crate) retries_ambiguous: bool,
    pub(crate) at_least: Duration,
    pub(crate) time_limit: Duration,
    /// Whether the call runs into a timeout.
    pub(crate) is_timed: bool,
    script: Script,
    max_attempts: u32,
    attempt_timeout: Duration,
    timeout: Duration,
    has_envelope: bool,
    has_server: bool,
    /// Whether the client may or may not notice a closed connection before it sends.
    is_racy: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Succeeds,
    Fails {
        kind: ErrorKind,
        status: Option<u16>,
        outcome_unknown: bool,
    },
}

impl Scenario {
    /// The updates get these behaviors, and the call succeeds.
    pub(crate) fn new<B: Into<Behavior>>(
        name: impl Into<String>,
        updates: impl IntoIterator<Item = B>,
    ) -> Self {
        Self {
            name: name.into(),
            auth: vec![Auth::Digest, Auth::Bearer, Auth::ServiceAccount],
            operations: vec![Operation::UpdateOrgApiKey, Operation::ReplaceProjectRoles],
            outcome: Outcome::Succeeds,
            updates_sent: 1,
            retries_ambiguous: false,
            at_least: Duration::ZERO,
            time_limit: TIME_LIMIT,
            script: Script {
                updates: updates.into_iter().map(Into::into).collect(),
                ..Script::default()
            },
            max_attempts: 3,
            attempt_timeout: TIME_LIMIT,
            timeout: TIME_LIMIT,
            has_envelope: false,
            has_server: true,
            is_racy: false,
            is_timed: false,
        }
    }

    /// The first handshake gets this behavior.
    pub(crate) fn handshake(name: &str, auth: Auth, behavior: impl Into<Behavior>) -> Self {
        let mut scenario = Self::new::<Behavior>(name, []).with(auth);
        scenario.script.handshakes.push(behavior.into());
        scenario
    }

    /// The first handshakes all get the behavior of the first.
    pub(crate) fn repeat_handshake(mut self, times: usize) -> Self {
        if let Some(last) = self.script.handshakes.last().cloned() {
            self.script.handshakes.resize(times, last);
        }
        self
    }

    /// Nothing listens on the port.
    pub(crate) fn without_server(name: &str) -> Self {
        let mut scenario = Self::new::<Behavior>(name, []).updates_sent(0);
        scenario.has_server = false;
        scenario
    }

    pub(crate) fn with(mut self, auth: Auth) -> Self {
        self.auth = vec![auth];
        self
    }

    /// The call is of this operation, instead of either update.
    pub(crate) fn of(mut self, operation: Operation) -> Self {
        self.operations = vec![operation];
        self
    }

    /// An earlier call has left its connection open.
    pub(crate) fn on_idle_connection(self) -> Self {
        let body = format!(r#"{{"id":"{API_KEY_ID}"}}"#);
        self.after_call(response(200, &[], &body))
    }

    /// An earlier call has got this behavior.
    pub(crate) fn after_call(mut self, behavior: impl Into<Behavior>) -> Self {
        self.script.keeps_connections = true;
        self.script.updates.insert(0, behavior.into());
        self
    }

    pub(crate) fn over_http2(mut self) -> Self {
        self.script.http2 = true;
        self
    }

    pub(crate) fn retry_ambiguous(mut self) -> Self {
        self.retries_ambiguous = true;
        self
    }

    pub(crate) fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    pub(crate) fn envelope(mut self) -> Self {
        self.has_envelope = true;
        self
    }

    pub(crate) fn racy(mut self) -> Self {
        self.is_racy = true;
        self
    }

    /// Each attempt has a short timeout, and the call has time for all three attempts.
    pub(crate) fn timed(mut self) -> Self {
        self.attempt_timeout = ATTEMPT_TIMEOUT;
        self.total_timeout(4 * ATTEMPT_TIMEOUT)
    }

    pub(crate) fn total_timeout(mut self, timeout: Duration) -> Self {
        self.is_timed = true;
        self.timeout = timeout;
        self.time_limit = timeout + GRACE;
        self
    }

    pub(crate) fn at_least(mut self, time: Duration) -> Self {
        self.at_least = time;
        self
    }

    pub(crate) fn updates_sent(mut self, updates: u32) -> Self {
        self.updates_sent = updates;
        self
    }

    /// The call fails, and the update was not applied.
    pub(crate) fn fails(self, kind: ErrorKind, status: impl Into<Option<u16>>) -> Self {
        self.ends(kind, status.into(), false)
    }

    /// The call fails, and the update may have been applied.
    pub(crate) fn fails_unknown(self, kind: ErrorKind, status: impl Into<Option<u16>>) -> Self {
        self.ends(kind, status.into(), true)
    }

    fn ends(mut self, kind: ErrorKind, status: Option<u16>, outcome_unknown: bool) -> Self {
        self.outcome = Outcome::Fails {
            kind,
            status,
            outcome_unknown,
        };
        self
    }

    /// Runs the scenario; returns what differs from its expectations.
    pub(crate) async fn check(&self, auth: Auth, operation: Operation) -> Result<(), String> {
        let result = self.run(auth, operation).await;
        result.map_err(|message| format!("{} ({auth:?}, {operation:?}): {message}", self.name))
    }

    async fn run(&self, auth: Auth, operation: Operation) -> Result<(), String> {
        let script = Script {
            starts_with_handshake: auth != Auth::Bearer,
            ..self.script.clone()
        };
        let has_earlier_call = script.keeps_connections;
        let server = FaultServer::start(script).await.map_err(text)?;
        let closed_port = closed_port().map_err(text)?;
        let url = match self.has_server {
            true => server.url.clone(),
            false => format!("http://{}", closed_port.local_addr().map_err(text)?),
        };
        let client = self
            .client(auth, &url, server.certificate.as_deref())
            .map_err(text)?;
        if has_earlier_call {
            let earlier = self.call(&client, operation).await;
            earlier.map_err(|error| format!("the earlier call failed: {error}"))?;
            // Let both sides notice what has happened to the connection.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let before = server.counts();
        let started = Instant::now();
        let call = tokio::time::timeout(self.time_limit, self.call(&client, operation));
        let Ok(result) = call.await else {
            return Err(format!("still running after {:?}", self.time_limit));
        };
        let elapsed = started.elapsed();
        let after = server.counts();
        let requests = after.requests - before.requests;
        let updates = after.updates - before.updates;

        let outcome = match &result {
            Ok(done) if done.api_key_id.as_ref().is_none_or(|id| id == API_KEY_ID) => {
                Outcome::Succeeds
            }
            Ok(done) => return Err(format!("unexpected API key: {done:?}")),
            Err(error) => Outcome::Fails {
                kind: error.kind(),
                status: error.status().map(|status| status.as_u16()),
                outcome_unknown: error.outcome_unknown(),
            },
        };
        if outcome != self.outcome {
            let expected = &self.outcome;
            return Err(format!("{outcome:?}, expected {expected:?}; {result:?}"));
        }
        if updates != self.updates_sent {
            let expected = self.updates_sent;
            return Err(format!("{updates} updates arrived, expected {expected}"));
        }
        let sent = match &result {
            Ok(done) => done.requests_sent,
            Err(error) => error.requests_sent(),
        };
        let arrived = match self.has_server {
            true => requests,
            false => self.max_attempts,
        };
        if sent != arrived && !(self.is_racy && sent == arrived + 1) {
            return Err(format!("requests_sent is {sent}, but {arrived} arrived"));
        }
        if elapsed < self.at_least {
            let expected = self.at_least;
            return Err(format!("took {elapsed:?}, expected at least {expected:?}"));
        }
        result.map_or_else(|error| check_text(&error), |_| Ok(()))
    }

    fn client(&self, auth: Auth, url: &str, certificate: Option<&str>) -> Result<Client, Error> {
        let policy = RetryPolicy::standard()
            .max_attempts(self.max_attempts)
            .initial_delay(Duration::from_millis(2))
            .max_delay(Duration::from_millis(4))
            .retry_ambiguous(self.retries_ambiguous);
        let mut builder = Client::builder()
            .credentials(match auth {
                Auth::Digest => Credentials::digest("abcdefgh", "hush-digest"),
                Auth::Bearer => Credentials::bearer("hush-token"),
                Auth::ServiceAccount => Credentials::service_account("mdb_sa_id_1", "hush-secret"),
            })
            .base_url(url)
            .retry(policy)
            .attempt_timeout(self.attempt_timeout)
            .timeout(self.timeout);
        if let Some(certificate) = certificate {
            builder = builder.add_root_certificate(certificate);
        }
        builder.build()
    }

    async fn call(&self, client: &Client, operation: Operation) -> Result<Done, Error> {
        let mut options = RequestOptions::new();
        if self.has_envelope {
            options = options.envelope(true);
        }
        let org = client.org(ORG_ID);
        let key = org.api_key(API_KEY_ID);
        let (requests_sent, api_key_id) = match operation {
            Operation::GetOrgApiKey => {
                let read = key.get().options(options).await?;
                (read.requests_sent(), Some(read.into_inner().id))
            }
            Operation::UpdateOrgApiKey => {
                let update = key.update().roles([OrgRole::ReadOnly]);
                let updated = update.options(options).await?;
                (updated.requests_sent(), Some(updated.into_inner().id))
            }
            Operation::ReplaceProjectRoles => {
                let key = client.project(PROJECT_ID).api_key(API_KEY_ID);
                let replacement = key.replace_roles([ProjectRole::ReadOnly]);
                let replaced = replacement.options(options).await?;
                (replaced.requests_sent(), Some(replaced.into_inner().id))
            }
            Operation::DeleteOrgApiKey => {
                (key.delete().options(options).await?.requests_sent(), None)
            }
            Operation::CreateOrgApiKey => {
                let creation = org.api_keys().create("ci").roles([OrgRole::Member]);
                let created = creation.options(options).await?;
                (created.requests_sent(), Some(created.id.clone()))
            }
        };
        Ok(Done {
            requests_sent,
            api_key_id,
        })
    }
}

/// What a successful call returned.
#[derive(Debug)]
struct Done {
    requests_sent: u32,
    api_key_id: Option<ApiKeyId>,
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Checks that an error is one short line that names its call, and that neither it nor
/// its sources contain a secret.
fn check_text(error: &Error) -> Result<(), String> {
    let text = error.to_string();
    let mut all = format!("{text} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        all += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    let has_secret = ["hush", "eyJ", PRIVATE_KEY]
        .iter()
        .any(|it| all.contains(it));
    let is_short = text.len() < 1_000 && !text.contains('\n');
    let names_call = error.operation().is_some_and(|name| text.starts_with(name));
    let body = error.body().map_or(0, <[u8]>::len);
    if is_short && names_call && !has_secret && body <= 8 << 20 {
        return Ok(());
    }
    Err(format!("unfit error with a body of {body} bytes: {all}"))
}

/// Reserves a port on which nothing listens.
fn closed_port() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}
