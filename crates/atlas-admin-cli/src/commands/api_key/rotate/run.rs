//! A run through the rotations of a journal.

use atlas_admin::{ApiKeyId, OrgId};
use serde_json::Value;

use super::{
    Rotate,
    action::Action,
    journal::{Journal, Stage, Terms},
    report::{Report, SetReport},
    set,
    steps::Steps,
};
use crate::{
    client::Session,
    commands::{context::Context, prompt},
    error::{CliError, ExitStatus},
    signal::Signal,
    ui::{
        eprint, key_list,
        progress::Progress,
        sanitized_lines,
        table::{count, render},
    },
};

pub(super) enum Work {
    BeginSet(Terms),
    /// Do this with the rotations in the journal.
    GoOn(Action),
}

/// Prints the keys that a set would have.
pub(super) fn preview_set(
    command: &Rotate,
    context: &Context<'_>,
    org: &OrgId,
) -> Result<ExitStatus, CliError> {
    let (selection, output) = (&command.selection, context.output);
    let keys = context.with_rate_limited_session(async |session| {
        set::choose(session, org, selection, output).await
    })?;
    key_list::print(&keys, selection.project(), output)?;
    output.note(&format!("would rotate {}", count(keys.len(), "key")));
    Ok(ExitStatus::Success)
}

pub(super) struct Run<'a> {
    command: &'a Rotate,
    context: &'a Context<'a>,
    session: &'a Session,
    steps: Steps<'a>,
    /// Why rotations of a set failed.
    errors: Vec<(ApiKeyId, Value)>,
}

impl<'a> Run<'a> {
    /// Does the work, unless a signal ends it. The journal has what is needed to go on.
    pub(super) fn start(
        command: &'a Rotate,
        context: &'a Context<'_>,
        journal: Journal,
        work: Work,
    ) -> Result<ExitStatus, CliError> {
        context.with_rate_limited_session(async |session| {
            let mut run = Run {
                command,
                context,
                session,
                steps: Steps {
                    client: &session.client,
                    destination: &command.destination,
                    force: command.force,
                    journal,
                },
                errors: Vec::new(),
            };
            let mut signal = Signal::listen()?;
            tokio::select! {
                result = run.work(work) => return result,
                () = signal.recv() => {}
            }
            run.interrupted()
        })
    }

    async fn work(&mut self, work: Work) -> Result<ExitStatus, CliError> {
        match work {
            Work::GoOn(action) => self.go_on(action).await,
            Work::BeginSet(terms) => self.begin_set(terms).await,
        }
    }

    async fn begin_set(&mut self, terms: Terms) -> Result<ExitStatus, CliError> {
        let (selection, output) = (&self.command.selection, self.context.output);
        let keys = set::choose(self.session, &terms.org, selection, output).await?;
        if keys.is_empty() {
            output.note("no API key is to be rotated");
            if output.format.is_document() {
                output.data(&SetReport::new(&[], &[]))?;
            }
            return Ok(ExitStatus::Success);
        }
        if !self.command.yes {
            eprint(&render(&key_list::rows(&keys, selection.project())));
            if keys
                .iter()
                .any(|listed| set::signs_in(self.session, listed))
            {
                eprint("The last one is the key that signs in.");
            }
            let keys = count(keys.len(), "API key");
            let question = match self.command.grace {
                None => format!("Rotate {keys}, and delete the old ones at once?"),
                Some(grace) => {
                    let grace = humantime::format_duration(grace);
                    format!("Rotate {keys}, and keep the old ones for {grace}?")
                }
            };
            if !prompt::confirm(&question).await {
                output.note("nothing was changed");
                return Ok(ExitStatus::Failure);
            }
        }
        let keys = keys.into_iter().map(|listed| listed.key.id).collect();
        self.steps.journal.start_set(terms, keys)?;
        self.go_on(Action::Advance).await
    }

    /// Does with each rotation what is left to do, and prints the result.
    async fn go_on(&mut self, action: Action) -> Result<ExitStatus, CliError> {
        let rotations = self.steps.journal.rotations().iter();
        let concerned = rotations.filter(|history| action.concerns(history.stage));
        let keys: Vec<_> = concerned.map(|history| history.key.clone()).collect();
        let is_set = self.steps.journal.is_set();
        let mut is_rejected = false;
        let progress = is_set.then(|| Progress::new("keys done", keys.len(), self.context.output));
        for key in &keys {
            let result = self.steps.take(action, key).await;
            let (error, progress) = match (result, &progress) {
                (Ok(()), progress) => {
                    progress.iter().for_each(|progress| progress.increment());
                    continue;
                }
                (Err(error), None) => return Err(self.with_hint(error, key)),
                (Err(error), Some(progress)) => (error, progress),
            };
            progress.println(&sanitized_lines(&format!("failed: API key {key}: {error}")));
            is_rejected = error.exit_status() == ExitStatus::Credentials;
            self.errors
                .push((key.clone(), error.to_json()["error"].take()));
            if is_rejected || !self.command.keep_going || self.steps.journal.is_broken() {
                break;
            }
        }
        drop(progress);
        self.report(is_set)?;
        let journal = &self.steps.journal;
        let is_complete = self.errors.is_empty()
            && journal
                .rotations()
                .iter()
                .all(|it| action.is_done(it.stage));
        if is_complete || !is_set {
            return Ok(ExitStatus::Success);
        }
        self.context.output.note(&self.what_is_left(action));
        Ok(match is_rejected {
            true => ExitStatus::Credentials,
            false => ExitStatus::Failure,
        })
    }

    /// Prints the result.
    fn report(&self, is_set: bool) -> Result<(), CliError> {
        let (output, rotations) = (self.context.output, self.steps.journal.rotations());
        if is_set {
            let report = SetReport::new(rotations, &self.errors);
            output.result(&report, SetReport::rows)?;
            output.note(&report.totals());
        } else if let [history] = rotations {
            output.result(&Report::new(history, None), Report::rows)?;
        }
        let is_delivered = |stage| matches!(stage, Stage::Delivered { .. });
        let delivered = rotations.iter().filter(|it| is_delivered(it.stage)).count();
        if delivered > 0 {
            let keys = if is_set { "keys" } else { "key" };
            let path = self.path();
            output.note(&format!(
                "delete the old {keys} with atlas-admin api-key rotate --finish {path}"
            ));
        }
        Ok(())
    }

    fn interrupted(&self) -> Result<ExitStatus, CliError> {
        let journal = &self.steps.journal;
        if journal.is_blank() {
            let hint = "nothing was changed".to_owned();
            return Err(CliError::Interrupted("interrupted", hint));
        }
        if journal.is_set() {
            self.report(true)?;
        }
        Err(CliError::Interrupted("interrupted", self.go_on_hint()))
    }

    /// Says what to do about a set that is not complete.
    fn what_is_left(&self, action: Action) -> String {
        let path = self.path();
        let rotations = self.steps.journal.rotations();
        let has = |stage| rotations.iter().any(|history| history.stage == stage);
        match action {
            Action::Advance | Action::Finish => self.go_on_hint(),
            Action::Undo if rotations.iter().any(|it| action.concerns(it.stage)) => {
                format!("go on with atlas-admin api-key rotate --undo {path}")
            }
            Action::Undo if has(Stage::Finishing) => format!(
                "some old keys may be gone; finish with atlas-admin api-key rotate --finish {path}"
            ),
            Action::Undo => "finished rotations were not taken back".to_owned(),
        }
    }

    /// Adds to an error what to do about a rotation that has left something.
    fn with_hint(&self, error: CliError, key: &ApiKeyId) -> CliError {
        let rotation = self.steps.journal.rotation(key);
        let hint = match rotation.map(|history| history.stage) {
            Some(Stage::Undelivered | Stage::Delivered { .. }) => self.go_on_hint(),
            Some(Stage::Finishing) => format!("finish it with --resume {}", self.path()),
            _ => return error,
        };
        match error {
            CliError::Call(error) => CliError::CallWithHint(error, hint),
            CliError::Local(message) => CliError::Local(format!("{message}; {hint}")),
            other => other,
        }
    }

    fn go_on_hint(&self) -> String {
        let path = self.path();
        format!(
            "go on with atlas-admin api-key rotate --resume {path} and the same destination, or \
             take it back with --undo {path}"
        )
    }

    /// Returns the journal's path as a shell takes it.
    fn path(&self) -> String {
        let path = self.steps.journal.path().to_string_lossy().into_owned();
        shlex::try_quote(&path).map_or(path.clone(), Into::into)
    }
}
