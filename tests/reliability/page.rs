//! RELIABILITY.md, the table of the scenarios in the documentation.

use std::{fmt::Write, fs, path::Path};

use crate::{
    scenario::{Auth, Outcome, Scenario},
    scenarios::Section,
};

const FIX_COMMAND: &str =
    "WRITE_RELIABILITY=1 cargo test -p workspace-tests --test reliability page_is_up_to_date";

/// Fails if the page differs from the scenarios; writes it if the environment says so.
pub(crate) fn check(sections: &[Section]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/atlas-admin/RELIABILITY.md");
    let page = page(sections);
    if std::env::var_os("WRITE_RELIABILITY").is_some() {
        fs::write(&path, page).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "RELIABILITY.md is out of date; run: {FIX_COMMAND}"
    );
}

fn page(sections: &[Section]) -> String {
    let mut page = String::from(INTRODUCTION);
    for section in sections {
        write!(page, "\n## {}\n\n{HEAD}", section.title).unwrap();
        for scenario in &section.scenarios {
            page += &row(scenario);
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Reliability

What a call returns when the network or the service fails. Each row is a test, run with both
operations and with every kind of credentials that the row names, against a server that fails in
that way. The tests are in `tests/reliability`, which also generates this page. The retry policy
allows three attempts unless the row says otherwise.

- **Updates sent** counts the requests that carried the update. Challenges and token requests come
  on top.
- **Applied** is \"no\" if the update was certainly not applied, and \"unknown\" if it may have been
  applied; `Error::outcome_unknown` returns true for the latter.
- **Time limit** is the test's bound on the duration of the call. It is generous, to allow for busy
  machines.
- Rows marked **`retry_ambiguous`** use a policy that also retries updates that may have been
  applied.

No call hangs, and no response takes more than 8 MiB of memory, or the limit set with
`max_body_size`. The client follows no redirect: in all tests, no connection reaches the target.
";

const HEAD: &str = "\
| Fault | Credentials | Result | Updates sent | Applied | Time limit |
| --- | --- | --- | --- | --- | --- |
";

fn row(scenario: &Scenario) -> String {
    let (result, applied) = match &scenario.outcome {
        Outcome::Succeeds => ("API key".to_owned(), "yes"),
        Outcome::Fails {
            kind,
            status,
            outcome_unknown,
        } => {
            let status = status.map_or(String::new(), |status| format!(", {status}"));
            let applied = if *outcome_unknown { "unknown" } else { "no" };
            (format!("`{kind:?}`{status}"), applied)
        }
    };
    let policy = match scenario.retries_ambiguous {
        true => ", `retry_ambiguous`",
        false => "",
    };
    let wait = match scenario.at_least.as_secs_f64() {
        0.0 => String::new(),
        seconds => format!(", after at least {seconds} s"),
    };
    format!(
        "| {}{policy} | {} | {result}{wait} | {} | {applied} | {} s |\n",
        scenario.name,
        credentials(&scenario.auth),
        scenario.updates_sent,
        scenario.time_limit.as_secs()
    )
}

fn credentials(auth: &[Auth]) -> String {
    if auth.len() == 3 {
        return "all".to_owned();
    }
    let names = auth.iter().map(|auth| match auth {
        Auth::Digest => "digest",
        Auth::Bearer => "token",
        Auth::ServiceAccount => "service account",
    });
    names.collect::<Vec<_>>().join(", ")
}
