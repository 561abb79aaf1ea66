//! The initial state of an emulator.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::digest::DigestAuthenticator,
    config::seed_key::SeedKey,
    config::synthetic::{MOST, SyntheticKeys},
    spec::role::Role,
    state::access_list::AccessList,
    state::identities::Identities,
    state::object_id::ObjectId,
    state::store::{ApiKey, ORG_MEMBER, ORG_OWNER, State, private_key_tail},
    state::user::{Account, Principal},
};

/// The configured part of the initial state; the rest is generated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seed {
    pub(crate) org_id: Option<String>,
    pub(crate) project_id: Option<String>,
    pub(crate) api_key_id: Option<String>,
    pub(crate) public_key: Option<String>,
    pub(crate) private_key: Option<SecretString>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) access_list: Vec<String>,
    pub(crate) orgs: Vec<String>,
    pub(crate) projects: Vec<(String, String)>,
    pub(crate) keys: Vec<SeedKey>,
    pub(crate) users: Vec<(String, SecretString)>,
    pub(crate) synthetic_orgs: u32,
    pub(crate) keys_per_org: u32,
    pub(crate) accounts_count_as_owners: bool,
}

/// The ids and credentials that clients need.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) org_id: String,
    pub(crate) project_id: String,
    pub(crate) api_key_id: String,
    pub(crate) calling_api_key_id: String,
    pub(crate) public_key: String,
    pub(crate) private_key: SecretString,
    pub(crate) client_id: String,
    pub(crate) client_secret: SecretString,
    /// The identity of the service account.
    pub(crate) service_account: Principal,
}

impl Seed {
    /// Builds the state. The same `rng_seed` results in the same state.
    pub(crate) fn build(
        &self,
        rng_seed: u64,
        digest: &DigestAuthenticator,
    ) -> io::Result<(State, Access, SyntheticKeys)> {
        let mut identities = Identities::new(rng_seed);
        // Everything is generated in a fixed order, even if it is configured, so that a setting
        // does not change the other generated values.
        let org = id_or(&self.org_id, identities.object_id())?;
        let project = id_or(&self.project_id, identities.object_id())?;
        let target = id_or(&self.api_key_id, identities.object_id())?;
        let caller = identities.object_id();
        let generated = (identities.public_key(), identities.private_key());
        let public_key = self.public_key.clone().unwrap_or(generated.0);
        let private_key = self.private_key.clone().unwrap_or(generated.1.into());
        let generated = (identities.client_id(), identities.client_secret());
        let client_id = self.client_id.clone().unwrap_or(generated.0);
        let client_secret = self.client_secret.clone().unwrap_or(generated.1.into());

        let synthetic = SyntheticKeys::new(self.synthetic_orgs, self.keys_per_org, org, rng_seed);
        let key_count = synthetic
            .key_count()
            .ok_or_else(|| invalid(format!("more than {MOST} organizations or keys")))?;

        let mut builder = StateBuilder {
            // Other credentials than those of the seed, which are generated later.
            state: State::new(Identities::new(!rng_seed)),
            roles: HashMap::new(),
            digest,
        };
        builder.state.reserve(key_count + self.keys.len() + 2);
        builder.add_org(org)?;
        for id in &self.orgs {
            builder.add_org(parse(id)?)?;
        }
        for id in synthetic.orgs() {
            builder.add_org(id)?;
        }
        builder.add_project(project, org)?;
        for (id, org) in &self.projects {
            builder.add_project(parse(id)?, parse(org)?)?;
        }

        let calling = SeedKey::new(&public_key, private_key.expose_secret())
            .id(caller.to_string())
            .desc("the calling key")
            .org_roles([ORG_OWNER])
            .project_roles(project.to_string(), ["GROUP_OWNER"])
            .access_list(&self.access_list);
        let updated = SeedKey::new(identities.public_key(), identities.private_key())
            .id(target.to_string())
            .desc("a key to be updated")
            .org_roles([ORG_MEMBER])
            .project_roles(project.to_string(), ["GROUP_READ_ONLY"]);
        for key in [&calling, &updated].into_iter().chain(&self.keys) {
            let id = id_or(&key.id, identities.object_id())?;
            builder.add_key(id, id_or(&key.org, org)?, key)?;
        }
        for key in synthetic.keys() {
            let role = [ORG_MEMBER, ORG_OWNER][usize::from(key.is_owner)];
            let seed = SeedKey {
                private_key: key.private_key,
                ..SeedKey::new(key.public_key, "")
                    .desc("a synthetic key")
                    .org_roles([role])
            };
            builder.add_key(key.id, key.org, &seed)?;
        }
        for (name, api_key) in &self.users {
            let person = builder.add_account(org, AccessList::default());
            let user = digest.user(&name.as_str().into(), api_key.expose_secret(), person);
            if !builder.state.add_user(&Arc::new(user)) {
                return Err(invalid(format!("duplicate user name {name}")));
            }
        }
        let service_account = builder.add_account(org, access_list(&self.access_list)?);

        let mut state = builder.state;
        if self.accounts_count_as_owners
            && let Some(org) = state.orgs.get_mut(&org)
        {
            org.owners += 1 + self.users.len();
        }
        let access = Access {
            org_id: org.to_string(),
            project_id: project.to_string(),
            api_key_id: target.to_string(),
            calling_api_key_id: caller.to_string(),
            public_key,
            private_key,
            client_id,
            client_secret,
            service_account,
        };
        Ok((state, access, synthetic))
    }
}

struct StateBuilder<'a> {
    state: State,
    /// Deduplicates role names.
    roles: HashMap<String, Role>,
    digest: &'a DigestAuthenticator,
}

impl StateBuilder<'_> {
    fn add_org(&mut self, id: ObjectId) -> io::Result<()> {
        match self.state.add_org(id) {
            true => Ok(()),
            false => Err(invalid(format!("duplicate organization {id}"))),
        }
    }

    fn add_project(&mut self, id: ObjectId, org: ObjectId) -> io::Result<()> {
        if !self.state.orgs.contains_key(&org) {
            return Err(invalid(format!("unknown organization {org}")));
        }
        match self.state.add_project(id, org) {
            true => Ok(()),
            false => Err(invalid(format!("duplicate project {id}"))),
        }
    }

    fn add_account(&mut self, org: ObjectId, access_list: AccessList) -> Principal {
        self.state.accounts.push(Account { org, access_list });
        Principal::Account(self.state.accounts.len() - 1)
    }

    fn add_key(&mut self, id: ObjectId, org: ObjectId, key: &SeedKey) -> io::Result<()> {
        let mut project_roles = BTreeMap::new();
        for (project, names) in &key.project_roles {
            let project = parse(project)?;
            let known = self.state.projects.get(&project);
            if known.is_none_or(|project| project.org != org) {
                return Err(invalid(format!(
                    "project {project} is not in organization {org}"
                )));
            }
            project_roles.insert(project, self.roles(names));
        }
        let public_key = Arc::from(key.public_key.as_str());
        let private_key = key.private_key.expose_secret();
        if self.state.user(&public_key).is_some() {
            return Err(invalid(format!("duplicate user name {public_key}")));
        }
        let user = self
            .digest
            .user(&public_key, private_key, Principal::Key(id));
        let added = ApiKey {
            org,
            desc: key.desc.clone(),
            public_key,
            private_key_tail: private_key_tail(private_key),
            user: Arc::new(user),
            org_roles: self.roles(&key.org_roles),
            project_roles,
            access_list: access_list(&key.access_list)?,
        };
        match self.state.add_key(id, added) {
            true => Ok(()),
            false => Err(invalid(format!(
                "duplicate API key {id}, or unknown organization {org}"
            ))),
        }
    }

    fn roles(&mut self, names: &[String]) -> Vec<Role> {
        let mut role = |name: &String| match self.roles.get(name) {
            Some(role) => Role::clone(role),
            None => {
                let role = Role::from(name.as_str());
                self.roles.insert(name.clone(), Role::clone(&role));
                role
            }
        };
        names.iter().map(&mut role).collect()
    }
}

/// Creates an error for an invalid setting.
pub(crate) fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message.into())
}

fn parse(id: &str) -> io::Result<ObjectId> {
    ObjectId::parse(id)
        .ok_or_else(|| invalid(format!("{id:?} is not 24 lower-case hexadecimal digits")))
}

fn id_or(configured: &Option<String>, generated: ObjectId) -> io::Result<ObjectId> {
    configured.as_deref().map_or(Ok(generated), parse)
}

fn access_list(entries: &[String]) -> io::Result<AccessList> {
    AccessList::parse(entries)
        .map_err(|entry| invalid(format!("{entry:?} is neither an address nor a network")))
}
