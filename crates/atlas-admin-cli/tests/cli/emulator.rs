//! The `emulator` command.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::Shell;

#[test]
fn serves_until_interrupted() {
    let shell = Shell::at("http://127.0.0.1:1");
    let mut server = shell
        .command(&["emulator", "--output", "json", "--rng-seed", "7"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = server.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let facts: Value = serde_json::from_str(&line).unwrap();
    let fact = |name: &str| facts[name].as_str().unwrap();

    let user = Shell::at(fact("base_url"))
        .set("MONGODB_ATLAS_PUBLIC_API_KEY", fact("public_key"))
        .set("MONGODB_ATLAS_PRIVATE_API_KEY", fact("private_key"))
        .set("MONGODB_ATLAS_ORG_ID", fact("org_id"));
    let update = [
        "org-key",
        "update",
        "--desc",
        "x",
        "--key",
        fact("api_key_id"),
        "-o",
        "json",
    ];
    assert_eq!(user.run(&update).exits(0).json()["desc"], "x");

    send(&server, Signal::INT);
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

/// A seed file may be a pipe that nobody writes to.
#[test]
fn a_signal_stops_it_before_it_listens() {
    let shell = Shell::at("http://127.0.0.1:1");
    let made = Command::new("mkfifo").arg(shell.path("seed")).status();
    assert!(made.unwrap().success());
    for signal in [Signal::INT, Signal::TERM] {
        let mut server = shell.start(&["emulator", "--seed", "seed"]);
        thread::sleep(Duration::from_millis(500));
        assert!(server.try_wait().unwrap().is_none(), "it did not wait");
        send(&server, signal);
        let signalled = Instant::now();
        while server.try_wait().unwrap().is_none() {
            if signalled.elapsed() > Duration::from_secs(10) {
                server.kill().unwrap();
                server.wait().unwrap();
                panic!("it ignores {signal:?}");
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn its_variables_survive_a_shell() {
    let shell = Shell::at("http://127.0.0.1:1");
    let keys = [
        "two words",
        "it's",
        r#"a "b" $HOME `id` \\ ;#&"#,
        "line\nbreak",
    ];
    for key in keys {
        let seed = serde_json::json!({ "private_key": key });
        shell.write("seed.json", &seed.to_string());
        let certificate = shell.path("ca\necho injected #.pem");
        let arguments = ["emulator", "--seed", "seed.json", "--tls", "--tls-cert-out"];
        let mut server = shell
            .command(&arguments)
            .arg(certificate)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut notes = BufReader::new(server.stderr.take().unwrap());
        // It prints the variables before it says that it listens.
        notes.read_line(&mut line).unwrap();
        send(&server, Signal::INT);
        let mut script = String::new();
        let out = server.stdout.as_mut().unwrap();
        out.read_to_string(&mut script).unwrap();
        assert_eq!(server.wait().unwrap().code(), Some(0), "{line}");

        script.push_str(r#"printf %s "$MONGODB_ATLAS_PRIVATE_API_KEY""#);
        let read = Command::new("/bin/sh").args(["-c", &script]).output();
        let read = String::from_utf8(read.unwrap().stdout).unwrap();
        assert_eq!(read, key, "{script}");
    }
}

fn send(server: &Child, signal: Signal) {
    let pid = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), signal).unwrap();
}
