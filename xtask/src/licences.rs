//! Which licences the dependencies are under.

use anyhow::{Context, Result, ensure};
use cargo_metadata::MetadataCommand;
use spdx::{Expression, LicenseReq, ParseMode};

/// Licences that ask no more of a user than to keep a notice, or to share
/// changes to the dependency itself.
const ACCEPTED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "OpenSSL",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Fails if a dependency of the workspace is under another licence, or none.
pub fn check() -> Result<()> {
    let metadata = MetadataCommand::new().exec()?;
    let mut refused = Vec::new();
    for package in &metadata.packages {
        let place = || format!("{} {}", package.name, package.version);
        let licence = package
            .license
            .as_deref()
            .with_context(|| format!("{}: names no licence", place()))?;
        let expression = Expression::parse_mode(licence, ParseMode::LAX).with_context(place)?;
        if !expression.evaluate(accepted) {
            refused.push(format!("{} ({licence})", place()));
        }
    }
    ensure!(refused.is_empty(), "not accepted: {}", refused.join(", "));
    println!(
        "{} packages, all under accepted licences",
        metadata.packages.len()
    );
    Ok(())
}

fn accepted(requirement: &LicenseReq) -> bool {
    let id = requirement.license.id();
    id.is_some_and(|id| ACCEPTED.contains(&id.name))
}
