//! The maintainers' tasks. `cargo xtask --help` lists them.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Result;
use clap::{Parser, Subcommand};

use xtask::{
    check_operations, ci,
    diff::{
        self,
        report::{self, Format},
    },
    document::{
        self,
        output::{Mode, write_or_check},
        sanitize::sanitize,
    },
    packages,
    pipeline::{
        emit::{self, progenitor::Part, worker},
        services::Services,
        sources::Sources,
    },
    release_tasks, screenshot, speed, trial,
    type_check::type_check,
    update,
    upstream::{DEFAULT_SERVICE, Upstream},
    workspace,
};

/// The pipeline allocates millions of small values; this makes it a third faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tasks for maintainers of this workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    /// The workspace to work on [default: the one around the current directory]
    #[arg(long, global = true, hide = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run every gate, or the named ones
    Ci {
        /// Leave out the steps that take longest, as `.ci/run` does
        #[arg(long, conflicts_with = "steps")]
        quick: bool,

        /// The steps to run, such as "lints"; all unless given
        steps: Vec<String>,
    },
    /// Generate code from the documents in openapi/
    Generate {
        /// Write nothing; fail if anything would change
        #[arg(long)]
        check: bool,
        /// Write the code even if it does not compile
        #[arg(long, conflicts_with = "check")]
        no_type_check: bool,
    },
    /// Benchmark the client against raw reqwest and other digest clients
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Test the client against real servers, and third-party clients against the emulator
    #[command(disable_help_flag = true)]
    Interop {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Make many changes amid faults, and compare each reported outcome with the truth
    #[command(disable_help_flag = true)]
    Soak {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Measure what a user's program costs to build, beside others
    #[cfg(unix)]
    Cost {
        /// Write the table into the SDK's README
        #[arg(long)]
        write_readme: bool,
    },
    /// Check the packages as their users get them
    Packages,
    /// Write the picture of `atlas-admin apply --plan` in README.md
    Screenshot,
    /// Generate a part of the low-level crate; `generate` starts this
    #[command(name = worker::TASK, hide = true)]
    Generator { part: Part },
    /// Measure each stage on a full document, and on enlarged ones
    #[command(hide = true)]
    Speed {
        /// The document: YAML or JSON, plain or gzipped
        #[arg(long)]
        from: PathBuf,
    },
    /// Check which operations of a full document the pipeline can generate
    #[command(alias = "survey")]
    CheckOperations {
        /// The service [default: the one whose paths the document has]
        #[arg(long)]
        service: Option<String>,
        /// The document: a file or an address; YAML or JSON, plain or gzipped
        #[arg(long)]
        from: String,
        /// Also compile all generated operations in one crate
        #[arg(long)]
        compile: bool,
    },
    /// Compare a document with the committed one, for our operations
    Diff {
        /// The service [default: the one whose paths the document has]
        #[arg(long)]
        service: Option<String>,
        /// The new document: a file or an address; YAML or JSON, plain or gzipped
        #[arg(long)]
        from: String,
        /// The document to compare with [default: the committed one]
        #[arg(long)]
        against: Option<String>,
        /// The output format
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// Also name the rule behind each severity
        #[arg(long)]
        explain: bool,
    },
    /// Take a new upstream document: trim, compare, lock, generate, log
    ///
    /// Nothing is written over files with uncommitted changes. The report for the pull
    /// request goes to standard output.
    Update {
        /// The service [default: the one whose paths the document has]
        #[arg(long)]
        service: Option<String>,
        /// The document: a file or an address; YAML or JSON, plain or gzipped
        #[arg(long)]
        from: String,
        /// Write nothing
        #[arg(long)]
        dry_run: bool,
        /// Accept breaking changes
        #[arg(long)]
        accept_breaking: bool,
        /// Overwrite files with uncommitted changes
        #[arg(long)]
        allow_dirty: bool,
        /// Write the code even if it does not compile
        #[arg(long)]
        no_type_check: bool,
    },
    /// Trim an upstream document to the one of its service in openapi/
    Trim {
        /// The service [default: the one whose paths the document has]
        #[arg(long)]
        service: Option<String>,
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
            eprintln!("error: {}", sanitize(&format!("{error:#}")));
            ExitCode::from(
                error
                    .downcast_ref::<release_tasks::Failure>()
                    .map_or(2, |f| f.code),
            )
        }
    }
}

fn run(Arguments { root, task }: Arguments) -> Result<()> {
    if let Task::Generator { part } = task {
        return worker::run(part);
    }
    let root = root.map_or_else(workspace::find_root, Ok)?;
    match task {
        Task::Generate {
            check,
            no_type_check,
        } => {
            let mode = mode(check, "cargo xtask generate");
            let _lock = workspace::lock(&root, check)?;
            let outputs = emit::generate(&root)?;
            if !check && !no_type_check {
                type_check(&root, &outputs)?;
            }
            write_or_check(&root, &outputs, mode)
        }
        Task::Bench { arguments } => release_tasks::run(&root, "bench", &arguments),
        Task::Interop { arguments } => release_tasks::run(&root, "interop", &arguments),
        Task::Soak { arguments } => release_tasks::run(&root, "soak", &arguments),
        Task::Ci { quick, steps } => ci::run(&root, quick, &steps),
        #[cfg(unix)]
        Task::Cost { write_readme } => {
            xtask::cost::measure(&root, &trial::target(&root)?, write_readme)
        }
        Task::Packages => packages::check(&root),
        Task::Screenshot => screenshot::write(&root),
        Task::Speed { from } => {
            let services = Services::read(&root.join(Services::PATH))?;
            let text = document::read_text(&from)?;
            print!("{}", speed::measure(&text, DEFAULT_SERVICE, &services)?);
            Ok(())
        }
        Task::CheckOperations {
            service,
            from,
            compile,
        } => check_operations(&root, service.as_deref(), &from, compile),
        Task::Trim {
            service,
            from,
            check,
        } => {
            let mode = mode(check, "cargo xtask trim --from FILE");
            let _lock = workspace::lock(&root, check)?;
            let services = Services::read(&root.join(Services::PATH))?;
            let upstream = Upstream::read(&from)?;
            let service = upstream.service(service.as_deref(), &services)?;
            write_or_check(&root, &upstream.outputs(&root, service, &services)?, mode)
        }
        Task::Diff {
            service,
            from,
            against,
            format,
            explain,
        } => {
            let sources = Sources::read(&root)?;
            let new = Upstream::read(&from)?;
            let old = against.as_deref().map(Upstream::read).transpose()?;
            let service = new.service(service.as_deref(), &sources.services)?;
            let old = match &old {
                Some(old) => &old.document,
                None => &sources.documents[service],
            };
            let mut changes = diff::diff(old, &new.document, service, &sources.services)?;
            if !explain {
                changes = changes.without_rules();
            }
            print!("{}", report::write(&changes, format)?);
            Ok(())
        }
        Task::Update {
            service,
            from,
            dry_run,
            accept_breaking,
            allow_dirty,
            no_type_check,
        } => {
            let settings = update::Settings {
                service: service.as_deref(),
                from: &from,
                dry_run,
                accept_breaking,
                allow_dirty,
                no_type_check,
            };
            print!("{}", update::update(&root, &settings)?);
            Ok(())
        }
        Task::Generator { .. } => Ok(()),
    }
}

fn check_operations(root: &Path, service: Option<&str>, from: &str, compile: bool) -> Result<()> {
    let services = Services::read(&root.join(Services::PATH))?;
    let upstream = Upstream::read(from)?;
    let service = services.service(upstream.service(service, &services)?)?;
    let document = upstream.document;
    let checked = check_operations::check(&document, service, &services)?;
    print!("{checked}");
    if compile {
        checked.compile(root, &document, service)?;
        println!("       all of them compile in one crate");
    }
    Ok(())
}

fn mode(check: bool, fix_command: &'static str) -> Mode {
    if check {
        Mode::Check { fix_command }
    } else {
        Mode::Write
    }
}
