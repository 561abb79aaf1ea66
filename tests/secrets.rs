//! No secret appears in logs or errors: runs many calls with all crates' logs turned on, and
//! searches the text for every secret that was sent or received.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use atlas_admin::{
    AccessToken, Client, ClientBuilder, Credentials, Error, FileStore, MemoryStore, OrgRole,
    ProjectRole, RequestOptions, RetryPolicy, TokenKey, TokenStore,
};
use atlas_emulator::{Algorithm, Builder, Emulator};
use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use workspace_tests::ids::UNKNOWN_ID;

/// A buffer that many writers share.
#[derive(Clone, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl SharedBuffer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }
}

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts a proxy that records all bytes between clients and a server; returns its URL.
async fn recording_proxy(server: &str, recorded: SharedBuffer) -> String {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (from_client, to_client) = client.into_split();
            let server = TcpStream::connect(&server).await.unwrap();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(forward(from_client, to_server, recorded.clone()));
            tokio::spawn(forward(from_server, to_client, recorded.clone()));
        }
    });
    url
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut recorded: SharedBuffer,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        recorded.write_all(&buffer[..read]).unwrap();
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

/// Stores no token for the client, and records every token for the test.
#[derive(Clone, Default)]
struct RecordingStore(Arc<Mutex<BTreeSet<String>>>);

impl TokenStore for RecordingStore {
    fn load(&self, _: &TokenKey) -> io::Result<Option<AccessToken>> {
        Ok(None)
    }

    fn save(&self, _: &TokenKey, token: &AccessToken) -> io::Result<()> {
        self.0.lock().insert(token.expose().to_owned());
        Ok(())
    }

    fn remove(&self, _: &TokenKey) -> io::Result<()> {
        Ok(())
    }
}

/// Collects the secrets in authentication headers, and the tokens in bodies.
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
            ("authorization", other) => panic!("unknown authorization: {other:?}"),
            _ => {}
        }
    }
    secrets.extend(fields(traffic, "access_token"));
    secrets
}

/// Returns the values of a field in JSON bodies.
fn fields<'a>(traffic: &'a str, name: &str) -> impl Iterator<Item = String> + 'a {
    let parts: Vec<_> = traffic.split(&format!("{name:?}")).skip(1).collect();
    // The colon may have spaces around it.
    let values = parts.into_iter().filter_map(|part| part.split('"').nth(1));
    values.map(str::to_owned)
}

/// Returns the secret parameters of a digest header.
fn digest_secrets(parameters: &str) -> impl Iterator<Item = String> {
    const NAMES: [&str; 5] = ["nonce", "cnonce", "nextnonce", "response", "rspauth"];
    parameters.split(',').filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        NAMES
            .contains(&name.trim())
            .then(|| value.trim_matches('"').to_owned())
    })
}

/// Calls operations of each kind, with and without errors, and appends all texts to `shown`.
async fn call_all(client: &Client, emulator: &Emulator, shown: &mut String) {
    let (org, project) = (emulator.org_id(), emulator.project_id());
    let key = emulator.api_key_id();
    let mut show = |result: Result<String, Error>| match result {
        Ok(response) => *shown += &response,
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
            (UNKNOWN_ID, UNKNOWN_ID, key),
            (org, project, UNKNOWN_ID),
            ("no id", "no id", key),
        ] {
            let update = client.org(org).api_key(key).update().desc("x");
            let update = update.roles([OrgRole::ReadOnly]).options(options.clone());
            show(update.send().await.map(|response| format!("{response:?}")));
            let replace = client.project(project).api_key(key);
            let replace = replace.replace_roles([ProjectRole::ReadOnly]);
            let replace = replace.options(options.clone()).send();
            show(replace.await.map(|response| format!("{response:?}")));
        }
        let org = client.org(org);
        let create = org.api_keys().create("new").roles([OrgRole::ReadOnly]);
        let created = create.options(options.clone()).await;
        if let Ok(new) = &created {
            let key = org.api_key(&new.id);
            let add = key.access_list().add(["203.0.113.7"]);
            let added = add.options(options.clone()).await;
            show(added.map(|response| format!("{response:?}")));
            show(key.delete().await.map(|response| format!("{response:?}")));
        }
        show(created.map(|response| format!("{response:?} {:?}", response.credentials())));
        let create = client.project(project).api_keys().create("new");
        let create = create
            .roles([ProjectRole::ReadOnly])
            .options(options.clone());
        show(create.await.map(|response| format!("{response:?}")));
        let list = org.api_keys().list().options(options.clone());
        show(list.page().await.map(|response| format!("{response:?}")));
    }
    show(client.revoke_token().await.map(|()| String::new()));
    *shown += &format!("{client:?} {client:#?}");
}

/// Removes repeated lines, which leaves less to search.
fn distinct_lines(text: &str) -> String {
    let lines: BTreeSet<&str> = text.lines().collect();
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn no_secret_is_logged_or_displayed() {
    let (log, traffic) = (SharedBuffer::default(), SharedBuffer::default());
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
    let tokens = RecordingStore::default();
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
        // The proxy cannot read TLS.
        let url = match emulator.ca_certificate() {
            Some(_) => emulator.base_url().to_owned(),
            None => recording_proxy(emulator.base_url(), traffic.clone()).await,
        };
        let (public, private) = (emulator.public_key(), emulator.private_key());
        let (id, secret) = (emulator.client_id(), emulator.client_secret());
        let wrong = "00000000-1111-2222-3333-444444444444";
        secrets.extend([private, secret, wrong, "a-token-of-another-service"].map(str::to_owned));

        let atlas = |credentials| {
            let builder = Client::builder().credentials(credentials);
            builder.base_url(&url)
        };
        let clients: Vec<ClientBuilder> = vec![
            atlas(Credentials::digest(public, private)),
            atlas(Credentials::digest(public, private)).atlas_v1(),
            Client::builder()
                .ops_manager(&url)
                .credentials(Credentials::digest(public, private)),
            atlas(Credentials::digest(public, wrong)),
            atlas(Credentials::service_account(id, secret)).token_store(MemoryStore::new()),
            atlas(Credentials::service_account(id, secret))
                .token_store(FileStore::new(folder.path().join("tokens"))),
            // This store fails, because its folder is a file.
            atlas(Credentials::service_account(id, secret))
                .token_store(FileStore::new(folder.path().join("file"))),
            atlas(Credentials::service_account(id, secret)).token_store(tokens.clone()),
            atlas(Credentials::service_account(id, wrong)),
            atlas(Credentials::bearer("a-token-of-another-service")),
        ];
        std::fs::write(folder.path().join("file"), "").unwrap();
        let policy = RetryPolicy::standard().max_delay(Duration::from_millis(1));
        let policy = policy.initial_delay(Duration::from_millis(1));
        for mut builder in clients {
            builder = builder.retry(policy.clone());
            if let Some(certificate) = emulator.ca_certificate() {
                builder = builder.add_root_certificate(certificate);
            }
            shown += &format!("{builder:?} {builder:#?}");
            let client = builder.build().unwrap();
            call_all(&client, &emulator, &mut shown).await;
        }
    }

    let traffic = traffic.text();
    for seen in ["stale=true", "nextnonce=", "rspauth=", "HTTP/1.1 503"] {
        assert!(traffic.contains(seen), "{seen} never appeared");
    }
    secrets.extend(secrets_of(&traffic));
    secrets.extend(tokens.0.lock().iter().cloned());
    let whole = |key: &String| !key.contains('*');
    let private_keys: BTreeSet<_> = fields(&traffic, "privateKey").filter(whole).collect();
    let count = private_keys.len();
    assert!(count > 50, "only {count} private keys of new API keys");
    secrets.extend(private_keys);
    assert!(secrets.len() > 1_000, "only {} secrets", secrets.len());
    let log = log.text();
    // The log is complete: each crate has written to it, at all levels.
    for source in [
        "TRACE",
        "hyper_util",
        "reqwest",
        "rustls",
        "h2::",
        "atlas_emulator",
    ] {
        assert!(log.contains(source), "{source} has logged nothing");
    }
    let places = [("the log", &log), ("the displayed text", &shown)];
    for (place, text) in places.map(|(place, text)| (place, distinct_lines(text))) {
        // Any nonce counts, since those sent over TLS are unknown.
        for secret in secrets.iter().map(String::as_str).chain(["nonce="]) {
            assert!(secret.len() >= 6, "{secret} is too short to search for");
            let at = text.find(secret);
            let line = at.map(|at| text[..at].lines().last().unwrap_or_default());
            assert_eq!(line, None, "{place} contains a secret");
        }
    }
}
