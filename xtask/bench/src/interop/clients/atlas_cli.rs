//! The Atlas CLI, which comes from the Go module proxy or not at all.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, anyhow};
use tokio::process::Command;

use super::{client::finish, report::Row};

const NAME: &str = "Atlas CLI";
const PACKAGE: &str = "github.com/mongodb/mongodb-atlas-cli/atlascli/cmd/atlas@latest";
const PATIENCE: Duration = Duration::from_secs(600);

/// Why there is nothing of it in the table.
pub(super) async fn run(work: &Path) -> Row {
    eprintln!("{NAME}");
    match said(work).await {
        Ok(Some(said)) => refusal(&said),
        Ok(None) => Row::skipped(NAME, &anyhow!("it can be built, but has no cases yet")),
        Err(error) => Row::skipped(NAME, &error),
    }
}

/// What was said of it if it could not be built.
async fn said(work: &Path) -> Result<Option<String>> {
    let mut install = Command::new("go");
    install.args(["install", PACKAGE]);
    // An absolute path is asked for.
    install.env("GOBIN", std::path::absolute(work.join("atlas-cli"))?);
    let output = finish(&mut install, &[], PATIENCE).await.context(NAME)?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok((!output.status.success()).then(|| said.into_owned()))
}

/// A proxy that lacks a module answers 404. With 403 it withholds it, and nothing
/// that is done here changes that.
fn refusal(said: &str) -> Row {
    // Before it the same names stand three times.
    let why = said.split_once(": reading ").map_or(said, |(_, why)| why);
    let error = anyhow!("{}", why.trim());
    if said.contains("403 Forbidden") {
        Row::unavailable(NAME, &error)
    } else {
        Row::skipped(NAME, &error)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::report::table_of, *};

    #[test]
    fn a_refusal_of_the_proxy_is_not_a_fault_of_this_machine() {
        let refused = refusal("go: x: reading @v/list: 403 Forbidden\n\tserver response: no\n");
        let table = table_of(&[refused, refusal("go: no such host")]);
        let why = "unavailable: @v/list: 403 Forbidden server response: no";
        assert!(table.contains(why), "{table}");
        assert!(table.contains("SKIPPED: go: no such host"), "{table}");
    }
}
