//! The floor: what the same request costs with reqwest and nothing else.

use anyhow::{Result, ensure};
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::super::{
    job::{Job, Sample},
    load::load,
};

pub(super) async fn run(job: &Job) -> Result<Sample> {
    let http = http_client()?;
    let target = job.target.clone();
    load(job, move || {
        let request = http
            .patch(&target.url)
            .bearer_auth(&target.token)
            .header(ACCEPT, &target.media_type)
            .header(CONTENT_TYPE, &target.media_type)
            .body(target.body.clone());
        async move {
            let response = request.send().await?;
            let status = response.status();
            response.bytes().await?;
            ensure!(status.is_success(), "{status}");
            Ok(())
        }
    })
    .await
}

/// The HTTP client that the floor and diqwest are given.
pub(super) fn http_client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}
