//! `api-key rotate`: replace an API key, in steps that a journal records.

mod destination;
mod journal;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use atlas_admin::{ApiKeyId, Error, OrgId, RotateOrgApiKey, sanitize};
use chrono::{DateTime, Utc};
use clap::{ArgGroup, Args};
use serde::Serialize;

use self::{
    destination::{Destination, DestinationArgs},
    journal::{Attempt, Event, History, Journal, Outcome, Stage, Successor},
};
use crate::{
    args::OrgArgs,
    client::{Call, Session},
    commands::{context::Context, journal_file::Endpoint},
    error::{CliError, ExitStatus},
    signal::Signal,
    ui::table::{table, time},
};

const USAGE: &str = "\
atlas-admin api-key rotate [OPTIONS] <KEY>
       atlas-admin api-key rotate [OPTIONS] <--resume|--finish|--undo> <JOURNAL>";

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key rotate 6a793f752c88faeba59bba49 --secret-file ci.key
  atlas-admin api-key rotate 6a793f752c88faeba59bba49 --grace 24h \\
    --pipe \"gh secret set ATLAS_PRIVATE_KEY\"
  atlas-admin api-key rotate --finish rotate-6a793f752c88faeba59bba49.jsonl
  atlas-admin api-key rotate --resume rotate-6a793f752c88faeba59bba49.jsonl --secret-file ci.key";

const MAX_GRACE: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// Replace an API key by a new one with the same access
///
/// Creates a successor with the same description, roles and access list, signs in with it once,
/// and hands over its private key. Only when that has succeeded is the old key deleted: at once,
/// or by --finish after the time that --grace sets. The key may be the one that signs in.
///
/// Each step is recorded in a journal before it is taken. However the command ends, --resume goes
/// on with the rotation, and --undo takes it back. A successor whose private key was not handed
/// over is then deleted and made anew, since nobody has it.
///
/// A command that gets the private key is run without a shell, and without other credentials in
/// its environment. It must end with exit code 0. If the rotation is cut off before that is in
/// the journal, the command is run again, with another key.
#[derive(Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = USAGE,
    group = ArgGroup::new("rotation")
        .args(["argument", "option", "resume", "finish", "undo"])
        .required(true),
    mut_arg("org", |arg| arg.conflicts_with_all(["resume", "finish", "undo"])),
    mut_arg("secret_file", |arg| arg.conflicts_with_all(["finish", "undo"])),
    mut_arg("pipe", |arg| arg.conflicts_with_all(["finish", "undo"])),
    mut_arg("exec", |arg| arg.conflicts_with_all(["finish", "undo"]))
)]
pub(in crate::commands) struct Rotate {
    /// ID of the API key to replace (not its public key)
    #[arg(value_name = "KEY")]
    argument: Option<ApiKeyId>,

    /// The same as an option
    #[arg(long = "key", value_name = "ID")]
    option: Option<ApiKeyId>,

    #[command(flatten)]
    org: OrgArgs,

    #[command(flatten)]
    destination: DestinationArgs,

    /// Keep the old key for this long, such as 30m, 24h or 7d
    #[arg(
        long,
        value_name = "TIME",
        value_parser = grace,
        conflicts_with_all = ["resume", "finish", "undo"]
    )]
    grace: Option<Duration>,

    /// Journal to write [default: rotate-KEY.jsonl]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "finish", "undo"])]
    journal: Option<PathBuf>,

    /// Go on with the rotation in this journal
    #[arg(long, value_name = "JOURNAL")]
    resume: Option<PathBuf>,

    /// Delete the old key of the rotation in this journal, after its grace
    #[arg(long, value_name = "JOURNAL")]
    finish: Option<PathBuf>,

    /// Delete the successor of the rotation in this journal, and keep the old key
    #[arg(long, value_name = "JOURNAL")]
    undo: Option<PathBuf>,

    /// Do not wait for the end of the grace
    #[arg(long, conflicts_with_all = ["argument", "option", "resume", "undo"])]
    force: bool,
}

/// Reads a time in whole seconds, at most ten years.
fn grace(text: &str) -> Result<Duration, String> {
    let grace = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if grace > MAX_GRACE {
        return Err("at most 3650d".to_owned());
    }
    if grace.subsec_nanos() > 0 {
        return Err("whole seconds only".to_owned());
    }
    Ok(grace)
}

/// The result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    id: &'a ApiKeyId,
    /// `rotated`, `undone`, `failed`, or `delivered` until the grace is over.
    outcome: &'static str,
    #[serde(flatten)]
    successor: Option<&'a Successor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_after: Option<DateTime<Utc>>,
}

pub(super) fn run(command: &Rotate, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let endpoint = Endpoint::new(&context.config);
    let earlier = [&command.resume, &command.finish, &command.undo];
    if let Some(path) = earlier.into_iter().flatten().next() {
        if context.dry_run {
            let message = "--dry-run sends nothing, and what is left to send depends on responses";
            return Err(CliError::input(message));
        }
        let mut journal = Journal::open(path, endpoint)?;
        let Some(history) = journal.history.take() else {
            let message = format!("{} has no rotation", path.display());
            return Err(CliError::input(message));
        };
        return context.with_session(async |session| {
            let run = Run::new(command, context, session, journal);
            run.until_signal(async |run| run.go_on(history).await).await
        });
    }
    // clap requires one of them.
    let Some(key) = command.argument.as_ref().or(command.option.as_ref()) else {
        return Err(CliError::input("no API key is named"));
    };
    let org = context.org(&command.org)?;
    if context.dry_run {
        return context.preview(|client| {
            let get = client.org(&org).api_key(key).get();
            Call::new(get.to_request(), get)
        });
    }
    let default = || PathBuf::from(format!("rotate-{key}.jsonl"));
    let journal = Journal::create(&command.journal.clone().unwrap_or_else(default), endpoint)?;
    context.with_session(async |session| {
        let run = Run::new(command, context, session, journal);
        run.until_signal(async |run| run.begin(&org, key).await)
            .await
    })
}

struct Run<'a> {
    command: &'a Rotate,
    context: &'a Context<'a>,
    session: &'a Session,
    journal: Journal,
    /// What to do if the run fails or is interrupted.
    hint: String,
}

impl<'a> Run<'a> {
    fn new(
        command: &'a Rotate,
        context: &'a Context<'a>,
        session: &'a Session,
        journal: Journal,
    ) -> Self {
        let path = journal.path().to_string_lossy().into_owned();
        let path = shlex::try_quote(&path).map_or(path.clone(), Into::into);
        let hint = format!(
            "go on with atlas-admin api-key rotate --resume {path} and the same destination, or \
             take it back with --undo {path}"
        );
        Self {
            command,
            context,
            session,
            journal,
            hint,
        }
    }

    /// Does the work, unless a signal ends it. The journal has what is needed to go on.
    async fn until_signal(
        mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<(), CliError>,
    ) -> Result<ExitStatus, CliError> {
        let mut signal = Signal::listen()?;
        let hint = self.hint.clone();
        tokio::select! {
            result = work(&mut self) => result.map(|()| ExitStatus::Success),
            () = signal.recv() => Err(CliError::Interrupted("interrupted", hint)),
        }
    }

    /// Starts a rotation.
    async fn begin(&mut self, org: &OrgId, key: &ApiKeyId) -> Result<(), CliError> {
        if let Some(history) = self.journal.history.take()
            && !matches!(history.stage, Stage::Ended(_))
        {
            let path = self.journal.path().display();
            return Err(CliError::input(format!(
                "{path} has a rotation of API key {} that is not finished; use --resume, --finish \
                 or --undo",
                history.attempt.key
            )));
        }
        let destination = self.command.destination.prepare(None)?;
        let rotate = self.session.client.org(org).api_key(key).rotate();
        let attempt = Attempt {
            org: org.clone(),
            key: key.clone(),
            marker: rotate.marker().to_owned(),
            grace_seconds: self.command.grace.unwrap_or_default().as_secs(),
            secret_file: self.command.destination.absolute_secret_file()?,
        };
        self.rotate(attempt, destination).await
    }

    /// Does with an earlier rotation what the arguments say.
    async fn go_on(&mut self, history: History) -> Result<(), CliError> {
        if self.command.undo.is_some() {
            return self.undo(history).await;
        }
        let delete_after = match history.stage {
            Stage::Ended(Outcome::Rotated) => {
                return self.report(&history, Outcome::Rotated.name(), None);
            }
            Stage::Ended(_) => return Err(self.refuse("has left no successor; start another")),
            Stage::Undoing => return Err(self.refuse("is being taken back; use --undo")),
            Stage::Undelivered if self.command.finish.is_some() => {
                let reason = "has not handed over the private key; use --resume or --undo";
                return Err(self.refuse(reason));
            }
            Stage::Undelivered => return self.start_anew(history).await,
            Stage::Finishing => None,
            Stage::Delivered { delete_after } => Some(delete_after),
        };
        if let Some(delete_after) = delete_after.filter(|time| *time > Utc::now())
            && !self.command.force
        {
            if self.command.finish.is_some() {
                let until = time(delete_after);
                let reason = format!("keeps the old key until {until}; wait, or add --force");
                return Err(self.refuse(&reason));
            }
            return self.report(&history, "delivered", Some(delete_after));
        }
        let Some(successor) = &history.successor else {
            return Err(self.refuse("has no successor; use --undo"));
        };
        if history.stage != Stage::Finishing {
            self.journal.write(Event::FinishStarted)?;
        }
        let rotate = self.rotation(&history.attempt);
        rotate.finish(&successor.id).await.map_err(|error| {
            let hint = format!(
                "if the old key signs in and is gone already, sign in with the new public key {}",
                successor.public_key
            );
            CliError::CallWithHint(error, hint)
        })?;
        self.end(Outcome::Rotated)?;
        self.report(&history, Outcome::Rotated.name(), None)
    }

    /// Deletes what an attempt has left whose private key nobody has, and makes another.
    async fn start_anew(&mut self, history: History) -> Result<(), CliError> {
        let ours = history.attempt.secret_file.as_deref();
        let destination = self.command.destination.prepare(ours)?;
        self.delete_successors(&history).await?;
        let attempt = Attempt {
            secret_file: self.command.destination.absolute_secret_file()?,
            ..history.attempt
        };
        self.rotate(attempt, destination).await
    }

    async fn rotate(
        &mut self,
        attempt: Attempt,
        mut destination: Destination<'_>,
    ) -> Result<(), CliError> {
        self.journal.start(&attempt)?;
        let rotation = match self.rotation(&attempt).await {
            Ok(rotation) => rotation,
            Err(error) if error.created().is_none() && !error.outcome_unknown() => {
                self.end(Outcome::Failed)?;
                return Err(error.into());
            }
            Err(error) => {
                if let Some(created) = error.created() {
                    self.journal
                        .write(Event::SuccessorCreated(created.into()))?;
                }
                return Err(self.failed(error));
            }
        };
        let successor = Successor::from(&rotation.created);
        self.journal
            .write(Event::SuccessorCreated(successor.clone()))?;
        rotation
            .copy_access()
            .await
            .map_err(|error| self.failed(error))?;
        rotation
            .sign_in()
            .await
            .map_err(|error| self.failed(error))?;
        let delivered = destination.deliver(&rotation.created).await;
        delivered.map_err(|error| CliError::Local(format!("{error}; {}", self.hint)))?;
        let delete_after = Utc::now() + Duration::from_secs(attempt.grace_seconds).min(MAX_GRACE);
        self.journal.write(Event::Delivered { delete_after })?;
        let history = History {
            attempt,
            successor: Some(successor),
            stage: Stage::Delivered { delete_after },
        };
        if history.attempt.grace_seconds > 0 {
            return self.report(&history, "delivered", Some(delete_after));
        }
        self.journal.write(Event::FinishStarted)?;
        self.hint = format!("finish it with --resume {}", self.journal.path().display());
        rotation
            .finish()
            .await
            .map_err(|error| self.failed(error))?;
        self.end(Outcome::Rotated)?;
        self.report(&history, Outcome::Rotated.name(), None)
    }

    async fn undo(&mut self, history: History) -> Result<(), CliError> {
        match history.stage {
            Stage::Ended(Outcome::Rotated) => return Err(self.refuse("is finished")),
            Stage::Ended(outcome) => return self.report(&history, outcome.name(), None),
            Stage::Finishing => {
                return Err(self.refuse("may have deleted the old key already; use --resume"));
            }
            Stage::Undoing => {}
            Stage::Undelivered | Stage::Delivered { .. } => {
                self.journal.write(Event::UndoStarted)?;
            }
        }
        self.delete_successors(&history).await?;
        if let Some(path) = &history.attempt.secret_file {
            // Its private key is of no use any more.
            let _ = fs::remove_file(path);
        }
        self.end(Outcome::Undone)?;
        self.report(&history, Outcome::Undone.name(), None)
    }

    /// Deletes the successors with the marker, and the one in the journal.
    async fn delete_successors(&self, history: &History) -> Result<(), CliError> {
        self.rotation(&history.attempt).undo().await?;
        if let Some(successor) = &history.successor {
            let org = self.session.client.org(&history.attempt.org);
            org.api_key(&successor.id).delete().missing_ok().await?;
        }
        Ok(())
    }

    fn rotation(&self, attempt: &Attempt) -> RotateOrgApiKey {
        let org = self.session.client.org(&attempt.org);
        org.api_key(&attempt.key)
            .rotate()
            .with_marker(&attempt.marker)
    }

    fn end(&mut self, outcome: Outcome) -> Result<(), CliError> {
        self.journal.write(Event::RotationEnded { outcome })
    }

    fn failed(&self, error: Error) -> CliError {
        CliError::CallWithHint(error, self.hint.clone())
    }

    fn refuse(&self, reason: &str) -> CliError {
        let path = self.journal.path().display();
        CliError::input(format!("the rotation in {path} {reason}"))
    }

    fn report(
        &self,
        history: &History,
        outcome: &'static str,
        delete_after: Option<DateTime<Utc>>,
    ) -> Result<(), CliError> {
        let is_gone = matches!(outcome, "undone" | "failed");
        let report = Report {
            id: &history.attempt.key,
            outcome,
            successor: history.successor.as_ref().filter(|_| !is_gone),
            secret_file: history.attempt.secret_file.as_deref().filter(|_| !is_gone),
            delete_after,
        };
        self.context.output.result(&report, |report| {
            let mut table = table();
            table.add_row(["API key", &sanitize(report.id)]);
            table.add_row(["rotation", report.outcome]);
            if let Some(successor) = report.successor {
                table.add_row(["successor", &sanitize(&successor.id)]);
                table.add_row(["public key", &sanitize(&successor.public_key)]);
            }
            if let Some(path) = report.secret_file {
                let path = path.display().to_string();
                table.add_row(["private key", &format!("in {}", sanitize(&path))]);
            }
            if let Some(delete_after) = report.delete_after {
                table.add_row(["old key", &format!("kept until {}", time(delete_after))]);
            }
            table
        })?;
        if delete_after.is_some() {
            let path = self.journal.path().display();
            let note =
                format!("delete the old key with atlas-admin api-key rotate --finish {path}");
            self.context.output.note(&note);
        }
        Ok(())
    }
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Rotated => "rotated",
            Self::Undone => "undone",
            Self::Failed => "failed",
        }
    }
}
