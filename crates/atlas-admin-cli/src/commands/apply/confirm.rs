//! The confirmation prompt.

use std::io::{self, IsTerminal};

use super::{
    cancellation::Cancellation,
    plan::{Action, Plan},
};
use crate::{
    args::Format,
    commands::prompt,
    error::CliError,
    ui::{Output, eprint, table::count},
};

/// Asks whether to apply the plan. Fails without a terminal to ask on.
pub(super) async fn confirm(
    plan: &Plan,
    output: &Output,
    cancellation: &Cancellation,
) -> Result<bool, CliError> {
    prompt::require_terminal("review the plan and add --yes")?;
    if output.format != Format::Table || output.quiet || !io::stdout().is_terminal() {
        // The plan has not been printed, or not where the question is asked.
        eprint(plan.to_text().trim_end());
    }
    let question = question(plan);
    tokio::select! {
        () = cancellation.wait() => Ok(false),
        is_confirmed = prompt::confirm(&question) => Ok(is_confirmed),
    }
}

fn question(plan: &Plan) -> String {
    let deletions = plan.count(Action::Delete);
    let updates = plan.update_count() - deletions;
    match (updates, deletions) {
        (_, 0) => format!("Apply {}?", count(updates, "update")),
        (0, _) => format!("Delete {}?", count(deletions, "key")),
        _ => format!(
            "Apply {}, and delete {}?",
            count(updates, "update"),
            count(deletions, "key")
        ),
    }
}
