//! diqwest, with a session that keeps its nonce.

use std::sync::Arc;

use anyhow::{Result, ensure};
use diqwest::{DigestAuthSession, WithDigestAuth};
use reqwest::header::{ACCEPT, CONTENT_TYPE};

use super::{
    super::{
        job::{Job, Sample},
        load::load,
    },
    floor::http_client,
};

pub(super) async fn run(job: &Job) -> Result<Sample> {
    let http = http_client()?;
    let target = job.target.clone();
    let session = Arc::new(DigestAuthSession::new(
        &*target.public_key,
        &*target.private_key,
    ));
    load(job, move || {
        let request = http
            .patch(&target.url)
            .header(ACCEPT, &target.media_type)
            .header(CONTENT_TYPE, &target.media_type)
            .body(target.body.clone());
        let session = Arc::clone(&session);
        async move {
            let response = request.send_digest_auth(&*session).await?;
            let status = response.status();
            response.bytes().await?;
            ensure!(status.is_success(), "{status}");
            Ok(())
        }
    })
    .await
}
