//! `apply`: bring many keys to what a file says.
//!
//! read the file -> check it -> read the keys -> plan -> ask -> run -> summary

mod again;
mod check;
mod confirm;
mod file;
mod parallel;
mod plan;
mod progress;
mod report;
mod run;
mod schema;
mod shape;
mod stop;
mod summary;
mod survey;
mod wanted;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Instant,
};

use atlas_admin::{Client, OrgId};
use clap::{Args, value_parser};

pub(crate) use self::{file::Mistake, schema::schema};
use self::{
    plan::{Foregone, Plan, counted},
    report::{Place, Report},
    stop::{Reason, Stop},
    summary::Tally,
    survey::Survey,
    wanted::WantedKey,
};
use crate::{
    cli::Global,
    connect::connect_paced,
    dry_run::{self, DryRun},
    exit::{self, Exit, Failure},
    output::{Format, Output},
    runtime::block_on_many,
    service::ATLAS,
    settings::Settings,
};

const EXAMPLES: &str = "\
The file:
  org: 32b6e34b3d91647abb20e7b8
  keys:
    - id: 6a793f752c88faeba59bba49
      desc: ci deploys
      roles: [ORG_READ_ONLY]
      projects:
        32b6e34b3d91647abb20e7b9: [GROUP_READ_ONLY, GROUP_DATA_ACCESS_READ_WRITE]

Examples:
  atlas-admin apply keys.yaml --plan
  atlas-admin apply keys.yaml --yes --report run.jsonl
  atlas-admin apply keys.yaml --yes --resume run.jsonl

Exit codes: 0 all is as the file says, 1 something failed, 2 bad input, 3 credentials,
130 interrupted.";

/// Bring many API keys to what a file says
///
/// The whole file is checked first. Then each key is read, and a plan shows what would
/// change: above all, which roles are taken away. Keys that are as wanted are left
/// alone, and so is everything that the file does not mention.
///
/// Ctrl-C finishes what is in flight and says what is left. A run that was stopped,
/// however hard, goes on with --resume. In flight is also an update that waits for the
/// rate limit or to be tried again: it is made once its turn comes. A second Ctrl-C
/// leaves at once.
///
/// With --dry-run no key is read, and so the requests are shown as if none were as
/// wanted; but what --resume skips is left out.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Apply {
    /// The file, YAML or JSON; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Organization of the keys for which the file names none
    #[arg(long, value_name = "ID")]
    org: Option<OrgId>,

    /// Stop after the plan
    #[arg(long, conflicts_with = "yes")]
    plan: bool,

    /// Do not ask before the updates are made
    #[arg(long, short)]
    yes: bool,

    /// How many keys to read or update at once, 1 to 256
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = value_parser!(u16).range(1..=256))]
    concurrency: u16,

    /// Go on when a key fails; otherwise nothing new is begun after a failure
    #[arg(long)]
    keep_going: bool,

    /// Append the outcome of each update to this file at once, as a line of JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,

    /// Skip what this report says is done, and go on with the report
    #[arg(long, value_name = "REPORT", conflicts_with = "report")]
    resume: Option<PathBuf>,
}

pub(crate) fn run(command: &Apply, global: &Global, output: &Output) -> Result<Exit, Failure> {
    let started = Instant::now();
    if global.private_key_stdin && is_stdin(&command.file) {
        return Err(Failure::input(
            "the file and the private key cannot both come from standard input",
        ));
    }
    let settings = Settings::gather(global, output)?;
    let keys = wanted(command, &settings)?;
    for remark in check::remarks(&keys, settings.service.value) {
        output.note(&format!("warning: {remark}"));
    }
    let job = Job {
        command,
        settings: &settings,
        output,
        place: place(&settings),
        started,
    };
    if global.dry_run {
        block_on_many(job.dry_run(keys))
    } else {
        block_on_many(job.run(keys))
    }
}

/// What stays the same from the file to the summary.
struct Job<'a> {
    command: &'a Apply,
    settings: &'a Settings,
    output: &'a Output,
    place: Place,
    started: Instant,
}

impl Job<'_> {
    /// Shows the request of every update that an earlier run has not settled, as if no
    /// key were as wanted.
    async fn dry_run(&self, mut keys: Vec<WantedKey>) -> Result<Exit, Failure> {
        if let Some(path) = &self.command.resume {
            self.drop_settled(&mut keys, &Report::of_earlier_run(path)?)?;
        }
        let dry_run = DryRun::start(self.settings, self.output).await?;
        let mut previews = Vec::with_capacity(wanted::count(&keys));
        for key in &keys {
            for update in &key.updates {
                let call = run::send(dry_run.client(), key, update, None);
                previews.push(dry_run.preview(call).await?);
            }
        }
        dry_run::show_all(&previews, self.output)?;
        Ok(Exit::Done)
    }

    async fn run(&self, mut keys: Vec<WantedKey>) -> Result<Exit, Failure> {
        let report = self.report()?;
        let done_earlier = self.drop_settled(&mut keys, &report)?;
        let connection = connect_paced(self.settings)?;
        let stop = Stop::on_signals()?;
        let result = self
            .plan_and_run(&connection.client, keys, report, done_earlier, &stop)
            .await;
        connection.close().await;
        result
    }

    fn report(&self) -> Result<Report, Failure> {
        match (&self.command.report, &self.command.resume) {
            (Some(path), _) => Report::new(path),
            (None, Some(path)) => Report::of_earlier_run(path),
            (None, None) => Ok(Report::none()),
        }
    }

    /// Takes out what an earlier run has done, and says how much that is.
    fn drop_settled(&self, keys: &mut Vec<WantedKey>, report: &Report) -> Result<usize, Failure> {
        let Some(path) = &self.command.resume else {
            return Ok(0);
        };
        let past = report.past(&self.place)?;
        if !past.is_about(keys) {
            return Err(Failure::input(format!(
                "{} tells of other keys than {}",
                path.display(),
                self.command.file.display()
            )));
        }
        let total = wanted::count(keys);
        for key in keys.iter_mut() {
            let mut updates = std::mem::take(&mut key.updates);
            updates.retain(|update| !past.settles(key, update));
            key.updates = updates;
        }
        keys.retain(|key| !key.updates.is_empty());
        let left = wanted::count(keys);
        self.output.note(&format!(
            "{} done in an earlier run, {left} to look at",
            counted(total - left, "update"),
        ));
        Ok(total - left)
    }

    async fn plan_and_run(
        &self,
        client: &Client,
        keys: Vec<WantedKey>,
        mut report: Report,
        done_earlier: usize,
        stop: &Stop,
    ) -> Result<Exit, Failure> {
        let Apply {
            concurrency,
            keep_going,
            ..
        } = *self.command;
        let concurrency = usize::from(concurrency);
        let total = wanted::count(&keys);
        let Survey { plan, requests } =
            survey::survey(client, keys, concurrency, keep_going, stop, self.output).await;
        let mut tally = Tally {
            done_earlier,
            requests,
            ..Tally::default()
        };
        let is_stopped = stop.reason().is_some();
        if is_stopped && !self.command.plan {
            if !plan.unreadable.is_empty() {
                report.begin(&self.place)?;
                self.record(plan.unread(), &report, &mut tally)?;
            }
            drop(report);
            tally.left = total - tally.failed;
            return self.finish(tally, stop);
        }
        self.show_plan(&plan).inspect_err(|_| {
            self.output
                .note("nothing was changed: the plan could not be shown");
        })?;
        if self.command.plan {
            let is_whole = plan.unreadable.is_empty() && plan.not_read == 0;
            let otherwise = if is_whole { Exit::Done } else { Exit::Failed };
            return Ok(exit_for(stop, otherwise));
        }
        let needs_consent = !plan.keys.is_empty() && !self.command.yes;
        if needs_consent && !confirm::confirm(&plan, self.output.format, stop).await? {
            self.output.note("nothing was changed");
            return Ok(exit_for(stop, Exit::Done));
        }
        report.begin(&self.place)?;
        self.record(plan.foregone(), &report, &mut tally)?;
        let Plan { keys, .. } = plan;
        let (made, unwritable) = run::run(
            client,
            keys,
            concurrency,
            keep_going,
            stop,
            report,
            self.output,
        )
        .await;
        tally += made;
        let exit = self.finish(tally, stop)?;
        unwritable.map_or(Ok(exit), Err)
    }

    /// Writes down and counts what is known before anything is sent.
    fn record<'a>(
        &self,
        outcomes: impl Iterator<Item = Foregone<'a>>,
        report: &Report,
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        for (key, update, outcome, error) in outcomes {
            let error = error.map(exit::describe);
            tally.failed_by(error.as_ref());
            report.record(key, update, outcome, error)?;
            tally.count(outcome);
        }
        Ok(())
    }

    fn show_plan(&self, plan: &Plan) -> Result<(), Failure> {
        match self.output.format {
            Format::Table => self.output.text(&plan.text()),
            // One document: that of the summary, unless there will be none.
            _ if self.command.plan => self.output.data(&plan.as_json()),
            _ => Ok(()),
        }
    }

    /// Shows the summary, and what to do next if there is something left.
    fn finish(&self, mut tally: Tally, stop: &Stop) -> Result<Exit, Failure> {
        tally.took(self.started.elapsed());
        self.output.result(&tally, Tally::lines)?;
        if tally.is_complete() {
            return Ok(Exit::Done);
        }
        let has_report = self
            .command
            .report
            .as_ref()
            .is_some_and(|path| path.exists());
        let next = again::command(std::env::args_os().skip(1), has_report);
        self.output
            .note(&format!("not all is done; go on with: {next}"));
        Ok(exit_for(stop, Exit::Failed))
    }
}

/// The exit code of a run that did not end well, or `otherwise`.
fn exit_for(stop: &Stop, otherwise: Exit) -> Exit {
    match stop.reason() {
        Some(Reason::Interrupted) => Exit::Interrupted,
        Some(Reason::Credentials) => Exit::Credentials,
        _ => otherwise,
    }
}

/// The keys that the file asks for.
fn wanted(command: &Apply, settings: &Settings) -> Result<Vec<WantedKey>, Failure> {
    let name = if is_stdin(&command.file) {
        "standard input".to_owned()
    } else {
        command.file.display().to_string()
    };
    let failed = |error| Failure::input(format!("cannot read {name}: {error}"));
    let bytes = if is_stdin(&command.file) {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(&command.file)
    }
    .map_err(failed)?;
    let org = match (&command.org, &settings.org) {
        (None, None) => None,
        _ => Some(settings.org(command.org.as_ref())?),
    };
    file::read(&bytes)
        .and_then(|file| check::check(file, org.as_ref(), settings.service.value))
        .map_err(|mistakes| Failure::File { name, mistakes })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn place(settings: &Settings) -> Place {
    let address = settings.address.as_ref().map_or(ATLAS, |url| &url.value);
    Place {
        service: settings.service.value.id().to_owned(),
        address: address.trim().trim_end_matches('/').to_owned(),
    }
}
