//! `api-key rotate`: replace API keys, in steps that a journal records.

mod action;
mod destination;
mod journal;
mod report;
mod run;
mod set;
mod steps;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use atlas_admin::ApiKeyId;
use clap::{ArgGroup, Args};

use self::{
    action::Action,
    destination::DestinationArgs,
    journal::{Journal, Terms},
    run::{Run, Work},
};
use super::selection::Selection;
use crate::{
    args::OrgArgs,
    client::Call,
    commands::{context::Context, journal_file::Endpoint, prompt},
    error::{CliError, ExitStatus},
};

const USAGE: &str = "\
atlas-admin api-key rotate [OPTIONS] <KEY>
       atlas-admin api-key rotate [OPTIONS] --all [CONDITIONS]
       atlas-admin api-key rotate [OPTIONS] <--resume|--finish|--undo> <JOURNAL>";

const EXAMPLES: &str = "\
Examples:
  atlas-admin api-key rotate 6a793f752c88faeba59bba49 --secret-file ci.key
  atlas-admin api-key rotate 6a793f752c88faeba59bba49 --grace 24h \\
    --pipe \"gh secret set ATLAS_PRIVATE_KEY\"
  atlas-admin api-key rotate --all --desc-glob 'ci-*' --older-than 90d --grace 7d \\
    --secret-dir secrets
  atlas-admin api-key rotate --finish rotate-6a793f752c88faeba59bba49.jsonl
  atlas-admin api-key rotate --resume rotate-6a793f752c88faeba59bba49.jsonl --secret-file ci.key";

/// The arguments in the place of `--all`.
const NOT_ALL: [&str; 5] = ["argument", "option", "resume", "finish", "undo"];

const MAX_GRACE: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// Replace API keys by new ones with the same access
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
/// its environment. ATLAS_ADMIN_OLD_KEY_ID tells it which key is replaced. It must end with exit
/// code 0. If the rotation is cut off before that is in the journal, the command is run again, with
/// another key.
///
/// With --all, the keys of the organization that meet all conditions are rotated one after the
/// other, the oldest first and the one that signs in last. The command lists them and asks; without
/// a terminal, --yes is required. After a failure it starts no other rotation, unless --keep-going is
/// set. Keys whose rotation is not finished are left out. With --all, --dry-run reads the keys, and
/// lists those that would be rotated.
#[derive(Args)]
#[command(
    after_help = EXAMPLES,
    override_usage = USAGE,
    group = ArgGroup::new("rotation")
        .args(["argument", "option", "all", "resume", "finish", "undo"])
        .required(true),
    group = ArgGroup::new("conditions")
        .args([
            "desc_glob",
            "project",
            "role",
            "allow_unknown_role",
            "older_than",
            "unused_since",
            "without_access_list",
        ])
        .multiple(true)
        .conflicts_with_all(NOT_ALL),
    mut_arg("org", |arg| arg.conflicts_with_all(["resume", "finish", "undo"])),
    mut_arg("secret_file", |arg| arg.conflicts_with_all(["finish", "undo"])),
    mut_arg("secret_dir", |arg| arg.conflicts_with_all(["finish", "undo"])),
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

    /// Replace every API key of the organization that meets the conditions
    #[arg(long)]
    all: bool,

    /// Skip the confirmation prompt of --all
    #[arg(long, short, conflicts_with_all = NOT_ALL)]
    yes: bool,

    /// Continue with other keys after a failure
    #[arg(long, conflicts_with_all = ["argument", "option"])]
    keep_going: bool,

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

    /// Journal to write [default: rotate-KEY.jsonl; with --all, rotate-ORG.jsonl]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["resume", "finish", "undo"])]
    journal: Option<PathBuf>,

    /// Go on with the rotations in this journal
    #[arg(long, value_name = "JOURNAL")]
    resume: Option<PathBuf>,

    /// Delete the old keys of the rotations in this journal, after their grace
    #[arg(long, value_name = "JOURNAL")]
    finish: Option<PathBuf>,

    /// Delete the successors of the rotations in this journal, and keep the old keys
    #[arg(long, value_name = "JOURNAL")]
    undo: Option<PathBuf>,

    /// Do not wait for the end of the grace
    #[arg(long, conflicts_with_all = ["argument", "option", "all", "resume", "undo"])]
    force: bool,

    #[command(flatten)]
    selection: Selection,
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

impl Rotate {
    /// Returns the journal of an earlier run, and what to do with it.
    fn earlier(&self) -> Option<(Action, &Path)> {
        let actions = [
            (Action::Advance, &self.resume),
            (Action::Finish, &self.finish),
            (Action::Undo, &self.undo),
        ];
        let mut named = actions.into_iter();
        named.find_map(|(action, path)| Some((action, path.as_deref()?)))
    }

    fn journal(&self, endpoint: Endpoint, name: impl AsRef<str>) -> Result<Journal, CliError> {
        let default = || PathBuf::from(format!("rotate-{}.jsonl", name.as_ref()));
        Journal::create(&self.journal.clone().unwrap_or_else(default), endpoint)
    }
}

pub(super) fn run(command: &Rotate, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    match command.earlier() {
        Some((action, path)) => go_on(command, context, action, path),
        None if command.all => begin_set(command, context),
        None => begin_one(command, context),
    }
}

fn go_on(
    command: &Rotate,
    context: &Context<'_>,
    action: Action,
    path: &Path,
) -> Result<ExitStatus, CliError> {
    if context.dry_run {
        let message = "--dry-run sends nothing, and what is left to send depends on responses";
        return Err(CliError::input(message));
    }
    let journal = Journal::open(path, Endpoint::new(&context.config))?;
    if journal.rotations().is_empty() {
        let message = format!("{} has no rotation", path.display());
        return Err(CliError::input(message));
    }
    action.check(&journal, command.force)?;
    if action == Action::Advance && journal.needs_destination() {
        command.destination.check(journal.is_set())?;
    }
    Run::start(command, context, journal, Work::GoOn(action))
}

fn begin_one(command: &Rotate, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    // clap requires one of them.
    let Some(key) = command.argument.as_ref().or(command.option.as_ref()) else {
        return Err(CliError::input("no API key is named"));
    };
    let terms = terms(command, context)?;
    if context.dry_run {
        return context.preview(|client| {
            let get = client.org(&terms.org).api_key(key).get();
            Call::new(get.to_request(), get)
        });
    }
    command.destination.check(false)?;
    let mut journal = command.journal(Endpoint::new(&context.config), key)?;
    if journal.is_set() {
        let path = journal.path().display();
        let message = format!("{path} is the journal of rotate --all; name another with --journal");
        return Err(CliError::input(message));
    }
    refuse_unfinished(&journal)?;
    journal.expect(key, terms);
    Run::start(command, context, journal, Work::GoOn(Action::Advance))
}

fn begin_set(command: &Rotate, context: &Context<'_>) -> Result<ExitStatus, CliError> {
    let terms = terms(command, context)?;
    command.selection.check(context)?;
    if context.dry_run {
        return run::preview_set(command, context, &terms.org);
    }
    command.destination.check(true)?;
    if !command.yes {
        prompt::require_terminal("add --yes")?;
    }
    let journal = command.journal(Endpoint::new(&context.config), &terms.org)?;
    refuse_unfinished(&journal)?;
    Run::start(command, context, journal, Work::BeginSet(terms))
}

fn terms(command: &Rotate, context: &Context<'_>) -> Result<Terms, CliError> {
    Ok(Terms {
        org: context.org(&command.org)?,
        grace_seconds: command.grace.unwrap_or_default().as_secs(),
    })
}

/// Fails if the journal has a rotation that a new one would make forget.
fn refuse_unfinished(journal: &Journal) -> Result<(), CliError> {
    let mut rotations = journal.rotations().iter();
    let Some(open) = rotations.find(|history| history.stage.is_open()) else {
        return Ok(());
    };
    Err(CliError::input(format!(
        "{} has a rotation of API key {} that is not finished; use --resume, --finish or --undo",
        journal.path().display(),
        open.key
    )))
}
