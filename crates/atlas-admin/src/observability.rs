//! Seeing requests without secrets.
//!
//! Each call is one [`tracing`] span, and what is worth a line in between is an event
//! in it. A program that listens to nothing pays next to nothing.
//!
//! # What there is
//!
//! The span `atlas_admin.call`, level `INFO`, lasts from the first attempt to the end
//! of the last response. Its fields have the names of OpenTelemetry's conventions for HTTP
//! clients, where there is one:
//!
//! | field | value | set |
//! | --- | --- | --- |
//! | `otel.name` | the operation, such as `update_org_api_key`, or `request` | at the start |
//! | `otel.kind` | `client` | at the start |
//! | `http.request.method` | the method, such as `PATCH` | at the start |
//! | `url.template` | the path with names in the place of ids | at the start, if the request is one of an operation |
//! | `server.address`, `server.port` | where the service is | at the start |
//! | `service` | `Atlas v2`, `Atlas v1.0`, `Ops Manager` | at the start |
//! | `requests_sent` | the HTTP requests that were sent, with those to sign in | at the end |
//! | `http.response.status_code` | the status, or the one in the envelope | at the end, if there was a response |
//! | `error.type` | the [`ErrorKind`](crate::ErrorKind) | at the end of a failure |
//!
//! | event | level | fields |
//! | --- | --- | --- |
//! | `retrying` | `INFO` | `operation`, `reason`, `http.request.resend_count` (the attempts so far), `delay_ms` |
//! | the version will be withdrawn; once for each operation and client | `WARN` | `operation`, `deprecated_at`, `sunset_at` |
//!
//! Their target begins with `atlas_admin`.
//!
//! # How to see it
//!
//! With the crate `tracing-subscriber` and its feature `env-filter`:
//!
//! ```
//! use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), atlas_admin::Error> {
//! tracing_subscriber::fmt()
//!     .with_env_filter(EnvFilter::new("atlas_admin=info"))
//!     .with_span_events(FmtSpan::CLOSE)
//!     .init();
//!
//! # use atlas_admin::testing::{FakeResponse, FakeService, Operation};
//! # let fake = FakeService::new();
//! # fake.once(Operation::UpdateOrgApiKey, FakeResponse::unavailable());
//! # fake.always(Operation::UpdateOrgApiKey, FakeResponse::ok());
//! # let atlas = fake.builder().build()?;
//! # let (org_id, key_id) = ("32b6e34b3d91647abb20e7b8", "6a793f752c88faeba59bba49");
//! atlas.org(org_id).api_key(key_id).update().desc("ci deploys").send().await?;
//! # Ok(())
//! # }
//! ```
//!
//! writes a line for each attempt that follows another, and one at the end of the
//! call, with all fields of the span and the time that it took.
//! `EnvFilter::from_default_env()` leaves the filter to the variable `RUST_LOG`. A
//! layer such as that of the crate `tracing-opentelemetry` makes the same spans parts
//! of a trace.
//!
//! # What is never in it
//!
//! Credentials of any kind, tokens, nonces, headers, bodies, ids, and what the service
//! said. This holds for `Debug` and `Display` of all types too, but that an [`Error`]
//! shows the ids of its call and the service's code and sentence. Crates below this
//! one, such as hyper, have events of their own: a test runs every way of signing in
//! with all of them at `TRACE`, and searches the log for secrets.
//!
//! # Whole requests
//!
//! A log of a program in production is no place for them. Where there is no secret
//! worth keeping, there are these:
//!
//! - in a test, `FakeService::requests` of the module `testing` (feature `test-util`): path,
//!   query, types and body, without credentials;
//! - of any program, the emulator of the crate `atlas-emulator`: its `--log` or, in a
//!   test, `Emulator::request_log`, with credentials left out;
//! - of the `atlas-admin` command: `--dry-run` shows what would be sent, and `--verbose`
//!   the events above.
//!
//! [`Error`]: crate::Error
