//! Whatever a program logs, no secret is in it: every flow of these tests, with
//! all that any crate has to say, searched for what went over the wire.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use atlas_admin::{
    AccessToken, Client, ClientBuilder, Credentials, Error, FileStore, MemoryStore, OrgRole,
    ProjectRole, RequestOptions, RetryPolicy, TokenKey, TokenStore,
};
use atlas_emulator::{Algorithm, Builder, Emulator};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Bytes that are kept as they pass.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stands before a server and keeps everything that goes to it and comes back.
async fn tap(server: &str, kept: Kept) -> String {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (near, far) = client.into_split();
            let (back, to) = TcpStream::connect(&server).await.unwrap().into_split();
            tokio::spawn(pass(near, to, kept.clone()));
            tokio::spawn(pass(back, far, kept.clone()));
        }
    });
    url
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut kept: Kept) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        kept.write_all(&buffer[..read]).unwrap();
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Keeps nothing for the client, and every token for the test.
#[derive(Clone, Default)]
struct Overheard(Arc<Mutex<BTreeSet<String>>>);

impl TokenStore for Overheard {
    fn load(&self, _: &TokenKey) -> io::Result<Option<AccessToken>> {
        Ok(None)
    }

    fn save(&self, _: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.0.lock().unwrap().insert(token.expose().to_owned());
        Ok(())
    }

    fn remove(&self, _: &TokenKey) -> io::Result<()> {
        Ok(())
    }
}

/// What must be nowhere: parts of the headers of signing in, tokens in bodies.
fn secrets_of(traffic: &str) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for line in traffic.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match (name.to_ascii_lowercase().as_str(), value.split_once(' ')) {
            ("authorization", Some(("Basic" | "Bearer", secret))) => {
                secrets.insert(secret.to_owned());
            }
            ("authorization" | "www-authenticate", Some(("Digest", parameters))) => {
                secrets.extend(digest_secrets(parameters));
            }
            ("authentication-info", _) => secrets.extend(digest_secrets(value)),
            ("authorization", other) => panic!("what is this: {other:?}"),
            _ => {}
        }
    }
    for part in traffic.split(r#""access_token":""#).skip(1) {
        secrets.insert(part.split_once('"').unwrap().0.to_owned());
    }
    secrets
}

/// What of the parameters of a challenge, an answer to it, or what follows that.
fn digest_secrets(parameters: &str) -> impl Iterator<Item = String> {
    const NAMES: [&str; 5] = ["nonce", "cnonce", "nextnonce", "response", "rspauth"];
    parameters.split(',').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        NAMES
            .contains(&name.trim())
            .then(|| value.trim_matches('"').to_owned())
    })
}

/// Both operations, and how they fail.
async fn flows(client: &Client, emulator: &Emulator, shown: &mut String) {
    let (org, project) = (emulator.org_id(), emulator.project_id());
    let key = emulator.api_key_id();
    let mut keep = |result: Result<String, Error>| match result {
        Ok(answer) => *shown += &answer,
        Err(error) => {
            *shown += &format!("{error} {error:?} {error:#?}");
            let mut cause = std::error::Error::source(&error);
            while let Some(error) = cause {
                *shown += &format!("{error} {error:?}");
                cause = error.source();
            }
        }
    };
    for options in [
        RequestOptions::new(),
        RequestOptions::new().envelope(true).pretty(true),
        RequestOptions::new().timeout(Duration::from_millis(1)),
    ] {
        for (org, project, key) in [
            (org, project, key),
            ("0123456789abcdef01234567", "0123456789abcdef01234567", key),
            (org, project, "0123456789abcdef01234567"),
            ("no id", "no id", key),
        ] {
            let update = client.org(org).api_key(key).update().desc("x");
            let update = update.roles([OrgRole::ReadOnly]).options(options.clone());
            keep(update.send().await.map(|answer| format!("{answer:?}")));
            let replace = client.project(project).api_key(key);
            let replace = replace.replace_roles([ProjectRole::ReadOnly]);
            let replace = replace.options(options.clone()).send();
            keep(replace.await.map(|answer| format!("{answer:?}")));
        }
    }
    keep(client.revoke_token().await.map(|()| String::new()));
    *shown += &format!("{client:?} {client:#?}");
}

/// Less to search than the text, and nothing left out.
fn distinct_lines(text: &str) -> String {
    let lines: BTreeSet<&str> = text.lines().collect();
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    let (log, traffic) = (Kept::default(), Kept::default());
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .init();

    let folder = tempfile::tempdir().unwrap();
    let mut shown = String::new();
    let mut secrets = BTreeSet::new();
    let tokens = Overheard::default();
    let emulators: [fn(Builder) -> Builder; 7] = [
        |builder| builder,
        |builder| builder.nonce_uses(1).strict_nc(true),
        |builder| {
            let builder = builder.algorithms([Algorithm::Md5, Algorithm::Sha256Sess]);
            builder.userhash(true).opaque("x").response_auth(true)
        },
        |builder| builder.token_ttl(Duration::ZERO).next_nonce(true),
        |builder| {
            let faults = "stale:every=3; html503:every=4; reset:at=before,every=5; \
                reset:at=after,every=6; reset:at=during,every=7; reset:at=idle,every=2";
            builder.faults(faults.parse().unwrap())
        },
        |builder| {
            let builder = builder.next_nonce(true).token_ttl(Duration::ZERO);
            let faults = "503:every=3,on=tokens; 500:every=4,on=all; reset:every=5,on=all";
            builder.faults(faults.parse().unwrap())
        },
        |builder| builder.tls(true).next_nonce(true).nonce_uses(3),
    ];
    for build in emulators {
        let emulator = build(Emulator::builder()).start().await.unwrap();
        // Over TLS there is HTTP/2, and nothing to be read on the way.
        let url = match emulator.ca_certificate() {
            Some(_) => emulator.base_url().to_owned(),
            None => tap(emulator.base_url(), traffic.clone()).await,
        };
        let (public, private) = (emulator.public_key(), emulator.private_key());
        let (id, secret) = (emulator.client_id(), emulator.client_secret());
        let wrong = "00000000-1111-2222-3333-444444444444";
        secrets.extend([private, secret, wrong, "a-token-of-others"].map(str::to_owned));

        let atlas = |credentials| {
            let builder = Client::builder().credentials(credentials);
            builder.base_url(&url).unwrap()
        };
        let clients: Vec<ClientBuilder> = vec![
            atlas(Credentials::digest(public, private)),
            atlas(Credentials::digest(public, private)).atlas_v1(),
            Client::builder()
                .ops_manager(&url)
                .unwrap()
                .credentials(Credentials::digest(public, private)),
            atlas(Credentials::digest(public, wrong)),
            atlas(Credentials::service_account(id, secret)).token_store(MemoryStore::new()),
            atlas(Credentials::service_account(id, secret))
                .token_store(FileStore::new(folder.path().join("tokens"))),
            // A file is no folder: this store fails.
            atlas(Credentials::service_account(id, secret))
                .token_store(FileStore::new(folder.path().join("file"))),
            atlas(Credentials::service_account(id, secret)).token_store(tokens.clone()),
            atlas(Credentials::service_account(id, wrong)),
            atlas(Credentials::bearer("a-token-of-others")),
        ];
        std::fs::write(folder.path().join("file"), "").unwrap();
        let quick = RetryPolicy::standard().max_delay(Duration::from_millis(1));
        let quick = quick.initial_delay(Duration::from_millis(1));
        for mut builder in clients {
            builder = builder.retry(quick.clone());
            if let Some(certificate) = emulator.ca_certificate() {
                builder = builder.add_root_certificate(certificate).unwrap();
            }
            shown += &format!("{builder:?} {builder:#?}");
            let client = builder.build().unwrap();
            flows(&client, &emulator, &mut shown).await;
        }
    }

    let traffic = traffic.text();
    for seen in ["stale=true", "nextnonce=", "rspauth=", "HTTP/1.1 503"] {
        assert!(traffic.contains(seen), "there was no {seen}");
    }
    secrets.extend(secrets_of(&traffic));
    secrets.extend(tokens.0.lock().unwrap().iter().cloned());
    assert!(secrets.len() > 1_000, "only {} secrets", secrets.len());
    let log = log.text();
    // The log is what it should be: everybody speaks, down to the least.
    for said in [
        "TRACE",
        "hyper_util",
        "reqwest",
        "rustls",
        "h2::",
        "atlas_emulator",
    ] {
        assert!(log.contains(said), "{said} says nothing");
    }
    let places = [("the log", &log), ("what is shown", &shown)];
    for (place, text) in places.map(|(place, text)| (place, distinct_lines(text))) {
        // Whatever went over TLS, too.
        for secret in secrets.iter().map(String::as_str).chain(["nonce="]) {
            assert!(secret.len() >= 6, "{secret} is too short to look for");
            let at = text.find(secret);
            let line = at.map(|at| text[..at].lines().last().unwrap_or_default());
            assert_eq!(line, None, "a secret is in {place}");
        }
    }
}
