//! The maintainers' tasks. `cargo xtask --help` lists them.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use xtask::{
    document,
    files::{Mode, Output, deliver},
    generate, licences,
    lock::Lock,
    services::Services,
    trim,
};

/// Maintainers' tasks of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the generated code from the documents in openapi/
    Generate {
        /// Write nothing; fail if anything would change
        #[arg(long)]
        check: bool,
    },
    /// Check the licences of all dependencies
    Licences,
    /// Cut an upstream document down to openapi/atlas-v2.yaml
    Trim {
        /// The document: YAML or JSON, plain or gzipped
        #[arg(long)]
        from: PathBuf,
        /// Write nothing; fail if the file would change
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = root()?;
    match task {
        Task::Generate { check } => {
            let mode = mode(check, "cargo xtask generate");
            deliver(&root, &generate::generate(&root)?, mode)
        }
        Task::Licences => licences::check(),
        Task::Trim { from, check } => {
            let mode = mode(check, "cargo xtask trim --from FILE");
            deliver(&root, &trimmed(&root, &from)?, mode)
        }
    }
}

fn mode(check: bool, mend: &'static str) -> Mode {
    if check {
        Mode::Check { mend }
    } else {
        Mode::Write
    }
}

/// The service whose document is cut from upstream's.
const UPSTREAM_SERVICE: &str = "atlas-v2";

fn trimmed(root: &Path, from: &Path) -> Result<Vec<Output>> {
    let openapi = Path::new("openapi");
    let services = Services::read(&root.join("openapi/services.toml"))?;
    let service = services
        .services
        .get(UPSTREAM_SERVICE)
        .with_context(|| format!("openapi/services.toml: no service {UPSTREAM_SERVICE}"))?;
    let place = || from.display().to_string();
    let text = document::read_text(from).with_context(place)?;
    let document = document::parse(&text).with_context(place)?;
    document::check_openapi(&document).with_context(place)?;
    let trimmed = trim::trim(&document, &service.base_path, services.operations.values())
        .with_context(place)?;
    let lock_path = openapi.join("upstream.lock.toml");
    let old = Lock::read(&root.join(&lock_path))?;
    let lock = Lock::new(&place(), &text, old.as_ref());
    Ok(vec![
        Output::new(
            openapi.join(&service.document),
            document::to_yaml(&trimmed)?,
        ),
        Output::new(lock_path, lock.to_toml()?),
    ])
}

/// The root of the workspace that this program was built in.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask stands in the root")?;
    Ok(root.to_owned())
}
