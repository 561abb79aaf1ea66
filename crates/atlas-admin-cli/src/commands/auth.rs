//! `auth status`: show the credentials and settings in use, and their sources.

use atlas_admin::{ApiVersion, sanitize};
use clap::{Args, Subcommand};
use comfy_table::Table;
use serde::Serialize;

use crate::{
    args::GlobalArgs,
    config::{Config, CredentialParts, MASK, Sourced, shown},
    error::CliError,
    ui::{Output, table::table},
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin auth status
  atlas-admin auth status --profile production --output json";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(super) enum Auth {
    /// Show which credentials and settings are in use, and their sources
    ///
    /// Sends nothing and shows no secret. Each setting comes from the first of these sources
    /// that has it:
    ///
    ///   1. flags; the secret comes from --private-key-file or --private-key-stdin
    ///   2. the profile that --profile names, in ~/.config/atlas-admin/config.toml or else
    ///      in the Atlas CLI's file
    ///   3. the environment: MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY,
    ///      MONGODB_ATLAS_CLIENT_ID and MONGODB_ATLAS_CLIENT_SECRET, or
    ///      MONGODB_ATLAS_ACCESS_TOKEN; MONGODB_ATLAS_SERVICE, MONGODB_ATLAS_BASE_URL,
    ///      MONGODB_ATLAS_OPS_MANAGER_URL, MONGODB_ATLAS_ORG_ID, MONGODB_ATLAS_PROJECT_ID;
    ///      or the same with MCLI_ instead of MONGODB_ATLAS_
    ///   4. the profile "default" of ~/.config/atlas-admin/config.toml
    ///   5. the profile "default" of the Atlas CLI
    ///
    /// Without --profile, MONGODB_ATLAS_PROFILE names the profile to use instead of "default".
    ///
    /// A profile of config.toml is a table with any of: service, base_url, api_version, org,
    /// project, public_key, private_key or private_key_file, client_id, client_secret or
    /// client_secret_file.
    #[command(verbatim_doc_comment, alias = "check")]
    Status(StatusArgs),
}

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct StatusArgs {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    service: Sourced<&'static str>,
    base_url: Sourced<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<&'a Sourced<ApiVersion>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Sourced<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<Sourced<&'a str>>,
    /// Absent if there are no usable credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<Credentials<'a>>,
    sources: Vec<Source<'a>>,
}

#[derive(Serialize)]
struct Credentials<'a> {
    kind: &'static str,
    /// The public key or client ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    from: &'a str,
}

#[derive(Serialize)]
struct Source<'a> {
    source: &'a str,
    credentials: String,
}

pub(super) fn run(global: &GlobalArgs, output: &Output) -> Result<(), CliError> {
    let config = Config::load(global, output)?;
    let credentials = config.credentials();
    let status = Status {
        service: Sourced {
            value: config.service.value.as_str(),
            origin: config.service.origin.clone(),
        },
        base_url: masked(&config.base_url),
        api_version: config.api_version.as_ref(),
        org: config.org.as_ref().map(masked),
        project: config.project.as_ref().map(masked),
        credentials: credentials.as_ref().ok().map(|credentials| Credentials {
            kind: credentials.value.kind(),
            name: credentials.value.name(),
            from: &credentials.origin,
        }),
        sources: config
            .layers
            .iter()
            .map(|layer| Source {
                source: &layer.origin,
                credentials: summary(&layer.credentials, layer.remark.as_deref()),
            })
            .collect(),
    };
    output.result(&status, rows)?;
    credentials.map(|_| ())
}

fn masked(setting: &Sourced<String>) -> Sourced<&str> {
    Sourced {
        value: shown(&setting.value),
        origin: setting.origin.clone(),
    }
}

fn summary(parts: &CredentialParts, remark: Option<&str>) -> String {
    match parts.resolve() {
        Ok(Some(credentials)) => credentials.kind().to_owned(),
        Ok(None) if parts.secret.is_some() => "a secret".to_owned(),
        Ok(None) => remark.unwrap_or("none").to_owned(),
        Err(reason) => reason,
    }
}

fn rows(status: &Status<'_>) -> Table {
    let mut table = table();
    let mut row = |name: &str, value: &str, source: String| {
        table.add_row([name, &sanitize(value), &sanitize(&source)]);
    };
    let from = |origin: &str| format!("from {origin}");
    row(
        "service",
        status.service.value,
        from(&status.service.origin),
    );
    row(
        "base URL",
        status.base_url.value,
        from(&status.base_url.origin),
    );
    if let Some(version) = status.api_version {
        row(
            "API version",
            &version.value.to_string(),
            from(&version.origin),
        );
    }
    for (name, setting) in [("organization", &status.org), ("project", &status.project)] {
        if let Some(setting) = setting {
            row(name, setting.value, from(&setting.origin));
        }
    }
    match &status.credentials {
        Some(Credentials {
            kind,
            name,
            from: origin,
        }) => {
            let credentials = format!("{kind} {}", name.unwrap_or_default());
            row("credentials", credentials.trim(), from(origin));
            row("secret", MASK, String::new());
        }
        None => row("credentials", "none usable", String::new()),
    }
    for (index, source) in status.sources.iter().enumerate() {
        let name = format!("source {}", index + 1);
        row(&name, &source.credentials, format!("in {}", source.source));
    }
    table
}
