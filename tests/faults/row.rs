//! A scenario, what it has to come to, and how that is checked.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use atlas_admin::{
    ApiKey, Client, Credentials, Error, ErrorKind, OrgRole, ProjectRole, RequestOptions, Response,
    RetryPolicy,
};
use tokio::net::TcpSocket;
use workspace_tests::faulty::{Act, Faulty, KEY, Script};

const ORG: &str = "32b6e34b3d91647abb20e7b8";
const PROJECT: &str = "5356823b3794de37132bb7b9";

/// What a call may take if its scenario has no other bound. Nothing here waits so
/// long: it is for busy machines.
const WITHIN: Duration = Duration::from_secs(20);

/// For scenarios that are about time.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    Digest,
    Bearer,
    Account,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Operation {
    UpdateOrgApiKey,
    ReplaceProjectRoles,
}

/// A scenario.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) auth: &'static [Auth],
    pub(crate) outcome: Outcome,
    /// How often the update itself is to reach the service.
    pub(crate) updates: u32,
    pub(crate) replays: bool,
    pub(crate) at_least: Duration,
    pub(crate) within: Duration,
    /// Whether the call is to run out of time.
    pub(crate) is_timed: bool,
    script: Script,
    attempts: u32,
    attempt_timeout: Duration,
    timeout: Duration,
    enveloped: bool,
    is_there: bool,
    /// Whether the client may find a kept connection closed before it is used.
    is_race: bool,
}

/// What the caller is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    Done,
    Fails {
        kind: ErrorKind,
        status: Option<u16>,
        /// Whether the update may have taken effect.
        unknown: bool,
    },
}

impl Row {
    /// A scenario in which the updates meet these acts.
    pub(crate) fn new<A: Into<Act>>(
        name: &'static str,
        updates: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            name,
            auth: &[Auth::Digest, Auth::Bearer, Auth::Account],
            outcome: Outcome::Done,
            updates: 1,
            replays: false,
            at_least: Duration::ZERO,
            within: WITHIN,
            script: Script {
                updates: updates.into_iter().map(Into::into).collect(),
                ..Script::default()
            },
            attempts: 3,
            attempt_timeout: WITHIN,
            timeout: WITHIN,
            enveloped: false,
            is_there: true,
            is_race: false,
            is_timed: false,
        }
    }

    /// A scenario in which the first handshake meets an act.
    pub(crate) fn handshake(name: &'static str, auth: Auth, act: impl Into<Act>) -> Self {
        let mut row = Self::new::<Act>(name, []).only(match auth {
            Auth::Digest => &[Auth::Digest],
            Auth::Bearer => &[Auth::Bearer],
            Auth::Account => &[Auth::Account],
        });
        row.script.handshakes.push(act.into());
        row
    }

    /// Repeats the last act of the handshakes.
    pub(crate) fn handshakes(mut self, times: usize) -> Self {
        if let Some(last) = self.script.handshakes.last().cloned() {
            self.script.handshakes.resize(times, last);
        }
        self
    }

    /// A scenario in which nobody listens.
    pub(crate) fn nobody(name: &'static str) -> Self {
        let mut row = Self::new::<Act>(name, []).sent(0);
        row.is_there = false;
        row
    }

    pub(crate) fn only(mut self, auth: &'static [Auth]) -> Self {
        self.auth = auth;
        self
    }

    /// The call goes over the connection that an earlier one has left.
    pub(crate) fn kept(self) -> Self {
        self.after(workspace_tests::faulty::answer(
            200,
            &[],
            &format!(r#"{{"id":"{KEY}"}}"#),
        ))
    }

    /// An earlier call has met an act.
    pub(crate) fn after(mut self, act: impl Into<Act>) -> Self {
        self.script.keeps_connections = true;
        self.script.updates.insert(0, act.into());
        self
    }

    pub(crate) fn over_http2(mut self) -> Self {
        self.script.http2 = true;
        self
    }

    /// The client repeats updates that may have been made.
    pub(crate) fn replayed(mut self) -> Self {
        self.replays = true;
        self
    }

    pub(crate) fn max_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    pub(crate) fn enveloped(mut self) -> Self {
        self.enveloped = true;
        self
    }

    pub(crate) fn race(mut self) -> Self {
        self.is_race = true;
        self
    }

    /// Each attempt has little time, and the whole call three times as much and a
    /// bit more.
    pub(crate) fn timed(mut self) -> Self {
        self.is_timed = true;
        self.attempt_timeout = ATTEMPT;
        self.timeout = 4 * ATTEMPT;
        self.within = 4 * ATTEMPT + Duration::from_secs(3);
        self
    }

    /// The call has this time and no more.
    pub(crate) fn total(mut self, timeout: Duration) -> Self {
        self.is_timed = true;
        self.timeout = timeout;
        self.within = timeout + Duration::from_secs(3);
        self
    }

    pub(crate) fn at_least(mut self, time: Duration) -> Self {
        self.at_least = time;
        self
    }

    pub(crate) fn sent(mut self, updates: u32) -> Self {
        self.updates = updates;
        self
    }

    /// Fails, and the update was not made.
    pub(crate) fn fails(self, kind: ErrorKind, status: impl Into<Option<u16>>) -> Self {
        self.ends(kind, status.into(), false)
    }

    /// Fails, and the update may have been made.
    pub(crate) fn leaves_open(self, kind: ErrorKind, status: impl Into<Option<u16>>) -> Self {
        self.ends(kind, status.into(), true)
    }

    fn ends(mut self, kind: ErrorKind, status: Option<u16>, unknown: bool) -> Self {
        self.outcome = Outcome::Fails {
            kind,
            status,
            unknown,
        };
        self
    }

    /// Carries the scenario out; says what is not as it has to be.
    pub(crate) async fn check(&self, auth: Auth, operation: Operation) -> Result<(), String> {
        let complain =
            |what: String| Err(format!("{} ({auth:?}, {operation:?}): {what}", self.name));
        let script = Script {
            starts_with_handshake: auth != Auth::Bearer,
            ..self.script.clone()
        };
        let has_earlier = script.keeps_connections;
        let service = Faulty::start(script)
            .await
            .map_err(|error| error.to_string())?;
        let deaf = deaf().map_err(|error| error.to_string())?;
        let url = match (self.is_there, deaf.local_addr()) {
            (false, Ok(address)) => format!("http://{address}"),
            _ => service.url.clone(),
        };
        let client = self
            .client(auth, &url, service.certificate.as_deref())
            .map_err(|error| error.to_string())?;
        if has_earlier {
            if let Err(error) = self.call(&client, operation).await {
                return complain(format!("the earlier call: {error}"));
            }
            // Time for both sides to see what became of the connection.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let before = service.counts();
        let started = Instant::now();
        let call = tokio::time::timeout(self.within, self.call(&client, operation));
        let Ok(result) = call.await else {
            return complain(format!("no end within {:?}", self.within));
        };
        let took = started.elapsed();
        let now = service.counts();
        let (requests, updates) = (now.requests - before.requests, now.updates - before.updates);

        let outcome = match &result {
            Ok(key) if key.id == KEY => Outcome::Done,
            Ok(key) => return complain(format!("another answer: {key:?}")),
            Err(error) => Outcome::Fails {
                kind: error.kind(),
                status: error.status().map(|status| status.as_u16()),
                unknown: error.outcome_unknown(),
            },
        };
        if outcome != self.outcome {
            return complain(format!(
                "{outcome:?} and not {:?}; {result:?}",
                self.outcome
            ));
        }
        if updates != self.updates {
            return complain(format!("{updates} updates and not {}", self.updates));
        }
        let attempts = match &result {
            Ok(key) => key.requests_sent(),
            Err(error) => error.requests_sent(),
        };
        let counted = match self.is_there {
            true => requests,
            false => self.attempts,
        };
        if attempts != counted && !(self.is_race && attempts == counted + 1) {
            return complain(format!("{attempts} requests of {counted} are admitted"));
        }
        if took < self.at_least {
            return complain(format!("{took:?} is too short for {:?}", self.at_least));
        }
        if let Err(error) = &result {
            is_fit_to_print(error).or_else(complain)?;
        }
        Ok(())
    }

    fn client(&self, auth: Auth, url: &str, certificate: Option<&str>) -> Result<Client, Error> {
        let policy = RetryPolicy::standard()
            .max_attempts(self.attempts)
            .initial_delay(Duration::from_millis(2))
            .max_delay(Duration::from_millis(4))
            .retry_ambiguous(self.replays);
        let mut builder = Client::builder()
            .credentials(match auth {
                Auth::Digest => Credentials::digest("abcdefgh", "hush-digest"),
                Auth::Bearer => Credentials::bearer("hush-token"),
                Auth::Account => Credentials::service_account("mdb_sa_id_1", "hush-secret"),
            })
            .base_url(url)?
            .retry(policy)
            .attempt_timeout(self.attempt_timeout)
            .timeout(self.timeout);
        if let Some(certificate) = certificate {
            builder = builder.add_root_certificate(certificate)?;
        }
        builder.build()
    }

    async fn call(&self, client: &Client, operation: Operation) -> Result<Response<ApiKey>, Error> {
        let mut options = RequestOptions::new();
        if self.enveloped {
            options = options.envelope(true);
        }
        match operation {
            Operation::UpdateOrgApiKey => {
                let call = client.org(ORG).api_key(KEY).update();
                call.roles([OrgRole::ReadOnly])
                    .options(options)
                    .send()
                    .await
            }
            Operation::ReplaceProjectRoles => {
                let call = client.project(PROJECT).api_key(KEY);
                let call = call.replace_roles([ProjectRole::ReadOnly]);
                call.options(options).send().await
            }
        }
    }
}

/// An error is one short line that names its call and no secret, whatever has
/// come over the network.
fn is_fit_to_print(error: &Error) -> Result<(), String> {
    let text = error.to_string();
    let mut all = format!("{text} {error:?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        all += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    let is_short = text.len() < 1_000 && !text.contains('\n');
    let names_call = error.operation().is_some_and(|name| text.starts_with(name));
    let body = error.body().map_or(0, <[u8]>::len);
    if is_short && names_call && !all.contains("hush") && !all.contains("eyJ") && body <= 8 << 20 {
        return Ok(());
    }
    Err(format!(
        "{body} bytes of body, and an error that reads {all}"
    ))
}

/// A port that is taken, and on which nobody listens.
fn deaf() -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(socket)
}
