//! Updates an issue with octocrab.

use std::{env, error::Error};

use octocrab::Octocrab;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let github = Octocrab::builder().personal_token(env::var("TOKEN")?).build()?;
    let issues = github.issues("owner", "repository");
    let issue = issues.update(1).title("ci deploys").send().await?;
    println!("{}", issue.title);
    Ok(())
}
