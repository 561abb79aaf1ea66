//! A service that misbehaves on purpose.
//!
//! It knows enough of authentication to tell handshakes from updates: it challenges
//! what has no credentials, and gives a token to who asks for one. Each update meets
//! the next act of a list, and the ones after that are served well.

mod act;
mod http1;
mod http2;

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};

pub use act::{Act, Http2, Moment, Part, answer, head};
use http2::Tls;

/// The id of the API key that good answers speak of.
pub const KEY: &str = "6a793f752c88faeba59bba49";

/// How such a service is to behave.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// What the first challenges or requests for tokens meet.
    pub handshakes: Vec<Act>,
    /// What the first updates meet.
    pub updates: Vec<Act>,
    /// Whether an update comes after a handshake, with the credentials at hand.
    pub starts_with_handshake: bool,
    /// Whether a connection outlives a handshake. HTTP/2 lets each of them live.
    pub keeps_connections: bool,
    /// Whether it speaks HTTP/2 over TLS in place of HTTP/1.1 in the clear.
    pub http2: bool,
}

/// What has reached such a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Requests of any kind.
    pub requests: u32,
    /// Updates with credentials.
    pub updates: u32,
}

/// A running service. It ends when dropped.
pub struct Faulty {
    /// Where it listens, with no slash at the end.
    pub url: String,
    /// The certificate that it shows, in PEM.
    pub certificate: Option<String>,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Faulty {
    /// Starts to listen on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// What the operating system says of the port, or of the certificate.
    pub async fn start(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let tls = script.http2.then(Tls::new).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr()?);
        let certificate = tls.as_ref().map(|tls| tls.certificate.clone());
        let state = Arc::new(State::new(script));
        let task = tokio::spawn(accept(listener, tls, Arc::clone(&state)));
        Ok(Self {
            url,
            certificate,
            state,
            task,
        })
    }

    /// What has come so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *lock(&self.state.counts)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.task.abort();
        self.state.over.close();
    }
}

async fn accept(listener: TcpListener, tls: Option<Tls>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let tls = tls.clone();
        tokio::spawn(async move {
            let over = Arc::clone(&state);
            let serve = async {
                match tls {
                    Some(tls) => http2::serve(&tls, stream, &state).await,
                    None => http1::serve(stream, &state).await,
                }
            };
            // What becomes of a connection that is broken on purpose is of no interest.
            tokio::select! {
                _ = serve => (),
                _ = over.over.acquire() => (),
            }
        });
    }
}

struct State {
    handshakes: Mutex<VecDeque<Act>>,
    updates: Mutex<VecDeque<Act>>,
    counts: Mutex<Counts>,
    /// Whether the next connection that is opened is for a handshake.
    expects_handshake: AtomicBool,
    keeps_connections: bool,
    /// Closed when the service ends.
    over: Semaphore,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Challenge,
    Token,
    Update,
}

impl Purpose {
    fn of(path: &str, is_signed: bool) -> Self {
        match is_signed {
            _ if path == "/api/oauth/token" => Self::Token,
            true => Self::Update,
            false => Self::Challenge,
        }
    }
}

impl State {
    fn new(script: Script) -> Self {
        Self {
            handshakes: Mutex::new(script.handshakes.into()),
            updates: Mutex::new(script.updates.into()),
            counts: Mutex::new(Counts {
                requests: 0,
                updates: 0,
            }),
            expects_handshake: script.starts_with_handshake.into(),
            keeps_connections: script.keeps_connections,
            over: Semaphore::new(0),
        }
    }

    /// The next act, if it strikes before a request can be read, and whether it
    /// strikes an update.
    fn early(&self) -> Option<(Act, bool)> {
        let is_update = !self.expects_handshake.load(Ordering::Relaxed);
        let acts = match is_update {
            true => &self.updates,
            false => &self.handshakes,
        };
        let mut acts = lock(acts);
        acts.front().filter(|act| act.is_early())?;
        acts.pop_front().map(|act| (act, is_update))
    }

    /// What a request for this meets.
    fn next(&self, purpose: Purpose) -> Act {
        let is_update = purpose == Purpose::Update;
        self.count(is_update);
        self.expects_handshake.store(false, Ordering::Relaxed);
        let acts = match is_update {
            true => &self.updates,
            false => &self.handshakes,
        };
        let act = lock(acts).pop_front();
        act.unwrap_or_else(|| match purpose {
            Purpose::Update => answer(200, &[], &act::api_key()),
            Purpose::Challenge => self.handshake(401, &[act::CHALLENGE], "{}"),
            Purpose::Token => self.handshake(200, &[], act::TOKEN),
        })
    }

    fn handshake(&self, status: u16, headers: &[(&str, &str)], body: &str) -> Act {
        if self.keeps_connections {
            return answer(status, headers, body);
        }
        let close = [headers, &[("Connection", "close")]].concat();
        answer(status, &close, body).then([Part::Close])
    }

    fn count(&self, is_update: bool) {
        let mut counts = lock(&self.counts);
        counts.requests += 1;
        counts.updates += u32::from(is_update);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Resets a connection rather than closing it.
fn reset(stream: TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}
