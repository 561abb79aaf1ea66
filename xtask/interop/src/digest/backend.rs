//! The server behind a proxy: it responds to every update with an API key.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Result;
use axum::{Json, Router, extract::Path, http::header, response::IntoResponse, routing::patch};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// A running backend. Dropping it stops it.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    server: JoinHandle<()>,
}

impl Backend {
    pub(crate) async fn start() -> Result<Self> {
        let router = Router::new()
            .route("/api/atlas/v2/orgs/{org}/apiKeys/{key}", patch(update_org))
            .route(
                "/api/atlas/v2/groups/{group}/apiKeys/{key}",
                patch(update_project),
            );
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the backend failed: {error}");
            }
        });
        Ok(Self { address, server })
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn update_org(path: Path<(String, String)>, body: Json<Value>) -> impl IntoResponse {
    update("orgId", path, body)
}

async fn update_project(path: Path<(String, String)>, body: Json<Value>) -> impl IntoResponse {
    update("groupId", path, body)
}

/// Returns the key with the description and the roles of the update.
fn update(
    scope_name: &str,
    Path((scope, key)): Path<(String, String)>,
    Json(body): Json<Value>,
) -> impl IntoResponse + use<> {
    let roles = body["roles"].as_array().map_or(&[][..], Vec::as_slice);
    let roles: Vec<Value> = roles
        .iter()
        .map(|role| json!({ scope_name: scope, "roleName": role }))
        .collect();
    let key = json!({
        "desc": body["desc"],
        "id": key,
        "links": [],
        "publicKey": "abcdefgh",
        "roles": roles,
    });
    let media_type = "application/vnd.atlas.2023-01-01+json;charset=utf-8";
    ([(header::CONTENT_TYPE, media_type)], key.to_string())
}
