//! A new file for a secret that is yet to come.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
};

use crate::error::CliError;

/// Takes the place of a secret, which has 36 characters, so that a full disk fails before there
/// is one. A file of white space is no secret for `--private-key-file`.
const PLACEHOLDER: [u8; 256] = [b'\n'; 256];

/// A file that only its owner can read. It is removed again unless a secret is written to it.
pub(super) struct SecretFile {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl SecretFile {
    /// Creates the file, with room for a secret. An existing file is an error.
    pub(super) fn create(path: &Path) -> Result<Self, CliError> {
        Self::open(path, OpenOptions::new().create_new(true))
    }

    /// Takes over a file that an earlier run created, or creates it.
    pub(super) fn replace(path: &Path) -> Result<Self, CliError> {
        let mut options = OpenOptions::new();
        Self::open(path, options.create(true).truncate(true))
    }

    /// Creates the file, or takes over a blank one, which a killed run may have left behind.
    pub(super) fn create_or_take_over(path: &Path) -> Result<Self, CliError> {
        if path.exists() && is_blank(path) {
            let taken = Self::replace(path)?;
            #[cfg(unix)]
            {
                let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
                taken.file.set_permissions(mode).map_err(|error| {
                    CliError::local(format_args!("cannot protect {}", path.display()), error)
                })?;
            }
            return Ok(taken);
        }
        Self::create(path)
    }

    fn open(path: &Path, options: &mut OpenOptions) -> Result<Self, CliError> {
        options.write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
        let file = options.open(path).map_err(|error| {
            let advice = match error.kind() {
                io::ErrorKind::AlreadyExists => "; name a file that does not exist yet",
                _ => "",
            };
            CliError::input(format!("cannot create {}: {error}{advice}", path.display()))
        })?;
        let mut created = Self {
            path: path.to_owned(),
            file,
            is_written: false,
        };
        created.reserve().map_err(|error| {
            CliError::local(
                format_args!("cannot write {}, so nothing was sent", path.display()),
                error,
            )
        })?;
        Ok(created)
    }

    fn reserve(&mut self) -> io::Result<()> {
        self.file.write_all(&PLACEHOLDER)?;
        self.file.sync_all()?;
        // The folder has the file's name. Some systems cannot open a folder.
        let folder = self.path.parent().filter(|path| *path != Path::new(""));
        if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
            folder.sync_all()?;
        }
        Ok(())
    }

    /// Writes the secret in a line of its own, and waits until the disk has it.
    pub(super) fn write(&mut self, secret: &str) -> io::Result<()> {
        let line = format!("{secret}\n");
        self.file.rewind()?;
        self.file.write_all(line.as_bytes())?;
        self.file.set_len(line.len() as u64)?;
        // From here on, the file may be the only copy.
        self.is_written = true;
        self.file.sync_all()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Returns whether there is no secret in this file, which may not exist.
pub(super) fn is_blank(path: &Path) -> bool {
    match fs::read(path) {
        Ok(content) => content.trim_ascii().is_empty(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

impl Drop for SecretFile {
    fn drop(&mut self) {
        if !self.is_written {
            // A file of white space does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}
