//! Where the private key of a successor goes.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use atlas_admin::{CreatedApiKey, quote, secrecy::ExposeSecret};
use clap::Args;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{
    commands::secret_file::SecretFile,
    config::{PRIVATE_KEY_VARIABLE, PUBLIC_KEY_VARIABLE, credential_variables},
    error::CliError,
};

#[derive(Args)]
pub(super) struct DestinationArgs {
    /// Write the private key to a new file that only you can read, for --private-key-file
    #[arg(long, value_name = "FILE")]
    pub(super) secret_file: Option<PathBuf>,

    /// Run a command with the private key on its standard input, in one line
    #[arg(long, value_name = "COMMAND", value_parser = words)]
    pipe: Option<Words>,

    /// Run a command with MONGODB_ATLAS_PUBLIC_API_KEY and MONGODB_ATLAS_PRIVATE_API_KEY set
    #[arg(long, value_name = "COMMAND", value_parser = words)]
    exec: Option<Words>,
}

/// A program and its arguments.
#[derive(Debug, Clone)]
struct Words(Vec<String>);

fn words(text: &str) -> Result<Words, String> {
    match shlex::split(text) {
        Some(words) if !words.is_empty() => Ok(Words(words)),
        _ => Err("no command, or a quote that is not closed".to_owned()),
    }
}

/// Where the private key goes, ready to take it.
pub(super) struct Destination<'a> {
    file: Option<SecretFile>,
    args: &'a DestinationArgs,
}

impl DestinationArgs {
    /// Creates the secret file. `ours` is one that an earlier attempt created.
    pub(super) fn prepare(&self, ours: Option<&Path>) -> Result<Destination<'_>, CliError> {
        if self.secret_file.is_none() && self.pipe.is_none() && self.exec.is_none() {
            return Err(CliError::input(
                "the service shows the private key only once; say where it goes with \
                 --secret-file, --pipe or --exec",
            ));
        }
        let file = match self.absolute_secret_file()? {
            Some(path) if Some(&*path) == ours => Some(SecretFile::replace(&path)?),
            Some(path) => Some(SecretFile::create(&path)?),
            None => None,
        };
        Ok(Destination { file, args: self })
    }

    /// Returns the path as it holds in any folder.
    pub(super) fn absolute_secret_file(&self) -> Result<Option<PathBuf>, CliError> {
        let path = self.secret_file.as_deref().map(std::path::absolute);
        let failed = |error| CliError::input(format!("--secret-file: {error}"));
        path.transpose().map_err(failed)
    }
}

impl Destination<'_> {
    /// Hands over the private key: to the file first, then to the commands.
    pub(super) async fn deliver(&mut self, key: &CreatedApiKey) -> Result<(), CliError> {
        let secret = key.private_key().expose_secret();
        if let Some(file) = &mut self.file {
            file.write(secret).map_err(|error| {
                let path = file.path().display();
                CliError::local(
                    format_args!("cannot write the private key to {path}"),
                    error,
                )
            })?;
        }
        if let Some(words) = &self.args.pipe {
            let mut command = words.command(key);
            let line = format!("{secret}\n");
            words
                .finish(command.stdin(Stdio::piped()), Some(&line))
                .await?;
        }
        if let Some(words) = &self.args.exec {
            let mut command = words.command(key);
            words
                .finish(command.env(PRIVATE_KEY_VARIABLE, secret), None)
                .await?;
        }
        Ok(())
    }
}

impl Words {
    /// Returns the command with the new public key, and no other credentials, in its environment.
    fn command(&self, key: &CreatedApiKey) -> Command {
        let mut command = Command::new(&self.0[0]);
        for name in credential_variables() {
            command.env_remove(name);
        }
        command
            .args(&self.0[1..])
            .env(PUBLIC_KEY_VARIABLE, &key.public_key)
            .stdin(Stdio::null())
            // Standard output has the result of the rotation alone.
            .stdout(io::stderr());
        command
    }

    async fn finish(&self, command: &mut Command, input: Option<&str>) -> Result<(), CliError> {
        // Its arguments may have secrets.
        let name = quote(&self.0[0]);
        let failed = |error| CliError::local(format_args!("cannot run {name}"), error);
        let mut child = command.spawn().map_err(failed)?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            stdin.write_all(input.as_bytes()).await.map_err(failed)?;
        }
        let status = child.wait().await.map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        let what = format!("{name} did not take the private key");
        Err(CliError::local(what, status))
    }
}
