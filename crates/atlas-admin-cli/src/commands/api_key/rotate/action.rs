//! What a run does with the rotations in its journal.

use chrono::Utc;

use super::journal::{Journal, Outcome, Stage};
use crate::{error::CliError, ui::table::time};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Begin, or go on.
    Advance,
    /// Delete the old keys.
    Finish,
    /// Delete the successors.
    Undo,
}

impl Action {
    /// Returns whether there is something to do with a rotation.
    pub(super) fn concerns(self, stage: Stage) -> bool {
        match stage {
            Stage::NotStarted | Stage::Ended(Outcome::Failed) => self == Self::Advance,
            Stage::Undelivered => self != Self::Finish,
            Stage::Delivered { .. } => true,
            Stage::Finishing => self != Self::Undo,
            Stage::Undoing => self == Self::Undo,
            Stage::Ended(Outcome::Rotated | Outcome::Undone) => false,
        }
    }

    /// Returns whether a rotation is as this action wants it.
    pub(super) fn is_done(self, stage: Stage) -> bool {
        match self {
            Self::Undo => matches!(
                stage,
                Stage::NotStarted | Stage::Ended(Outcome::Undone | Outcome::Failed)
            ),
            Self::Finish if stage == Stage::Ended(Outcome::Undone) => true,
            Self::Advance | Self::Finish => matches!(
                stage,
                Stage::Delivered { .. } | Stage::Ended(Outcome::Rotated)
            ),
        }
    }

    /// Fails if the rotations in a journal are past this.
    pub(super) fn check(self, journal: &Journal, force: bool) -> Result<(), CliError> {
        let stages: Vec<_> = journal.rotations().iter().map(|it| it.stage).collect();
        let has = |stage| stages.contains(&stage);
        let concerns_any = stages.iter().any(|stage| self.concerns(*stage));
        let kept_until = stages.iter().filter_map(|stage| match stage {
            Stage::Delivered { delete_after } => Some(*delete_after),
            _ => None,
        });
        let kept_until = kept_until.max().filter(|until| *until > Utc::now());
        let reason = match self {
            Self::Undo if concerns_any => return Ok(()),
            Self::Undo if has(Stage::Finishing) => {
                "may have deleted the old key already; use --resume"
            }
            Self::Undo if has(Stage::Ended(Outcome::Rotated)) => "is finished",
            Self::Undo => return Ok(()),
            _ if has(Stage::Undoing) => "is being taken back; use --undo",
            Self::Finish if concerns_any => match kept_until {
                Some(until) if !force => {
                    let until = time(until);
                    &*format!("keeps the old key until {until}; wait, or add --force")
                }
                _ => return Ok(()),
            },
            Self::Finish if has(Stage::Ended(Outcome::Rotated)) => return Ok(()),
            // What an undo of a set has left alone.
            Self::Advance if has(Stage::Ended(Outcome::Undone)) && has(Stage::Finishing) => {
                "was taken back, as far as possible; use --finish"
            }
            _ if has(Stage::Ended(Outcome::Undone)) => "was taken back; start another",
            Self::Finish => "has not handed over the private key; use --resume or --undo",
            Self::Advance => return Ok(()),
        };
        Err(CliError::input(format!(
            "the rotation in {} {reason}",
            journal.path().display()
        )))
    }
}
