//! The servers, their settings, and one run for each.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use super::{
    Options,
    access_log::AccessLog,
    apache,
    backend::Backend,
    credentials, lighttpd, packages,
    process::free_address,
    report::{Outcome, Row, Seen},
    workload::Workload,
};

/// A server in one setting.
struct Setting {
    name: &'static str,
    kind: Kind,
    /// What every answer to its challenge must have.
    parameter: &'static str,
    /// Whether its nonces expire so soon that the run must let them.
    short_lived: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Apache with directives of mod_auth_digest.
    Apache(&'static [&'static str]),
    /// The same as a proxy.
    ApacheProxy(&'static [&'static str]),
    /// lighttpd with a list of algorithms.
    Lighttpd(&'static str),
}

const ONE_BY_ONE: Workload = Workload {
    updates: 1_000,
    tasks: 1,
    pauses: 0,
};
const MANY: Workload = Workload {
    updates: 5_000,
    tasks: 32,
    pauses: 0,
};

/// The strictest setting: every lane must count on its own, and be known again
/// by its opaque value.
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
        parameter: "opaque=",
        short_lived: false,
    },
    Setting {
        name: "NonceLifetime 0: one use, nextnonce",
        kind: Kind::Apache(&["AuthDigestNonceLifetime 0"]),
        parameter: "opaque=",
        short_lived: false,
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
        parameter: "opaque=",
        short_lived: true,
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
];

/// Every setting, one by one and many at once. A server that cannot be had is
/// skipped, with a row for each run that it should have had.
pub(crate) async fn run(root: &Path, options: &Options) -> Result<Vec<Row>> {
    let folder = root.join("target/interop/digest");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut rows = Vec::new();
    for setting in SETTINGS {
        let program = match setting.program() {
            Ok(program) => program,
            Err(error) => {
                eprintln!("SKIPPED: {}, {}: {error:#}", setting.server(), setting.name);
                for workload in setting.workloads() {
                    let skipped = Outcome::Skipped(format!("{error:#}"));
                    rows.push(setting.row(workload, skipped));
                }
                continue;
            }
        };
        for workload in setting.workloads() {
            let times = if setting.name == NC_CHECK.name && workload.tasks > 1 {
                options.repeat
            } else {
                1
            };
            for _ in 0..times {
                eprintln!(
                    "{}, {}, {} at once",
                    setting.server(),
                    setting.name,
                    workload.tasks
                );
                let result = setting
                    .run(&program, &folder.join(rows.len().to_string()), workload)
                    .await;
                let outcome = match result {
                    Ok(seen) => Outcome::Ran(seen),
                    Err(error) => Outcome::Broke(format!("{error:#}")),
                };
                rows.push(setting.row(workload, outcome));
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
        }
    }

    fn program(&self) -> Result<PathBuf> {
        match self.kind {
            Kind::Apache(_) | Kind::ApacheProxy(_) => packages::program("apache2-bin", "apache2"),
            Kind::Lighttpd(_) => packages::program("lighttpd", "lighttpd"),
        }
    }

    fn workloads(&self) -> [Workload; 2] {
        let pauses = if self.short_lived { 2 } else { 0 };
        [ONE_BY_ONE, MANY].map(|workload| Workload { pauses, ..workload })
    }

    /// A fresh server, the updates, and what was seen of them.
    async fn run(&self, program: &Path, folder: &Path, workload: Workload) -> Result<Seen> {
        fs::create_dir_all(folder)?;
        let backend = Backend::start().await?;
        let address = free_address()?;
        let password = credentials::password();
        let process = match self.kind {
            Kind::Apache(directives) => {
                apache::start(program, folder, address, None, directives, &password)
            }
            Kind::ApacheProxy(directives) => {
                let backend = Some(backend.address);
                apache::start(program, folder, address, backend, directives, &password)
            }
            Kind::Lighttpd(algorithms) => lighttpd::start(
                program,
                folder,
                address,
                backend.address,
                algorithms,
                &password,
            ),
        }?;
        let outcome = workload.run(address, &password).await;
        // Its log is whole once it has stopped.
        drop(process);
        let outcome = outcome?;
        Ok(Seen {
            failures: outcome.failures,
            first_failure: outcome.first_failure.map(|error| error.to_string()),
            log: AccessLog::read(&folder.join("access.log"), self.parameter)
                .context("the server kept no log")?,
            parameter: self.parameter,
        })
    }

    fn row(&self, workload: Workload, outcome: Outcome) -> Row {
        Row {
            server: self.server(),
            setting: self.name,
            workload,
            outcome,
        }
    }
}
