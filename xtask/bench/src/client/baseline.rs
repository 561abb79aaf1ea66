//! The baseline: the same update with reqwest and the generated types, and nothing else.

use anyhow::{Result, ensure};
use atlas_admin_raw::types::{ApiKey, OrgApiKeyUpdate};
use reqwest::{
    RequestBuilder,
    header::{ACCEPT, CONTENT_TYPE},
};

use crate::{
    job::{DESC, Job, ROLE, Sample, Target, url},
    load::load,
};

pub(super) async fn run(job: &Job) -> Result<Sample> {
    let http = http_client()?;
    let target = job.target.clone();
    load(job, move || {
        let request = update(&http, &target).bearer_auth(&target.token);
        async move { read(request.send().await?).await }
    })
    .await
}

/// Builds the update, without credentials.
pub(super) fn update(http: &reqwest::Client, target: &Target) -> RequestBuilder {
    http.patch(url(&target.base_url, &target.org_id, &target.api_key_id))
        .header(ACCEPT, &target.media_type)
        .header(CONTENT_TYPE, &target.media_type)
        .json(&OrgApiKeyUpdate {
            desc: Some(DESC.to_owned()),
            roles: Some(vec![ROLE.to_owned()]),
        })
}

/// Reads the API key in the response.
pub(super) async fn read(response: reqwest::Response) -> Result<()> {
    let status = response.status();
    ensure!(status.is_success(), "{status}");
    response.json::<ApiKey>().await?;
    Ok(())
}

pub(super) fn http_client() -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?)
}
