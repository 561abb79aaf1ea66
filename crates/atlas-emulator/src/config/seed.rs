//! The data an emulator starts with.

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

/// What the builder was given; the rest is generated.
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
    pub(crate) more_orgs: u32,
    pub(crate) keys_per_org: u32,
    pub(crate) accounts_count_as_owners: bool,
}

/// What a client needs to call the emulator.
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

/// Someone who is to sign in.
pub(crate) struct Account<'a> {
    pub(crate) kind: AccountKind,
    pub(crate) name: &'a str,
    pub(crate) secret: &'a SecretString,
    pub(crate) caller: Caller,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountKind {
    /// Signs in with digest.
    Digest,
    /// Asks for tokens.
    Service,
}

impl Seed {
    /// Makes the state, and tells everyone who can sign in to `register`, which
    /// responses `false` if the name is taken. The same `rng_seed` makes the same
    /// state again.
    pub(crate) fn plant(
        &self,
        rng_seed: u64,
        register: &mut dyn FnMut(Account<'_>) -> bool,
    ) -> io::Result<(State, Access, SyntheticKeys)> {
        let mut identities = Identities::new(rng_seed);
        // Made up in a fixed order, given or not, so that one setting does not
        // change what a seed makes of the others.
        let org = or_made_up(&self.org_id, identities.object_id())?;
        let project = or_made_up(&self.project_id, identities.object_id())?;
        let target = or_made_up(&self.api_key_id, identities.object_id())?;
        let caller = identities.object_id();
        let synthetic = (identities.public_key(), identities.private_key());
        let public_key = self.public_key.clone().unwrap_or(synthetic.0);
        let private_key = self
            .private_key
            .clone()
            .unwrap_or_else(|| synthetic.1.into());
        let synthetic = (identities.client_id(), identities.client_secret());
        let client_id = self.client_id.clone().unwrap_or(synthetic.0);
        let client_secret = self
            .client_secret
            .clone()
            .unwrap_or_else(|| synthetic.1.into());
        let synthetic = SyntheticKeys::new(self.more_orgs, self.keys_per_org, org, rng_seed);

        let key_count = synthetic
            .key_count()
            .ok_or_else(|| invalid(format!("more than {MOST} organizations or keys")))?;

        let mut bed = Bed {
            state: State::default(),
            org,
            roles: HashMap::new(),
            register,
        };
        bed.state.keys.reserve(key_count + self.keys.len() + 2);
        bed.add_org(org)?;
        for id in &self.orgs {
            bed.add_org(parse(id)?)?;
        }
        for id in synthetic.orgs() {
            bed.add_org(id)?;
        }
        bed.add_project(project, org)?;
        for (id, org) in &self.projects {
            bed.add_project(parse(id)?, parse(org)?)?;
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
            .org_roles(["ORG_MEMBER"])
            .project_roles(project.to_string(), ["GROUP_READ_ONLY"]);
        for key in [&calling, &updated].into_iter().chain(&self.keys) {
            bed.add_key(key, identities.object_id())?;
        }
        for key in synthetic.keys() {
            let role = if key.is_owner {
                ORG_OWNER
            } else {
                "ORG_MEMBER"
            };
            let seed = SeedKey {
                private_key: key.private_key,
                ..SeedKey::new(key.public_key, "")
                    .desc("a key made up")
                    .org_roles([role])
            };
            bed.plant_key(key.id, key.org, &seed)?;
        }
        let owner = Caller {
            principal: Principal::OwnerOf(org),
            access_list: AccessList::default(),
        };
        for (name, api_key) in &self.users {
            bed.register(AccountKind::Digest, name, api_key, owner.clone())?;
        }
        let account = Caller {
            access_list: access_list(&self.access_list)?,
            ..owner
        };
        bed.register(AccountKind::Service, &client_id, &client_secret, account)?;

        let mut state = bed.state;
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

/// A state that is being filled.
struct Bed<'a> {
    state: State,
    /// The first organization.
    org: ObjectId,
    /// Each role's name is kept once.
    roles: HashMap<String, Role>,
    register: &'a mut dyn FnMut(Account<'_>) -> bool,
}

impl Bed<'_> {
    fn add_org(&mut self, id: ObjectId) -> io::Result<()> {
        match self.state.orgs.insert(id, Org::default()) {
            None => Ok(()),
            Some(_) => Err(invalid(format!("the organization {id} is given twice"))),
        }
    }

    fn add_project(&mut self, id: ObjectId, org: ObjectId) -> io::Result<()> {
        if !self.state.orgs.contains_key(&org) {
            return Err(invalid(format!("the organization {org} is not there")));
        }
        let bucket = Bucket::default();
        match self.state.projects.insert(id, Project { org, bucket }) {
            None => Ok(()),
            Some(_) => Err(invalid(format!("the project {id} is given twice"))),
        }
    }

    fn add_key(&mut self, key: &SeedKey, synthetic: ObjectId) -> io::Result<()> {
        let id = or_made_up(&key.id, synthetic)?;
        let org = or_made_up(&key.org, self.org)?;
        self.plant_key(id, org, key)
    }

    fn plant_key(&mut self, id: ObjectId, org: ObjectId, key: &SeedKey) -> io::Result<()> {
        let mut project_roles = BTreeMap::new();
        for (project, names) in &key.project_roles {
            let project = parse(project)?;
            let known = self.state.projects.get(&project);
            if known.is_none_or(|project| project.org != org) {
                return Err(invalid(format!(
                    "the project {project} is not in the organization {org}"
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
        let planted = ApiKey {
            org,
            desc: key.desc.clone(),
            public_key: key.public_key.as_str().into(),
            private_key_tail: tail(key.private_key.expose_secret()).into(),
            org_roles: self.roles(&key.org_roles),
            project_roles,
            access_list,
        };
        if self.state.add_key(id, planted) {
            Ok(())
        } else {
            Err(invalid(format!(
                "the key {id} is given twice, or its organization {org} is not there"
            )))
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
        let account = Account {
            kind,
            name,
            secret,
            caller,
        };
        match (self.register)(account) {
            true => Ok(()),
            false => Err(invalid(format!("the name {name} is given twice"))),
        }
    }
}

/// A setting that cannot be carried out.
pub(crate) fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message.into())
}

fn parse(id: &str) -> io::Result<ObjectId> {
    ObjectId::parse(id)
        .ok_or_else(|| invalid(format!("{id:?} is not 24 lower-case hexadecimal digits")))
}

fn or_made_up(given: &Option<String>, synthetic: ObjectId) -> io::Result<ObjectId> {
    given.as_deref().map_or(Ok(synthetic), parse)
}

fn access_list(entries: &[String]) -> io::Result<AccessList> {
    AccessList::parse(entries)
        .map_err(|entry| invalid(format!("{entry:?} is neither an address nor a network")))
}

/// The last twelve characters; of a key too short to hide the rest, none.
fn tail(private_key: &str) -> String {
    let length = private_key.chars().count();
    if length <= 12 {
        return "*".repeat(12);
    }
    private_key.chars().skip(length - 12).collect()
}
