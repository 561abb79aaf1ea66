//! What every foreign client is put through, and what must come of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Emulator, Fault, Faults, KeyState, Service};
use serde_json::{Value, json};

use super::{
    client::{Challenges, Client, Sends},
    job::{Answer, Auth, Job, Operation, Update},
    service,
};

const ORG: &str = "64a000000000000000000001";
const PROJECT: &str = "64a000000000000000000002";
const KEY: &str = "64a000000000000000000003";
const UNKNOWN: &str = "64a0000000000000000000ff";

/// How long a nonce is good for where it is to expire, and a little longer.
const NONCE_TTL: Duration = Duration::from_secs(1);
const PAUSE: f64 = 1.2;

/// Updates of one client in one session.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    service: Service,
    sign_in: SignIn,
    nonces: Nonces,
    steps: Vec<Step>,
    /// Why the client cannot fail it, if it cannot.
    pub(crate) not_applicable: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum SignIn {
    Digest,
    WrongPrivateKey,
    ServiceAccount,
    WrongSecret,
}

#[derive(Clone, Copy, PartialEq)]
enum Nonces {
    Last,
    /// One update uses a nonce up, and the next comes too late for it.
    Expire,
    /// A right answer to a challenge is met with another: `stale=true`.
    Stale,
}

/// An update and what comes of it.
struct Step {
    update: Update,
    outcome: Outcome,
}

#[derive(Clone, Copy)]
enum Outcome {
    Updated,
    /// Refused with this status and error code.
    Refused(u16, &'static str),
    /// Refused for its credentials, before there is anything to name a code for.
    Unauthorized(&'static str),
}

impl Case {
    /// The cases of a client on a service.
    pub(crate) fn all(service: Service, client: &Client) -> Vec<Self> {
        let both = |outcome| vec![org(service).then(outcome), project(service).then(outcome)];
        let case = |name, sign_in, steps| Self {
            name,
            service,
            sign_in,
            nonces: Nonces::Last,
            steps,
            not_applicable: None,
        };
        let asks_always = client.challenges == Challenges::AsksAlways;
        let challenged = Outcome::Unauthorized("UNEXPECTED_ERROR");
        let mut cases = vec![
            case("digest", SignIn::Digest, both(Outcome::Updated)),
            case(
                "digest, wrong private key",
                SignIn::WrongPrivateKey,
                both(challenged),
            ),
            Self {
                nonces: match client.challenges {
                    Challenges::AnswersTwice => Nonces::Stale,
                    _ => Nonces::Expire,
                },
                not_applicable: asks_always
                    .then_some("it asks for a challenge before every request"),
                ..case(
                    "digest, stale nonce",
                    SignIn::Digest,
                    both(Outcome::Updated),
                )
            },
            case(
                "digest, bad input",
                SignIn::Digest,
                bad_input(service, client.sends),
            ),
        ];
        if !client.has_accounts {
            return cases;
        }
        if service::takes_tokens(service) {
            let wrong = both(Outcome::Unauthorized("invalid_client"));
            cases.extend([
                case(
                    "service account",
                    SignIn::ServiceAccount,
                    both(Outcome::Updated),
                ),
                case("service account, wrong secret", SignIn::WrongSecret, wrong),
                case(
                    "service account, bad input",
                    SignIn::ServiceAccount,
                    bad_input(service, client.sends),
                ),
            ]);
        } else {
            cases.push(case(
                "service account, not taken",
                SignIn::ServiceAccount,
                both(challenged),
            ));
        }
        cases
    }

    /// Runs the client against an emulator of its own.
    pub(crate) async fn run(&self, client: &Client) -> Result<()> {
        let emulator = self.emulator().await?;
        let mut expected = state(&emulator)?;
        let job = Job {
            base_url: emulator.base_url().to_owned(),
            auth: self.sign_in.auth(&emulator),
            pause: if self.nonces == Nonces::Expire {
                PAUSE
            } else {
                0.0
            },
            updates: self.steps.iter().map(|step| step.update.clone()).collect(),
        };
        let answers = client.run(&job).await?;
        for (step, answer) in self.steps.iter().zip(&answers) {
            let Update { path, body, .. } = &step.update;
            step.check(answer, self.service)
                .with_context(|| format!("PATCH {path} {body}"))?;
            if matches!(step.outcome, Outcome::Updated) {
                step.update.apply(&mut expected)?;
            }
        }
        let found = state(&emulator)?;
        ensure!(found == expected, "the key is now {found:?}");
        self.check_nonces(&emulator)
    }

    async fn emulator(&self) -> Result<Emulator> {
        let builder = Emulator::builder()
            .org_id(ORG)
            .project_id(PROJECT)
            .api_key_id(KEY);
        let builder = match self.nonces {
            Nonces::Last => builder,
            Nonces::Expire => builder.nonce_ttl(NONCE_TTL),
            Nonces::Stale => builder.faults(Faults::new().with(Fault::stale().times(1))),
        };
        Ok(builder.start().await?)
    }

    /// That what was to happen to nonces did.
    fn check_nonces(&self, emulator: &Emulator) -> Result<()> {
        let log = emulator.request_log();
        let statuses: Vec<_> = log
            .iter()
            .map(|request| request.status().as_u16())
            .collect();
        match self.nonces {
            Nonces::Last => {}
            Nonces::Expire => ensure!(
                statuses == [401, 200, 401, 200],
                "the answers were {statuses:?}"
            ),
            Nonces::Stale => ensure!(
                log.iter().any(|request| request.fault() == Some("stale")),
                "no nonce was called stale"
            ),
        }
        Ok(())
    }
}

fn state(emulator: &Emulator) -> Result<KeyState> {
    emulator.api_key(KEY).context("the key is gone")
}

/// An update of the organization key that every service takes.
fn org(service: Service) -> Update {
    let body = json!({"desc": "by a foreign client", "roles": ["ORG_READ_ONLY"]});
    Update::new(service, Operation::Org, &body)
}

/// One of its roles in a project.
fn project(service: Service) -> Update {
    let roles = json!({"roles": ["GROUP_READ_ONLY", "GROUP_DATA_ACCESS_READ_ONLY"]});
    Update::new(service, Operation::Project, &roles)
}

/// Updates that are refused, each for another reason, as far as a client can
/// send them.
fn bad_input(service: Service, sends: Sends) -> Vec<Step> {
    let (org, project) = (org(service), project(service));
    let with = |update: &Update, body: Value, code| {
        let body = body.to_string();
        let update = update.clone();
        Update { body, ..update }.then(Outcome::Refused(400, code))
    };
    let at = |update: &Update, scope, key, status, code| {
        let update = update.clone().of(service, scope, key);
        update.then(Outcome::Refused(status, code))
    };
    let mut steps = vec![
        with(
            &org,
            json!({"roles": ["ORG_NONSENSE"]}),
            "INVALID_ENUM_VALUE",
        ),
        with(
            &org,
            json!({"roles": ["GROUP_OWNER"]}),
            "CANNOT_ADD_GROUP_ROLE",
        ),
        with(
            &org,
            json!({"desc": "d".repeat(251)}),
            "INVALID_API_KEY_DESC",
        ),
        at(&org, "nonsense", KEY, 400, "PATH_PARAM_PARSE_ERROR"),
        at(&org, UNKNOWN, KEY, 404, "ORG_NOT_FOUND"),
        at(&org, ORG, UNKNOWN, 400, "API_KEY_NOT_FOUND"),
        with(
            &project,
            json!({"roles": ["GROUP_NONSENSE"]}),
            "INVALID_ENUM_VALUE",
        ),
        with(
            &project,
            json!({"roles": ["ORG_OWNER"]}),
            "CANNOT_ADD_ORG_ROLE",
        ),
        at(&project, PROJECT, "nonsense", 400, "PATH_PARAM_PARSE_ERROR"),
        at(&project, UNKNOWN, KEY, 404, "GROUP_NOT_FOUND"),
        at(&project, PROJECT, UNKNOWN, 400, "API_KEY_NOT_FOUND"),
    ];
    if sends >= Sends::Typed {
        for update in [&org, &project] {
            steps.push(with(update, json!({}), "MISSING_ONE_OF_ATTRIBUTES"));
            steps.push(with(update, json!({"roles": []}), "MISSING_API_KEY_ROLES"));
        }
    }
    if sends >= Sends::Anything {
        for update in [&org, &project] {
            steps.push(with(update, json!({"color": "red"}), "INVALID_ATTRIBUTE"));
            let body = "{\"desc\":".to_owned();
            let update = update.clone();
            let broken = Update { body, ..update };
            steps.push(broken.then(Outcome::Refused(400, "MALFORMED_JSON")));
        }
    }
    if sends >= Sends::Anything && service == Service::AtlasV2 {
        for accept in ["application/json", "application/vnd.atlas.2020-01-01+json"] {
            for update in [org.clone(), project.clone()] {
                let update = Update { accept, ..update };
                steps.push(update.then(Outcome::Refused(406, "INVALID_VERSION_DATE")));
            }
        }
    }
    steps
}

impl SignIn {
    fn auth(self, emulator: &Emulator) -> Auth {
        const WRONG: &str = "00000000-0000-0000-0000-000000000000";
        match self {
            Self::Digest | Self::WrongPrivateKey => Auth::Digest {
                public_key: emulator.public_key().to_owned(),
                private_key: match self {
                    Self::Digest => emulator.private_key().to_owned(),
                    _ => WRONG.to_owned(),
                },
            },
            Self::ServiceAccount | Self::WrongSecret => Auth::ServiceAccount {
                client_id: emulator.client_id().to_owned(),
                client_secret: match self {
                    Self::ServiceAccount => emulator.client_secret().to_owned(),
                    _ => WRONG.to_owned(),
                },
            },
        }
    }
}

impl Update {
    fn new(service: Service, operation: Operation, body: &Value) -> Self {
        let scope_id = match operation {
            Operation::Org => ORG,
            Operation::Project => PROJECT,
        };
        Self {
            operation,
            scope_id: String::new(),
            key_id: String::new(),
            path: String::new(),
            accept: service::media_type(service),
            content_type: service::media_type(service),
            body: body.to_string(),
        }
        .of(service, scope_id, KEY)
    }

    /// Of another key, or elsewhere.
    fn of(self, service: Service, scope_id: &str, key_id: &str) -> Self {
        let base = service.base_path();
        let scope = match self.operation {
            Operation::Org => "orgs",
            Operation::Project => "groups",
        };
        Self {
            scope_id: scope_id.to_owned(),
            key_id: key_id.to_owned(),
            path: format!("{base}/{scope}/{scope_id}/apiKeys/{key_id}"),
            ..self
        }
    }

    fn then(self, outcome: Outcome) -> Step {
        Step {
            update: self,
            outcome,
        }
    }

    fn roles(&self) -> Result<Vec<String>> {
        let body: Value = serde_json::from_str(&self.body)?;
        Ok(serde_json::from_value(body["roles"].clone())?)
    }

    fn desc(&self) -> Result<Option<String>> {
        let body: Value = serde_json::from_str(&self.body)?;
        Ok(body["desc"].as_str().map(str::to_owned))
    }

    /// Makes the update of a key's state.
    fn apply(&self, key: &mut KeyState) -> Result<()> {
        let roles = self.roles()?;
        match self.operation {
            Operation::Org => key.org_roles = roles,
            Operation::Project => {
                key.project_roles.insert(PROJECT.to_owned(), roles);
            }
        }
        if let Some(desc) = self.desc()? {
            key.desc = desc;
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, answer: &Answer, service: Service) -> Result<()> {
        let (status, code) = match self.outcome {
            Outcome::Updated => return self.check_key(answer, service),
            Outcome::Refused(status, code) => (status, code),
            Outcome::Unauthorized(code) => (401, code),
        };
        let told = &answer.body["errorCode"];
        // Of the token endpoint.
        let told = told.as_str().or(answer.body["error"].as_str());
        ensure!(
            (answer.status, told) == (status, Some(code)),
            "{} {} in place of {status} {code}",
            answer.status,
            told.unwrap_or("without a code")
        );
        if matches!(self.outcome, Outcome::Refused(..)) {
            let header = answer.error_code.as_deref();
            ensure!(header == Some(code), "X-Error-Code: {header:?}");
        }
        Ok(())
    }

    fn check_key(&self, answer: &Answer, service: Service) -> Result<()> {
        let Answer { status, body, .. } = answer;
        ensure!(*status == 200, "{status} {}", body["errorCode"]);
        let served = service::served_media_type(service);
        let media_type = answer.media_type.as_deref();
        ensure!(media_type == Some(served), "Content-Type: {media_type:?}");
        ensure!(body["id"] == KEY, "id: {}", body["id"]);
        if let Some(desc) = self.update.desc()? {
            ensure!(body["desc"] == desc, "desc: {}", body["desc"]);
        }
        let scope = match self.update.operation {
            Operation::Org => "orgId",
            Operation::Project => "groupId",
        };
        let roles = body["roles"].as_array().context("no roles")?;
        let roles: Vec<_> = roles
            .iter()
            .filter(|role| role[scope] == self.update.scope_id)
            .filter_map(|role| role["roleName"].as_str())
            .collect();
        ensure!(roles == self.update.roles()?, "roles: {roles:?}");
        Ok(())
    }
}
