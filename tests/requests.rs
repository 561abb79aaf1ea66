//! What is sent for each page of the vendor's documentation, to the letter, and
//! what comes back of the answer.

use atlas_admin::{
    ApiVersion, Client, ClientBuilder, Credentials, Error, OrgRole, ProjectRole, RequestOptions,
    Response,
};
use workspace_tests::{Script, fixture};

const ORG: &str = "64a000000000000000000001";
const PROJECT: &str = "64a000000000000000000002";
const KEY: &str = "64a000000000000000000003";

fn digest() -> Credentials {
    Credentials::digest("hijklmno", "11111111-2222-3333-4444-555555555555")
}

/// The requests and the key, as a reviewer reads them.
fn transcript<T: std::fmt::Debug>(script: &Script, response: &Response<T>) -> String {
    let requests: Vec<String> = script
        .requests()
        .iter()
        .map(|request| masked(request, &script.url))
        .collect();
    format!(
        "{}\n\n{:#?}\nserved version: {:?}\n",
        requests.join("\n\n"),
        **response,
        response.served_version()
    )
}

/// A request with its host, and what is secret or random in it, masked; headers
/// in order of their names.
fn masked(request: &str, url: &str) -> String {
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

async fn script(answers: &[&str]) -> Script {
    let answers = answers
        .iter()
        .map(|name| fixture(name).unwrap().to_wire())
        .collect();
    Script::start(answers).await.unwrap()
}

fn atlas(script: &Script) -> ClientBuilder {
    Client::builder().base_url(&script.url).unwrap()
}

#[tokio::test]
async fn atlas_v2_update_org_key() -> Result<(), Error> {
    let script = script(&["digest-challenge.http", "atlas-v2-update-org-key.http"]).await;
    let client = atlas(&script)
        .credentials(digest())
        .api_version(ApiVersion::V2023_10_01)
        .build()?;
    let update = client.org(ORG).api_key(KEY).update();
    let key = update
        .desc("nightly backups")
        .roles([OrgRole::ReadOnly])
        .send()
        .await?;
    insta::assert_snapshot!(transcript(&script, &key));
    Ok(())
}

#[tokio::test]
async fn atlas_v1_update_org_key() -> Result<(), Error> {
    let script = script(&["atlas-v1-update-org-key.http"]).await;
    let client = atlas(&script)
        .atlas_v1()
        .credentials(Credentials::bearer("a.b.c"))
        .build()?;
    let update = client.org(ORG).api_key(KEY).update();
    let key = update.roles([OrgRole::Member]).send().await?;
    insta::assert_snapshot!(transcript(&script, &key));
    Ok(())
}

#[tokio::test]
async fn ops_manager_update_org_key() -> Result<(), Error> {
    let script = script(&["digest-challenge.http", "ops-manager-update-org-key.http"]).await;
    let client = Client::builder()
        .ops_manager(&script.url)?
        .credentials(digest())
        .build()?;
    let update = client.org(ORG).api_key(KEY).update();
    let key = update
        .desc("nightly backups")
        .roles([OrgRole::Member, OrgRole::ReadOnly])
        .options(RequestOptions::new().pretty(true))
        .send()
        .await?;
    insta::assert_snapshot!(transcript(&script, &key));
    Ok(())
}

#[tokio::test]
async fn atlas_v2_replace_project_roles() -> Result<(), Error> {
    let script = script(&[
        "digest-challenge.http",
        "atlas-v2-replace-project-roles.http",
    ])
    .await;
    let client = atlas(&script)
        .credentials(digest())
        .api_version(ApiVersion::V2025_02_19)
        .build()?;
    let key = client
        .project(PROJECT)
        .api_key(KEY)
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
    insta::assert_snapshot!(transcript(&script, &key));
    Ok(())
}

/// The page for this one also allows a user name with a personal key.
#[tokio::test]
async fn atlas_v1_replace_project_roles() -> Result<(), Error> {
    let script = script(&[
        "digest-challenge.http",
        "atlas-v1-replace-project-roles.http",
    ])
    .await;
    let person = Credentials::digest(
        "jane.doe@example.com",
        "11111111-2222-3333-4444-555555555555",
    );
    let client = atlas(&script).atlas_v1().credentials(person).build()?;
    let key = client
        .project(PROJECT)
        .api_key(KEY)
        .replace_roles([ProjectRole::ReadOnly, ProjectRole::DataAccessReadWrite])
        .options(RequestOptions::new().pretty(true))
        .send()
        .await?;
    insta::assert_snapshot!(transcript(&script, &key));
    Ok(())
}

#[tokio::test]
async fn roles_that_nobody_knows_go_both_ways() -> Result<(), Error> {
    let script = script(&["atlas-v2-update-org-key.http"]).await;
    let client = atlas(&script)
        .credentials(Credentials::bearer("a.b.c"))
        .build()?;
    let update = client.org(ORG).api_key(KEY).update();
    let key = update
        .roles([OrgRole::from("ORG_NOT_YET_KNOWN")])
        .send()
        .await?;

    let sent = script.requests().remove(0);
    assert!(
        sent.ends_with(r#"{"roles":["ORG_NOT_YET_KNOWN"]}"#),
        "{sent}"
    );
    let received: Vec<OrgRole> = key.org_roles().collect();
    assert_eq!(
        received,
        [OrgRole::ReadOnly, OrgRole::from("ORG_FUTURE_ROLE")]
    );
    Ok(())
}
