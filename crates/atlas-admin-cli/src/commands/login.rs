//! `login check`: which credentials would be used, and where they are from.

use clap::{Args, Subcommand};
use comfy_table::Table;
use serde::Serialize;

use crate::{
    cli::Global,
    exit::{Exit, Failure},
    output::{Output, printable, table},
    service::{ATLAS, Service},
    settings::{self, LoginParts, Settings, Sourced},
};

const EXAMPLES: &str = "\
Examples:
  atlas-admin login check
  atlas-admin login check --profile production --output json";

#[derive(Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Login {
    /// Show which credentials and settings would be used, and where they are from
    ///
    /// Nothing is sent and no secret is shown. Sources are asked in this order, and for
    /// each setting the first that has it wins:
    ///
    ///   1. flags; a secret comes from --private-key-file or --private-key-stdin
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
    #[command(verbatim_doc_comment)]
    Check(Check),
}

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    service: Setting,
    address: Setting,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_version: Option<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Setting>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<Setting>,
    /// Absent if there are none, or none that can be used.
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
    /// The half that is no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    from: String,
}

#[derive(Serialize)]
struct Source {
    source: String,
    credentials: String,
}

pub(super) fn run(global: &Global, output: &Output) -> Result<Exit, Failure> {
    let settings = Settings::gather(global, output)?;
    let login = settings.login();
    let report = Report {
        service: Setting {
            value: settings.service.value.id().to_owned(),
            from: settings.service.origin.clone(),
        },
        address: setting(settings.address.as_ref()).unwrap_or_else(|| Setting {
            value: ATLAS.to_owned(),
            from: "the default".to_owned(),
        }),
        api_version: (settings.service.value == Service::AtlasV2).then(|| {
            setting(settings.api_version.as_ref()).unwrap_or_else(|| Setting {
                value: atlas_admin::ApiVersion::LATEST.to_string(),
                from: "the default".to_owned(),
            })
        }),
        org: setting(settings.org.as_ref()),
        project: setting(settings.project.as_ref()),
        credentials: login.as_ref().ok().map(|login| Credentials {
            kind: login.value.kind(),
            name: login.value.name().map(printable),
            from: login.origin.clone(),
        }),
        sources: settings
            .layers
            .iter()
            .map(|layer| Source {
                source: layer.origin.clone(),
                credentials: summary(&layer.login, layer.remark),
            })
            .collect(),
    };
    output.result(&report, lines)?;
    login.map(|_| Exit::Done)
}

fn setting<T: ToString>(found: Option<&Sourced<T>>) -> Option<Setting> {
    found.map(|found| Setting {
        value: printable(&found.value.to_string()),
        from: found.origin.clone(),
    })
}

fn summary(parts: &LoginParts, remark: Option<&'static str>) -> String {
    match parts.complete() {
        Ok(Some(login)) => login.kind().to_owned(),
        Ok(None) if parts.secret.is_some() => "a secret".to_owned(),
        Ok(None) => remark.unwrap_or("none").to_owned(),
        Err(reason) => reason,
    }
}

fn lines(report: &Report) -> Table {
    let mut table = table();
    let mut row = |name: &str, setting: Option<&Setting>| {
        if let Some(setting) = setting {
            table.add_row([name, &setting.value, &format!("from {}", setting.from)]);
        }
    };
    row("service", Some(&report.service));
    row("address", Some(&report.address));
    row("API version", report.api_version.as_ref());
    row("organization", report.org.as_ref());
    row("project", report.project.as_ref());
    match &report.credentials {
        Some(credentials) => {
            let name = credentials.name.as_deref().unwrap_or_default();
            table.add_row([
                "credentials",
                format!("{} {name}", credentials.kind).trim(),
                &format!("from {}", credentials.from),
            ]);
            table.add_row(["secret", settings::MASK, ""]);
        }
        None => {
            table.add_row(["credentials", "none that can be used", ""]);
        }
    }
    for (index, source) in report.sources.iter().enumerate() {
        let name = format!("source {}", index + 1);
        table.add_row([&name, &source.credentials, &format!("in {}", source.source)]);
    }
    table
}
