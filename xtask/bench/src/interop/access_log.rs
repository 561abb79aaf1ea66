//! What a server saw, by its own log: a method, a status and the header with
//! the credentials on each line. The password is of this run alone.

use std::{fs, path::Path};

use anyhow::{Context, Result};

/// How Apache and lighttpd are told to write the log.
pub(crate) const FORMAT: &str = "%m %s %{Authorization}i";

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AccessLog {
    pub(crate) requests: u64,
    /// Requests that were let through.
    pub(crate) successes: u64,
    /// Requests that answered a challenge.
    pub(crate) answers: u64,
    /// Of these, those with the parameter that was looked for.
    pub(crate) with_parameter: u64,
}

impl AccessLog {
    /// The log of a server that has stopped.
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
                log.answers += 1;
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
    fn answers_are_counted_apart() {
        let text = "\
PATCH 401 -
- 408 -
PATCH 200 Digest username=\"interop\", opaque=\"1\", nc=00000001
PATCH 200 Digest username=\"interop\", nc=00000002
";
        let expected = AccessLog {
            requests: 3,
            successes: 2,
            answers: 2,
            with_parameter: 1,
        };
        assert_eq!(AccessLog::parse(text, "opaque="), expected);
    }
}
