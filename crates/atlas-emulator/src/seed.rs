//! The data an emulator starts with.

use std::{collections::BTreeMap, io};

use secrecy::{ExposeSecret, SecretString};

use crate::{
    catalog::Role,
    digest::DigestGate,
    identity::Identities,
    limits::Bucket,
    object_id::ObjectId,
    state::{ApiKey, ORG_OWNER, Org, Principal, Project, State},
    token::TokenDesk,
};

/// An API key to start with, beside the two that are always there.
///
/// Role names are not checked, so that a test can see what a client makes of
/// a role that it does not know.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use atlas_emulator::{Emulator, SeedKey};
///
/// let reader = SeedKey::new("readonly", "0f3b7c1d-aaaa-bbbb-0123456789ab")
///     .desc("reads and nothing else")
///     .org_roles(["ORG_READ_ONLY"]);
/// let emulator = Emulator::builder().key(reader).start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SeedKey {
    id: Option<String>,
    org_id: Option<String>,
    public_key: String,
    private_key: SecretString,
    desc: String,
    org_roles: Vec<String>,
    project_roles: Vec<(String, Vec<String>)>,
}

impl SeedKey {
    /// A key with no role and no description, in the first organization.
    pub fn new(public_key: impl Into<String>, private_key: impl Into<String>) -> Self {
        Self {
            id: None,
            org_id: None,
            public_key: public_key.into(),
            private_key: SecretString::from(private_key.into()),
            desc: String::new(),
            org_roles: Vec::new(),
            project_roles: Vec::new(),
        }
    }

    /// The key's id, 24 lower-case hexadecimal digits. Default: made up.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The organization that the key belongs to. Default: the first.
    #[must_use]
    pub fn org(mut self, id: impl Into<String>) -> Self {
        self.org_id = Some(id.into());
        self
    }

    /// The key's description. Default: empty.
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = desc.into();
        self
    }

    /// The key's roles in its organization, as `ORG_READ_ONLY`.
    #[must_use]
    pub fn org_roles<I>(mut self, roles: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.org_roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// The key's roles in one project, as `GROUP_READ_ONLY`.
    #[must_use]
    pub fn project_roles<I>(mut self, project_id: impl Into<String>, roles: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let roles = roles.into_iter().map(Into::into).collect();
        self.project_roles.push((project_id.into(), roles));
        self
    }
}

/// What the builder was given; the rest is made up.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seed {
    pub(crate) org_id: Option<String>,
    pub(crate) project_id: Option<String>,
    pub(crate) api_key_id: Option<String>,
    pub(crate) public_key: Option<String>,
    pub(crate) private_key: Option<SecretString>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) orgs: Vec<String>,
    pub(crate) projects: Vec<(String, String)>,
    pub(crate) keys: Vec<SeedKey>,
    pub(crate) users: Vec<(String, SecretString)>,
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

impl Seed {
    /// Fills the state and registers everyone who can sign in.
    pub(crate) fn plant(
        self,
        mut identities: Identities,
        digest: &mut DigestGate,
        tokens: &mut TokenDesk,
    ) -> io::Result<(State, Access)> {
        let mut state = State::default();
        // Made up in a fixed order, given or not, so that one setting does not
        // change what a seed makes of the others.
        let org = or_made_up(self.org_id, identities.object_id())?;
        let project = or_made_up(self.project_id, identities.object_id())?;
        let target = or_made_up(self.api_key_id, identities.object_id())?;
        let caller = identities.object_id();
        let made_up = (identities.public_key(), identities.private_key());
        let public_key = self.public_key.unwrap_or(made_up.0);
        let private_key = self.private_key.unwrap_or_else(|| made_up.1.into());
        let made_up = (identities.client_id(), identities.client_secret());
        let client_id = self.client_id.unwrap_or(made_up.0);
        let client_secret = self.client_secret.unwrap_or_else(|| made_up.1.into());

        add_org(&mut state, org)?;
        for id in &self.orgs {
            add_org(&mut state, parse(id)?)?;
        }
        add_project(&mut state, project, org)?;
        for (id, org) in &self.projects {
            add_project(&mut state, parse(id)?, parse(org)?)?;
        }

        let calling = SeedKey::new(&public_key, private_key.expose_secret())
            .id(caller.to_string())
            .desc("the calling key")
            .org_roles([ORG_OWNER])
            .project_roles(project.to_string(), ["GROUP_OWNER"]);
        let updated = SeedKey::new(identities.public_key(), identities.private_key())
            .id(target.to_string())
            .desc("a key to be updated")
            .org_roles(["ORG_MEMBER"])
            .project_roles(project.to_string(), ["GROUP_READ_ONLY"]);
        for key in [calling, updated].into_iter().chain(self.keys) {
            add_key(&mut state, digest, key, org, &mut identities)?;
        }
        let owner = Principal::OwnerOf(org);
        for (name, api_key) in self.users {
            if !digest.add_user(&name, api_key.expose_secret(), owner) {
                return Err(invalid(format!("the name {name} is given twice")));
            }
        }
        tokens.add_account(&client_id, client_secret.clone(), owner);

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
        Ok((state, access))
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

fn or_made_up(given: Option<String>, made_up: ObjectId) -> io::Result<ObjectId> {
    given.map_or(Ok(made_up), |id| parse(&id))
}

fn add_org(state: &mut State, id: ObjectId) -> io::Result<()> {
    match state.orgs.insert(id, Org::default()) {
        None => Ok(()),
        Some(_) => Err(invalid(format!("the organization {id} is given twice"))),
    }
}

fn add_project(state: &mut State, id: ObjectId, org: ObjectId) -> io::Result<()> {
    if !state.orgs.contains_key(&org) {
        return Err(invalid(format!("the organization {org} is not there")));
    }
    let bucket = Bucket::default();
    match state.projects.insert(id, Project { org, bucket }) {
        None => Ok(()),
        Some(_) => Err(invalid(format!("the project {id} is given twice"))),
    }
}

fn add_key(
    state: &mut State,
    digest: &mut DigestGate,
    key: SeedKey,
    first_org: ObjectId,
    identities: &mut Identities,
) -> io::Result<()> {
    let id = or_made_up(key.id, identities.object_id())?;
    let org = or_made_up(key.org_id, first_org)?;
    let roles = |names: Vec<String>| names.into_iter().map(Role::from).collect();
    let mut project_roles = BTreeMap::new();
    for (project, names) in key.project_roles {
        let project = parse(&project)?;
        if state
            .projects
            .get(&project)
            .is_none_or(|project| project.org != org)
        {
            return Err(invalid(format!(
                "the project {project} is not in the organization {org}"
            )));
        }
        project_roles.insert(project, roles(names));
    }
    let private_key = key.private_key.expose_secret();
    if !digest.add_user(&key.public_key, private_key, Principal::Key(id)) {
        return Err(invalid(format!(
            "the name {} is given twice",
            key.public_key
        )));
    }
    let planted = ApiKey {
        org,
        desc: key.desc,
        public_key: key.public_key,
        private_key_tail: tail(private_key),
        org_roles: roles(key.org_roles),
        project_roles,
    };
    if state.add_key(id, planted) {
        Ok(())
    } else {
        Err(invalid(format!(
            "the key {id} is given twice, or its organization {org} is not there"
        )))
    }
}

/// The last twelve characters; of a key too short to hide the rest, none.
fn tail(private_key: &str) -> String {
    let length = private_key.chars().count();
    if length <= 12 {
        return "*".repeat(12);
    }
    private_key.chars().skip(length - 12).collect()
}
