//! Measures the emulator: updates with digest per second from 32 concurrent clients, and the
//! memory of a million keys. Client and server share the process and its cores.
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
    let started = Instant::now();
    let emulator = Emulator::builder()
        .orgs(9_999)
        .keys_per_org(100)
        .start()
        .await?;
    println!(
        "{} keys in 10000 organizations: {:.1} s, {}",
        emulator.synthetic_keys().count(),
        started.elapsed().as_secs_f64(),
        memory().unwrap_or_default(),
    );
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
        let target = format!(
            "/api/atlas/v2/orgs/{}/apiKeys/{}",
            emulator.org_id(),
            emulator.api_key_id()
        );
        let client = Client {
            stream: TcpStream::connect(emulator.base_url().trim_start_matches("http://")).await?,
            target,
            user: emulator.public_key().to_owned(),
            password: emulator.private_key().to_owned(),
        };
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
    target: String,
    user: String,
    password: String,
}

impl Client {
    async fn run(mut self, until: Instant) -> io::Result<u64> {
        self.stream.set_nodelay(true)?;
        let challenge = self.send("").await?;
        let (_, rest) = challenge
            .split_once("nonce=\"")
            .ok_or(io::ErrorKind::InvalidData)?;
        let nonce = rest.split('"').next().unwrap_or_default().to_owned();
        let hash = |text: String| hex::encode(Md5::digest(text));
        let ha1 = hash(format!("{}:MMS Public API:{}", self.user, self.password));
        let ha2 = hash(format!("PATCH:{}", self.target));
        let mut count = 0;
        while Instant::now() < until {
            count += 1;
            let response = hash(format!("{ha1}:{nonce}:{count:08x}:cafe:auth:{ha2}"));
            let reply = self
                .send(&format!(
                    "Authorization: Digest username=\"{}\", realm=\"MMS Public API\", nonce=\"{nonce}\", uri=\"{}\", algorithm=MD5, qop=auth, nc={count:08x}, cnonce=\"cafe\", response=\"{response}\"\r\n",
                    self.user, self.target
                ))
                .await?;
            if !reply.starts_with("HTTP/1.1 200 ") {
                return Err(io::Error::other(reply));
            }
        }
        Ok(count)
    }

    /// Sends an update and reads the whole response.
    async fn send(&mut self, header: &str) -> io::Result<String> {
        let request = format!(
            "PATCH {} HTTP/1.1\r\nHost: localhost\r\nAccept: application/vnd.atlas.2025-03-12+json\r\nContent-Type: application/json\r\n{header}Content-Length: {}\r\n\r\n{BODY}",
            self.target,
            BODY.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let mut reply = Vec::with_capacity(4096);
        loop {
            if self.stream.read_buf(&mut reply).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = String::from_utf8_lossy(&reply);
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .and_then(|length| length.parse().ok())
                    .unwrap_or(0_usize);
                if body.len() >= length {
                    return Ok(text.into_owned());
                }
            }
        }
    }
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
