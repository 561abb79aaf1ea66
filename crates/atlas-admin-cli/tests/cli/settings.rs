//! The Atlas CLI's settings, and files as people's machines have them.

use std::{fs, os::unix::fs::PermissionsExt};

use atlas_emulator::Emulator;

use crate::support::{
    CLIENT_ID, CLIENT_SECRET, Ended, KEY, ORG, PRIVATE_KEY, PUBLIC_KEY, Shell, service, updates,
};

const CONFIG: &str = ".config/atlas-admin/config.toml";
const ATLAS_CLI: &str = ".config/atlascli/config.toml";
const GET: [&str; 6] = ["org-key", "get", "--org", ORG, "--key", KEY];
const STATUS: [&str; 4] = ["auth", "status", "-o", "json"];

/// Of the form that Atlas gives private keys.
const SWAPPED_KEY: &str = "beefdead-1111-2222-3333-444444444444";

/// Returns a shell without any address.
fn shell() -> Shell {
    Shell::at("http://nowhere.example").set("MONGODB_ATLAS_BASE_URL", "")
}

/// Returns the service and the base URL in use.
fn target(shell: &Shell, arguments: &[&str]) -> (String, String) {
    let status = shell.run(&[&STATUS, arguments].concat()).json();
    let value = |setting: &str| status[setting]["value"].as_str().unwrap().to_owned();
    (value("service"), value("baseUrl"))
}

#[track_caller]
fn assert_says(ended: &Ended, texts: &[&str]) {
    for text in texts {
        assert!(ended.all().contains(text), "{text}: {}", ended.all());
    }
}

const ATLAS: &str = "https://cloud.mongodb.com";
const GOV: &str = "https://cloud.mongodbgov.com";
const OPS_MANAGER: &str = "https://om.example.com";

#[test]
fn a_service_by_any_name_has_its_own_host() {
    for (name, service, url) in [
        ("cloud", "atlas-v2", ATLAS),
        ("cloudgov", "atlas-v2", GOV),
        ("atlas-gov", "atlas-v2", GOV),
        ("cloud-manager", "ops-manager", ATLAS),
    ] {
        let expected = (service.to_owned(), url.to_owned());
        assert_eq!(target(&shell(), &["--service", name]), expected);
        for variable in ["MONGODB_ATLAS_SERVICE", "MCLI_SERVICE"] {
            assert_eq!(target(&shell().set(variable, name), &[]), expected);
        }
        for (file, more) in [(CONFIG, ""), (ATLAS_CLI, "auth_type = \"api_keys\"\n")] {
            let shell = shell();
            shell.write(file, &format!("[default]\nservice = \"{name}\"\n{more}"));
            assert_eq!(target(&shell, &[]), expected, "{file}");
        }
    }
    // An address goes with the service that its source names.
    for (service, url) in [
        ("cloud", "MONGODB_ATLAS_OPS_MANAGER_URL"),
        ("ops-manager", "MONGODB_ATLAS_OPS_MANAGER_URL"),
        ("ops-manager", "MCLI_OPS_MANAGER_URL"),
        ("ops-manager", "MCLI_BASE_URL"),
    ] {
        let shell = shell()
            .set("MONGODB_ATLAS_SERVICE", service)
            .set(url, OPS_MANAGER);
        assert_eq!(target(&shell, &[]).1, OPS_MANAGER, "{service} {url}");
    }
    let shell = shell();
    shell.write(
        ATLAS_CLI,
        &format!("[om]\nservice = \"ops-manager\"\nbase_url = \"{OPS_MANAGER}\"\n"),
    );
    let ours = format!("[default]\nservice = \"ops-manager\"\nbase_url = \"{OPS_MANAGER}\"\n");
    shell.write(CONFIG, &ours);
    let om = ("ops-manager".to_owned(), OPS_MANAGER.to_owned());
    assert_eq!(target(&shell, &["--profile", "om"]), om);
    // The name that the Atlas CLI writes into each profile does not outweigh a variable.
    let with_url = self::shell().set("MONGODB_ATLAS_OPS_MANAGER_URL", OPS_MANAGER);
    with_url.write(ATLAS_CLI, "[default]\nservice = \"cloud\"\n");
    assert_eq!(target(&with_url, &[]), om);
    let with_url = self::shell().set("MONGODB_ATLAS_BASE_URL", "https://proxy.example.com");
    with_url.write(CONFIG, "[default]\nservice = \"atlas-v1\"\n");
    let proxy = (
        "atlas-v1".to_owned(),
        "https://proxy.example.com".to_owned(),
    );
    assert_eq!(target(&with_url, &[]), proxy);
    let atlas = ("atlas-v2".to_owned(), ATLAS.to_owned());
    assert_eq!(target(&shell, &["--service", "cloud"]), atlas);
}

#[test]
fn an_unknown_service_is_an_error_only_where_it_is_used() {
    let shell = shell().set("MONGODB_ATLAS_SERVICE", "cloudy");
    let ended = shell.run(&STATUS).exits(2);
    assert_says(
        &ended,
        &["MONGODB_ATLAS_SERVICE", "unknown service", "atlas-gov"],
    );
    assert_eq!(target(&shell, &["--service", "atlas-v1"]).0, "atlas-v1");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_atlas_clis_variables_are_heeded() {
    let emulator = service().start().await.unwrap();
    let older = shell()
        .set("MCLI_BASE_URL", emulator.base_url())
        .set("MCLI_PUBLIC_API_KEY", PUBLIC_KEY)
        .set("MCLI_PRIVATE_API_KEY", PRIVATE_KEY)
        .set("MCLI_ORG_ID", ORG);
    older.run(&["org-key", "get", "--key", KEY]).exits(0);
    let ended = older
        .set("MONGODB_ATLAS_PUBLIC_API_KEY", "abcdefgh")
        .run(&GET);
    assert_says(
        &ended.exits(3),
        &["MCLI_PUBLIC_API_KEY hold different values"],
    );

    let shell = Shell::at(emulator.base_url()).set("MONGODB_ATLAS_PROFILE", "theirs");
    let profile = format!(
        "[theirs]\npublic_api_key = \"{PUBLIC_KEY}\"\nprivate_api_key = \"{PRIVATE_KEY}\"\n"
    );
    assert_says(
        &shell.run(&GET).exits(2),
        &["MONGODB_ATLAS_PROFILE: no profile \"theirs\""],
    );
    shell.write(ATLAS_CLI, &profile);
    shell.run(&GET).exits(0);
    let ended = shell.run(&[&GET[..], &["--profile", "x"]].concat());
    assert_says(&ended.exits(2), &["--profile: no profile \"x\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_in_a_keyring_and_browser_sessions_are_named() {
    let emulator = service().start().await.unwrap();
    for (profile, reasons) in [
        (
            "auth_type = \"api_keys\"\n",
            &["system's keyring", "atlascli_theirs", "private_api_key"][..],
        ),
        (
            "auth_type = \"service_account\"\n",
            &["system's keyring", "client_secret"],
        ),
        ("auth_type = \"user_account\"\n", &["with a browser"]),
        ("access_token = \"hush\"\n", &["with a browser"]),
    ] {
        // Other credentials do not stand in for those of the profile that was named.
        let shell = Shell::new(&emulator);
        shell.write(ATLAS_CLI, &format!("version = 2\n[theirs]\n{profile}"));
        let ended = shell.run(&[&GET[..], &["--profile", "theirs"]].concat());
        assert_says(&ended.exits(3), reasons);
        let ended = shell.run(&["auth", "status", "--profile", "theirs"]);
        assert_says(&ended.exits(3), reasons);
    }
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_read_are_called_that() {
    let emulator = service().start().await.unwrap();
    for file in [CONFIG, ATLAS_CLI] {
        let shell = Shell::new(&emulator);
        // A folder in its place cannot be read by anyone.
        fs::create_dir_all(shell.path(file)).unwrap();
        let ended = shell.run(&GET).exits(0);
        assert_says(&ended, &[&format!("warning: ~/{file} cannot be read")]);
        let ended = shell.run(&["auth", "status"]).exits(0);
        assert_says(&ended, &["cannot be read"]);
        let ended = shell.run(&[&GET[..], &["--profile", "x"]].concat());
        assert_says(
            &ended.exits(2),
            &[&format!("~/{file}, which cannot be read")],
        );
    }
    let shell = Shell::new(&emulator).set("XDG_CONFIG_HOME", "/dev/null");
    assert_eq!(shell.run(&GET).exits(0).err, "");
}

fn service_account(emulator: &Emulator) -> Shell {
    Shell::at(emulator.base_url())
        .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
        .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_cache_that_cannot_be_used_is_a_warning() {
    let emulator = service().start().await.unwrap();
    let shell = service_account(&emulator).set("XDG_CACHE_HOME", "/dev/null/cache");
    let ended = shell.run(&GET).exits(0);
    assert_eq!(ended.err.matches("warning: ").count(), 1, "{ended:?}");
    assert_says(&ended, &["is not stored for later runs"]);
    // The token would be lost, and an account has 100 of them.
    let log = emulator.request_log();
    let revoked = log
        .iter()
        .filter(|request| request.target().ends_with("/oauth/revoke"));
    assert_eq!(revoked.count(), 1);
    assert_eq!(
        shell.run(&[&GET[..], &["--quiet"]].concat()).exits(0).err,
        ""
    );

    // A token that others can read is not used.
    let shell = service_account(&emulator);
    shell.run(&GET).exits(0);
    let folder = shell.path(".cache/atlas-admin/tokens");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }
    assert_says(&shell.run(&GET).exits(0), &["others can read this token"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_names_place_is_not_shown() {
    let emulator = service().start().await.unwrap();
    let keys = [
        SWAPPED_KEY,
        "beefdead-1111-2222-333344444444",
        "\"BEEFDEAD-1111-2222-3333-444444444444\"",
    ];
    let mut shells = Vec::new();
    for key in keys {
        let shell = Shell::at(emulator.base_url());
        shells.push(
            shell
                .set("MONGODB_ATLAS_PUBLIC_API_KEY", key)
                .set("MONGODB_ATLAS_PRIVATE_API_KEY", PUBLIC_KEY),
        );
    }
    shells.push(
        Shell::at(emulator.base_url())
            .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_SECRET)
            .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_ID),
    );
    for shell in shells {
        for arguments in [&["auth", "status"][..], &STATUS, &GET] {
            let ended = shell.run(arguments).exits(3);
            assert!(!ended.all().to_lowercase().contains("beef"), "{ended:?}");
        }
        let ended = shell.run(&[&GET[..], &["--dry-run"]].concat()).exits(0);
        assert!(!ended.all().to_lowercase().contains("beef"), "{ended:?}");
    }
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_PROJECT_ID", SWAPPED_KEY);
    for (arguments, code) in [
        (&["auth", "status"][..], 0),
        (&STATUS, 0),
        (
            &[
                "project-key",
                "set-roles",
                "--key",
                KEY,
                "--role",
                "GROUP_OWNER",
            ],
            2,
        ),
        (&["org-key", "get", "--org", ORG, "--key", SWAPPED_KEY], 2),
        (&["org-key", "get", "--org", ORG, SWAPPED_KEY], 2),
        (&[SWAPPED_KEY], 2),
        (&["auth", "status", "--profile", SWAPPED_KEY], 2),
        (&["auth", "status", "--service", SWAPPED_KEY], 2),
        (&["auth", "status", "--api-version", SWAPPED_KEY], 2),
    ] {
        let ended = shell.run(arguments).exits(code);
        assert!(!ended.all().contains("beef"), "{ended:?}");
    }
    assert_eq!(emulator.requests(), 0);
}

fn utf16(text: &str) -> Vec<u8> {
    let units = [0xfeff].into_iter().chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn text_files_may_have_marks_and_other_line_ends() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::at(emulator.base_url());
    let config =
        format!("[default]\npublic_key = \"{PUBLIC_KEY}\"\nprivate_key_file = \"secret\"\n");
    let manifest = format!("keys:\n  - id: {KEY}\n    org: {ORG}\n    desc: marked\n");
    let marked = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let secret = ".config/atlas-admin/secret";
    shell.write(CONFIG, &marked(&config));
    shell.write(secret, &marked(&format!("{PRIVATE_KEY}\n")));
    shell.write("keys.yaml", &marked(&manifest));
    shell.run(&GET).exits(0);
    let apply = ["apply", "keys.yaml", "--yes", "--journal", "journal"];
    shell.run(&apply).exits(0);
    shell.write("journal", &marked(&shell.read("journal")));
    let resume = ["apply", "keys.yaml", "--yes", "--resume", "journal"];
    shell.run(&resume).exits(0);
    assert_eq!(updates(&emulator).len(), 1);

    let requests = emulator.requests();
    let fails = |name: &str, text: &str, arguments: &[&str], code| {
        let before = fs::read(shell.path(name)).unwrap_or_default();
        shell.write(name, &utf16(text));
        let ended = shell.run(arguments).exits(code);
        assert_says(&ended, &[name.rsplit('/').next().unwrap(), "UTF-16"]);
        shell.write(name, &before);
    };
    fails(secret, PRIVATE_KEY, &GET, 3);
    fails("keys.yaml", &manifest, &apply[..3], 2);
    fails("journal", "{}", &resume, 2);
    fails(
        "ca.pem",
        "-----BEGIN",
        &[&GET[..], &["--ca-file", "ca.pem"]].concat(),
        2,
    );
    fails(
        CONFIG,
        &config,
        &[&GET[..], &["--config", CONFIG]].concat(),
        2,
    );
    assert_eq!(emulator.requests(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_copy_leaves_around_a_secret_is_named() {
    let emulator = service().start().await.unwrap();
    for (text, reason) in [
        (
            format!("{PRIVATE_KEY}\u{200b}"),
            "invisible character, U+200B",
        ),
        (
            format!("0f3b\u{a0}{PRIVATE_KEY}"),
            "invisible character, U+00A0",
        ),
        (
            format!("\u{202a}{PRIVATE_KEY}"),
            "invisible character, U+202A",
        ),
        (format!("\"{PRIVATE_KEY}\"\n"), "is in quotes; remove them"),
        (
            format!("{{\"privateKey\": \"{PRIVATE_KEY}\"}}"),
            "is a JSON document",
        ),
        (" ".repeat(70_000) + PRIVATE_KEY, "is too long"),
    ] {
        let shell = Shell::at(emulator.base_url());
        shell.write("secret", &text);
        let flags = ["--public-key", PUBLIC_KEY, "--private-key-file", "secret"];
        assert_says(&shell.run(&[&GET[..], &flags].concat()).exits(3), &[reason]);
    }
    let id = format!("{ORG}\u{feff}");
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", &id);
    let ended = shell.run(&["org-key", "get", "--key", KEY]).exits(2);
    assert_says(&ended, &["organization id", "U+FEFF"]);
    assert_eq!(emulator.requests(), 0);
}
