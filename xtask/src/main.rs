//! The maintainers' tasks. `cargo xtask --help` lists them.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use xtask::{
    ci, diff, document,
    files::{Mode, deliver},
    generate::{self, Part},
    licences, measurements,
    report::{self, Format},
    screenshot,
    services::Services,
    sources::Sources,
    speed, survey, transaction, update,
    upstream::{self, Upstream},
    worker,
};

const COMMIT: &str = "commit-update";

/// The pipeline makes and drops millions of small values, a third faster so.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Maintainers' tasks of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    /// The workspace to work on, if not this one
    #[arg(long, global = true, hide = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every gate, as `.ci/run` does, or the named ones
    Ci {
        /// The steps to run, such as "lints"; all unless given
        steps: Vec<String>,
    },
    /// Write the generated code from the documents in openapi/
    Generate {
        /// Write nothing; fail if anything would change
        #[arg(long)]
        check: bool,
    },
    /// Compare the client with raw reqwest and with third-party clients
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Test with third-party servers and clients
    #[command(disable_help_flag = true)]
    Interop {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Check the client's reports of many updates against an emulator with faults
    #[command(disable_help_flag = true)]
    Soak {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Write the picture of `atlas-admin apply --plan` in README.md
    Screenshot,
    /// Check the licences of all dependencies
    Licences,
    /// Make a part of the low-level crate of a lowered document; `generate` starts this
    #[command(name = worker::TASK, hide = true)]
    Generator { part: Part },
    /// Measure each stage on a whole document, enlarged too
    #[command(hide = true)]
    Speed {
        /// The document: YAML or JSON, plain or gzipped
        #[arg(long)]
        from: PathBuf,
    },
    /// Try every operation of a whole document, each alone
    Survey {
        /// The document: YAML or JSON, plain or gzipped
        #[arg(long)]
        from: PathBuf,
        /// Also compile a crate of all that were generated
        #[arg(long)]
        compile: bool,
    },
    /// Compare a document with the committed one, as our operations see them
    Diff {
        /// The new document: a file or an address; YAML or JSON, plain or gzipped
        #[arg(long)]
        from: String,
        /// The old document, if not the committed one
        #[arg(long)]
        against: Option<String>,
        /// How to write the comparison
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// Also say by which rule each change has its class
        #[arg(long)]
        explain: bool,
    },
    /// Take a new upstream document: trim, compare, lock, generate, log
    ///
    /// All files are written or none. The report for the pull request goes to
    /// standard output.
    Update {
        /// The document: a file or an address; YAML or JSON, plain or gzipped
        #[arg(long)]
        from: String,
        /// Write nothing
        #[arg(long)]
        dry_run: bool,
        /// Take it even if it breaks what worked
        #[arg(long)]
        accept_breaking: bool,
    },
    /// Commit what `update` prepared; `update` starts this
    #[command(name = COMMIT, hide = true)]
    Commit,
    /// Cut an upstream document down to openapi/atlas-v2.yaml
    Trim {
        /// The document: a file or an address; YAML or JSON, plain or gzipped
        #[arg(long)]
        from: String,
        /// Write nothing; fail if the file would change
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(
                error
                    .downcast_ref::<measurements::Failure>()
                    .map_or(2, |f| f.code),
            )
        }
    }
}

fn run(Arguments { root, task }: Arguments) -> Result<()> {
    let root = root.map_or_else(this_workspace, Ok)?;
    if !matches!(task, Task::Commit | Task::Generator { .. }) {
        transaction::undo(&root)?;
    }
    match task {
        Task::Generate { check } => {
            let mode = mode(check, "cargo xtask generate");
            deliver(&root, &generate::generate(&root)?, mode)
        }
        Task::Generator { part } => worker::run(part),
        Task::Bench { arguments } => measurements::run(&root, "bench", &arguments),
        Task::Interop { arguments } => measurements::run(&root, "interop", &arguments),
        Task::Soak { arguments } => measurements::run(&root, "soak", &arguments),
        Task::Ci { steps } => ci::run(&root, &steps),
        Task::Screenshot => screenshot::write(&root),
        Task::Licences => licences::check(),
        Task::Speed { from } => {
            let services = Services::read(&root.join("openapi/services.toml"))?;
            let text = document::read_text(&from)?;
            print!("{}", speed::measure(&text, upstream::SERVICE, &services)?);
            Ok(())
        }
        Task::Survey { from, compile } => survey(&root, &from, compile),
        Task::Trim { from, check } => {
            let mode = mode(check, "cargo xtask trim --from FILE");
            let services = Services::read(&root.join("openapi/services.toml"))?;
            deliver(
                &root,
                &Upstream::read(&from)?.outputs(&root, &services)?,
                mode,
            )
        }
        Task::Diff {
            from,
            against,
            format,
            explain,
        } => compare(&root, &from, against.as_deref(), format, explain),
        Task::Update {
            from,
            dry_run,
            accept_breaking,
        } => {
            let settings = update::Settings {
                from: &from,
                dry_run,
                accept_breaking,
            };
            print!(
                "{}",
                update::update(&root, &settings, commit_command(&root)?)?
            );
            Ok(())
        }
        Task::Commit => transaction::commit(&root),
    }
}

fn survey(root: &Path, from: &Path, compile: bool) -> Result<()> {
    let services = Services::read(&root.join("openapi/services.toml"))?;
    let service = services
        .services
        .get(upstream::SERVICE)
        .with_context(|| format!("openapi/services.toml: no service {}", upstream::SERVICE))?;
    let document = document::read_openapi(from)?;
    let survey = survey::survey(&document, service, &services)?;
    print!("{survey}");
    if compile {
        survey.compile(root, &document, service)?;
        println!("       all of them compile in one crate");
    }
    Ok(())
}

fn mode(check: bool, mend: &'static str) -> Mode {
    if check {
        Mode::Check { mend }
    } else {
        Mode::Write
    }
}

fn compare(
    root: &Path,
    from: &str,
    against: Option<&str>,
    format: Format,
    explain: bool,
) -> Result<()> {
    let sources = Sources::read(root)?;
    let new = Upstream::read(from)?;
    let service = diff::service_of(&new.document, &sources.services).unwrap_or(upstream::SERVICE);
    let other = against.map(Upstream::read).transpose()?;
    let old = other
        .as_ref()
        .map_or(&sources.documents[service], |other| &other.document);
    let mut changes = diff::diff(old, &new.document, service, &sources.services)?;
    if !explain {
        changes = changes.without_rules();
    }
    print!("{}", report::write(&changes, format)?);
    Ok(())
}

/// This program, at its task of committing a transaction.
fn commit_command(root: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("--root").arg(root).arg(COMMIT);
    Ok(command)
}

/// The root of the workspace that this program was built in.
fn this_workspace() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask stands in the root")?;
    Ok(root.to_owned())
}
