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
pub(super) mod plan_json;
mod refresh;
mod requests;
mod resume_hint;
mod saved_plan;
mod step_summary;
mod summary;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Instant,
};

use atlas_admin::{ApiKeyId, Client, Error, OrgId};
use clap::{ArgGroup, Args, value_parser};
use serde_json::Value;

use self::{
    cancellation::Cancellation,
    desired::{DesiredKey, IfMissing, Update, update_count},
    journal::{Journal, Step},
    plan::{Change, Plan, PlannedOutcome},
    plan_json::PlanDocument,
    saved_plan::SavedPlan,
    summary::Summary,
};
use super::{journal_file::Endpoint, secret_file};
use crate::{
    args::{Format, GlobalArgs},
    client::{Call, DryRun, Session},
    config::Config,
    error::{CliError, ExitStatus, call_error_to_json},
    roles::KnownRoles,
    runtime::block_on_multi_thread,
    ui::{Output, github::StepSummary, request, table::count},
};

/// GitHub shows no more of a step.
const MAX_ANNOTATIONS: usize = 10;

const EXAMPLES: &str = "\
Manifest:
  org: 32b6e34b3d91647abb20e7b8
  keys:
    - id: 6a793f752c88faeba59bba49
      desc: ci deploys
      roles: [ORG_READ_ONLY]
      projects:
        32b6e34b3d91647abb20e7b9: [GROUP_READ_ONLY, GROUP_DATA_ACCESS_READ_WRITE]
    - desc: nightly backup
      ensure: present
      secretFile: backup.key
      roles: [ORG_MEMBER]
      accessList: [203.0.113.0/24]
    - id: 6a793f752c88faeba59bba50
      ensure: absent

Examples:
  atlas-admin apply keys.yaml --plan
  atlas-admin apply keys.yaml --yes --journal run.jsonl
  atlas-admin apply keys.yaml --yes --resume run.jsonl
  atlas-admin apply keys.yaml --plan --exit-code
  atlas-admin apply keys.yaml --plan-out keys.plan
  atlas-admin apply keys.plan

Exit codes:
  0    every key matches the manifest
  1    an update failed, its outcome is unknown, or it was not started or not confirmed
  2    invalid input; with --exit-code, the plan has changes, and invalid input is 1
  3    missing or rejected credentials
  130  interrupted";

/// Update API keys to match a manifest
///
/// Validates the whole manifest, reads each key, and prints a plan of what would change,
/// including the roles that keys would lose. Then asks for confirmation and sends only the
/// changes; the key that signs in comes last. Everything that the manifest does not mention
/// stays unchanged.
///
/// With ensure: present, a key is created if there is none with its description, and its private
/// key is written to its secretFile. With ensure: absent, a key is deleted. prune: true takes a key
/// out of the projects that are not listed, and accessList sets the addresses it may be used from.
///
/// Ctrl-C finishes the updates in flight, including those that wait for the rate limit or a
/// retry, and prints how to resume. A second Ctrl-C exits immediately. With --journal, a run
/// can resume however it ended.
///
/// A plan that --plan-out has saved may stand in the place of the manifest. It was reviewed, so it is
/// applied without a question, unless a key has changed since: then nothing is sent. What is already
/// as planned is no such change.
///
/// --dry-run reads no keys. It prints the requests that would be sent if every update were
/// necessary, except those that --resume skips.
#[derive(Args)]
#[command(after_help = EXAMPLES, group = ArgGroup::new("planning").multiple(true))]
pub(super) struct Apply {
    /// Manifest in YAML or JSON, or a saved plan; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Organization of keys for which the manifest names none
    #[arg(long, alias = "orgId", value_name = "ID")]
    org: Option<OrgId>,

    /// Print the plan and exit
    #[arg(long, conflicts_with = "yes", group = "planning")]
    plan: bool,

    /// Save the plan to a file for a later apply, print it and exit
    #[arg(long, value_name = "FILE", conflicts_with = "yes", group = "planning")]
    plan_out: Option<PathBuf>,

    /// Exit with 0 if the plan has no changes, 2 if it has, and 1 for invalid input
    #[arg(long, requires = "planning")]
    exit_code: bool,

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

impl Apply {
    /// Returns whether the run ends with the plan.
    fn is_plan_only(&self) -> bool {
        self.plan || self.plan_out.is_some()
    }

    /// Returns the name of the manifest in messages.
    fn file_name(&self) -> String {
        if is_stdin(&self.file) {
            "standard input".to_owned()
        } else {
            self.file.display().to_string()
        }
    }
}

pub(super) fn run(
    args: &Apply,
    global: &GlobalArgs,
    output: &Output,
) -> Result<ExitStatus, CliError> {
    match run_with(args, global, output) {
        // 2 says that the plan has changes.
        Err(error) if args.exit_code && error.exit_status() == ExitStatus::InvalidInput => {
            output.error(&error);
            Ok(ExitStatus::Failure)
        }
        result => result,
    }
}

fn run_with(args: &Apply, global: &GlobalArgs, output: &Output) -> Result<ExitStatus, CliError> {
    let started = Instant::now();
    if global.private_key_stdin && is_stdin(&args.file) {
        return Err(CliError::input(
            "the manifest and the private key cannot both come from standard input; \
             use --private-key-file",
        ));
    }
    if global.dry_run && (args.plan_out.is_some() || args.exit_code) {
        return Err(CliError::input(
            "--dry-run reads no keys and makes no plan; omit it, or --plan-out and --exit-code",
        ));
    }
    let config = Config::load(global, output)?;
    let endpoint = Endpoint::new(&config);
    let (keys, saved) = read_file(args, &config, &endpoint, output)?;
    let run = Run {
        args,
        config: &config,
        output,
        endpoint,
        saved,
        step_summary: (output.format == Format::Github)
            .then(StepSummary::open)
            .transpose()?,
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
    /// The plan to apply, if it has been made before.
    saved: Option<SavedPlan>,
    /// With `--output github`.
    step_summary: Option<StepSummary>,
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
            if let IfMissing::Create(_) = key.if_missing
                && let Some(first) = key.updates.first()
            {
                let call = requests::creation(&dry_run.client, &key.org, first)?;
                previews.push(dry_run.preview(&call));
            }
            let Some(id) = key.name.id() else {
                self.output.note(&format!(
                    "note: other requests for API key {} follow when its id is known",
                    key.name
                ));
                continue;
            };
            for update in &key.updates {
                for call in whole_calls(&dry_run.client, id, update)? {
                    previews.push(dry_run.preview(&call));
                }
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
        if self.saved.is_some() {
            check_input(&session.client, &keys)?;
        }
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
            if let IfMissing::Create(_) = key.if_missing {
                key.lost = history.lost_creation(key);
            }
        }
        keys.retain(|key| !key.updates.is_empty() || key.prune.is_some());
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
        if cancellation.reason().is_some() && !self.args.is_plan_only() {
            if !plan.unreadable.is_empty() {
                journal.begin(&self.endpoint)?;
                record(plan.unreadable_outcomes(), &journal, &mut summary)?;
            }
            drop(journal);
            summary.not_started = total.saturating_sub(summary.failed);
            return self.finish(summary, cancellation);
        }
        self.check_saved(&plan)?;
        self.print_plan(&plan).inspect_err(|_| {
            self.output
                .note("nothing was changed: the plan could not be printed");
        })?;
        if self.args.is_plan_only() {
            return self.finish_plan(&plan, cancellation);
        }
        check_secret_files(&plan)?;
        let is_reviewed = self.args.yes || self.saved.is_some();
        let needs_confirmation = !plan.changed.is_empty() && !is_reviewed;
        if needs_confirmation && !confirm::confirm(&plan, self.output, cancellation).await? {
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
        if self.output.format.is_document() {
            // The output is one document, and without --plan that is the summary.
            return match self.args.is_plan_only() {
                true => self.output.data(&PlanDocument::new(plan, &self.endpoint)),
                false => Ok(()),
            };
        }
        if let Some(step_summary) = &self.step_summary {
            let document = serde_json::to_value(PlanDocument::new(plan, &self.endpoint))
                .map_err(|error| CliError::local("cannot write the step summary", error))?;
            step_summary.append(|room| step_summary::plan(&plan.totals(), &document, room))?;
        }
        if self.output.quiet && (!self.args.is_plan_only() || plan.is_clean()) {
            return Ok(());
        }
        match self.step_summary {
            // The log repeats no text of the service, which could be a workflow command.
            Some(_) => self.output.text(&format!("{}\n", plan.totals())),
            None => self.output.text(&plan.to_text()),
        }
    }

    /// With `--output github`, shows the error of a failed call at the run.
    fn annotate(&self, error: Option<&Value>) {
        if self.step_summary.is_some()
            && let Some(message) = error.and_then(|error| error["message"].as_str())
        {
            self.output.annotate(message);
        }
    }

    /// Fails if a key has changed since the saved plan was made.
    fn check_saved(&self, plan: &Plan) -> Result<(), CliError> {
        let saved = self.saved.iter();
        let moved: Vec<_> = saved.flat_map(|saved| saved.moved(plan)).collect();
        if moved.is_empty() {
            return Ok(());
        }
        Err(CliError::StalePlan {
            file: self.args.file_name(),
            moved,
        })
    }

    /// Saves the plan if asked to, and returns the status of a run that ends with it.
    fn finish_plan(
        &self,
        plan: &Plan,
        cancellation: &Cancellation,
    ) -> Result<ExitStatus, CliError> {
        for (_, error) in plan.unreadable.iter().take(MAX_ANNOTATIONS) {
            self.annotate(Some(&call_error_to_json(error)));
        }
        let is_complete = plan.unreadable.is_empty() && plan.not_read == 0;
        if let Some(path) = &self.args.plan_out {
            let path_text = path.display();
            if is_complete {
                saved_plan::save(&PlanDocument::new(plan, &self.endpoint), path)?;
                self.output.note(&format!(
                    "saved the plan; apply it with: atlas-admin apply {path_text}"
                ));
            } else {
                self.output.note(&format!(
                    "the plan is incomplete, so {path_text} was not written"
                ));
            }
        }
        Ok(cancellation.exit_status_or(if !is_complete {
            ExitStatus::Failure
        } else if self.args.exit_code && !plan.changed.is_empty() {
            ExitStatus::Changes
        } else {
            ExitStatus::Success
        }))
    }

    /// Prints the summary, and how to resume if something is left to do.
    fn finish(
        &self,
        mut summary: Summary,
        cancellation: &Cancellation,
    ) -> Result<ExitStatus, CliError> {
        summary.set_duration(self.started.elapsed());
        let is_complete = summary.is_complete();
        if !is_complete || !self.output.quiet || self.output.format.is_document() {
            self.output.result(&summary, Summary::rows)?;
        }
        if let Some(step_summary) = &self.step_summary {
            step_summary.append(|_| step_summary::result(&summary))?;
        }
        if is_complete {
            return Ok(ExitStatus::Success);
        }
        self.annotate(summary.error.as_ref());
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
        journal.finish(Step::new(key, update), outcome, error)?;
        summary.count(outcome);
    }
    Ok(())
}

/// Fails if the private key of a key that is created cannot be stored.
fn check_secret_files(plan: &Plan) -> Result<(), CliError> {
    let new_keys = plan.changed.iter().filter(|key| key.id.is_none());
    for key in new_keys {
        let IfMissing::Create(file) = &key.desired.if_missing else {
            continue;
        };
        let (name, path) = (&key.desired.name, file.display());
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let problem = if !secret_file::is_blank(file) {
            "exists; name a file that does not, or delete it"
        } else if folder.is_some_and(|folder| !folder.is_dir()) {
            "is in a folder that does not exist; create it"
        } else {
            continue;
        };
        return Err(CliError::input(format!(
            "{path}, for the private key of API key {name}, {problem}; nothing was sent"
        )));
    }
    Ok(())
}

/// Fails if an update of a saved plan is one that the service would refuse, as a manifest does when
/// it is read.
fn check_input(client: &Client, keys: &[DesiredKey]) -> Result<(), CliError> {
    // Stands for the ids of keys that are created.
    let any_id: ApiKeyId = "000000000000000000000000".parse().map_err(Error::from)?;
    for key in keys {
        if let (None, Some(first)) = (key.name.id(), key.updates.first()) {
            requests::creation(client, &key.org, first)?;
        }
        for update in &key.updates {
            whole_calls(client, key.name.id().unwrap_or(&any_id), update)?;
        }
    }
    Ok(())
}

/// Returns the calls of an update if everything about it had to change.
fn whole_calls(client: &Client, key: &ApiKeyId, update: &Update) -> Result<Vec<Call<u32>>, Error> {
    requests::calls(client, key, update, &Change::whole(update))
}

/// Reads the manifest, or a saved plan.
fn read_file(
    args: &Apply,
    config: &Config,
    endpoint: &Endpoint,
    output: &Output,
) -> Result<(Vec<DesiredKey>, Option<SavedPlan>), CliError> {
    let file = args.file_name();
    let bytes = if is_stdin(&args.file) {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(&args.file)
    }
    .map_err(|error| CliError::input(format!("cannot read {file}: {error}")))?;
    if !saved_plan::is_saved_plan(&bytes) {
        return Ok((read_manifest(args, file, &bytes, config, output)?, None));
    }
    if args.org.is_some() {
        return Err(CliError::input(format!(
            "{file} is a saved plan, which has the organization of each key; omit --org"
        )));
    }
    let mut saved = SavedPlan::parse(&bytes)
        .and_then(|saved| saved.check_endpoint(endpoint).map(|()| saved))
        .map_err(|problem| CliError::input(format!("{file}: {problem}")))?;
    Ok((std::mem::take(&mut saved.keys), Some(saved)))
}

fn read_manifest(
    args: &Apply,
    file: String,
    bytes: &[u8],
    config: &Config,
    output: &Output,
) -> Result<Vec<DesiredKey>, CliError> {
    let org = match (&args.org, &config.org) {
        (None, None) => None,
        _ => Some(config.org(args.org.as_ref())?),
    };
    let known_roles = KnownRoles::new(config.service.value, args.allow_unknown_role);
    let keys = manifest::read(bytes, org.as_ref(), &known_roles)
        .map_err(|diagnostics| CliError::Manifest { file, diagnostics })?;
    let updates = keys.iter().flat_map(|key| &key.updates);
    let roles = updates.flat_map(|update| {
        let roles = update.roles.iter().flatten();
        roles.map(|role| (update.target.scope(), role))
    });
    known_roles.warn_about_unknown(roles, output);
    Ok(keys)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}
