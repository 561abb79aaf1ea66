//! `to_request()` returns what `send()` sends.

use bytes::Bytes;

use super::*;

/// Formats a request as [`FakeService::last_request`] does, with the header that
/// authentication adds.
fn shown(request: &http::Request<Bytes>) -> String {
    let mut headers: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    assert!(!request.headers().contains_key("authorization"));
    headers.push("authorization: [sensitive]".to_owned());
    headers.sort();
    format!(
        "{} {}\n{}\n\n{}",
        request.method(),
        request.uri(),
        headers.join("\n"),
        String::from_utf8_lossy(request.body())
    )
}

#[tokio::test]
async fn previews_are_what_is_sent() {
    let fake = FakeService::answering([key_answer(), key_answer(), key_answer()]);
    let client = fake.client(atlas());

    let get = client.org(ORG).api_key(KEY).get();
    let options = RequestOptions::new().pretty(true);
    let update = client
        .org(ORG)
        .api_key(KEY)
        .update()
        .desc("a \"b\" é")
        .roles([OrgRole::ReadOnly, OrgRole::ReadOnly])
        .options(options);
    let replace = client
        .project(PROJECT)
        .api_key(KEY)
        .replace_roles([ProjectRole::ReadOnly]);

    let preview = shown(&get.to_request().unwrap());
    get.send().await.unwrap();
    assert_eq!(preview, fake.last_request());
    let preview = shown(&update.to_request().unwrap());
    update.send().await.unwrap();
    assert_eq!(preview, fake.last_request());
    let preview = shown(&replace.to_request().unwrap());
    replace.send().await.unwrap();
    assert_eq!(preview, fake.last_request());
}

#[test]
fn refuses_what_send_refuses() {
    let client = FakeService::answering([]).client(atlas());
    let error = client.org("x").api_key(KEY).get().to_request().unwrap_err();
    assert!(error.is_input());
    assert_eq!(error.operation(), Some("get_org_api_key"));

    let long = format!("https://example.com/{}", "x".repeat(70_000));
    let client = FakeService::answering([]).client(atlas().base_url(long));
    let error = client.org(ORG).api_key(KEY).get().to_request().unwrap_err();
    assert!(error.is_input(), "{error}");
}
