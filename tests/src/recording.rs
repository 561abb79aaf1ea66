//! Responses in files.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A recorded response: a status line, headers and a body.
pub struct Recording {
    /// The status code.
    pub status: u16,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Recording {
    /// Reads a file that holds one response.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or holds no response.
    pub fn read(path: &Path) -> io::Result<Self> {
        let text = std::fs::read_to_string(path)?.replace("\r\n", "\n");
        let malformed = || {
            let message = format!("{} holds no HTTP response", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let (head, body) = text.split_once("\n\n").ok_or_else(malformed)?;
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1)?.parse().ok())
            .ok_or_else(malformed)?;
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

    /// Returns the response as HTTP/1.1 text, for a connection that stays open.
    #[must_use]
    pub fn to_http1(&self) -> String {
        let headers: String = self
            .headers
            .iter()
            // The body may have been edited since it was recorded.
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

/// Reads a file of `fixtures/`.
///
/// # Errors
///
/// Fails if the file cannot be read or holds no response.
pub fn fixture(name: &str) -> io::Result<Recording> {
    Recording::read(
        &Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures")
            .join(name),
    )
}

/// Returns a folder of data that the repository does not contain, such as recorded
/// responses. Without it, prints that the test is skipped.
#[must_use]
pub fn shared(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(folder);
    if !path.is_dir() {
        eprintln!("skipped: {} does not exist", path.display());
        return None;
    }
    Some(path)
}
