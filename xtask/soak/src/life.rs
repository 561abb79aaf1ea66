//! A task that creates keys, assigns and restricts them, and deletes them again.

use std::{fmt::Debug, net::IpAddr, sync::Arc, time::SystemTime};

use anyhow::Result;
use atlas_admin::{Client, CreatedApiKey, Error, OrgRole, Response, ipnet::IpNet};
use atlas_emulator::Emulator;
use rand::{RngExt, SeedableRng, rngs::SmallRng, seq::IndexedRandom};
use tokio::time::sleep;

use super::{
    state::{State, names},
    tally::{Change, Operation, Reported, Tally, Wrong},
    tasks::{Budget, IN_FLIGHT, ORG_ROLES, PROJECT_ROLES, client, some_of},
};

/// The most keys of a task at a time. An organization has no more than 500.
const MAX_KEYS: usize = 8;

/// The most entries that a task puts on an access list.
const MAX_ENTRIES: usize = 3;

/// One in this many new keys signs in.
const SIGN_INS: u64 = 16;

/// How often a check is repeated that faults keep from an end.
const CHECK_ATTEMPTS: u32 = 5;

pub(super) struct Life {
    emulator: Arc<Emulator>,
    client: Client,
    rng: SmallRng,
    /// The keys that this task created and did not delete, with their expected states.
    keys: Vec<(String, State)>,
    tally: Tally,
}

impl Life {
    pub(super) fn new(seed: u64, client: Client, emulator: Arc<Emulator>) -> Self {
        Self {
            emulator,
            client,
            rng: SmallRng::seed_from_u64(seed),
            keys: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Makes changes until none are left.
    pub(super) async fn run(mut self, budget: Arc<Budget>) -> Result<Tally> {
        while let Some(number) = budget.take() {
            self.change(number).await?;
        }
        for (id, expected) in self.keys {
            let state = State::of(&self.emulator, &id);
            if state.as_ref() != Some(&expected) {
                let what = (&id, expected, state);
                self.tally.add_wrong(Wrong::Unasked, &what);
            }
            self.tally.created.push(id);
        }
        Ok(self.tally)
    }

    /// Creates a key, or changes one of those that there are.
    async fn change(&mut self, number: u64) -> Result<()> {
        let choice = self.rng.random_range(0..12);
        let may_create = self.keys.len() < MAX_KEYS;
        if self.keys.is_empty() || (choice < 4 && may_create) {
            return self.create(number).await;
        }
        let index = self.rng.random_range(0..self.keys.len());
        let (id, expected) = self.keys.swap_remove(index);
        let state = State::of(&self.emulator, &id);
        let Some(before) = state.clone().filter(|state| *state == expected) else {
            let what = (&id, expected, &state);
            self.tally.add_wrong(Wrong::Unasked, &what);
            self.keys.extend(state.map(|state| (id, state)));
            return Ok(());
        };
        match choice {
            0..7 => self.delete(id, before).await,
            7..9 => self.assign(id, before).await,
            9 if before.project_roles.is_empty() => self.assign(id, before).await,
            9 => self.remove(id, before).await,
            10 if !before.access_list.is_empty() => self.delete_entry(id, before).await,
            _ if before.access_list.len() < MAX_ENTRIES => self.add_entry(id, before).await,
            _ => self.delete_entry(id, before).await,
        }
    }

    async fn create(&mut self, number: u64) -> Result<()> {
        let since = SystemTime::now();
        let mut desired = State {
            desc: format!("creation {number}"),
            org_roles: names(&[OrgRole::Member]),
            project_roles: [].into(),
            access_list: Vec::new(),
        };
        let is_in_org: bool = self.rng.random();
        let (operation, result) = if is_in_org {
            let roles = some_of(&ORG_ROLES, &mut self.rng);
            desired.org_roles = names(&roles);
            let keys = self.client.org(self.emulator.org_id()).api_keys();
            let create = keys.create(&desired.desc).roles(roles);
            (Operation::CreateOrgApiKey, create.send().await)
        } else {
            let roles = some_of(&PROJECT_ROLES, &mut self.rng);
            let project = self.emulator.project_id();
            let project_roles = names(&roles);
            desired
                .project_roles
                .insert(project.to_owned(), project_roles);
            let keys = self.client.project(project).api_keys();
            let create = keys.create(&desired.desc).roles(roles);
            (Operation::CreateProjectApiKey, create.send().await)
        };

        let reported = Reported::of(&result);
        if reported == Reported::Unknown {
            sleep(IN_FLIGHT).await;
        }
        let (ids, after) = self.keys_named(&desired.desc);
        let change = Change {
            operation,
            before: Vec::new(),
            desired: vec![desired],
            after,
        };
        let created = match &result {
            Ok(response) => Some(&**response),
            Err(error) => error.created(),
        };
        let wrong = match change.after.len() {
            0 | 1 => change.check(reported),
            _ => Some(Wrong::Doubled),
        };
        let is_shown = created.is_none_or(|key| {
            let is_right = change.desired[0].is_shown_by(&key.to_api_key());
            ids.iter().any(|id| key.id == *id) && (is_right || result.is_err())
        });
        let wrong = wrong.or((!is_shown).then_some(Wrong::Response));
        self.tally.add(&change, &result, wrong);
        if let Some(key) = created
            && number.is_multiple_of(SIGN_INS)
        {
            self.sign_in(key).await?;
        }
        if reported == Reported::Unknown {
            self.search(&change.desired[0].desc, since, &ids).await;
        }
        self.keys.extend(ids.into_iter().zip(change.after));
        Ok(())
    }

    /// Returns the keys with this description.
    fn keys_named(&self, desc: &str) -> (Vec<String>, Vec<State>) {
        let keys = self.emulator.api_keys(self.emulator.org_id());
        keys.into_iter()
            .filter(|key| key.desc == desc)
            .map(|key| (key.id.clone(), State::from(key)))
            .unzip()
    }

    /// Signs in with a new key, whose access list is empty.
    async fn sign_in(&mut self, key: &CreatedApiKey) -> Result<()> {
        let client = client(&self.emulator, key.credentials(), false).build()?;
        let own = client.org(self.emulator.org_id()).api_key(&key.id);
        for _ in 0..CHECK_ATTEMPTS {
            match own.get().send().await {
                Ok(_) => {
                    self.tally.sign_ins += 1;
                    break;
                }
                Err(error) if error.is_credentials() => {
                    self.tally.add_wrong(Wrong::SignIn, &(key, error));
                    break;
                }
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Searches for what a creation may have left. The organization fits on one page of a list,
    /// which other tasks cannot move while it is read.
    async fn search(&mut self, desc: &str, since: SystemTime, ids: &[String]) {
        let keys = self.client.org(self.emulator.org_id()).api_keys();
        for _ in 0..CHECK_ATTEMPTS {
            let Ok(found) = keys.find_created(desc, since).await else {
                continue;
            };
            self.tally.searches += 1;
            if !found.iter().map(|key| &*key.id).eq(ids) {
                let what = (desc, ids, found);
                self.tally.add_wrong(Wrong::Search, &what);
            }
            break;
        }
    }

    async fn delete(&mut self, id: String, before: State) -> Result<()> {
        let key = self.client.org(self.emulator.org_id()).api_key(&id);
        let result = key.delete().send().await;
        self.settle(Operation::DeleteOrgApiKey, id, before, None, result)
            .await
    }

    async fn assign(&mut self, id: String, before: State) -> Result<()> {
        let roles = some_of(&PROJECT_ROLES, &mut self.rng);
        let project = self.emulator.project_id();
        let mut desired = before.clone();
        let project_roles = &mut desired.project_roles;
        project_roles.insert(project.to_owned(), names(&roles));
        let key = self.client.project(project).api_key(&id);
        let result = key.assign(roles).send().await;
        self.settle(Operation::Assign, id, before, Some(desired), result)
            .await
    }

    async fn remove(&mut self, id: String, before: State) -> Result<()> {
        let project = self.emulator.project_id();
        let mut desired = before.clone();
        desired.project_roles.remove(project);
        let key = self.client.project(project).api_key(&id);
        let result = key.remove().send().await;
        let operation = Operation::RemoveProjectApiKey;
        self.settle(operation, id, before, Some(desired), result)
            .await
    }

    async fn add_entry(&mut self, id: String, before: State) -> Result<()> {
        let entry = loop {
            let entry = IpNet::from(IpAddr::from([198, 51, 100, self.rng.random()]));
            if !before.access_list.contains(&entry.to_string()) {
                break entry;
            }
        };
        let mut desired = before.clone();
        desired.access_list.push(entry.to_string());
        desired.access_list.sort();
        let key = self.client.org(self.emulator.org_id()).api_key(&id);
        let result = key.access_list().add([entry]).send().await;
        let operation = Operation::AddAccessListEntry;
        self.settle(operation, id, before, Some(desired), result)
            .await
    }

    async fn delete_entry(&mut self, id: String, before: State) -> Result<()> {
        let entry = before.access_list.choose(&mut self.rng).cloned();
        let entry = entry.unwrap_or_default();
        let mut desired = before.clone();
        desired.access_list.retain(|other| *other != entry);
        let key = self.client.org(self.emulator.org_id()).api_key(&id);
        let result = key.access_list().delete(entry).send().await;
        let operation = Operation::DeleteAccessListEntry;
        self.settle(operation, id, before, Some(desired), result)
            .await
    }

    /// Compares the report about a change of a key with the key, and keeps what there is of it.
    async fn settle<T: Debug>(
        &mut self,
        operation: Operation,
        id: String,
        before: State,
        desired: Option<State>,
        result: Result<Response<T>, Error>,
    ) -> Result<()> {
        let reported = Reported::of(&result);
        if reported == Reported::Unknown {
            sleep(IN_FLIGHT).await;
        }
        let change = Change {
            operation,
            before: Some(before),
            desired,
            after: State::of(&self.emulator, &id),
        };
        self.tally.add(&change, &result, change.check(reported));
        self.keys.extend(change.after.map(|state| (id, state)));
        Ok(())
    }
}
