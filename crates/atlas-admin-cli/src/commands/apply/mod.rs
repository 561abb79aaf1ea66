//! `apply`: update API keys to match a manifest.
//!
//! manifest → refresh → plan → confirm → execute → summary

mod cancellation;
mod concurrent;
mod confirm;
mod desired;
mod execute;
mod journal;
pub(super) mod manifest;
mod plan;
mod refresh;
mod resume_hint;
mod summary;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Instant,
};

use atlas_admin::OrgId;
use clap::{Args, value_parser};

use self::{
    cancellation::Cancellation,
    desired::{DesiredKey, update_count},
    journal::Journal,
    plan::{Plan, PlannedOutcome},
    summary::Summary,
};
use super::journal_file::Endpoint;
use crate::{
    args::{Format, GlobalArgs},
    client::{DryRun, Session},
    config::Config,
    error::{CliError, ExitStatus, call_error_to_json},
    roles::KnownRoles,
    runtime::block_on_multi_thread,
    ui::{Output, request, table::count},
};

const EXAMPLES: &str = "\
Manifest:
  org: 32b6e34b3d91647abb20e7b8
  keys:
    - id: 6a793f752c88faeba59bba49
      desc: ci deploys
      roles: [ORG_READ_ONLY]
      projects:
        32b6e34b3d91647abb20e7b9: [GROUP_READ_ONLY, GROUP_DATA_ACCESS_READ_WRITE]

Examples:
  atlas-admin apply keys.yaml --plan
  atlas-admin apply keys.yaml --yes --journal run.jsonl
  atlas-admin apply keys.yaml --yes --resume run.jsonl

Exit codes:
  0    every key matches the manifest
  1    an update failed, its outcome is unknown, or it was not started or not confirmed
  2    invalid input
  3    missing or rejected credentials
  130  interrupted";

/// Update API keys to match a manifest
///
/// Validates the whole manifest, reads each key, and prints a plan of what would change,
/// including the roles that keys would lose. Then asks for confirmation and sends only the
/// changes; the key that signs in comes last. Everything that the manifest does not mention
/// stays unchanged.
///
/// Ctrl-C finishes the updates in flight, including those that wait for the rate limit or a
/// retry, and prints how to resume. A second Ctrl-C exits immediately. With --journal, a run
/// can resume however it ended.
///
/// --dry-run reads no keys. It prints the requests that would be sent if every update were
/// necessary, except those that --resume skips.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Apply {
    /// Manifest in YAML or JSON; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Organization of keys for which the manifest names none
    #[arg(long, value_name = "ID")]
    org: Option<OrgId>,

    /// Print the plan and exit
    #[arg(long, conflicts_with = "yes")]
    plan: bool,

    /// Skip the confirmation prompt
    #[arg(long, short)]
    yes: bool,

    /// Number of keys to read or update at once, 1 to 256
    #[arg(
        long,
        value_name = "NUMBER",
        default_value = "8",
        value_parser = value_parser!(u16).range(1..=256)
    )]
    concurrency: u16,

    /// Continue with other keys after a failure
    #[arg(long)]
    keep_going: bool,

    /// Record the outcome of each update in a new journal
    #[arg(long, value_name = "FILE", alias = "report")]
    journal: Option<PathBuf>,

    /// Skip the updates that this journal records as applied, and append to it
    #[arg(long, value_name = "JOURNAL", conflicts_with = "journal")]
    resume: Option<PathBuf>,

    /// Send role names that look like a misspelling of a known role
    #[arg(long)]
    allow_unknown_role: bool,
}

pub(super) fn run(
    args: &Apply,
    global: &GlobalArgs,
    output: &Output,
) -> Result<ExitStatus, CliError> {
    let started = Instant::now();
    if global.private_key_stdin && is_stdin(&args.file) {
        return Err(CliError::input(
            "the manifest and the private key cannot both come from standard input; \
             use --private-key-file",
        ));
    }
    let config = Config::load(global, output)?;
    let known_roles = KnownRoles::new(config.service.value, args.allow_unknown_role);
    let keys = read_manifest(args, &config, &known_roles)?;
    let updates = keys.iter().flat_map(|key| &key.updates);
    let roles = updates.flat_map(|update| {
        let roles = update.roles.iter().flatten();
        roles.map(|role| (update.target.scope(), role))
    });
    known_roles.warn_about_unknown(roles, output);
    let run = Run {
        args,
        config: &config,
        output,
        endpoint: Endpoint::new(&config),
        started,
    };
    if global.dry_run {
        run.dry_run(keys)
    } else {
        block_on_multi_thread(run.run(keys))
    }
}

struct Run<'a> {
    args: &'a Apply,
    config: &'a Config,
    output: &'a Output,
    endpoint: Endpoint,
    started: Instant,
}

impl Run<'_> {
    /// Prints the request of every update that the journal does not settle.
    fn dry_run(&self, mut keys: Vec<DesiredKey>) -> Result<ExitStatus, CliError> {
        if let Some(path) = &self.args.resume {
            self.skip_settled(&mut keys, &Journal::open(path)?)?;
        }
        let dry_run = DryRun::new(self.config, self.output)?;
        let mut previews = Vec::with_capacity(update_count(&keys));
        for key in &keys {
            for update in &key.updates {
                let call = update.call(&dry_run.client, &key.id, true, true)?;
                previews.push(dry_run.preview(&call));
            }
        }
        request::print_all(&previews, self.output)?;
        Ok(ExitStatus::Success)
    }

    async fn run(&self, mut keys: Vec<DesiredKey>) -> Result<ExitStatus, CliError> {
        let journal = match (&self.args.journal, &self.args.resume) {
            (Some(path), _) => Journal::create(path)?,
            (None, Some(path)) => Journal::open(path)?,
            (None, None) => Journal::none(),
        };
        let previously_applied = self.skip_settled(&mut keys, &journal)?;
        let session = Session::open_rate_limited(self.config, self.output)?;
        let cancellation = Cancellation::on_signal(self.args.keep_going)?;
        let result = self
            .plan_and_execute(&session, keys, journal, previously_applied, &cancellation)
            .await;
        session.close().await;
        result
    }

    /// Removes the updates that the journal settles, and returns their number.
    fn skip_settled(
        &self,
        keys: &mut Vec<DesiredKey>,
        journal: &Journal,
    ) -> Result<usize, CliError> {
        let Some(path) = &self.args.resume else {
            return Ok(0);
        };
        let history = journal.history(&self.endpoint)?;
        if !history.covers_any(keys) {
            return Err(CliError::input(format!(
                "{} has none of the keys in {}",
                path.display(),
                self.args.file.display()
            )));
        }
        for (key, target) in history.abandoned(keys) {
            self.output.note(&format!(
                "warning: an earlier run may have updated API key {key} ({target}), which is no \
                 longer in {}; check it",
                self.args.file.display()
            ));
        }
        let total = update_count(keys);
        for key in keys.iter_mut() {
            let mut updates = std::mem::take(&mut key.updates);
            updates.retain(|update| !history.settles(key, update));
            key.updates = updates;
        }
        keys.retain(|key| !key.updates.is_empty());
        let remaining = update_count(keys);
        self.output.note(&format!(
            "resuming: {} previously applied, {remaining} remaining",
            count(total - remaining, "update"),
        ));
        Ok(total - remaining)
    }

    async fn plan_and_execute(
        &self,
        session: &Session,
        keys: Vec<DesiredKey>,
        mut journal: Journal,
        previously_applied: usize,
        cancellation: &Cancellation,
    ) -> Result<ExitStatus, CliError> {
        let concurrency = self.args.concurrency.into();
        let total = update_count(&keys);
        let (plan, requests_sent) =
            refresh::refresh(session, keys, concurrency, cancellation, self.output).await;
        let mut summary = Summary {
            previously_applied,
            requests_sent,
            ..Summary::default()
        };
        if cancellation.reason().is_some() && !self.args.plan {
            if !plan.unreadable.is_empty() {
                journal.begin(&self.endpoint)?;
                record(plan.unreadable_outcomes(), &journal, &mut summary)?;
            }
            drop(journal);
            summary.not_started = total - summary.failed;
            return self.finish(summary, cancellation);
        }
        self.print_plan(&plan).inspect_err(|_| {
            self.output
                .note("nothing was changed: the plan could not be printed");
        })?;
        if self.args.plan {
            let is_complete = plan.unreadable.is_empty() && plan.not_read == 0;
            return Ok(cancellation.exit_status_or(if is_complete {
                ExitStatus::Success
            } else {
                ExitStatus::Failure
            }));
        }
        let needs_confirmation = !plan.changed.is_empty() && !self.args.yes;
        if needs_confirmation && !confirm::confirm(&plan, self.output.format, cancellation).await? {
            self.output.note("nothing was changed");
            return Ok(cancellation.exit_status_or(ExitStatus::Failure));
        }
        journal.begin(&self.endpoint)?;
        record(plan.outcomes(), &journal, &mut summary)?;
        let (summary, journal_error) = execute::execute(
            &session.client,
            plan.changed,
            concurrency,
            cancellation,
            journal,
            summary,
            self.output,
        )
        .await;
        let status = self.finish(summary, cancellation)?;
        journal_error.map_or(Ok(status), Err)
    }

    fn print_plan(&self, plan: &Plan) -> Result<(), CliError> {
        match self.output.format {
            Format::Table => self.output.text(&plan.to_text()),
            // The output is one document, and without --plan that is the summary.
            _ if self.args.plan => self.output.data(&plan.to_json()),
            _ => Ok(()),
        }
    }

    /// Prints the summary, and how to resume if something is left to do.
    fn finish(
        &self,
        mut summary: Summary,
        cancellation: &Cancellation,
    ) -> Result<ExitStatus, CliError> {
        summary.set_duration(self.started.elapsed());
        self.output.result(&summary, Summary::rows)?;
        if summary.is_complete() {
            return Ok(ExitStatus::Success);
        }
        let has_journal = self.args.journal.as_ref().is_some_and(|path| path.exists());
        let command = resume_hint::resume_command(std::env::args_os().skip(1), has_journal);
        self.output.note(&format!(
            "not all updates were applied; resume with: {command}"
        ));
        Ok(cancellation.exit_status_or(ExitStatus::Failure))
    }
}

/// Records the outcomes that are known before anything is sent.
fn record<'a>(
    outcomes: impl Iterator<Item = PlannedOutcome<'a>>,
    journal: &Journal,
    summary: &mut Summary,
) -> Result<(), CliError> {
    for (key, update, outcome, error) in outcomes {
        let error = error.map(call_error_to_json);
        summary.record_error(error.as_ref());
        journal.finish(key, update, outcome, error)?;
        summary.count(outcome);
    }
    Ok(())
}

fn read_manifest(
    args: &Apply,
    config: &Config,
    known_roles: &KnownRoles,
) -> Result<Vec<DesiredKey>, CliError> {
    let file = if is_stdin(&args.file) {
        "standard input".to_owned()
    } else {
        args.file.display().to_string()
    };
    let bytes = if is_stdin(&args.file) {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(&args.file)
    }
    .map_err(|error| CliError::input(format!("cannot read {file}: {error}")))?;
    let org = match (&args.org, &config.org) {
        (None, None) => None,
        _ => Some(config.org(args.org.as_ref())?),
    };
    manifest::read(&bytes, org.as_ref(), known_roles)
        .map_err(|diagnostics| CliError::Manifest { file, diagnostics })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
