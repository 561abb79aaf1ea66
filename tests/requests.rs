//! The exact request for each documented operation, and the API key in its response.

use atlas_admin::{
    ApiVersion, Client, ClientBuilder, Credentials, Error, OrgRole, ProjectRole, RequestOptions,
    Response,
};
use workspace_tests::{
    fault_server::{Behavior, FaultServer, Script, response},
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

/// Formats what differs between operations in the last request.
fn brief(server: &FaultServer) -> String {
    let request = mask(server.requests().last().unwrap(), &server.url);
    let (head, body) = request.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let target = lines.next().unwrap().trim_end_matches(" HTTP/1.1");
    let types = ["accept: ", "content-type: "];
    let is_type = |line: &&str| types.iter().any(|name| line.starts_with(name));
    let mut shown = vec![target];
    shown.extend(lines.filter(is_type));
    shown.push(body);
    shown.retain(|line| !line.is_empty());
    shown.join("\n") + "\n\n"
}

/// Makes a call of each operation, and returns its request.
async fn every_operation(builder: ClientBuilder, server: &FaultServer) -> Result<String, Error> {
    let client = builder.build()?;
    let (org, project) = (client.org(ORG_ID), client.project(PROJECT_ID));
    let (org_key, project_key) = (org.api_key(API_KEY_ID), project.api_key(API_KEY_ID));
    let list = org_key.access_list();
    let mut text = String::new();
    let mut show = || text += &brief(server);

    org.api_keys().list().items_per_page(20).page_num(2).await?;
    show();
    org.api_keys().create("ci").roles([OrgRole::Member]).await?;
    show();
    org_key.get().await?;
    show();
    org_key.update().desc("ci").roles([OrgRole::Member]).await?;
    show();
    org_key.delete().await?;
    show();
    project.api_keys().list().await?;
    show();
    let create = project.api_keys().create("ci");
    create.roles([ProjectRole::ReadOnly]).await?;
    show();
    project_key.assign([ProjectRole::ReadOnly]).await?;
    show();
    project_key.remove().await?;
    show();
    list.list().await?;
    show();
    list.add(["203.0.113.0/24", "198.51.100.7"]).await?;
    show();
    list.get("198.51.100.7").await?;
    show();
    list.delete("203.0.113.0/24").await?;
    show();
    Ok(text)
}

/// Starts a server that responds to [`every_operation`].
async fn serve_every_operation() -> FaultServer {
    let key = format!(r#"{{"id":"{API_KEY_ID}","publicKey":"abcdefgh","privateKey":"whole"}}"#);
    let page = r#"{"results":[]}"#;
    let entry = r#"{"ipAddress":"198.51.100.7"}"#;
    let bodies = [
        page, &key, &key, &key, "", page, &key, &key, "", page, page, entry, "",
    ];
    let updates = bodies.map(|body| match body {
        "" => response(204, &[], ""),
        body => response(200, &[], body),
    });
    let challenge = fixture("digest-challenge.http").unwrap().to_http1();
    let script = Script {
        handshakes: vec![Behavior::from(challenge.as_str()); 13],
        updates: updates.into(),
        ..Script::default()
    };
    FaultServer::start(script).await.unwrap()
}

#[tokio::test]
async fn atlas_v2_every_operation() -> Result<(), Error> {
    let server = serve_every_operation().await;
    let builder = atlas(&server).credentials(digest());
    insta::assert_snapshot!(every_operation(builder, &server).await?);
    Ok(())
}

#[tokio::test]
async fn atlas_v1_every_operation() -> Result<(), Error> {
    let server = serve_every_operation().await;
    let builder = atlas(&server).atlas_v1().credentials(digest());
    insta::assert_snapshot!(every_operation(builder, &server).await?);
    Ok(())
}

#[tokio::test]
async fn ops_manager_every_operation() -> Result<(), Error> {
    let server = serve_every_operation().await;
    let builder = Client::builder().ops_manager(&server.url);
    let builder = builder.credentials(digest());
    insta::assert_snapshot!(every_operation(builder, &server).await?);
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
