//! The command, and `curl` as a client that is not ours.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// A running command. It is killed when the test ends early.
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

/// `None` without curl on this machine.
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
            eprintln!("SKIPPED: no curl on this machine: {error}");
            None
        }
    }
}

#[test]
fn it_says_one_line_and_stops_when_asked() {
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
        assert_eq!(rest, "", "one line and no more");
    }
}

#[test]
fn it_does_not_listen_beyond_loopback_unless_told() {
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
