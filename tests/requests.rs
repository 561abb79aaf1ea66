//! The exact request for each documented operation, and the API key in its response.

use atlas_admin::{
    ApiVersion, Client, ClientBuilder, Credentials, Error, OrgRole, ProjectRole, RequestOptions,
    Response,
};
use workspace_tests::{
    fault_server::{Behavior, FaultServer, Script},
    fixture,
    ids::fixture::{API_KEY_ID, ORG_ID, PROJECT_ID},
};

fn digest() -> Credentials {
    Credentials::digest("hijklmno", "11111111-2222-3333-4444-555555555555")
}

/// Formats the requests and the key for a snapshot.
fn transcript<T: std::fmt::Debug>(server: &FaultServer, response: &Response<T>) -> String {
    let requests: Vec<String> = server
        .requests()
        .iter()
        .map(|request| mask(request, &server.url))
        .collect();
    format!(
        "{}\n\n{:#?}\nserved version: {:?}\n",
        requests.join("\n\n"),
        **response,
        response.served_version()
    )
}

/// Masks the host and what is secret or random in a request, and sorts its headers.
fn mask(request: &str, url: &str) -> String {
    let host = url.trim_start_matches("http://");
    let text = request.replace(host, "HOST");
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let mut headers: Vec<String> = headers.lines().map(mask_header).collect();
    headers.sort();
    format!("{line}\n{}\n\n{body}", headers.join("\n"))
}

fn mask_header(header: &str) -> String {
    let (name, value) = header.split_once(": ").unwrap();
    let value = match (name, value.split_once(' ')) {
        ("authorization", Some(("Digest", parameters))) => {
            let parameters =
                parameters
                    .split(", ")
                    .map(|parameter| match parameter.split_once('=') {
                        Some((name @ ("nonce" | "cnonce" | "response"), _)) => {
                            format!("{name}=***")
                        }
                        _ => parameter.to_owned(),
                    });
            format!("Digest {}", parameters.collect::<Vec<_>>().join(", "))
        }
        ("authorization", Some((scheme, _))) => format!("{scheme} ***"),
        ("user-agent", _) => "***".to_owned(),
        _ => value.to_owned(),
    };
    format!("{name}: {value}")
}

/// Starts a server that sends a challenge, if asked for one, and this fixture.
async fn serve(response: &str) -> FaultServer {
    let read = |name| Behavior::from(fixture(name).unwrap().to_http1().as_str());
    let script = Script {
        handshakes: vec![read("digest-challenge.http")],
        updates: vec![read(response)],
        ..Script::default()
    };
    FaultServer::start(script).await.unwrap()
}

fn atlas(server: &FaultServer) -> ClientBuilder {
    Client::builder().base_url(&server.url)
}

#[tokio::test]
async fn atlas_v2_update_org_key() -> Result<(), Error> {
    let server = serve("atlas-v2-update-org-key.http").await;
    let client = atlas(&server)
        .credentials(digest())
        .api_version(ApiVersion::V2023_10_01)
        .build()?;
    let update = client.org(ORG_ID).api_key(API_KEY_ID).update();
    let key = update
        .desc("nightly backups")
        .roles([OrgRole::ReadOnly, OrgRole::from("ORG_FUTURE_ROLE")])
        .send()
        .await?;
    insta::assert_snapshot!(transcript(&server, &key));
    Ok(())
}

#[tokio::test]
async fn atlas_v1_update_org_key() -> Result<(), Error> {
    let server = serve("atlas-v1-update-org-key.http").await;
    let client = atlas(&server)
        .atlas_v1()
        .credentials(Credentials::bearer("a.b.c"))
        .build()?;
    let update = client.org(ORG_ID).api_key(API_KEY_ID).update();
    let key = update.roles([OrgRole::Member]).send().await?;
    insta::assert_snapshot!(transcript(&server, &key));
    Ok(())
}

#[tokio::test]
async fn ops_manager_update_org_key() -> Result<(), Error> {
    let server = serve("ops-manager-update-org-key.http").await;
    let client = Client::builder()
        .ops_manager(&server.url)
        .credentials(digest())
        .build()?;
    let update = client.org(ORG_ID).api_key(API_KEY_ID).update();
    let key = update
        .desc("nightly backups")
        .roles([OrgRole::Member, OrgRole::ReadOnly])
        .options(RequestOptions::new().pretty(true))
        .send()
        .await?;
    insta::assert_snapshot!(transcript(&server, &key));
    Ok(())
}

#[tokio::test]
async fn atlas_v2_replace_project_roles() -> Result<(), Error> {
    let server = serve("atlas-v2-replace-project-roles.http").await;
    let client = atlas(&server)
        .credentials(digest())
        .api_version(ApiVersion::V2025_02_19)
        .build()?;
    let key = client
        .project(PROJECT_ID)
        .api_key(API_KEY_ID)
        .replace_roles([ProjectRole::BackupManager])
        .desc("nightly backups")
        .options(
            RequestOptions::new()
                .page_num(1)
                .items_per_page(500)
                .include_count(true),
        )
        .send()
        .await?;
    insta::assert_snapshot!(transcript(&server, &key));
    Ok(())
}

/// This operation also takes a user name with a personal API key.
#[tokio::test]
async fn atlas_v1_replace_project_roles() -> Result<(), Error> {
    let server = serve("atlas-v1-replace-project-roles.http").await;
    let person = Credentials::digest(
        "jane.doe@example.com",
        "11111111-2222-3333-4444-555555555555",
    );
    let client = atlas(&server).atlas_v1().credentials(person).build()?;
    let key = client
        .project(PROJECT_ID)
        .api_key(API_KEY_ID)
        .replace_roles([ProjectRole::ReadOnly, ProjectRole::DataAccessReadWrite])
        .options(RequestOptions::new().pretty(true))
        .send()
        .await?;
    insta::assert_snapshot!(transcript(&server, &key));
    Ok(())
}

#[tokio::test]
async fn unknown_roles_are_sent_and_returned() -> Result<(), Error> {
    let server = serve("atlas-v2-update-org-key.http").await;
    let client = atlas(&server)
        .credentials(Credentials::bearer("a.b.c"))
        .build()?;
    let update = client.org(ORG_ID).api_key(API_KEY_ID).update();
    let key = update
        .roles([OrgRole::ReadOnly, OrgRole::from("ORG_FUTURE_ROLE")])
        .send()
        .await?;

    let sent = server.requests().remove(0);
    assert!(
        sent.ends_with(r#"{"roles":["ORG_READ_ONLY","ORG_FUTURE_ROLE"]}"#),
        "{sent}"
    );
    let received: Vec<OrgRole> = key.org_roles().collect();
    assert_eq!(
        received,
        [OrgRole::ReadOnly, OrgRole::from("ORG_FUTURE_ROLE")]
    );
    Ok(())
}
