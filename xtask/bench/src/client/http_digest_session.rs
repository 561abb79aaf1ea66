//! The digest client under this workspace's client, with reqwest alone.

use anyhow::Result;
use http_digest_session::DigestClient;

use super::baseline::{http_client, read, update};
use crate::{
    job::{Job, Sample},
    load::load,
};

pub(super) async fn run(job: &Job) -> Result<Sample> {
    let http = http_client()?;
    let target = job.target.clone();
    let client = DigestClient::new(http.clone(), &*target.public_key, &*target.private_key);
    load(job, move || {
        let request = update(&http, &target).build();
        let client = client.clone();
        async move { read(client.execute(request?).await?).await }
    })
    .await
}
