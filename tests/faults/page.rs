//! The page of the documentation that shows the table.

use std::{fmt::Write, fs, path::Path};

use crate::{
    row::{Auth, Outcome, Row},
    rows::Section,
};

const MEND: &str = "WRITE_RELIABILITY=1 cargo test -p workspace-tests --test faults the_page";

/// Compares the page with the table, or writes it if the environment says so.
pub(crate) fn check(sections: &[Section]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/atlas-admin/RELIABILITY.md");
    let page = page(sections);
    if std::env::var_os("WRITE_RELIABILITY").is_some() {
        fs::write(&path, page).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "RELIABILITY.md is not fresh; run: {MEND}");
}

fn page(sections: &[Section]) -> String {
    let mut page = String::from(INTRODUCTION);
    for section in sections {
        write!(page, "\n## {}\n\n{HEAD}", section.title).unwrap();
        for row in &section.rows {
            page += &line(row);
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Reliability

What a caller is told when things go wrong. Every line is a test: both operations are sent, with
every kind of credentials that is named, to a service that misbehaves like that (`tests/faults.rs`,
which also writes this page). The policy is three attempts unless the line says otherwise.

- *sent*: how often the update goes out. What is needed to sign in comes on top of it.
- *made?*: whether the update may have been made, as `Error::outcome_unknown` tells. \"no\" means
  that it was not, for certain.
- *replays*: the policy allows to repeat an update that may have been made.

- *within*: the bound on the time of the call that the test sets. It is wide, for busy machines.

Nothing hangs, and no answer takes more than 8 MiB of memory, or what `max_body_size` allows. A
redirect is followed nowhere: not a single connection is made to where it points.
";

const HEAD: &str = "\
| what happens | credentials | the caller gets | sent | made? | within |
| --- | --- | --- | --- | --- | --- |
";

fn line(row: &Row) -> String {
    let (gets, made) = match &row.outcome {
        Outcome::Done => ("the API key".to_owned(), "yes"),
        Outcome::Fails {
            kind,
            status,
            unknown,
        } => {
            let status = status.map_or(String::new(), |status| format!(", {status}"));
            (
                format!("`{kind:?}`{status}"),
                if *unknown { "perhaps" } else { "no" },
            )
        }
    };
    let replays = if row.replays { ", replays" } else { "" };
    let wait = match row.at_least.as_secs_f64() {
        0.0 => String::new(),
        seconds => format!(", after {seconds} s or more"),
    };
    format!(
        "| {}{replays} | {} | {gets}{wait} | {} | {made} | {} s |\n",
        row.name,
        credentials(row.auth),
        row.updates,
        row.within.as_secs()
    )
}

fn credentials(auth: &[Auth]) -> String {
    if auth.len() == 3 {
        return "all".to_owned();
    }
    let names = auth.iter().map(|auth| match auth {
        Auth::Digest => "digest",
        Auth::Bearer => "token",
        Auth::Account => "service account",
    });
    names.collect::<Vec<_>>().join(", ")
}
