//! The steps of one rotation, each of which the journal announces.

use std::{fs, path::Path, time::Duration};

use atlas_admin::{ApiKeyId, Client, RotateOrgApiKey, Rotation};
use chrono::Utc;

use super::{
    MAX_GRACE,
    action::Action,
    destination::DestinationArgs,
    journal::{Attempt, Event, History, Journal, Outcome, Stage, Successor},
};
use crate::error::CliError;

pub(super) struct Steps<'a> {
    pub(super) client: &'a Client,
    pub(super) destination: &'a DestinationArgs,
    /// Whether to delete old keys before the end of the grace.
    pub(super) force: bool,
    pub(super) journal: Journal,
}

impl Steps<'_> {
    /// Does with a rotation what is left to do.
    pub(super) async fn take(&mut self, action: Action, key: &ApiKeyId) -> Result<(), CliError> {
        let Some(history) = self.journal.rotation(key).cloned() else {
            return Ok(());
        };
        match history.stage {
            _ if !action.concerns(history.stage) => Ok(()),
            _ if action == Action::Undo => self.undo(&history).await,
            Stage::NotStarted | Stage::Undelivered | Stage::Ended(_) => self.start(&history).await,
            Stage::Delivered { delete_after } if !self.force && delete_after > Utc::now() => Ok(()),
            Stage::Delivered { .. } | Stage::Finishing | Stage::Undoing => {
                self.finish(&history).await
            }
        }
    }

    /// Makes a successor and hands it over. An earlier one whose private key nobody has is deleted.
    async fn start(&mut self, history: &History) -> Result<(), CliError> {
        let key = &history.key;
        let earlier = match history.stage {
            Stage::Undelivered => history.attempt.as_ref(),
            _ => None,
        };
        let ours = earlier.and_then(|attempt| attempt.secret_file.as_deref());
        let secret_file = self.destination.file(key, ours)?;
        if earlier.is_some() {
            self.delete_successors(history).await?;
        }
        let rotate = match earlier {
            Some(attempt) => self.rotation(history).with_marker(&attempt.marker),
            None => self.new_rotation(history),
        };
        let attempt = Attempt {
            marker: rotate.marker().to_owned(),
            secret_file: secret_file.clone(),
        };
        self.journal.start(key, history.terms.clone(), attempt)?;
        let destination = self.destination.prepare(secret_file.as_deref(), ours);
        let destination = match destination {
            Ok(destination) => destination,
            Err(error) => {
                self.end(key, Outcome::Failed)?;
                return Err(error);
            }
        };
        let rotation = self.create(key, rotate).await?;
        rotation.copy_access().await?;
        rotation.sign_in().await?;
        destination.deliver(key, &rotation.created).await?;
        let grace = history.terms.grace_seconds;
        let delete_after = Utc::now() + Duration::from_secs(grace).min(MAX_GRACE);
        self.journal.write(key, Event::Delivered { delete_after })?;
        if grace > 0 {
            return Ok(());
        }
        self.journal.write(key, Event::FinishStarted)?;
        rotation.finish().await?;
        self.end(key, Outcome::Rotated)
    }

    async fn create(
        &mut self,
        key: &ApiKeyId,
        rotate: RotateOrgApiKey,
    ) -> Result<Rotation, CliError> {
        match rotate.await {
            Ok(rotation) => {
                let successor = Successor::from(&rotation.created);
                self.journal
                    .write(key, Event::SuccessorCreated(successor))?;
                Ok(rotation)
            }
            Err(error) => {
                if let Some(created) = error.created() {
                    self.journal
                        .write(key, Event::SuccessorCreated(created.into()))?;
                } else if !error.outcome_unknown() {
                    self.end(key, Outcome::Failed)?;
                }
                Err(error.into())
            }
        }
    }

    /// Deletes the old key of a rotation that an earlier run has handed over.
    async fn finish(&mut self, history: &History) -> Result<(), CliError> {
        let Some(successor) = &history.successor else {
            return Err(CliError::input(format!(
                "the rotation of API key {} has no successor; use --undo",
                history.key
            )));
        };
        if history.stage != Stage::Finishing {
            self.journal.write(&history.key, Event::FinishStarted)?;
        }
        let finish = self.rotation(history);
        finish.finish(&successor.id).await.map_err(|error| {
            let hint = format!(
                "if the old key signs in and is gone already, sign in with the new public key {}",
                successor.public_key
            );
            CliError::CallWithHint(error, hint)
        })?;
        self.end(&history.key, Outcome::Rotated)
    }

    async fn undo(&mut self, history: &History) -> Result<(), CliError> {
        if history.stage != Stage::Undoing {
            self.journal.write(&history.key, Event::UndoStarted)?;
        }
        self.delete_successors(history).await?;
        let attempt = history.attempt.as_ref();
        if let Some(path) = attempt.and_then(|attempt| attempt.secret_file.as_deref()) {
            remove(path);
        }
        self.end(&history.key, Outcome::Undone)
    }

    /// Deletes the successors with the marker, and the one in the journal.
    async fn delete_successors(&self, history: &History) -> Result<(), CliError> {
        self.rotation(history).undo().await?;
        if let Some(successor) = &history.successor {
            let org = self.client.org(&history.terms.org);
            org.api_key(&successor.id).delete().missing_ok().await?;
        }
        Ok(())
    }

    /// Returns the rotation with the marker in the journal.
    fn rotation(&self, history: &History) -> RotateOrgApiKey {
        let rotate = self.new_rotation(history);
        match &history.attempt {
            Some(attempt) => rotate.with_marker(&attempt.marker),
            None => rotate,
        }
    }

    fn new_rotation(&self, history: &History) -> RotateOrgApiKey {
        let org = self.client.org(&history.terms.org);
        org.api_key(&history.key).rotate()
    }

    fn end(&mut self, key: &ApiKeyId, outcome: Outcome) -> Result<(), CliError> {
        self.journal.write(key, Event::RotationEnded { outcome })
    }
}

/// Removes a file whose private key is of no use any more.
fn remove(path: &Path) {
    let _ = fs::remove_file(path);
}
