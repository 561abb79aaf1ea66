//! The clients with the digest authentication of third-party servers: their settings, and a run of
//! each.

mod access_log;
mod apache;
mod backend;
mod client;
mod credentials;
mod lighttpd;
mod microhttpd;
mod package;
mod report;
mod workload;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use clap::Args;

use self::{access_log::AccessLog, backend::Backend, report::Observed, workload::Workload};
use crate::{outcome::Outcome, process::free_address};

pub(crate) use self::report::{Row, table_of};

#[derive(Args)]
pub(crate) struct Options {
    /// Fail if a server cannot be installed, instead of skipping it
    #[arg(long)]
    pub(crate) require_all: bool,
    /// Repeat the run of Apache with AuthDigestNcCheck and 32 tasks
    #[arg(long, default_value_t = 1, value_name = "TIMES")]
    repeat: u32,
}

/// A server in one setting.
struct Setting {
    name: &'static str,
    kind: Kind,
    /// What all digest credentials must contain.
    parameter: &'static str,
    /// Whether nonces are so short-lived that the run lets them expire.
    short_lived: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Apache with these directives of mod_auth_digest.
    Apache(&'static [&'static str]),
    /// The same as a proxy.
    ApacheProxy(&'static [&'static str]),
    /// lighttpd with this list of algorithms.
    Lighttpd(&'static str),
    /// libmicrohttpd.
    Microhttpd,
}

const ONE_TASK: Workload = Workload {
    updates: 1_000,
    tasks: 1,
    pauses: 0,
    shared_nonces: false,
};
const MANY_TASKS: Workload = Workload {
    updates: 5_000,
    tasks: 32,
    pauses: 0,
    shared_nonces: false,
};

/// The strictest setting: the server knows each session by its opaque value and checks its nonce
/// count.
const NC_CHECK: Setting = Setting {
    name: "NcCheck On",
    kind: Kind::Apache(&["AuthDigestNcCheck On"]),
    parameter: "opaque=",
    short_lived: false,
};

const SETTINGS: &[Setting] = &[
    NC_CHECK,
    Setting {
        name: "NcCheck On, domain, as a proxy",
        kind: Kind::ApacheProxy(&[
            "AuthDigestNcCheck On",
            "AuthDigestDomain /api/ http://127.0.0.1/",
        ]),
        ..NC_CHECK
    },
    Setting {
        name: "NonceLifetime 0: one use, nextnonce",
        kind: Kind::Apache(&["AuthDigestNonceLifetime 0"]),
        ..NC_CHECK
    },
    Setting {
        name: "NonceLifetime 1: nextnonce, stale",
        kind: Kind::Apache(&["AuthDigestNonceLifetime 1"]),
        parameter: "nc=",
        short_lived: true,
    },
    Setting {
        name: "NonceLifetime 1, NcCheck On",
        kind: Kind::Apache(&["AuthDigestNonceLifetime 1", "AuthDigestNcCheck On"]),
        short_lived: true,
        ..NC_CHECK
    },
    Setting {
        name: "NonceLifetime 300",
        kind: Kind::Apache(&["AuthDigestNonceLifetime 300"]),
        parameter: "nc=",
        short_lived: false,
    },
    Setting {
        name: "SHA-256",
        kind: Kind::Lighttpd("SHA-256"),
        parameter: "algorithm=SHA-256",
        short_lived: false,
    },
    Setting {
        name: "MD5 and SHA-256",
        kind: Kind::Lighttpd("MD5|SHA-256"),
        parameter: "algorithm=SHA-256",
        short_lived: false,
    },
    Setting {
        name: "one nonce a second, for one URI",
        kind: Kind::Microhttpd,
        parameter: "nc=",
        short_lived: false,
    },
];

/// Runs both workloads in every setting, with each client. A server that cannot be installed is skipped, with a row
/// for each run.
pub(crate) async fn run(root: &Path, options: &Options) -> Result<Vec<Row>> {
    let folder = root.join("target/interop/digest");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut rows = Vec::new();
    for setting in SETTINGS {
        let (server, name) = (setting.server(), setting.name);
        let program = setting.program(root, &folder).map_err(|error| {
            let outcome = Outcome::skipped(&error);
            eprintln!("{server}, {name}: {outcome}");
            outcome
        });
        for (kind, workload) in setting.runs() {
            let is_repeated = name == NC_CHECK.name && workload.tasks > 1 && program.is_ok();
            for _ in 0..if is_repeated { options.repeat } else { 1 } {
                let run = match &program {
                    Ok(program) => {
                        eprintln!("{kind}, {server}, {name}, {} tasks", workload.tasks);
                        let folder = folder.join(rows.len().to_string());
                        let run = setting.run(program, &folder, kind, workload).await;
                        run.map_err(|error| Err(error).into())
                    }
                    Err(skipped) => Err(skipped.clone()),
                };
                rows.push(Row {
                    client: kind,
                    server,
                    setting: name,
                    workload,
                    run,
                });
            }
        }
    }
    Ok(rows)
}

impl Setting {
    fn server(&self) -> &'static str {
        match self.kind {
            Kind::Apache(_) | Kind::ApacheProxy(_) => "Apache",
            Kind::Lighttpd(_) => "lighttpd",
            Kind::Microhttpd => "libmicrohttpd",
        }
    }

    fn program(&self, root: &Path, folder: &Path) -> Result<PathBuf> {
        match self.kind {
            Kind::Apache(_) | Kind::ApacheProxy(_) => package::program("apache2-bin", "apache2"),
            Kind::Lighttpd(_) => package::program("lighttpd", "lighttpd"),
            Kind::Microhttpd => microhttpd::program(root, folder),
        }
    }

    /// Returns the runs: each client with both workloads.
    fn runs(&self) -> impl Iterator<Item = (client::Kind, Workload)> {
        let pauses = if self.short_lived { 2 } else { 0 };
        let shared_nonces = matches!(self.kind, Kind::Microhttpd);
        let workloads = [ONE_TASK, MANY_TASKS].map(|workload| Workload {
            pauses,
            shared_nonces,
            ..workload
        });
        client::Kind::ALL
            .into_iter()
            .flat_map(move |kind| workloads.map(|workload| (kind, workload)))
    }

    /// Starts a new server and makes the updates.
    async fn run(
        &self,
        program: &Path,
        folder: &Path,
        kind: client::Kind,
        workload: Workload,
    ) -> Result<Observed> {
        fs::create_dir_all(folder)?;
        let backend = Backend::start().await?;
        let address = free_address()?;
        let password = &credentials::password();
        let process = match self.kind {
            Kind::Apache(directives) => {
                apache::start(program, folder, address, None, directives, password)
            }
            Kind::ApacheProxy(directives) => {
                let backend = Some(backend.address);
                apache::start(program, folder, address, backend, directives, password)
            }
            Kind::Lighttpd(algorithms) => {
                let backend = backend.address;
                lighttpd::start(program, folder, address, backend, algorithms, password)
            }
            Kind::Microhttpd => microhttpd::start(program, folder, address, password),
        }?;
        let errors = workload.run(kind, address, password).await;
        // The log is complete when the server has stopped.
        drop(process);
        let errors = errors?;
        Ok(Observed {
            failures: errors.len(),
            first_failure: errors.first().map(|error| format!("{error:#}")),
            log: AccessLog::read(&folder.join("access.log"), self.parameter)
                .context("the server wrote no log")?,
            parameter: self.parameter,
        })
    }
}
