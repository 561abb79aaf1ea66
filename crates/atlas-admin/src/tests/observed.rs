//! What a program that listens to `tracing` sees of a call.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};
use tracing_subscriber::{
    Layer, layer::Context, layer::SubscriberExt, registry::LookupSpan, registry::Registry,
};

use super::*;

/// Keeps spans, what is recorded in them, and events, a line each.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = Registry::default().with(log.clone());
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn line(&self, what: &str, record: impl FnOnce(&mut Line)) {
        let mut line = Line(what.to_owned());
        record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        if attributes.metadata().target().starts_with("atlas_admin") {
            self.line(attributes.metadata().name(), |line| attributes.record(line));
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if context
            .metadata(id)
            .is_some_and(|m| m.target().starts_with("atlas_admin"))
        {
            self.line("recorded", |line| values.record(line));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("atlas_admin") {
            self.line(event.metadata().level().as_str(), |line| event.record(line));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_a_span_and_a_retry_an_event() {
    let (log, _guard) = Log::start();
    let answers = [
        answer(503, &[("retry-after", "2")], "hush"),
        answer(429, &[("retry-after", "1"), ("set-cookie", "hush")], ""),
        key_answer(),
    ];
    let builder = atlas()
        .credentials(Credentials::bearer("hush"))
        .retry(RetryPolicy::standard());
    let client = FakeService::answering(answers).client(builder);
    update(&client, RequestOptions::new()).await.unwrap();
    insta::assert_snapshot!(log.text());
}

#[tokio::test]
async fn a_failure_is_named_in_the_span() {
    let (log, _guard) = Log::start();
    let page = answer(
        404,
        &[],
        r#"{"errorCode":"GROUP_NOT_FOUND","detail":"hush"}"#,
    );
    let client = FakeService::answering([page]).client(atlas());
    replace(&client, RequestOptions::new()).await.unwrap_err();
    insta::assert_snapshot!(log.text());
}

#[tokio::test]
async fn a_request_past_the_operations_shows_no_path() {
    let (log, _guard) = Log::start();
    let client = FakeService::answering([answer(200, &[], "{}")]).client(atlas());
    let request = client.request(http::Method::POST, format!("/orgs/{ORG}/teams"));
    request.send::<()>().await.unwrap();
    insta::assert_snapshot!(log.text(), @r#"
    atlas_admin.call otel.name="request" otel.kind="client" http.request.method="POST" server.address="cloud.mongodb.com" server.port=443 service="Atlas v2"
    recorded requests_sent=1
    recorded http.response.status_code=200
    "#);
}

#[tokio::test]
async fn a_version_that_ends_is_warned_of_once_for_each_operation() {
    let (log, _guard) = Log::start();
    let ending = || {
        let mut answer = key_answer();
        for (name, date) in [
            ("deprecation", "Mon, 5 Aug 2024 00:00:00 GMT"),
            ("sunset", "Thu, 1 Jul 2027 00:00:00 GMT"),
        ] {
            answer.headers_mut().insert(name, date.parse().unwrap());
        }
        answer
    };
    let answers = [key_answer(), ending(), ending(), ending(), ending()];
    let client = FakeService::answering(answers).client(atlas());
    for _ in 0..3 {
        update(&client, RequestOptions::new()).await.unwrap();
    }
    for _ in 0..2 {
        replace(&client.clone(), RequestOptions::new())
            .await
            .unwrap();
    }
    let log = log.text();
    let warnings: Vec<_> = log
        .lines()
        .filter(|line| line.starts_with("WARN"))
        .collect();
    insta::assert_snapshot!(warnings.join("\n"));
}
