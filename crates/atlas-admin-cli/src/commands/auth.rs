//! `auth status`: show the credentials and settings in use, and their sources.

use atlas_admin::{Service, sanitize};
use clap::{Args, Subcommand};
use comfy_table::Table;
use serde::Serialize;

use crate::{
    args::GlobalArgs,
    config::{Config, CredentialParts, MASK, Sourced},
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
    ///      MONGODB_ATLAS_ACCESS_TOKEN; MONGODB_ATLAS_BASE_URL, MONGODB_ATLAS_OPS_MANAGER_URL,
    ///      MONGODB_ATLAS_ORG_ID, MONGODB_ATLAS_PROJECT_ID
    ///   4. the profile "default" of ~/.config/atlas-admin/config.toml
    ///   5. the profile "default" of the Atlas CLI
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
struct Status {
    service: Setting,
    base_url: Setting,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<Setting>,
    /// Absent if there are no usable credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<Credentials>,
    sources: Vec<Source>,
}

#[derive(Serialize)]
struct Setting {
    value: String,
    from: String,
}

#[derive(Serialize)]
struct Credentials {
    kind: &'static str,
    /// The public key or client ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    from: String,
}

#[derive(Serialize)]
struct Source {
    source: String,
    credentials: String,
}

pub(super) fn run(global: &GlobalArgs, output: &Output) -> Result<(), CliError> {
    let config = Config::load(global, output)?;
    let credentials = config.credentials();
    let status = Status {
        service: Setting {
            value: config.service.value.as_str().to_owned(),
            from: config.service.origin.clone(),
        },
        base_url: setting(config.base_url.as_ref()).unwrap_or_else(|| Setting {
            value: config.base_url().to_owned(),
            from: "the default".to_owned(),
        }),
        api_version: (config.service.value == Service::AtlasV2).then(|| {
            setting(config.api_version.as_ref()).unwrap_or_else(|| Setting {
                value: atlas_admin::ApiVersion::LATEST.to_string(),
                from: "the default".to_owned(),
            })
        }),
        org: setting(config.org.as_ref()),
        project: setting(config.project.as_ref()),
        credentials: credentials.as_ref().ok().map(|credentials| Credentials {
            kind: credentials.value.kind(),
            name: credentials
                .value
                .name()
                .map(|name| sanitize(name).into_owned()),
            from: credentials.origin.clone(),
        }),
        sources: config
            .layers
            .iter()
            .map(|layer| Source {
                source: layer.origin.clone(),
                credentials: summary(&layer.credentials, layer.remark),
            })
            .collect(),
    };
    output.result(&status, rows)?;
    credentials.map(|_| ())
}

fn setting<T: ToString>(found: Option<&Sourced<T>>) -> Option<Setting> {
    found.map(|found| Setting {
        value: sanitize(&found.value.to_string()).into_owned(),
        from: found.origin.clone(),
    })
}

fn summary(parts: &CredentialParts, remark: Option<&'static str>) -> String {
    match parts.resolve() {
        Ok(Some(credentials)) => credentials.kind().to_owned(),
        Ok(None) if parts.secret.is_some() => "a secret".to_owned(),
        Ok(None) => remark.unwrap_or("none").to_owned(),
        Err(reason) => reason,
    }
}

fn rows(status: &Status) -> Table {
    let mut table = table();
    let mut row = |name: &str, setting: Option<&Setting>| {
        if let Some(setting) = setting {
            table.add_row([name, &setting.value, &format!("from {}", setting.from)]);
        }
    };
    row("service", Some(&status.service));
    row("base URL", Some(&status.base_url));
    row("API version", status.api_version.as_ref());
    row("organization", status.org.as_ref());
    row("project", status.project.as_ref());
    match &status.credentials {
        Some(credentials) => {
            let name = credentials.name.as_deref().unwrap_or_default();
            table.add_row([
                "credentials",
                format!("{} {name}", credentials.kind).trim(),
                &format!("from {}", credentials.from),
            ]);
            table.add_row(["secret", MASK, ""]);
        }
        None => {
            table.add_row(["credentials", "none usable", ""]);
        }
    }
    for (index, source) in status.sources.iter().enumerate() {
        let name = format!("source {}", index + 1);
        table.add_row([&name, &source.credentials, &format!("in {}", source.source)]);
    }
    table
}
