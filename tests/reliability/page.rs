//! RELIABILITY.md, the table of the scenarios in the documentation.

use std::{fmt::Write, fs, path::Path};

use atlas_admin::ErrorKind;

use crate::{
    scenario::{Auth, Outcome, Scenario},
    scenarios::{EffectRow, Section},
};

const FIX_COMMAND: &str =
    "WRITE_RELIABILITY=1 cargo test -p workspace-tests --test reliability page_is_up_to_date";

/// Fails if the page differs from the scenarios; writes it if the environment says so.
pub(crate) fn check(effects: &[EffectRow], sections: &[Section]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/atlas-admin/RELIABILITY.md");
    let page = page(effects, sections);
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

fn page(effects: &[EffectRow], sections: &[Section]) -> String {
    let mut page = String::from(INTRODUCTION);
    for row in effects {
        page += &effect_row(row);
    }
    page += UPDATES;
    for section in sections {
        write!(page, "\n### {}\n\n{HEAD}", section.title).unwrap();
        for scenario in &section.scenarios {
            page += &row(scenario);
        }
    }
    page
}

const INTRODUCTION: &str = "\
# Reliability

What a call returns when the network or the service fails. Each row is a test, run with every kind
of credentials that the row names, against a server that fails in that way. The tests are in
`tests/reliability`, which also generates this page. The retry policy allows three attempts unless
the row says otherwise.

No call hangs, and no response takes more than 8 MiB of memory, or the limit set with
`max_body_size`. The client follows no redirect: in all tests, no connection reaches the target. No
error shows a secret, that of a new API key included.

`cargo xtask soak` mixes such failures at random into many calls at a time, and compares what each
call reports with the state of the server: no key is created twice, and none exists, changes or
disappears without a report that says so or calls the outcome unknown.

## What is repeated

Whether a call is repeated depends on what its operation does:

- **Read** operations change nothing, so they are repeated freely: get and list.
- **Set** operations replace roles or a description. What may have been applied is repeated only if
  the policy has `retry_ambiguous`.
- **Delete** operations are repeated like reads. If nothing is left to delete after an attempt that
  may have been applied, the call succeeds.
- **Create** operations would make a second key. They are repeated only if the service certainly did
  not process the request, and never use a connection that an earlier call left open.

The columns show how a call ends: get, update, delete and create of an organization's API key. The
number in parentheses counts the requests that carried the call, without challenges and token
requests. **Unknown** means that the call may have been applied although it failed;
`Error::outcome_unknown` returns true, and the error says what to do.

| Fault | Credentials | Read | Set | Delete | Create |
| --- | --- | --- | --- | --- | --- |
";

fn effect_row(EffectRow(scenarios): &EffectRow) -> String {
    let cells = scenarios.iter().map(|scenario| {
        let requests = scenario.updates_sent;
        match &scenario.outcome {
            Outcome::Succeeds => format!("succeeds ({requests})"),
            Outcome::Fails {
                kind,
                status,
                outcome_unknown,
            } => {
                let unknown = if *outcome_unknown {
                    "**unknown**: "
                } else {
                    ""
                };
                format!("{unknown}{} ({requests})", failure(*kind, *status))
            }
        }
    });
    format!(
        "| {} | {} | {} |\n",
        fault(&scenarios[0]),
        credentials(&scenarios[0].auth),
        cells.collect::<Vec<_>>().join(" | ")
    )
}

const UPDATES: &str = "
## Updates in detail

These rows are about the set operations: update of an organization's API key, and replacement of
its roles in a project. Each is run with both.

- **Updates sent** counts the requests that carried the update. Challenges and token requests come
  on top.
- **Applied** is \"no\" if the update was certainly not applied, and \"unknown\" if it may have been
  applied.
- **Time limit** is the test's bound on the duration of the call. It is generous, to allow for busy
  machines.
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
            let applied = if *outcome_unknown { "unknown" } else { "no" };
            (failure(*kind, *status), applied)
        }
    };
    let wait = match scenario.at_least.as_secs_f64() {
        0.0 => String::new(),
        seconds => format!(", after at least {seconds} s"),
    };
    format!(
        "| {} | {} | {result}{wait} | {} | {applied} | {} s |\n",
        fault(scenario),
        credentials(&scenario.auth),
        scenario.updates_sent,
        scenario.time_limit.as_secs()
    )
}

/// Returns the name of a scenario with the policy, if that is not the usual one.
fn fault(scenario: &Scenario) -> String {
    let policy = match scenario.retries_ambiguous {
        true => ", `retry_ambiguous`",
        false => "",
    };
    format!("{}{policy}", scenario.name)
}

fn failure(kind: ErrorKind, status: Option<u16>) -> String {
    let status = status.map_or(String::new(), |status| format!(", {status}"));
    format!("`{kind:?}`{status}")
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
