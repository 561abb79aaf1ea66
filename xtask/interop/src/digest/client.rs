//! The clients of this workspace that authenticate with digest.

use std::{fmt, net::SocketAddr};

use anyhow::{Result, ensure};
use atlas_admin::{Credentials, OrgRole, ProjectRole};
use http_digest_session::DigestClient;
use reqwest::{Method, Request, Url, header};
use serde_json::json;

use super::credentials;
use crate::ids::{KEY, ORG, PROJECT};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AtlasAdmin,
    HttpDigestSession,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::AtlasAdmin, Self::HttpDigestSession];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AtlasAdmin => "atlas-admin",
            Self::HttpDigestSession => "http-digest-session",
        })
    }
}

/// A client with the credentials of a server. Clones share their sessions.
#[derive(Clone)]
pub(crate) enum Client {
    AtlasAdmin(atlas_admin::Client),
    HttpDigestSession(DigestClient, Url),
}

impl Client {
    pub(crate) fn new(kind: Kind, address: SocketAddr, password: &str) -> Result<Self> {
        let url = format!("http://{address}");
        Ok(match kind {
            Kind::AtlasAdmin => Self::AtlasAdmin(
                atlas_admin::Client::builder()
                    .base_url(url)
                    .credentials(Credentials::digest(credentials::USER, password))
                    .build()?,
            ),
            Kind::HttpDigestSession => {
                let http = reqwest::Client::builder().no_proxy().build()?;
                let client = DigestClient::new(http, credentials::USER, password);
                Self::HttpDigestSession(client, url.parse()?)
            }
        })
    }

    /// Makes an update: in an organization if `number` is even, otherwise in a project.
    pub(crate) async fn update(&self, number: u64) -> Result<()> {
        let is_in_org = number.is_multiple_of(2);
        match self {
            Self::AtlasAdmin(atlas) if is_in_org => {
                let update = atlas.org(ORG).api_key(KEY).update();
                let update = update.desc("interop").roles([OrgRole::ReadOnly]);
                update.send().await?;
            }
            Self::AtlasAdmin(atlas) => {
                let key = atlas.project(PROJECT).api_key(KEY);
                key.replace_roles([ProjectRole::ReadOnly]).send().await?;
            }
            Self::HttpDigestSession(client, url) => {
                let scope = match is_in_org {
                    true => format!("orgs/{ORG}"),
                    false => format!("groups/{PROJECT}"),
                };
                let url = url.join(&format!("/api/atlas/v2/{scope}/apiKeys/{KEY}"))?;
                let mut request = Request::new(Method::PATCH, url);
                let media_type = header::HeaderValue::from_static("application/json");
                request
                    .headers_mut()
                    .insert(header::CONTENT_TYPE, media_type);
                let body = json!({ "desc": "interop", "roles": ["READ_ONLY"] });
                *request.body_mut() = Some(body.to_string().into());
                let response = client.execute(request).await?;
                ensure!(response.status() == 200, "{}", response.status());
                response.bytes().await?;
            }
        }
        Ok(())
    }
}
