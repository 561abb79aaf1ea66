//! Commands that make a single call.

use atlas_emulator::{RateLimit, ResourceVersion};
use serde_json::{Value, json};

use crate::support::{
    CLIENT_ID, CLIENT_SECRET, KEY, ORG, PROJECT, Shell, UNKNOWN, responds_with, service, updates,
};

const SERVICES: [&str; 3] = ["atlas-v2", "atlas-v1", "ops-manager"];

#[tokio::test(flavor = "multi_thread")]
async fn updates_and_reads_work_on_all_services() {
    for name in SERVICES {
        let emulator = service().start().await.unwrap();
        let shell = Shell::new(&emulator);
        let run = |arguments: &[&str]| {
            let to = ["--service", name, "--base-url", emulator.base_url()];
            shell.run(&[&to, arguments].concat()).exits(0)
        };
        let update = ["org-key", "update", "--org", ORG, "--key", KEY];
        run(&[&update[..], &["--desc", "ci", "--role", "ORG_READ_ONLY"]].concat());
        let set = [
            "project-key",
            "set-roles",
            "--project",
            PROJECT,
            "--key",
            KEY,
        ];
        run(&[&set[..], &["--role", "GROUP_OWNER,GROUP_READ_ONLY"]].concat());

        let get = [
            "org-key", "get", "--org", ORG, "--key", KEY, "--output", "json",
        ];
        let key = run(&get).json();
        assert_eq!(key["desc"], "ci", "{name}");
        assert_eq!(key["id"], KEY);
        let state = emulator.api_key(KEY).unwrap();
        assert_eq!(state.org_roles, ["ORG_READ_ONLY"]);
        assert_eq!(
            state.project_roles[PROJECT],
            ["GROUP_OWNER", "GROUP_READ_ONLY"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_a_key_in_three_formats() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator).set("MONGODB_ATLAS_ORG_ID", ORG);
    let show = |format| {
        let arguments = [
            "org-key",
            "update",
            "--key",
            KEY,
            "--desc",
            "配置 naïve",
            "-o",
            format,
        ];
        shell.run(&arguments).exits(0)
    };
    insta::assert_snapshot!("key_as_table", show("table").all());
    insta::assert_snapshot!("key_as_yaml", show("yaml").all());
    let json = show("json").json();
    assert_eq!(json["desc"], "配置 naïve");
    assert!(json.get("privateKey").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_prints_the_request_and_sends_nothing() {
    let emulator = service().start().await.unwrap();
    // Nothing goes to a proxy either.
    let shell = Shell::new(&emulator).set("http_proxy", "http://127.0.0.1:1");
    let update = [
        "org-key",
        "update",
        "--org",
        ORG,
        "--key",
        KEY,
        "--desc",
        "ci",
        "--dry-run",
    ];
    insta::assert_snapshot!("dry_run", shell.run(&update).exits(0).all());

    for name in SERVICES {
        let arguments = [
            "--service",
            name,
            "--base-url",
            emulator.base_url(),
            "--dry-run",
            "-o",
            "json",
            "project-key",
            "set-roles",
            "--project",
            PROJECT,
            "--key",
            KEY,
            "--role",
            "GROUP_OWNER",
        ];
        let request = shell.run(&arguments).exits(0).json();
        assert_eq!(request["method"], "PATCH");
        assert_eq!(request["body"], json!({ "roles": ["GROUP_OWNER"] }));
        assert_eq!(
            request["headers"]["authorization"],
            r#"Digest username="gswvkocq", ********"#
        );
        let url = request["url"].as_str().unwrap();
        assert!(url.starts_with("http://service.example/api/"), "{url}");
        assert!(
            url.ends_with(&format!("/groups/{PROJECT}/apiKeys/{KEY}")),
            "{url}"
        );
    }
    assert_eq!(emulator.requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_prints_what_a_real_run_sends() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let update = [
        "org-key", "update", "--org", ORG, "--key", KEY, "--desc", "ci",
    ];
    let preview = shell
        .run(&[&update[..], &["--dry-run", "-o", "json"]].concat())
        .exits(0)
        .json();
    shell.run(&update).exits(0);
    let log = emulator.request_log();
    let sent = log.last().unwrap();
    assert_eq!(preview["method"], sent.method().as_str());
    let url = preview["url"].as_str().unwrap();
    assert_eq!(
        url.trim_start_matches("http://service.example"),
        sent.target()
    );
    let headers = preview["headers"].as_object().unwrap();
    assert_eq!(headers.len(), sent.headers().len());
    for (name, value) in sent.headers() {
        let (previewed, sent) = (&headers[name.as_str()], value.to_str().unwrap());
        match name.as_str() {
            "authorization" | "host" => {}
            // The tests of other packages, built with these, turn more encodings on.
            "accept-encoding" => assert!(sent.contains(previewed.as_str().unwrap()), "{sent}"),
            _ => assert_eq!(previewed, sent, "{name}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_advice_and_an_exit_code() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let update = |arguments: &[&str]| {
        shell.run(
            &[
                &["org-key", "update", "--org", ORG, "--desc", "x"],
                arguments,
            ]
            .concat(),
        )
    };
    let mut all = String::new();
    for (ended, code) in [
        (update(&["--key", UNKNOWN]), 1),
        (update(&["--key", KEY, "--role", "GROUP_OWNER"]), 2),
        (update(&["--key", "gswvkocq"]), 2),
        (update(&["--key", KEY, "--role", ""]), 2),
        (
            shell.run(&["org-key", "update", "--org", ORG, "--key", KEY]),
            2,
        ),
        (update(&["--key", KEY, "--base-url", "http://10.0.0.1"]), 2),
        (
            update(&["--key", KEY, "--base-url", "http://127.0.0.1:1"]),
            1,
        ),
        (update(&["--key", KEY, "--service", "ops-manager"]), 2),
        (shell.run(&["org-key", "get", "--key", KEY]), 2),
        (
            Shell::at(emulator.base_url()).run(&["org-key", "get", "--org", ORG, "--key", KEY]),
            3,
        ),
        (
            Shell::at(emulator.base_url())
                .set("MONGODB_ATLAS_PUBLIC_API_KEY", "nobody")
                .set("MONGODB_ATLAS_PRIVATE_API_KEY", "hush")
                .run(&["org-key", "get", "--org", ORG, "--key", KEY]),
            3,
        ),
    ] {
        all.push_str(&ended.exits(code).err);
    }
    insta::assert_snapshot!("failures", all);
    assert_eq!(updates(&emulator), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_errors_as_json() {
    let emulator = service().start().await.unwrap();
    let shell = Shell::new(&emulator);
    let get = [
        "org-key", "get", "--org", ORG, "--key", UNKNOWN, "--output", "json",
    ];
    let ended = shell.run(&get).exits(1);
    assert_eq!(ended.out, "");
    let error: serde_json::Value = serde_json::from_str(&ended.err).unwrap();
    assert_eq!(error["error"]["kind"], "not_found");
    assert_eq!(error["error"]["code"], "API_KEY_NOT_FOUND");
    assert_eq!(error["error"]["outcomeUnknown"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_unknown_roles_with_a_warning() {
    let emulator = service()
        .roles(
            atlas_emulator::Service::AtlasV2,
            ["ORG_ASTRONAUT", "ORG_MEMBER"],
        )
        .start()
        .await
        .unwrap();
    let shell = Shell::new(&emulator);
    let update = [
        "org-key",
        "update",
        "--org",
        ORG,
        "--key",
        KEY,
        "--role",
        "ORG_ASTRONAUT",
    ];
    let ended = shell.run(&update).exits(0);
    assert!(
        ended.err.starts_with("warning: ORG_ASTRONAUT is not"),
        "{}",
        ended.err
    );
    assert_eq!(emulator.api_key(KEY).unwrap().org_roles, ["ORG_ASTRONAUT"]);
    let quiet = shell.run(&[&update[..], &["--quiet"]].concat()).exits(0);
    assert_eq!(quiet.err, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_prints_details() {
    let limited = service().org_rate_limit(RateLimit::ORGANIZATION);
    let emulator = limited.start().await.unwrap();
    let shell = Shell::new(&emulator);
    let get = ["org-key", "get", "--org", ORG, "--key", KEY, "--verbose"];
    let ended = shell.run(&get).exits(0);
    for detail in ["served by version 2023-01-01", " requests remaining"] {
        assert!(ended.err.contains(detail), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn warns_about_a_version_that_ends() {
    let old = ResourceVersion::new("2023-01-01")
        .deprecated("2024-08-05")
        .sunset("2027-07-01");
    let emulator = service().version(old).today("2026-08-10");
    let emulator = emulator.start().await.unwrap();
    let shell = Shell::new(&emulator);
    let get = ["api-key", "get", "--org", ORG, "--key", KEY];
    let warned = shell.run(&get).exits(0).err;
    assert!(
        warned.contains("deprecated since 2024-08-05 and ends on 2027-07-01"),
        "{warned}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn verbose_prints_no_secrets() {
    // `run` searches every output for secrets; this also searches for derived values.
    let emulator = service().start().await.unwrap();
    let account = || {
        Shell::at(emulator.base_url())
            .set("MONGODB_ATLAS_CLIENT_ID", CLIENT_ID)
            .set("MONGODB_ATLAS_CLIENT_SECRET", CLIENT_SECRET)
    };
    let shells = [
        (Shell::new(&emulator), &SERVICES[..]),
        (account(), &SERVICES[..2]),
        (
            Shell::new(&emulator).set("MONGODB_ATLAS_PRIVATE_API_KEY", "hush"),
            &SERVICES[..],
        ),
        (
            account().set("MONGODB_ATLAS_CLIENT_SECRET", "mdb_sa_sk_hush"),
            &SERVICES[..2],
        ),
    ];
    let get = ["org-key", "get", "--org", ORG, "--key", KEY];
    let set = [
        "project-key",
        "set-roles",
        "--project",
        PROJECT,
        "--key",
        KEY,
    ];
    let commands = [
        &["auth", "status"][..],
        &get,
        &[&get[..], &["--dry-run"]].concat(),
        &["org-key", "get", "--org", ORG, "--key", UNKNOWN],
        &[&set[..], &["--role", "GROUP_OWNER"]].concat(),
        &["apply", "keys.yaml", "--yes", "--keep-going"],
    ];
    let mut logged = 0;
    for (shell, services) in shells {
        shell.write(
            "keys.yaml",
            &format!("org: {ORG}\nkeys: [{{id: {KEY}, desc: x}}, {{id: {UNKNOWN}, desc: x}}]\n"),
        );
        for service in services {
            for command in commands {
                let to = ["--service", service, "--base-url", emulator.base_url()];
                let ended = shell.run(&[command, &to, &["--verbose"]].concat());
                for derived in ["response=", "cnonce", "Bearer ey", "access_token"] {
                    assert!(!ended.all().contains(derived), "{derived}: {ended:?}");
                }
                logged += ended.err.lines().count();
            }
        }
    }
    assert!(logged > 100, "nothing was logged");
}

/// A service that responds to an update with the key as it was before.
#[tokio::test(flavor = "multi_thread")]
async fn shows_both_values_of_a_response_that_does_not_match() {
    let emulator = service().start().await.unwrap();
    let url = responds_with(json!({ "id": KEY, "desc": "before" })).await;
    let update = [
        "--base-url",
        &url,
        "org-key",
        "update",
        "--org",
        ORG,
        "--key",
        KEY,
        "--desc",
        "after",
        "--output",
        "json",
    ];
    let run = Shell::new(&emulator).run(&update).exits(1);
    let error: Value = serde_json::from_str(&run.err).unwrap();
    let error = &error["error"];
    assert_eq!(error["kind"], "mismatch");
    assert_eq!(error["outcomeUnknown"], true);
    assert_eq!(
        error["mismatches"],
        json!([{ "field": "desc", "requested": "after", "returned": "before" }])
    );
}
