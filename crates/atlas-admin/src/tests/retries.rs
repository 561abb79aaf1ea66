//! When a call is tried again, on a clock that does not make anybody wait.

use std::time::Duration;

use chrono::Utc;
use http::Response as Http;

use super::*;
use crate::ErrorKind;

fn unavailable(headers: &[(&str, &str)]) -> Http<String> {
    answer(503, headers, "")
}

fn limited(headers: &[(&str, &str)]) -> Http<String> {
    answer(429, headers, "")
}

/// Sends an update that meets these answers; tells how it ended and how long each
/// attempt came after the one before.
async fn attempts(
    builder: ClientBuilder,
    answers: impl IntoIterator<Item = Http<String>>,
) -> (Result<Response<ApiKey>, Error>, Vec<Duration>) {
    let fake = FakeService::answering(answers);
    let client = fake.client(builder);
    let result = update(&client, RequestOptions::new()).await;
    let times = fake.times.lock().unwrap();
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    (result, gaps)
}

fn standard() -> ClientBuilder {
    atlas().retry(RetryPolicy::standard())
}

#[tokio::test(start_paused = true)]
async fn delays_are_random_up_to_a_bound_that_doubles() {
    const MS: Duration = Duration::from_millis(1);
    let policy = RetryPolicy::standard()
        .max_attempts(6)
        .initial_delay(100 * MS)
        .max_delay(500 * MS);
    let bounds = [100, 200, 400, 500, 500].map(|ms| ms * MS);
    let mut least = [Duration::MAX; 5];
    let mut most = [Duration::ZERO; 5];
    for _ in 0..200 {
        let answers = std::iter::repeat_with(|| unavailable(&[])).take(6);
        let (result, gaps) = attempts(atlas().retry(policy.clone()), answers).await;
        assert_eq!(result.unwrap_err().requests_sent(), 6);
        for (n, gap) in gaps.into_iter().enumerate() {
            least[n] = least[n].min(gap);
            most[n] = most[n].max(gap);
        }
    }
    for (n, bound) in bounds.into_iter().enumerate() {
        // The clock goes in milliseconds, and rounds up.
        assert!(most[n] <= bound + MS, "{n}: {:?} of {bound:?}", most[n]);
        // In 200 times, the outer tenths are hit all but surely.
        assert!(most[n] > bound * 9 / 10, "{n}: {:?} of {bound:?}", most[n]);
        assert!(least[n] < bound / 10, "{n}: {:?} of {bound:?}", least[n]);
    }
}

#[tokio::test(start_paused = true)]
async fn three_attempts_are_standard_and_one_is_none() {
    for (policy, made) in [
        (RetryPolicy::standard(), 3),
        (RetryPolicy::default(), 3),
        (RetryPolicy::none(), 1),
        (RetryPolicy::standard().max_attempts(0), 1),
        (RetryPolicy::standard().max_attempts(5), 5),
    ] {
        let answers = std::iter::repeat_with(|| limited(&[])).take(made);
        let (result, gaps) = attempts(atlas().retry(policy), answers).await;
        let error = result.unwrap_err();
        assert!(error.is_rate_limited() && !error.outcome_unknown());
        assert_eq!(
            (error.requests_sent() as usize, gaps.len()),
            (made, made - 1)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_says_how_long_to_wait() {
    let date = |seconds| {
        let date = Utc::now() + Duration::from_secs(seconds);
        date.format("%a, %-d %b %Y %H:%M:%S GMT").to_string()
    };
    let answers = [
        limited(&[("retry-after", "7")]),
        unavailable(&[("retry-after", &date(30))]),
        key_answer(),
    ];
    let (result, gaps) = attempts(standard(), answers).await;
    assert_eq!(result.unwrap().requests_sent(), 3);
    assert!((7..8).contains(&gaps[0].as_secs()), "{gaps:?}");
    // A date has no fractions.
    assert!((28..31).contains(&gaps[1].as_secs()), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_an_error_at_once() {
    for (wait, least) in [
        ("60", 60),
        ("61", 61),
        ("3600", 3_600),
        ("18446744073709551615", 3_600),
        (&"9".repeat(40), 3_600),
    ] {
        let started = Instant::now();
        let (result, _) = attempts(standard(), [limited(&[("retry-after", wait)])]).await;
        let error = result.unwrap_err();
        assert!(
            error.is_rate_limited() && error.requests_sent() == 1,
            "{error}"
        );
        assert!(error.retry_after() >= Some(Duration::from_secs(least)));
        assert_eq!(started.elapsed(), Duration::ZERO);
    }
    // Twice 40 s is more than a minute.
    let wait = || unavailable(&[("retry-after", "40")]);
    let started = Instant::now();
    let (result, _) = attempts(standard(), [wait(), wait()]).await;
    assert_eq!(result.unwrap_err().requests_sent(), 2);
    assert_eq!(started.elapsed().as_secs(), 40);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_repeated_on_request_only() {
    for status in [500, 502, 504] {
        let (result, _) = attempts(standard(), [answer(status, &[], "")]).await;
        let error = result.unwrap_err();
        assert!(error.is_service() && error.outcome_unknown(), "{error}");
        assert_eq!(error.requests_sent(), 1);
    }
    let replays = RetryPolicy::standard().retry_ambiguous(true);
    for (status, made) in [(500, 1), (501, 1), (502, 3), (504, 3), (404, 1)] {
        let answers = std::iter::repeat_with(|| answer(status, &[], "")).take(made);
        let (result, _) = attempts(atlas().retry(replays.clone()), answers).await;
        assert_eq!(
            result.unwrap_err().requests_sent() as usize,
            made,
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_earlier_attempt_that_may_have_been_done_is_not_forgotten() {
    let replays = RetryPolicy::standard().retry_ambiguous(true);
    let answers = [answer(502, &[], ""), answer(404, &[], "")];
    let (result, _) = attempts(atlas().retry(replays), answers).await;
    let error = result.unwrap_err();
    assert!(error.is_not_found() && error.outcome_unknown(), "{error}");
    let (result, _) = attempts(standard(), [limited(&[]), answer(404, &[], "")]).await;
    assert!(!result.unwrap_err().outcome_unknown());
}

/// Never answers.
#[derive(Debug, Default)]
struct Silent(Mutex<u32>);

impl Transport for Silent {
    fn execute<'a>(&'a self, _request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        *self.0.lock().unwrap() += 1;
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_and_calls_end_in_time() {
    const SECOND: Duration = Duration::from_secs(1);
    let replays = RetryPolicy::standard().retry_ambiguous(true);
    for (policy, attempt, total, took, made) in [
        (RetryPolicy::standard(), None, None, 30, 1),
        (RetryPolicy::standard(), None, Some(5), 5, 1),
        (RetryPolicy::standard(), Some(7), None, 7, 1),
        (replays.clone(), Some(7), None, 22, 3),
        (replays.clone(), None, None, 60, 2),
        (replays, Some(90), None, 60, 1),
    ] {
        let silent = Arc::new(Silent::default());
        let mut builder = atlas().retry(policy).transport(silent.clone());
        if let Some(seconds) = attempt {
            builder = builder.attempt_timeout(seconds * SECOND);
        }
        if let Some(seconds) = total {
            builder = builder.timeout(seconds * SECOND);
        }
        let started = Instant::now();
        let client = builder.build().unwrap();
        let error = update(&client, RequestOptions::new()).await.unwrap_err();
        assert!(error.is_timeout() && error.outcome_unknown(), "{error}");
        let elapsed = started.elapsed();
        assert!(
            elapsed.abs_diff(took * SECOND) <= 2 * SECOND,
            "{elapsed:?}, {took}"
        );
        let total = total.unwrap_or(60) * SECOND;
        assert!(elapsed <= total + SECOND / 100);
        let is_the_call = error.to_string().contains("the call timed out");
        assert_eq!(is_the_call, elapsed >= total, "{error}");
        assert_eq!(
            (error.requests_sent(), *silent.0.lock().unwrap()),
            (made, made)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_is_too_long_to_be_set() {
    let builder = atlas()
        .timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .connect_timeout(Duration::MAX)
        .retry(RetryPolicy::standard().max_delay(Duration::MAX));
    let (result, gaps) = attempts(
        builder,
        [limited(&[("retry-after", "100000")]), key_answer()],
    )
    .await;
    assert!(result.is_ok());
    assert_eq!(gaps[0].as_secs(), 100_000);
}

/// A service with a bucket of requests that is refilled evenly.
#[derive(Debug)]
struct Bucket {
    tokens: Mutex<(f64, Instant)>,
    requests: Mutex<u32>,
}

impl Bucket {
    const SIZE: f64 = 500.0;
    const PER_SECOND: f64 = 250.0 / 60.0;

    fn request(&self) -> Http<String> {
        *self.requests.lock().unwrap() += 1;
        let (tokens, at) = &mut *self.tokens.lock().unwrap();
        *tokens = (*tokens + at.elapsed().as_secs_f64() * Self::PER_SECOND).min(Self::SIZE);
        *at = Instant::now();
        if *tokens < 1.0 {
            return limited(&[("retry-after", "60")]);
        }
        *tokens -= 1.0;
        let mut answer = key_answer();
        for (name, value) in [
            ("ratelimit-limit", Self::SIZE),
            ("ratelimit-remaining", *tokens),
        ] {
            let value = (value as u64).into();
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

impl Transport for Bucket {
    fn execute<'a>(&'a self, _request: Request, _operation_id: &'static str) -> ResponseFuture<'a> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(self.request().into())
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_paces_meets_no_limit() {
    let bucket = Arc::new(Bucket {
        tokens: Mutex::new((Bucket::SIZE, Instant::now())),
        requests: Mutex::default(),
    });
    let client = standard()
        .limit_rate(true)
        .transport(bucket.clone())
        .build()
        .unwrap();
    let started = Instant::now();
    two_thousand_updates(&client).await;
    assert_eq!(*bucket.requests.lock().unwrap(), 2_000);
    let least = (2_000.0 - Bucket::SIZE) / Bucket::PER_SECOND;
    let took = started.elapsed().as_secs_f64();
    assert!(took < least * 1.02, "{took} s, {least} s at least");
}

async fn two_thousand_updates(client: &Client) {
    let calls: Vec<_> = (0..2_000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { update(&client, RequestOptions::new()).await.map(drop) })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_does_not_count_is_not_paced() {
    let answers = std::iter::repeat_with(key_answer).take(2_000);
    let client = FakeService::answering(answers).client(standard().limit_rate(true));
    let started = Instant::now();
    two_thousand_updates(&client).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_time_that_the_pacer_takes_is_not_the_calls() {
    let answers = [limited(&[("retry-after", "100")]), key_answer()];
    let (result, gaps) = attempts(standard().limit_rate(true), answers).await;
    assert_eq!(result.unwrap().requests_sent(), 2);
    assert_eq!(gaps[0].as_secs(), 100);
    // But what has no end is an error after all.
    let endless = || limited(&[("retry-after", "99999999999")]);
    let started = Instant::now();
    let builder = standard().limit_rate(true);
    let (result, _) = attempts(builder, [endless(), endless(), endless()]).await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::RateLimited);
    assert!(started.elapsed() < Duration::from_secs(20 * 60));
}
