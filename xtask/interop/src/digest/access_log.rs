//! The requests by a server's own log. Each line has a method, a status and the Authorization
//! header; the password belongs to this run only.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// The format of the log, in the syntax of Apache and lighttpd.
pub(crate) const FORMAT: &str = "%m %s %{Authorization}i";

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AccessLog {
    pub(crate) requests: u64,
    /// Requests with status 200.
    pub(crate) successes: u64,
    /// Requests with digest credentials.
    pub(crate) authorizations: u64,
    /// Those of them that have the expected parameter.
    pub(crate) with_parameter: u64,
}

impl AccessLog {
    /// Reads the log of a server that has stopped.
    pub(crate) fn read(path: &Path, parameter: &str) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Ok(Self::parse(&text, parameter))
    }

    fn parse(text: &str, parameter: &str) -> Self {
        let mut log = Self::default();
        for line in text.lines().filter(|line| line.starts_with("PATCH ")) {
            log.requests += 1;
            log.successes += u64::from(line.starts_with("PATCH 200 "));
            if line.contains("Digest ") {
                log.authorizations += 1;
                log.with_parameter += u64::from(line.contains(parameter));
            }
        }
        log
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_counted_by_status_and_credentials() {
        let text = "\
PATCH 401 -
- 408 -
PATCH 200 Digest username=\"interop\", opaque=\"1\", nc=00000001
PATCH 200 Digest username=\"interop\", nc=00000002
";
        let expected = AccessLog {
            requests: 3,
            successes: 2,
            authorizations: 2,
            with_parameter: 1,
        };
        assert_eq!(AccessLog::parse(text, "opaque="), expected);
    }
}
