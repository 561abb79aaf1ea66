//! Whatever a program logs, no secret is in it: every flow of these tests, with
//! all that any crate has to say, searched for what went over the wire.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use atlas_admin::{
    Client, ClientBuilder, Credentials, Error, FileStore, MemoryStore, OrgRole, ProjectRole,
    RequestOptions,
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

/// What must be nowhere: parts of Authorization headers, tokens in bodies.
fn secrets_of(traffic: &str) -> BTreeSet<String> {
    let mut secrets = BTreeSet::new();
    for line in traffic.lines() {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        match value.split_once(' ') {
            _ if !name.eq_ignore_ascii_case("authorization") => {}
            Some(("Basic" | "Bearer", secret)) => {
                secrets.insert(secret.to_owned());
            }
            Some(("Digest", parameters)) => {
                for name in [r#" response=""#, r#" cnonce=""#] {
                    if let Some((_, rest)) = parameters.split_once(name) {
                        secrets.insert(rest.split_once('"').unwrap().0.to_owned());
                    }
                }
            }
            other => panic!("what is this: {other:?}"),
        }
    }
    for part in traffic.split(r#""access_token":""#).skip(1) {
        secrets.insert(part.split_once('"').unwrap().0.to_owned());
    }
    secrets
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

#[tokio::test]
async fn no_secret_is_logged_or_shown() {
    let (log, traffic) = (Kept::default(), Kept::default());
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let folder = tempfile::tempdir().unwrap();
    let mut shown = String::new();
    let mut secrets = BTreeSet::new();
    let emulators: [fn(Builder) -> Builder; 4] = [
        |builder| builder,
        |builder| builder.nonce_uses(1).strict_nc(true),
        |builder| {
            let builder = builder.algorithms([Algorithm::Md5, Algorithm::Sha256Sess]);
            builder.userhash(true).opaque("x").response_auth(true)
        },
        |builder| builder.token_ttl(Duration::ZERO).next_nonce(true),
    ];
    for build in emulators {
        let emulator = build(Emulator::builder()).start().await.unwrap();
        let url = tap(emulator.base_url(), traffic.clone()).await;
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
            atlas(Credentials::service_account(id, wrong)),
            atlas(Credentials::bearer("a-token-of-others")),
        ];
        std::fs::write(folder.path().join("file"), "").unwrap();
        for builder in clients {
            shown += &format!("{builder:?} {builder:#?}");
            let client = builder.build().unwrap();
            flows(&client, &emulator, &mut shown).await;
        }
    }

    secrets.extend(secrets_of(&traffic.text()));
    assert!(secrets.len() > 200, "only {} secrets", secrets.len());
    let log = log.text();
    // The log is what it should be: everybody speaks, down to the least.
    for said in ["TRACE", "hyper_util", "reqwest", "atlas_emulator"] {
        assert!(log.contains(said), "{said} says nothing");
    }
    for secret in &secrets {
        assert!(secret.len() >= 8, "{secret} is too short to look for");
        for (place, text) in [("the log", &log), ("what is shown", &shown)] {
            let at = text.find(secret.as_str());
            let line = at.map(|at| text[..at].lines().last().unwrap_or_default());
            assert_eq!(line, None, "a secret is in {place}");
        }
    }
}
