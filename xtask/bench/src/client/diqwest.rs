//! diqwest, with a session that keeps its nonce.

use std::sync::Arc;

use anyhow::Result;
use diqwest::{DigestAuthSession, WithDigestAuth};

use super::baseline::{http_client, read, update};
use crate::{
    job::{Job, Sample},
    load::load,
};

pub(super) async fn run(job: &Job) -> Result<Sample> {
    let http = http_client()?;
    let target = job.target.clone();
    let session = DigestAuthSession::new(&*target.public_key, &*target.private_key);
    let session = Arc::new(session);
    load(job, move || {
        let request = update(&http, &target);
        let session = Arc::clone(&session);
        async move { read(request.send_digest_auth(&*session).await?).await }
    })
    .await
}
