//! Where the private key of a successor goes.

use std::{
    fs::{DirBuilder, File},
    io,
    path::{Path, PathBuf},
    process::Stdio,
};

use atlas_admin::{ApiKeyId, CreatedApiKey, quote, secrecy::ExposeSecret};
use clap::Args;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::{
    commands::secret_file::SecretFile,
    config::{PRIVATE_KEY_VARIABLE, PUBLIC_KEY_VARIABLE, credential_variables},
    error::CliError,
};

/// Tells a command which key it gets the successor of.
const OLD_KEY_VARIABLE: &str = "ATLAS_ADMIN_OLD_KEY_ID";

#[derive(Args)]
pub(super) struct DestinationArgs {
    /// Write the private key to a new file that only you can read, for --private-key-file
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Write the private key to the file ID.key in this folder, ID being the old key's; creates
    /// the folder
    #[arg(long, value_name = "DIR", conflicts_with = "secret_file")]
    secret_dir: Option<PathBuf>,

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
    /// Checks that the private keys of one rotation, or of a set, have somewhere to go.
    pub(super) fn check(&self, is_set: bool) -> Result<(), CliError> {
        if is_set && self.secret_file.is_some() {
            let message = "--secret-file has room for one private key; use --secret-dir";
            return Err(CliError::input(message));
        }
        let is_file = self.secret_file.is_some() || self.secret_dir.is_some();
        if is_file || self.pipe.is_some() || self.exec.is_some() {
            return Ok(());
        }
        let file = match is_set {
            true => "--secret-dir",
            false => "--secret-file",
        };
        Err(CliError::input(format!(
            "the service shows the private key only once; say where it goes with {file}, --pipe \
             or --exec"
        )))
    }

    /// Returns the file for the private key of the old key's successor, as it is named in any
    /// folder. It must not exist, unless it is `ours`: one that this rotation created.
    pub(super) fn file(
        &self,
        key: &ApiKeyId,
        ours: Option<&Path>,
    ) -> Result<Option<PathBuf>, CliError> {
        let (option, path) = match (&self.secret_file, &self.secret_dir) {
            (Some(file), _) => ("--secret-file", file.clone()),
            (None, Some(dir)) => ("--secret-dir", dir.join(format!("{key}.key"))),
            (None, None) => return Ok(None),
        };
        let failed = |error| CliError::input(format!("{option}: {error}"));
        let path = std::path::absolute(path).map_err(failed)?;
        if Some(&*path) != ours && path.symlink_metadata().is_ok() {
            let path = path.display();
            let message = format!("{path} exists; name a file that does not exist yet");
            return Err(CliError::input(message));
        }
        Ok(Some(path))
    }

    /// Creates the file that [`file`](Self::file) returned, and the folder.
    pub(super) fn prepare(
        &self,
        file: Option<&Path>,
        ours: Option<&Path>,
    ) -> Result<Destination<'_>, CliError> {
        if let Some(dir) = &self.secret_dir {
            create_folder(dir).map_err(|error| {
                CliError::input(format!("cannot create {}: {error}", dir.display()))
            })?;
        }
        let file = match file {
            Some(path) if Some(path) == ours => Some(SecretFile::replace(path)?),
            Some(path) => Some(SecretFile::create(path)?),
            None => None,
        };
        Ok(Destination { file, args: self })
    }
}

/// Creates a folder that only its owner can read, unless it exists.
fn create_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    // The folder above has its name. Some systems cannot open a folder.
    let above = std::path::absolute(path)?;
    match above.parent().map(File::open) {
        Some(Ok(above)) => above.sync_all(),
        _ => Ok(()),
    }
}

impl Destination<'_> {
    /// Hands over the private key: to the file first, then to the commands.
    pub(super) async fn deliver(self, old: &ApiKeyId, key: &CreatedApiKey) -> Result<(), CliError> {
        let secret = key.private_key().expose_secret();
        // Closed before the commands run: on Windows, some programs cannot read a file that is open.
        if let Some(mut file) = self.file {
            file.write(secret).map_err(|error| {
                let path = file.path().display();
                CliError::local(
                    format_args!("cannot write the private key to {path}"),
                    error,
                )
            })?;
        }
        if let Some(words) = &self.args.pipe {
            let mut command = words.command(old, key);
            let line = format!("{secret}\n");
            words
                .finish(command.stdin(Stdio::piped()), Some(&line))
                .await?;
        }
        if let Some(words) = &self.args.exec {
            let mut command = words.command(old, key);
            words
                .finish(command.env(PRIVATE_KEY_VARIABLE, secret), None)
                .await?;
        }
        Ok(())
    }
}

impl Words {
    /// Returns the command with the old key's id and the new public key, and no other credentials,
    /// in its environment.
    fn command(&self, old: &ApiKeyId, key: &CreatedApiKey) -> Command {
        let mut command = Command::new(&self.0[0]);
        for name in credential_variables() {
            command.env_remove(name);
        }
        command
            .args(&self.0[1..])
            .env(OLD_KEY_VARIABLE, old.as_str())
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
        let mut written = Ok(());
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            written = stdin.write_all(input.as_bytes()).await;
        }
        let status = child.wait().await.map_err(failed)?;
        if status.success() {
            return written.map_err(failed);
        }
        // How it ended says more than that it did not read.
        let what = format!("{name} did not take the private key");
        Err(CliError::local(what, status))
    }
}
