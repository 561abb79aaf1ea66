//! Sources of credentials and settings.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{CLIENT_ID, CLIENT_SECRET, KEY, ORG, PRIVATE_KEY, PUBLIC_KEY, Shell, service};

const CONFIG: &str = ".config/atlas-admin/config.toml";
const ATLAS_CLI: &str = ".config/atlascli/config.toml";
const GET: [&str; 4] = ["org-key", "get", "--key", KEY];

fn get(arguments: &[&str]) -> Vec<&'static str> {
    let arguments = arguments
        .iter()
        .map(|argument| &*argument.to_string().leak());
    GET.into_iter().chain(arguments).collect()
}

fn api_key_profile(name: &str) -> String {
    format!(
        "[{name}]\norg = \"{ORG}\"\npublic_key = \"{PUBLIC_KEY}\"\nprivate_key = \"{PRIVATE_KEY}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_source_with_a_setting_wins() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url())
        .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
        .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET)
        .set("MONGODB_ATLAS_ORG_ID", ORG);
    let profiles = api_key_profile("default") + &api_key_profile("production");
    shell.write(CONFIG, &(profiles + "service = \"atlas-v1\"\n"));
    shell.write(
        ATLAS_CLI,
        &format!(
            "[default]\npublic_api_key = \"abcdefgh\"\nprivate_api_key = \"hush\"\nservice = \"cloud\"\n\n\
             [theirs]\nauth_type = \"service_account\"\nclient_id = \"{CLIENT_ID}\"\n\
             client_secret = \"{CLIENT_SECRET}\"\norg_id = \"{ORG}\"\n"
        ),
    );
    shell.write("secret", &format!("{PRIVATE_KEY}\n"));
    let status = |arguments: &[&str]| {
        let ended = shell
            .run(&[&["auth", "status"], arguments].concat())
            .exits(0);
        ended.all()
    };
    insta::assert_snapshot!("auth_status_environment", status(&[]));
    insta::assert_snapshot!("auth_status_profile", status(&["--profile", "production"]));
    insta::assert_snapshot!(
        "auth_status_atlas_cli_profile",
        status(&["--profile", "theirs"])
    );
    let key = ["--public-key", PUBLIC_KEY, "--private-key-file", "secret"];
    insta::assert_snapshot!("auth_status_flags", status(&key));
    assert_eq!(emulator.requests(), 0);
    // Each of them works for a call.
    for arguments in [
        &[][..],
        &["--profile", "production"],
        &["--profile", "theirs"],
        &key,
    ] {
        shell.run(&get(arguments)).exits(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_come_from_files_and_standard_input() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url()).set("MONGODB_ATLAS_ORG_ID", ORG);
    let ended = shell.run_with_input(
        &get(&["--public-key", PUBLIC_KEY, "--private-key-stdin"]),
        PRIVATE_KEY,
    );
    ended.exits(0);
    let ended = shell.run_with_input(
        &get(&["--client-id", CLIENT_ID, "--private-key-stdin"]),
        CLIENT_SECRET,
    );
    ended.exits(0);
    // The public key from the environment, the secret from a flag.
    let named = Shell::at(emulator.base_url())
        .set("MONGODB_ATLAS_ORG_ID", ORG)
        .set("MONGODB_ATLAS_PUBLIC_API_KEY", PUBLIC_KEY);
    let ended = named.run_with_input(&get(&["--private-key-stdin"]), PRIVATE_KEY);
    ended.exits(0);
    shell.write(".config/atlas-admin/secret", PRIVATE_KEY);
    let config =
        format!("[default]\npublic_key = \"{PUBLIC_KEY}\"\nprivate_key_file = \"secret\"\n");
    shell.write(CONFIG, &config);
    shell.run(&get(&[])).exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn service_account_tokens_are_stored_for_the_next_run() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url())
        .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
        .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET)
        .set("MONGODB_ATLAS_ORG_ID", ORG);
    for _ in 0..3 {
        shell.run(&get(&["--verbose"])).exits(0);
    }
    let log = emulator.request_log();
    let tokens = log
        .iter()
        .filter(|request| request.target().ends_with("/oauth/token"));
    assert_eq!(tokens.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_start_at_once_request_one_token() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url())
        .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
        .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET)
        .set("MONGODB_ATLAS_ORG_ID", ORG);
    let runs: Vec<_> = (0..16).map(|_| shell.start(&get(&[]))).collect();
    for run in runs {
        shell.wait(run).exits(0);
    }
    let log = emulator.request_log();
    let tokens = log
        .iter()
        .filter(|request| request.target().ends_with("/oauth/token"));
    assert_eq!(tokens.count(), 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_in_the_place_of_a_stored_token_delays_nothing() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url())
        .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
        .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET)
        .set("MONGODB_ATLAS_ORG_ID", ORG);
    shell.run(&get(&[])).exits(0);
    let folder = shell.path(".cache/atlas-admin/tokens");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
    }
    let started = Instant::now();
    let ended = shell.run(&get(&[]));
    assert!(started.elapsed() < Duration::from_secs(10), "{ended:?}");
    assert!(ended.err.contains("not a regular file"), "{ended:?}");
}

#[test]
fn a_dry_run_needs_no_certificates() {
    Shell::at("https://om.example.com")
        .set("SSL_CERT_FILE", "/nonexistent")
        .set("SSL_CERT_DIR", "/nonexistent")
        .set("MONGODB_ATLAS_PUBLIC_KEY", PUBLIC_KEY)
        .set("MONGODB_ATLAS_PRIVATE_KEY", PRIVATE_KEY)
        .set("MONGODB_ATLAS_ORG_ID", ORG)
        .run(&[
            "org-key",
            "update",
            "--key",
            KEY,
            "--desc",
            "x",
            "--dry-run",
        ])
        .exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_errors_name_the_location_and_hide_secrets() {
    let emulator = service().start().await.unwrap();
    let url = emulator.base_url();
    let mut all = String::new();
    let mut fail = |shell: Shell, arguments: &[&str], code| {
        all.push_str(&shell.run(&get(arguments)).exits(code).err);
    };
    let shell = || Shell::at(url).set("MONGODB_ATLAS_ORG_ID", ORG);
    fail(shell().set("MONGODB_ATLAS_PUBLIC_KEY", "hush"), &[], 3);
    fail(
        shell()
            .set("MONGODB_ATLAS_PUBLIC_KEY", CLIENT_ID)
            .set("MONGODB_ATLAS_PRIVATE_KEY", CLIENT_SECRET),
        &[],
        3,
    );
    fail(
        shell()
            .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
            .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET),
        &["--service", "ops-manager", "--base-url", url],
        3,
    );
    fail(
        shell()
            .set("MONGODB_ATLAS_PUBLIC_KEY", PUBLIC_KEY)
            .set("MONGODB_ATLAS_PRIVATE_KEY", PRIVATE_KEY)
            .set("MONGODB_ATLAS_ACCESS_TOKEN", "hush"),
        &[],
        3,
    );
    fail(shell(), &["--private-key-file", "nowhere"], 3);
    let with_file = |text: &str| {
        let shell = shell();
        shell.write("key", text);
        shell
    };
    let by_file = ["--private-key-file", "key"];
    fail(with_file(PRIVATE_KEY), &by_file, 3);
    fail(with_file(" \n"), &by_file, 3);
    let with_config = |text: &str| {
        let shell = shell();
        shell.write(CONFIG, text);
        shell
    };
    fail(with_config("[default]\nprivate_kye = \"hush\"\n"), &[], 2);
    fail(with_config("[default]\nprivate_key = hush\n"), &[], 2);
    fail(with_config("[default]\nprivate_key = 4711\n"), &[], 2);
    let twice = "[default]\nprivate_key = \"hush\"\nprivate_key_file = \"hush\"\n";
    fail(with_config(twice), &[], 3);
    fail(
        with_config(&api_key_profile("here")),
        &["--profile", "there"],
        2,
    );
    fail(shell(), &["--config", "nowhere"], 2);
    let with_password = url.replace("//", "//user:hush@");
    fail(shell(), &["--base-url", &with_password], 2);
    fail(
        shell().set("MONGODB_ATLAS_OPS_MANAGER_URL", "https://om.example.com"),
        &[],
        2,
    );
    insta::assert_snapshot!("configuration_errors", all);
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn warns_about_secrets_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;

    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url());
    let path = shell.write(CONFIG, &api_key_profile("default"));
    assert_eq!(shell.run(&get(&[])).exits(0).err, "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let warned = shell.run(&get(&[])).exits(0).err;
    assert!(warned.contains("chmod 600"), "{warned}");

    let shell = Shell::at(emulator.base_url()).set("MONGODB_ATLAS_ORG_ID", ORG);
    let files =
        format!("[default]\npublic_key = \"{PUBLIC_KEY}\"\nprivate_key_file = \"secret\"\n");
    shell.write(CONFIG, &files);
    let path = shell.write(".config/atlas-admin/secret", PRIVATE_KEY);
    let by_flag = get(&["--private-key-file", ".config/atlas-admin/secret"]);
    for arguments in [get(&[]), by_flag] {
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(shell.run(&arguments).exits(0).err, "");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let warned = shell.run(&arguments).exits(0).err;
        assert!(warned.contains("secret; run chmod 600"), "{warned}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_sources_may_be_broken() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url());
    let broken = "[default]\npublic_key = \"x\"\nprivate_key_file = \"nowhere\"\n";
    shell.write(CONFIG, &(broken.to_owned() + &api_key_profile("good")));
    shell.run(&get(&["--profile", "good"])).exits(0);
    shell.write("secret", PRIVATE_KEY);
    let flags = [
        "--org",
        ORG,
        "--public-key",
        PUBLIC_KEY,
        "--private-key-file",
        "secret",
    ];
    shell.run(&get(&flags)).exits(0);
    let ended = shell.run(&["auth", "status"]).exits(3);
    assert!(
        ended
            .out
            .contains("cannot read ~/.config/atlas-admin/nowhere"),
        "{ended:?}"
    );
    assert!(ended.err.contains("[default]: cannot read"), "{ended:?}");

    // Variables that are not UTF-8, or that contradict each other.
    let mut command = shell.command(&get(&["--profile", "good"]));
    let ended = command
        .env("MONGODB_ATLAS_PUBLIC_KEY", OsStr::from_bytes(b"\xff"))
        .env("MONGODB_ATLAS_OPS_MANAGER_URL", OsStr::from_bytes(b"\xff"))
        .args(["--base-url", emulator.base_url()])
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let shell = shell
        .set("MONGODB_ATLAS_PUBLIC_KEY", "a")
        .set("MONGODB_ATLAS_PUBLIC_API_KEY", "b");
    shell.run(&get(&["--profile", "good"])).exits(0);
    let ended = shell.run(&get(&["--org", ORG])).exits(3);
    assert!(ended.err.contains("hold different values"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn auth_status_reports_missing_credentials() {
    let emulator = service().start().await.unwrap();
    let ended = Shell::at(emulator.base_url())
        .run(&["auth", "status"])
        .exits(3);
    insta::assert_snapshot!("auth_status_without_credentials", ended.all());
    let ended = Shell::new(&emulator)
        .run(&["auth", "status", "-o", "json"])
        .exits(0);
    assert_eq!(ended.json()["credentials"]["name"], PUBLIC_KEY);
}
