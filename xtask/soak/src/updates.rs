//! A task that updates keys that no other task does, one after the other.

use std::sync::Arc;

use anyhow::{Context, Result};
use atlas_admin::Client;
use atlas_emulator::Emulator;
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::time::sleep;

use super::{
    state::{State, names},
    tally::{Change, Operation, Reported, Tally, Wrong},
    tasks::{Budget, IN_FLIGHT, ORG_ROLES, PROJECT_ROLES, some_of},
};

pub(super) struct Updates {
    emulator: Arc<Emulator>,
    client: Client,
    rng: SmallRng,
    /// The keys with their expected states.
    keys: Vec<(String, State)>,
    tally: Tally,
}

impl Updates {
    pub(super) fn new(
        seed: u64,
        client: Client,
        keys: &[String],
        emulator: Arc<Emulator>,
    ) -> Result<Self> {
        let state = |id| State::of(&emulator, id).context("a key has disappeared");
        let keys = keys
            .iter()
            .map(|id| Ok((id.clone(), state(id)?)))
            .collect::<Result<_>>()?;
        Ok(Self {
            emulator,
            client,
            rng: SmallRng::seed_from_u64(seed),
            keys,
            tally: Tally::default(),
        })
    }

    /// Makes updates until none are left.
    pub(super) async fn run(mut self, budget: Arc<Budget>) -> Result<Tally> {
        while let Some(number) = budget.take() {
            self.update(number).await?;
        }
        for (id, expected) in &self.keys {
            let state = State::of(&self.emulator, id);
            if state.as_ref() != Some(expected) {
                self.tally.add_wrong(Wrong::Unasked, &(id, expected, state));
            }
        }
        Ok(self.tally)
    }

    async fn update(&mut self, number: u64) -> Result<()> {
        let index = self.rng.random_range(0..self.keys.len());
        let (id, expected) = self.keys[index].clone();
        let state = |id| State::of(&self.emulator, id).context("a key has disappeared");
        let before = state(&id)?;
        if before != expected {
            let what = (&id, expected, &before);
            self.tally.add_wrong(Wrong::Unasked, &what);
        }

        let mut desired = before.clone();
        desired.desc = format!("update {number}");
        let is_in_org: bool = self.rng.random();
        let (operation, result) = if is_in_org {
            let roles = some_of(&ORG_ROLES, &mut self.rng);
            desired.org_roles = names(&roles);
            let key = self.client.org(self.emulator.org_id()).api_key(&id);
            let update = key.update().desc(&desired.desc).roles(roles);
            (Operation::UpdateOrgApiKey, update.send().await)
        } else {
            let roles = some_of(&PROJECT_ROLES, &mut self.rng);
            let project = self.emulator.project_id();
            let project_roles = &mut desired.project_roles;
            project_roles.insert(project.to_owned(), names(&roles));
            let key = self.client.project(project).api_key(&id);
            let update = key.replace_roles(roles).desc(&desired.desc);
            (Operation::ReplaceProjectRoles, update.send().await)
        };

        let reported = Reported::of(&result);
        if reported == Reported::Unknown {
            sleep(IN_FLIGHT).await;
        }
        let change = Change {
            operation,
            before,
            desired,
            after: state(&id)?,
        };
        let is_shown = result
            .as_ref()
            .map_or(true, |key| key.id == id && change.desired.is_shown_by(key));
        let wrong = change.check(reported);
        let wrong = wrong.or((!is_shown).then_some(Wrong::Response));
        self.tally.add(&change, &result, wrong);
        self.keys[index].1 = change.after;
        Ok(())
    }
}
