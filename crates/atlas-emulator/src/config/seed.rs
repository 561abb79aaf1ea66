//! The initial state of an emulator.

use std::{
    collections::{BTreeMap, HashMap},
    io,
};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::identities::Identities,
    config::seed_key::SeedKey,
    config::synthetic::{MOST, SyntheticKeys},
    spec::role::Role,
    state::access_list::AccessList,
    state::object_id::ObjectId,
    state::rate_limit::Bucket,
    state::store::{ApiKey, Caller, ORG_OWNER, Org, Principal, Project, State},
};

const ORG_MEMBER: &str = "ORG_MEMBER";

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
}

/// How an account authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// With digest.
    Digest,
    /// As a service account, with access tokens.
    Service,
}

/// Registers an account by name, secret and caller; returns `false` if the name is taken.
type Register<'a> = dyn FnMut(AccountKind, &str, &SecretString, Caller) -> bool + 'a;

impl Seed {
    /// Builds the state and registers all accounts. The same `rng_seed` results in the same state.
    pub(crate) fn build(
        &self,
        rng_seed: u64,
        register: &mut Register<'_>,
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
            state: State::default(),
            roles: HashMap::new(),
            register,
        };
        let keys = &mut builder.state.keys;
        keys.reserve(key_count + self.keys.len() + 2);
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
        let owner = Caller {
            principal: Principal::OwnerOf(org),
            access_list: AccessList::default(),
        };
        for (name, api_key) in &self.users {
            builder.register(AccountKind::Digest, name, api_key, owner.clone())?;
        }
        let account = Caller {
            access_list: access_list(&self.access_list)?,
            ..owner
        };
        builder.register(AccountKind::Service, &client_id, &client_secret, account)?;

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
        };
        Ok((state, access, synthetic))
    }
}

struct StateBuilder<'a, 'b> {
    state: State,
    /// Deduplicates role names.
    roles: HashMap<String, Role>,
    register: &'a mut Register<'b>,
}

impl StateBuilder<'_, '_> {
    fn add_org(&mut self, id: ObjectId) -> io::Result<()> {
        match self.state.orgs.insert(id, Org::default()) {
            None => Ok(()),
            Some(_) => Err(invalid(format!("duplicate organization {id}"))),
        }
    }

    fn add_project(&mut self, id: ObjectId, org: ObjectId) -> io::Result<()> {
        if !self.state.orgs.contains_key(&org) {
            return Err(invalid(format!("unknown organization {org}")));
        }
        let bucket = Bucket::default();
        match self.state.projects.insert(id, Project { org, bucket }) {
            None => Ok(()),
            Some(_) => Err(invalid(format!("duplicate project {id}"))),
        }
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
        let access_list = access_list(&key.access_list)?;
        let caller = Caller {
            principal: Principal::Key(id),
            access_list: access_list.clone(),
        };
        self.register(
            AccountKind::Digest,
            &key.public_key,
            &key.private_key,
            caller,
        )?;
        let added = ApiKey {
            org,
            desc: key.desc.clone(),
            public_key: key.public_key.as_str().into(),
            private_key_tail: tail(key.private_key.expose_secret()).into(),
            org_roles: self.roles(&key.org_roles),
            project_roles,
            access_list,
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

    fn register(
        &mut self,
        kind: AccountKind,
        name: &str,
        secret: &SecretString,
        caller: Caller,
    ) -> io::Result<()> {
        match (self.register)(kind, name, secret, caller) {
            true => Ok(()),
            false => Err(invalid(format!("duplicate user name {name}"))),
        }
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

/// Returns the last twelve characters, or stars for a key that is too short to hide the rest.
fn tail(private_key: &str) -> String {
    let length = private_key.chars().count();
    if length <= 12 {
        return "*".repeat(12);
    }
    private_key.chars().skip(length - 12).collect()
}
