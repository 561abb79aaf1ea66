//! The command as a process, and an emulator to call.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use atlas_emulator::{Builder, Emulator, SeedKey};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub(crate) use workspace_tests::ids::{
    API_KEY_ID as KEY, ORG_ID as ORG, OTHER_API_KEY_ID as OTHER_KEY, PROJECT_ID as PROJECT,
    UNKNOWN_ID as UNKNOWN,
};

pub(crate) const OTHER_PROJECT: &str = "5980cfc90b6d97029d82e3f8";

pub(crate) const PUBLIC_KEY: &str = "gswvkocq";
pub(crate) const PRIVATE_KEY: &str = "0f3b7c1d-5e6f-4a2b-hush-hush-1234";
pub(crate) const CLIENT_ID: &str = "mdb_sa_id_5980cfc70b6d97029d82e3f9";
pub(crate) const CLIENT_SECRET: &str = "mdb_sa_sk_hush-hush-hush-5678";

/// Resumes a run, with JSON output.
pub(crate) const RESUME_AS_JSON: [&str; 7] = [
    "apply",
    "keys.yaml",
    "--yes",
    "--resume",
    "journal",
    "-o",
    "json",
];

/// Must not occur in any output.
const SECRETS: [&str; 3] = [PRIVATE_KEY, CLIENT_SECRET, "hush"];

/// The number of bytes that fit on a [full disk](Shell::start_on_full_disk).
pub(crate) const FULL_DISK: usize = 8 * 512;

/// Longer than any command takes, even on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Returns an emulator with known IDs.
pub(crate) fn service() -> Builder {
    Emulator::builder()
        .rng_seed(1)
        .no_rate_limits()
        .log_capacity(100_000)
        .org_id(ORG)
        .project_id(PROJECT)
        .project(OTHER_PROJECT, ORG)
        .api_key_id(KEY)
        .public_key(PUBLIC_KEY)
        .private_key(PRIVATE_KEY)
        .client_id(CLIENT_ID)
        .client_secret(CLIENT_SECRET)
        .key(
            SeedKey::new("readonly", "0f3b7c1d-hush")
                .id(OTHER_KEY)
                .desc("reads")
                .org_roles(["ORG_READ_ONLY"])
                .project_roles(PROJECT, ["GROUP_OWNER", "GROUP_READ_ONLY"]),
        )
}

/// A home folder, and the environment of a user.
pub(crate) struct Shell {
    home: TempDir,
    base_url: String,
    variables: Vec<(String, String)>,
}

/// A finished command.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Shell {
    /// Returns a shell with credentials in the environment.
    pub(crate) fn new(emulator: &Emulator) -> Self {
        Self::at(emulator.base_url())
            .set("MONGODB_ATLAS_PUBLIC_API_KEY", PUBLIC_KEY)
            .set("MONGODB_ATLAS_PRIVATE_API_KEY", PRIVATE_KEY)
    }

    /// Returns a shell without credentials.
    pub(crate) fn at(base_url: &str) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            base_url: base_url.to_owned(),
            variables: Vec::new(),
        }
        .set("MONGODB_ATLAS_BASE_URL", base_url)
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Writes a file below the home folder that only the owner can read.
    pub(crate) fn write(&self, name: &str, text: &(impl AsRef<[u8]> + ?Sized)) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;

        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Starts the command in the home folder.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.start_with(arguments, Stdio::null())
    }

    fn start_with(&self, arguments: &[&str], stdin: Stdio) -> Child {
        let mut command = self.command(arguments);
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.stdin(stdin).spawn().unwrap()
    }

    /// Returns the command with its arguments, folder and environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atlas-admin"));
        command
            .args(arguments)
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            // Where a build that measures coverage writes its counts.
            .envs(std::env::var_os("LLVM_PROFILE_FILE").map(|path| ("LLVM_PROFILE_FILE", path)))
            .envs(self.variables.iter().cloned());
        command
    }

    /// Starts the command where no file can grow beyond a few kilobytes, as on a full
    /// disk.
    pub(crate) fn start_on_full_disk(&self, arguments: &[&str]) -> Child {
        self.start_with_file_limit(8, arguments)
    }

    /// Starts the command where no file can grow beyond this many blocks of 512 bytes.
    pub(crate) fn start_with_file_limit(&self, blocks: u32, arguments: &[&str]) -> Child {
        self.start_after(&format!(r#"trap "" XFSZ; ulimit -f {blocks}"#), arguments)
    }

    /// Starts the command as nohup does.
    pub(crate) fn start_ignoring_hangups(&self, arguments: &[&str]) -> Child {
        self.start_after(r#"trap "" HUP"#, arguments)
    }

    /// Starts the command in the process of a shell that has run `script`.
    fn start_after(&self, script: &str, arguments: &[&str]) -> Child {
        let inner = self.command(arguments);
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(format!(r#"{script}; exec "$0" "$@""#))
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(self.home.path())
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.variables.iter().cloned());
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.stdin(Stdio::null()).spawn().unwrap()
    }

    /// Runs the command, and checks that it printed no secret.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        self.wait(self.start(arguments))
    }

    /// Runs the command with text on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        let path = self.write(".input", input);
        let stdin = fs::File::open(path).unwrap();
        self.wait(self.start_with(arguments, stdin.into()))
    }

    pub(crate) fn wait(&self, mut child: Child) -> Ended {
        let mut out = child.stdout.take().unwrap();
        let mut err = child.stderr.take().unwrap();
        let out = thread::spawn(move || text(&mut out));
        let err = thread::spawn(move || text(&mut err));
        let started = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if started.elapsed() > TIMEOUT {
                child.kill().unwrap();
                panic!("the command did not finish: {}", err.join().unwrap());
            }
            thread::sleep(Duration::from_millis(5));
        };
        let ended = Ended {
            code,
            out: self.masked(&out.join().unwrap()),
            err: self.masked(&err.join().unwrap()),
        };
        for secret in SECRETS {
            assert!(!ended.all().contains(secret), "{ended:?}");
        }
        ended
    }

    /// Replaces what differs between runs.
    fn masked(&self, text: &str) -> String {
        let host = self.base_url.trim_start_matches("http://");
        // As long as the address, which keeps tables aligned.
        text.replace(host, "service.example")
            .replace("(os error 61)", "(os error 111)")
            .replace(&self.home.path().display().to_string(), "~")
    }
}

fn text(source: &mut impl Read) -> String {
    let mut text = String::new();
    source.read_to_string(&mut text).unwrap();
    text
}

impl Ended {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }

    /// Parses standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Returns all output, for a snapshot.
    pub(crate) fn all(&self) -> String {
        let code = self
            .code
            .map_or("a signal".to_owned(), |code| code.to_string());
        let mut all = format!("exit: {code}\n");
        for (name, text) in [
            ("standard output", &self.out),
            ("standard error", &self.err),
        ] {
            if !text.is_empty() {
                all.push_str(&format!("-- {name}\n{text}"));
            }
        }
        all
    }
}

/// Returns the paths of the updates that the service has applied.
pub(crate) fn updates(emulator: &Emulator) -> Vec<String> {
    emulator
        .request_log()
        .iter()
        .filter(|request| request.method() == "PATCH" && request.status().is_success())
        .map(|request| request.target().to_owned())
        .collect()
}

/// Starts a service that responds to everything with this body, and returns its base URL.
pub(crate) async fn responds_with(body: Value) -> String {
    responds(move |_| (200, body.clone())).await
}

/// Starts a service with this response to each path, and returns its base URL.
pub(crate) async fn responds(
    response: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let response = Arc::new(response);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let response = Arc::clone(&response);
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let length = stream.read(&mut head).await.unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..length]);
                let (status, body) = response(head.split(' ').nth(1).unwrap_or_default());
                let body = body.to_string();
                let response = format!(
                    "HTTP/1.1 {status} Status\r\nConnection: close\r\n\
                     Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(response.as_bytes()).await;
            });
        }
    });
    url
}

/// A relay to the service whose connections can be cut.
pub(crate) struct Relay {
    pub(crate) base_url: String,
    is_cut: watch::Sender<bool>,
}

impl Relay {
    pub(crate) async fn to(emulator: &Emulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let target = emulator.base_url().trim_start_matches("http://").to_owned();
        let (is_cut, seen) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (target, seen) = (target.clone(), seen.clone());
                tokio::spawn(relay(near, target, seen));
            }
        });
        Self { base_url, is_cut }
    }

    pub(crate) fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    pub(crate) fn restore(&self) {
        self.is_cut.send_replace(false);
    }
}

async fn relay(mut near: TcpStream, target: String, mut is_cut: watch::Receiver<bool>) {
    if *is_cut.borrow() {
        return;
    }
    let Ok(mut far) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = is_cut.wait_for(|is_cut| *is_cut) => {}
    }
}

/// Waits until `path` has this many lines.
pub(crate) async fn wait_for_lines(path: &Path, lines: usize) {
    let started = Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.lines().count() >= lines {
            return;
        }
        assert!(started.elapsed() < TIMEOUT, "only {text}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until this many requests have been sent.
pub(crate) async fn wait_for_requests(emulator: &Emulator, requests: u64) {
    while emulator.requests() < requests {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
