//! Measures the emulator: updates with digest per second from 32 concurrent clients, the memory of
//! a million keys, and the time of a page. Client and server share the process and its cores.
//!
//! ```text
//! cargo run --release -p atlas-emulator --example load
//! ```

use std::{
    io,
    time::{Duration, Instant},
};

use atlas_emulator::Emulator;
use md5::{Digest, Md5};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const CONNECTIONS: usize = 32;
const TIME: Duration = Duration::from_secs(5);
const BODY: &str = r#"{"desc":"under load","roles":["ORG_READ_ONLY"]}"#;

#[tokio::main]
async fn main() -> io::Result<()> {
    updates().await?;
    let small = Emulator::builder().keys_per_org(498).log_capacity(0);
    page(&small.no_rate_limits().start().await?, 500).await?;
    let started = Instant::now();
    let emulator = Emulator::builder()
        .orgs(9_999)
        .keys_per_org(100)
        .no_rate_limits()
        .log_capacity(0)
        .start()
        .await?;
    println!(
        "{} keys in 10000 organizations: {:.1} s, {}",
        emulator.synthetic_keys().count(),
        started.elapsed().as_secs_f64(),
        memory().unwrap_or_default(),
    );
    page(&emulator, 100).await
}

/// Measures a page of the first organization's keys.
async fn page(emulator: &Emulator, items: u32) -> io::Result<()> {
    let path = format!("/api/atlas/v2/orgs/{}/apiKeys", emulator.org_id());
    let mut client = Client::connect(emulator, "GET", &path).await?;
    client.target += &format!("?itemsPerPage={items}");
    let (pages, started) = (200, Instant::now());
    client.authorize().await?;
    for _ in 0..pages {
        client.call("").await?;
    }
    let time = started.elapsed() / pages;
    println!("{time:.1?} for a page of {items} keys");
    Ok(())
}

async fn updates() -> io::Result<()> {
    let emulator = Emulator::builder()
        .no_rate_limits()
        .strict_nc(true)
        .log_capacity(0)
        .start()
        .await?;
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let path = format!(
            "/api/atlas/v2/orgs/{}/apiKeys/{}",
            emulator.org_id(),
            emulator.api_key_id()
        );
        let client = Client::connect(&emulator, "PATCH", &path).await?;
        clients.spawn(client.run(started + TIME));
    }
    let mut done = 0;
    while let Some(client) = clients.join_next().await {
        done += client??;
    }
    let rate = done as f64 / started.elapsed().as_secs_f64();
    println!("{rate:.0} updates/s from {CONNECTIONS} concurrent clients");
    Ok(())
}

/// A connection that reuses one nonce.
struct Client {
    stream: TcpStream,
    method: &'static str,
    target: String,
    user: String,
    password: String,
    nonce: String,
    count: u32,
}

impl Client {
    async fn connect(emulator: &Emulator, method: &'static str, path: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(emulator.base_url().trim_start_matches("http://")).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            method,
            target: path.to_owned(),
            user: emulator.public_key().to_owned(),
            password: emulator.private_key().to_owned(),
            nonce: String::new(),
            count: 0,
        })
    }

    async fn run(mut self, until: Instant) -> io::Result<u64> {
        self.authorize().await?;
        let mut done = 0;
        while Instant::now() < until {
            self.call(BODY).await?;
            done += 1;
        }
        Ok(done)
    }

    /// Fetches a nonce.
    async fn authorize(&mut self) -> io::Result<()> {
        let challenge = self.send("", "").await?;
        let (_, rest) = challenge
            .split_once("nonce=\"")
            .ok_or(io::ErrorKind::InvalidData)?;
        self.nonce = rest.split('"').next().unwrap_or_default().to_owned();
        Ok(())
    }

    /// Sends a request with the next count of the nonce.
    async fn call(&mut self, body: &str) -> io::Result<()> {
        self.count += 1;
        let (nonce, count, target) = (&self.nonce, self.count, &self.target);
        let hash = |text: String| const_hex::encode(Md5::digest(text));
        let ha1 = hash(format!("{}:MMS Public API:{}", self.user, self.password));
        let ha2 = hash(format!("{}:{target}", self.method));
        let response = hash(format!("{ha1}:{nonce}:{count:08x}:cafe:auth:{ha2}"));
        let header = format!(
            "Authorization: Digest username=\"{}\", realm=\"MMS Public API\", nonce=\"{nonce}\", uri=\"{target}\", algorithm=MD5, qop=auth, nc={count:08x}, cnonce=\"cafe\", response=\"{response}\"\r\n",
            self.user
        );
        let reply = self.send(&header, body).await?;
        match reply.starts_with("HTTP/1.1 200 ") {
            true => Ok(()),
            false => Err(io::Error::other(reply)),
        }
    }

    /// Sends a request and reads the whole response.
    async fn send(&mut self, header: &str, body: &str) -> io::Result<String> {
        let request = format!(
            "{} {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/vnd.atlas.2025-03-12+json\r\nContent-Type: application/json\r\n{header}Content-Length: {}\r\n\r\n{body}",
            self.method,
            self.target,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::with_capacity(4096);
        let mut length = None;
        loop {
            if self.stream.read_buf(&mut reply).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if length.is_none() {
                length = whole_length(&reply);
            }
            if length.is_some_and(|length| reply.len() >= length) {
                return String::from_utf8(reply).map_err(io::Error::other);
            }
        }
    }
}

/// Returns the length of a response with its head, once the head is complete.
fn whole_length(reply: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(reply);
    let (head, _) = text.split_once("\r\n\r\n")?;
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .and_then(|length| length.parse().ok())
        .unwrap_or(0_usize);
    Some(head.len() + 4 + length)
}

/// Returns the peak memory of this process, on systems with `/proc`.
fn memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(
        line.split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" "),
    )
}
