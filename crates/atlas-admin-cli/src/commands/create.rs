//! Commands that create an API key.
//!
//! The service shows the private key once, so the file for it exists before the request is sent,
//! and a signal does not end the command before the response is there.

use std::{
    path::{Path, PathBuf},
    pin::pin,
};

use atlas_admin::{
    ApiKey, Client, CreatedApiKey, Error, Response, quote, sanitize, secrecy::ExposeSecret,
};
use chrono::Utc;
use clap::Args;
use serde::Serialize;

use super::{context::Context, secret_file::SecretFile};
use crate::{
    args::Format,
    client::Call,
    error::{CliError, ExitStatus},
    signal::Signal,
    ui::{api_key, eprint, response, table},
};

#[derive(Args)]
pub(super) struct NewKeyArgs {
    /// Description, 1 to 250 characters
    #[arg(long, value_name = "TEXT")]
    pub(super) desc: String,

    /// Write the private key to a new file that only you can read, for --private-key-file
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Print the private key to standard output
    #[arg(long)]
    show_secret: bool,
}

/// A new key as JSON and YAML have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    #[serde(flatten)]
    key: &'a ApiKey,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<&'a str>,
}

/// Creates a key, stores its private key and prints the rest; with `--dry-run`, prints the
/// request. `list` is the command that lists the keys among which the new one will be.
pub(super) fn run(
    context: &Context<'_>,
    args: &NewKeyArgs,
    list: &str,
    call: impl FnOnce(&Client) -> Result<Call<Response<CreatedApiKey>>, Error>,
) -> Result<ExitStatus, CliError> {
    if context.dry_run {
        return context.preview(call);
    }
    if args.secret_file.is_none() && !args.show_secret {
        return Err(CliError::input(
            "the service shows the private key only once; store it with --secret-file FILE, or \
             print it with --show-secret",
        ));
    }
    context.with_session(async |session| {
        let call = call(&session.client)?;
        let mut signal = Signal::listen()?;
        let path = args.secret_file.as_deref();
        let mut file = path.map(SecretFile::create).transpose()?;
        let look_for = format!(
            "{list} shows when keys were created; if it has {} of {} or later, delete that key, \
             since nobody has its private key",
            quote(&args.desc),
            table::time(Utc::now())
        );
        let Some(result) = finish(call, &mut signal).await else {
            let message = "interrupted; a key may have been created";
            return Err(CliError::Interrupted(message, look_for));
        };
        match result {
            Ok(key) => {
                keep(context, args, file.as_mut(), &key)?;
                response::notes(&key, context.output);
                Ok(ExitStatus::Success)
            }
            Err(error) => {
                let hint = if let Some(key) = error.created() {
                    keep(context, args, file.as_mut(), key)?;
                    let place = path.map_or("on standard output".to_owned(), |path| {
                        format!("in {}", path.display())
                    });
                    format!("the private key of the new key is {place}")
                } else if error.outcome_unknown() {
                    look_for
                } else {
                    return Err(error.into());
                };
                Err(CliError::CallWithHint(error, hint))
            }
        }
    })
}

/// Sends the call. The first signal does not end it, and after the second one it returns `None`.
async fn finish<T>(call: Call<T>, signal: &mut Signal) -> Option<Result<T, Error>> {
    let mut response = pin!(call.send());
    for is_first in [true, false] {
        tokio::select! {
            result = &mut response => return Some(result),
            () = signal.recv() => {}
        }
        if is_first {
            eprint("waiting for the private key; press Ctrl-C again to exit immediately");
        }
    }
    None
}

/// Stores the private key where the user wants it, and prints the key.
fn keep(
    context: &Context<'_>,
    args: &NewKeyArgs,
    file: Option<&mut SecretFile>,
    key: &CreatedApiKey,
) -> Result<(), CliError> {
    let secret = key.private_key().expose_secret();
    let lost = |place: &str, error: &dyn std::fmt::Display| {
        CliError::local(
            format_args!(
                "API key {} was created, but its private key could not be written to {place}; \
                 delete the key and create another",
                key.id
            ),
            error,
        )
    };
    let mut stored = Ok(());
    let mut secret_file = None;
    if let Some(file) = file {
        let path = file.path().to_owned();
        stored = file
            .write(secret)
            .map_err(|error| lost(&path.display().to_string(), &error));
        secret_file = Some(path);
    }
    let created = Created {
        key: &key.to_api_key(),
        secret_file: secret_file.as_deref(),
        private_key: args.show_secret.then_some(secret),
    };
    let printed = print(context, &created);
    stored?;
    if args.show_secret && secret_file.is_none() {
        printed.map_err(|error| lost("standard output", &error))
    } else {
        printed
    }
}

fn print(context: &Context<'_>, created: &Created<'_>) -> Result<(), CliError> {
    context.output.result(created, |created| {
        let mut table = api_key::rows(created.key);
        if let Some(path) = created.secret_file {
            let path = path.display().to_string();
            table.add_row(["private key", &format!("in {}", sanitize(&path))]);
        }
        table
    })?;
    match created.private_key {
        Some(secret) if context.output.format == Format::Table => {
            context.output.text(&format!("{}\n", sanitize(secret)))
        }
        _ => Ok(()),
    }
}
