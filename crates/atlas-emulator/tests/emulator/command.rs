//! The command, with `curl` as an independent client.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

/// A running command, killed on drop.
struct Server {
    child: Child,
    said: Value,
    rest: BufReader<std::process::ChildStdout>,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_atlas-emulator"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        rest.read_line(&mut line).unwrap();
        let said = serde_json::from_str(&line).unwrap();
        Self { child, said, rest }
    }

    fn get(&self, name: &str) -> &str {
        self.said[name].as_str().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the status and body, or `None` if curl is not installed.
fn curl(arguments: &[&str]) -> Option<(u16, String)> {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--max-time",
            "20",
            "--write-out",
            "\n%{http_code}",
        ])
        .args(arguments)
        .output();
    match output {
        Ok(output) => {
            let text = String::from_utf8(output.stdout).unwrap();
            let (body, status) = text.rsplit_once('\n').unwrap();
            Some((status.parse().unwrap(), body.to_owned()))
        }
        Err(error) => {
            eprintln!("SKIPPED: curl is not installed: {error}");
            None
        }
    }
}

#[test]
fn it_prints_one_line_and_stops_on_sigterm() {
    let mut server = Server::start(&["--listen", "127.0.0.1:0"]);
    let mut names: Vec<_> = server.said.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(
        names,
        [
            "api_key_id",
            "base_url",
            "client_id",
            "client_secret",
            "org_id",
            "private_key",
            "project_id",
            "public_key"
        ]
    );
    if cfg!(unix) {
        let id = server.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        assert!(server.child.wait().unwrap().success());
        let mut rest = String::new();
        server.rest.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "it prints one line only");
    }
}

/// A seed file may be a pipe that nobody writes to.
#[cfg(unix)]
#[test]
fn a_signal_stops_it_before_it_listens() {
    let folder = folder();
    let seed = folder.path().join("seed");
    let made = Command::new("mkfifo").arg(&seed).status().unwrap();
    assert!(made.success());
    for signal in ["-INT", "-TERM"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_atlas-emulator"))
            .args(["--listen", "127.0.0.1:0", "--seed"])
            .arg(&seed)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(500));
        assert!(child.try_wait().unwrap().is_none(), "it did not wait");
        let id = child.id().to_string();
        Command::new("kill").args([signal, &id]).status().unwrap();
        let signalled = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if signalled.elapsed() > Duration::from_secs(10) {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it ignores {signal}");
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert!(!status.success());
    }
}

#[test]
fn listening_beyond_loopback_requires_a_flag() {
    let output = Command::new(env!("CARGO_BIN_EXE_atlas-emulator"))
        .args(["--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let server = Server::start(&["--listen", "0.0.0.0:0", "--allow-remote"]);
    assert!(server.get("base_url").starts_with("http://0.0.0.0:"));
}

#[test]
fn curl_updates_a_key_on_every_service() {
    for arguments in [
        ["--algorithm", "md5", "--nonce-ttl", "60s"],
        ["--algorithm", "sha-256", "--latency", "1ms"],
    ] {
        let server = Server::start(&[&["--strict-nc"], arguments.as_slice()].concat());
        let base = server.get("base_url");
        let (org, project) = (server.get("org_id"), server.get("project_id"));
        let key = server.get("api_key_id");
        let user = format!("{}:{}", server.get("public_key"), server.get("private_key"));
        let wrong = format!("{}:wrong", server.get("public_key"));
        let accept = "Accept: application/vnd.atlas.2023-10-01+json";
        let json = "Content-Type: application/json";
        for service in ["atlas/v2", "atlas/v1.0", "public/v1.0"] {
            let org = format!("{base}/api/{service}/orgs/{org}/apiKeys/{key}");
            let project = format!("{base}/api/{service}/groups/{project}/apiKeys/{key}");
            let send = |user: &str, url: &str, body: &str| {
                curl(&[
                    "--digest", "--user", user, "-X", "PATCH", "-H", accept, "-H", json, "-d",
                    body, url,
                ])
            };
            let body = r#"{"desc":"by curl","roles":["ORG_READ_ONLY"]}"#;
            let Some((status, text)) = send(&user, &org, body) else {
                return;
            };
            assert_eq!(status, 200, "{text}");
            let seen: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(seen["desc"], "by curl");
            assert_eq!(seen["roles"][0]["roleName"], "ORG_READ_ONLY");
            let roles = r#"{"roles":["GROUP_OWNER"]}"#;
            assert_eq!(send(&user, &project, roles).unwrap().0, 200);
            assert_eq!(send(&wrong, &org, body).unwrap().0, 401);
            assert_eq!(send(&user, &org, "{}").unwrap().0, 400);
        }
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn curl_verifies_the_written_certificate() {
    let folder = folder();
    let pem = folder.path().join("ca.pem");
    let pem = pem.to_str().unwrap();
    for (arguments, kept) in [
        (["--tls", "--tls-cert-out", pem].as_slice(), true),
        (["--tls"].as_slice(), false),
    ] {
        let server = Server::start(arguments);
        let written = server.get("ca_certificate");
        assert_eq!(written == pem, kept);
        let base = server.get("base_url");
        let url = format!(
            "{base}/api/atlas/v2/orgs/{}/apiKeys/{}",
            server.get("org_id"),
            server.get("api_key_id")
        );
        let user = format!("{}:{}", server.get("public_key"), server.get("private_key"));
        let accept = "Accept: application/vnd.atlas.2025-03-12+json";
        for http in ["--http1.1", "--http2"] {
            let Some((status, text)) = curl(&[
                http, "--cacert", written, "--digest", "--user", &user, "-H", accept, &url,
            ]) else {
                return;
            };
            assert_eq!(status, 200, "{text}");
        }
        assert_ne!(
            curl(&[&url]).unwrap().0,
            200,
            "a client without the certificate gets no response"
        );
    }
}

#[test]
fn seed_file_faults_and_access_list_take_effect() {
    let folder = folder();
    let seed = folder.path().join("seed.yaml");
    std::fs::write(&seed, "org_id: 5980cfc70b6d97029d82e3f6\n").unwrap();
    let seed = seed.to_str().unwrap();
    let server = Server::start(&["--seed", seed, "--faults", "503:times=1,on=all"]);
    assert_eq!(server.get("org_id"), "5980cfc70b6d97029d82e3f6");
    let url = format!("{}/", server.get("base_url"));
    if let Some((status, _)) = curl(&[&url]) {
        assert_eq!(status, 503);
        assert_eq!(curl(&[&url]).unwrap().0, 404);
    }
    let server = Server::start(&["--access-list", "192.0.2.7,10.0.0.0/8", "--admin"]);
    let user = format!("{}:{}", server.get("public_key"), server.get("private_key"));
    let base = server.get("base_url");
    let url = format!(
        "{base}/api/atlas/v1.0/orgs/{0}/apiKeys/{0}",
        server.get("org_id")
    );
    if let Some((status, text)) = curl(&["--digest", "--user", &user, &url]) {
        assert_eq!(status, 403, "{text}");
        let (status, _) = curl(&[&format!("{base}/_emulator/state")]).unwrap();
        assert_eq!(status, 200);
    }
}

#[test]
fn invalid_arguments_are_reported_before_listening() {
    let folder = folder();
    let seed = folder.path().join("seed.yaml");
    std::fs::write(&seed, "orgid: x\n").unwrap();
    let seed = seed.to_str().unwrap();
    for (arguments, reason) in [
        (["--faults", "418"], "unknown fault"),
        (["--seed", seed], "orgid"),
        (["--seed", "/does/not/exist"], "/does/not/exist"),
        (["--today", "tomorrow"], "tomorrow"),
        (["--access-list", "everywhere"], "everywhere"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_atlas-emulator"))
            .args(arguments)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(reason), "{arguments:?}: {said}");
    }
}

#[test]
fn it_prints_the_schema_of_seed_files() {
    let output = Command::new(env!("CARGO_BIN_EXE_atlas-emulator"))
        .arg("--print-seed-schema")
        .output()
        .unwrap();
    assert!(output.status.success());
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["keys"].is_object());
}

/// The reader of the log may have exited.
#[test]
fn it_survives_a_closed_standard_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_atlas-emulator"))
        .env_remove("RUST_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    let mut rest = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    rest.read_line(&mut line).unwrap();
    let said = serde_json::from_str(&line).unwrap();
    let mut server = Server { child, said, rest };
    let url = format!("{}/", server.get("base_url"));
    if let Some((status, _)) = curl(&[&url]) {
        assert_eq!(status, 404);
    }
    assert!(server.child.try_wait().unwrap().is_none(), "it exited");
}

#[cfg(unix)]
#[test]
fn requests_are_logged_on_standard_error() {
    for log in ["text", "json", "off"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_atlas-emulator"))
            .args(["--log", log, "--faults", "429:on=all"])
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        let url = format!("{}/api/atlas/v2?page=1", said["base_url"].as_str().unwrap());
        let asked = curl(&["--user", "someone:secret", &url]);
        let id = child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        let mut logged = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut logged)
            .unwrap();
        child.wait().unwrap();
        if asked.is_none() {
            return;
        }
        assert!(!logged.contains("secret"), "{logged}");
        let request = logged.lines().find(|line| line.contains("/api/atlas/v2"));
        match log {
            "text" => {
                let request = request.unwrap();
                assert!(request.contains("GET /api/atlas/v2"), "{request}");
                assert!(request.contains("status=429"), "{request}");
                assert!(request.contains(r#"fault="429""#), "{request}");
            }
            "json" => {
                let request: Value = serde_json::from_str(request.unwrap()).unwrap();
                assert_eq!(request["message"], "GET /api/atlas/v2");
                assert_eq!(request["status"], 429);
                assert_eq!(request["code"], "RATE_LIMITED_TOKEN_BUCKET");
            }
            _ => assert_eq!(logged, ""),
        }
    }
}
