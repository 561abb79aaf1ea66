//! Where credentials and settings come from.

use std::fs;

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
async fn the_sources_are_asked_in_order() {
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
    let check = |arguments: &[&str]| {
        let check = shell
            .run(&[&["login", "check"], arguments].concat())
            .exits(0);
        check.all()
    };
    insta::assert_snapshot!("login_check_environment", check(&[]));
    insta::assert_snapshot!("login_check_profile", check(&["--profile", "production"]));
    insta::assert_snapshot!(
        "login_check_atlas_cli_profile",
        check(&["--profile", "theirs"])
    );
    let key = ["--public-key", PUBLIC_KEY, "--private-key-file", "secret"];
    insta::assert_snapshot!("login_check_flags", check(&key));
    assert_eq!(emulator.requests(), 0);
    // They all are good for a call.
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
    // The name from one source, the secret by a flag.
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
async fn a_service_accounts_token_is_kept_for_the_next_run() {
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
async fn mistakes_are_told_with_their_place_and_without_secrets() {
    let emulator = service().start().await.unwrap();
    let url = emulator.base_url();
    let mut all = String::new();
    let mut tell = |shell: Shell, arguments: &[&str], code| {
        all.push_str(&shell.run(&get(arguments)).exits(code).err);
    };
    let shell = || Shell::at(url).set("MONGODB_ATLAS_ORG_ID", ORG);
    tell(shell().set("MONGODB_ATLAS_PUBLIC_KEY", "hush"), &[], 3);
    tell(
        shell()
            .set("MONGODB_ATLAS_PUBLIC_KEY", CLIENT_ID)
            .set("MONGODB_ATLAS_PRIVATE_KEY", CLIENT_SECRET),
        &[],
        3,
    );
    tell(
        shell()
            .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
            .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET),
        &["--service", "ops-manager", "--base-url", url],
        3,
    );
    tell(shell(), &["--private-key-file", "nowhere"], 3);
    let with_config = |text: &str| {
        let shell = shell();
        shell.write(CONFIG, text);
        shell
    };
    tell(with_config("[default]\nprivate_kye = \"hush\"\n"), &[], 2);
    tell(with_config("[default]\nprivate_key = hush\n"), &[], 2);
    tell(with_config("[default]\nprivate_key = 4711\n"), &[], 2);
    tell(
        with_config(&api_key_profile("here")),
        &["--profile", "there"],
        2,
    );
    tell(shell(), &["--config", "nowhere"], 2);
    let with_password = url.replace("//", "//user:hush@");
    tell(shell(), &["--base-url", &with_password], 2);
    tell(
        shell().set("MONGODB_ATLAS_OPS_MANAGER_URL", "https://om.example.com"),
        &[],
        2,
    );
    insta::assert_snapshot!("mistakes", all);
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_others_can_read_are_warned_of() {
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
        assert!(warned.contains("secret; chmod 600"), "{warned}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_not_needed_may_be_broken() {
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
    let ended = shell.run(&["login", "check"]).exits(3);
    assert!(
        ended
            .out
            .contains("cannot read ~/.config/atlas-admin/nowhere"),
        "{ended:?}"
    );
    assert!(ended.err.contains("[default]: cannot read"), "{ended:?}");

    // The environment's is not text, or is said twice.
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
async fn no_credentials_are_told_by_login_check() {
    let emulator = service().start().await.unwrap();
    let ended = Shell::at(emulator.base_url())
        .run(&["login", "check"])
        .exits(3);
    insta::assert_snapshot!("login_check_without_credentials", ended.all());
    let ended = Shell::new(&emulator)
        .run(&["login", "check", "-o", "json"])
        .exits(0);
    assert_eq!(ended.json()["credentials"]["name"], PUBLIC_KEY);
}
