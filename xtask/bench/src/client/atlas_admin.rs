//! The client of this workspace.

use anyhow::Result;
use atlas_admin::{Client, Credentials, OrgRole};

use crate::{
    job::{DESC, Job, Sample},
    load::load,
};

pub(super) async fn digest(job: &Job) -> Result<Sample> {
    let target = &job.target;
    let credentials = Credentials::digest(&target.public_key, target.private_key.as_str());
    run(job, credentials).await
}

pub(super) async fn bearer(job: &Job) -> Result<Sample> {
    run(job, Credentials::bearer(job.target.token.as_str())).await
}

async fn run(job: &Job, credentials: Credentials) -> Result<Sample> {
    let atlas = Client::builder()
        .base_url(&job.target.base_url)
        .credentials(credentials)
        .build()?;
    let target = job.target.clone();
    load(job, move || {
        let key = atlas.org(&target.org_id).api_key(&target.api_key_id);
        let update = key.update().desc(DESC).roles([OrgRole::ReadOnly]);
        async move {
            update.send().await?;
            Ok(())
        }
    })
    .await
}
