//! What the tests of this folder share.

pub mod faulty;

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A server that gives the next answer of a list to each request, whatever it is,
/// and keeps the requests to the letter. It stops when dropped.
pub struct Script {
    /// Where it listens, with no slash at the end.
    pub url: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<io::Result<()>>,
}

impl Script {
    /// Starts to listen on a free port of the loopback interface.
    pub async fn start(answers: Vec<String>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let requests = Arc::default();
        let task = tokio::spawn(serve(listener, answers, Arc::clone(&requests)));
        Ok(Self {
            url,
            requests,
            task,
        })
    }

    /// What was received so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    listener: TcpListener,
    answers: Vec<String>,
    requests: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    let mut answers = answers.into_iter();
    loop {
        let (mut stream, _) = listener.accept().await?;
        while let Some(request) = read_request(&mut stream).await? {
            requests
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(request);
            let Some(answer) = answers.next() else {
                return Ok(());
            };
            stream.write_all(answer.as_bytes()).await?;
        }
    }
}

/// One request with a body of known length; `None` when there are no more.
pub(crate) async fn read_request(stream: &mut TcpStream) -> io::Result<Option<String>> {
    const END: &str = "\r\n\r\n";
    let mut text = String::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(head) = text.find(END) {
            let length: usize = text[..head]
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length:")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if text.len() >= head + END.len() + length {
                return Ok(Some(text));
            }
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(None),
            read => text.push_str(&String::from_utf8_lossy(&buffer[..read])),
        }
    }
}

/// A recorded answer: a status line, headers and a body, in a file.
pub struct Recording {
    /// The status code.
    pub status: u16,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Recording {
    /// Reads a file of one answer.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?.replace("\r\n", "\n");
        let bad = || {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{}: no HTTP answer", path.display()),
            )
        };
        let (head, body) = text.split_once("\n\n").ok_or_else(bad)?;
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .ok_or_else(bad)?;
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(Self {
            status,
            headers,
            body: body.to_owned(),
        })
    }

    /// The answer as it goes over a connection that is kept open.
    pub fn to_wire(&self) -> String {
        let headers: String = self
            .headers
            .iter()
            // Of the body as it is here, not as it was.
            .filter(|(name, _)| !name.eq_ignore_ascii_case("content-length"))
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        format!(
            "HTTP/1.1 {} -\r\n{headers}Content-Length: {}\r\n\r\n{}",
            self.status,
            self.body.len(),
            self.body
        )
    }
}

/// A file of `fixtures/`.
pub fn fixture(name: &str) -> io::Result<Recording> {
    Recording::read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(name),
    )
}

/// The folder with the vendor's documents and recorded answers, beside the
/// repository. It is not part of it: where it is absent, this says so, and the
/// test that needs it has nothing to do.
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(folder);
    if !path.is_dir() {
        eprintln!("SKIPPED: there is no {}", path.display());
        return None;
    }
    Some(path)
}
