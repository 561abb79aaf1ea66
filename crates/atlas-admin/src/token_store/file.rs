//! Tokens in files, shared by runs of a program.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{AccessToken, TokenKey, TokenLock, TokenStore};

/// The longest file that is read, in bytes; tokens are far shorter.
const SIZE_LIMIT: u64 = 64 * 1024;

/// Stores tokens in a folder, one file for each service account and base URL, so that a
/// command does not request a token every time it runs.
///
/// Only the owner can read the files (mode 0600, in a folder created with 0700); a file that
/// others can read, or that is not a regular file, is refused. Files are replaced atomically,
/// so that programs that run at the same time never read part of a token. A file with other
/// contents counts as missing.
///
/// Of programs that start at the same time, one requests a token, and the others wait for it:
/// it holds a lock on a file beside the token's, which ends with its process. On file systems
/// without locks, each may request a token, and revokes it if another one has been saved.
///
/// On systems other than Unix only the folder protects the files: choose one in the user's
/// profile.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: PathBuf,
}

#[derive(Serialize)]
struct Saved<'a> {
    access_token: &'a str,
    expires_at: u64,
}

#[derive(Deserialize)]
struct Loaded {
    access_token: SecretString,
    /// In seconds since the Unix epoch.
    expires_at: u64,
}

impl FileStore {
    /// Creates a store in `folder`, which is created when the first token is saved.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    fn path(&self, key: &TokenKey) -> PathBuf {
        self.path_with(key, "json")
    }

    fn path_with(&self, key: &TokenKey, extension: &str) -> PathBuf {
        // Nothing in a key may lead out of the folder.
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let (id, host) = (encoded(key.client_id()), encoded(key.host()));
        self.folder.join(format!("{id}@{host}.{extension}"))
    }
}

impl TokenStore for FileStore {
    fn load(&self, key: &TokenKey) -> io::Result<Option<AccessToken>> {
        let path = self.path(key);
        let file = match open(&path, File::options().read(true)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path, error)),
        };
        check_private(&file).map_err(|error| at(&path, error))?;
        let mut text = Vec::new();
        file.take(SIZE_LIMIT)
            .read_to_end(&mut text)
            .map_err(|error| at(&path, error))?;
        // Why it cannot be read is not told: the text may have the token in it.
        let loaded: Option<Loaded> = serde_json::from_slice(&text).ok();
        Ok(loaded.and_then(|loaded| {
            let age = Duration::from_secs(loaded.expires_at);
            let expires_at = SystemTime::UNIX_EPOCH.checked_add(age)?;
            Some(AccessToken::new(loaded.access_token, expires_at))
        }))
    }

    fn save(&self, key: &TokenKey, token: &AccessToken) -> io::Result<()> {
        let path = self.path(key);
        let saved = Saved {
            access_token: token.secret().expose_secret(),
            expires_at: token
                .expires_at()
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs(),
        };
        let write = || {
            private_folder().create(&self.folder)?;
            // Made with mode 0600.
            let mut file = NamedTempFile::new_in(&self.folder)?;
            file.write_all(&serde_json::to_vec(&saved)?)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| at(&path, error))
    }

    fn remove(&self, key: &TokenKey) -> io::Result<()> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path, error)),
            _ => Ok(()),
        }
    }

    fn try_lock(&self, key: &TokenKey) -> io::Result<Option<TokenLock>> {
        let path = self.path_with(key, "lock");
        let file = private_folder()
            .create(&self.folder)
            .and_then(|()| open(&path, private_file().write(true).create(true)))
            .map_err(|error| at(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(TokenLock::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // The file system has no locks.
            Err(TryLockError::Error(_)) => Ok(Some(TokenLock::unlocked())),
        }
    }
}

/// Opens a regular file. Opening another kind, such as a pipe, could wait forever.
fn open(path: &Path, options: &OpenOptions) -> io::Result<File> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file; delete it",
        )),
        _ => options.open(path),
    }
}

/// Adds the path to an error.
fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn check_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    if file.metadata()?.mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "others can read this token; delete the file",
        ))
    }
}

#[cfg(not(unix))]
fn check_private(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TokenKey {
        TokenKey::new("127.0.0.1:8080".into(), "../mdb_sa_id_é".into())
    }

    fn token(secret: &str) -> AccessToken {
        AccessToken::new(secret, SystemTime::UNIX_EPOCH + Duration::from_secs(7))
    }

    fn loaded(store: &FileStore) -> Option<String> {
        let token = store.load(&key()).unwrap()?;
        assert_eq!(token.expires_at(), self::token("").expires_at());
        Some(token.expose().to_owned())
    }

    #[test]
    fn a_token_is_kept_replaced_and_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("made/when/needed"));
        assert_eq!(loaded(&store), None);
        store.remove(&key()).unwrap();
        for secret in ["first", "second"] {
            store.save(&key(), &token(secret)).unwrap();
            assert_eq!(loaded(&store).as_deref(), Some(secret));
        }
        let files: Vec<_> = fs::read_dir(&store.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(
            files,
            ["%2E%2E%2Fmdb%5Fsa%5Fid%5F%C3%A9@127%2E0%2E0%2E1%3A8080.json"]
        );
        store.remove(&key()).unwrap();
        assert_eq!(loaded(&store), None);
    }

    #[test]
    fn anything_else_in_a_file_is_no_token() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        store.save(&key(), &token("x")).unwrap();
        for text in [
            &b""[..],
            b"{",
            b"\xff\x00",
            br#"{"access_token":7,"expires_at":7}"#,
            br#"{"access_token":"x","expires_at":-1}"#,
            &[b' '; 100_000],
        ] {
            fs::write(store.path(&key()), text).unwrap();
            assert_eq!(loaded(&store), None);
        }
        let far = br#"{"access_token":"x","expires_at":18446744073709551615}"#;
        fs::write(store.path(&key()), far).unwrap();
        assert!(store.load(&key()).unwrap().is_none());
    }

    #[test]
    fn one_store_at_a_time_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let store = || FileStore::new(folder.path().join("tokens"));
        let held = store().try_lock(&key()).unwrap();
        assert!(held.is_some());
        assert!(store().try_lock(&key()).unwrap().is_none());
        let other = TokenKey::new("127.0.0.1:8081".into(), "mdb_sa_id_1".into());
        assert!(store().try_lock(&other).unwrap().is_some());
        drop(held);
        assert!(store().try_lock(&key()).unwrap().is_some());
    }

    #[test]
    fn a_folder_in_the_place_of_a_token_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        let path = store.path(&key());
        fs::create_dir(&path).unwrap();
        for error in [
            store.load(&key()).unwrap_err(),
            store.save(&key(), &token("hush")).unwrap_err(),
            store.remove(&key()).unwrap_err(),
        ] {
            let shown = error.to_string();
            assert!(shown.starts_with(path.to_str().unwrap()), "{shown}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_their_owner_alone() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};

        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path().join("tokens"));
        store.save(&key(), &token("hush")).unwrap();
        let path = store.path(&key());
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!((mode(&path), mode(&store.folder)), (0o600, 0o700));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = store.load(&key()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(!error.to_string().contains("hush"));
    }

    #[test]
    fn programs_at_the_same_time_read_whole_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(folder.path());
        let secrets = ["a".repeat(3_000), "b".repeat(9_000)];
        store.save(&key(), &token(&secrets[0])).unwrap();
        std::thread::scope(|scope| {
            for secret in &secrets {
                scope.spawn(|| {
                    for _ in 0..200 {
                        store.save(&key(), &token(secret)).unwrap();
                        assert!(secrets.contains(&loaded(&store).unwrap()));
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
