//! Updates an API key with reqwest and diqwest.

use std::{env, error::Error};

use diqwest::WithDigestAuth;
use serde::Deserialize;
use serde_json::json;

const KEY: &str = "https://cloud.mongodb.com/api/atlas/v2/orgs/32b6e34b3d91647abb20e7b8/apiKeys/\
    6a793f752c88faeba59bba49";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    role_name: String,
}

#[derive(Deserialize)]
struct ApiKey {
    roles: Vec<Role>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let user = env::var("MONGODB_ATLAS_PUBLIC_API_KEY")?;
    let password = env::var("MONGODB_ATLAS_PRIVATE_API_KEY")?;
    let request = reqwest::Client::new()
        .patch(KEY)
        .header("accept", "application/vnd.atlas.2025-03-12+json")
        .json(&json!({"desc": "ci deploys", "roles": ["ORG_READ_ONLY"]}));
    let response = request.send_digest_auth((user.as_str(), password.as_str())).await?;
    let key: ApiKey = response.error_for_status()?.json().await?;
    for role in key.roles {
        println!("{}", role.role_name);
    }
    Ok(())
}
