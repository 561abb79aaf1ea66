//! The `emulator` command.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
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

    let pid = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.unwrap(), Signal::INT).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0));
}
