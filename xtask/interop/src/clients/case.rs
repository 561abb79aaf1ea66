//! The cases for every third-party client, and their expected outcomes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Emulator, Fault, Faults, KeyState, Service};
use serde_json::{Value, json};

use super::{
    client::{Bodies, Challenges, Client},
    job::{Auth, Job, Request, Response},
    operation::{self, Operation},
    service,
};
use crate::ids::{KEY, ORG, PROJECT};

const UNKNOWN: &str = "64a0000000000000000000ff";

const NONCE_TTL: Duration = Duration::from_secs(1);
/// Seconds until a nonce has expired.
const PAUSE: f64 = 1.2;

/// Updates that one client makes.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    service: Service,
    credentials: Credentials,
    nonces: Nonces,
    steps: Vec<Step>,
    /// The reason if the client cannot fail.
    pub(crate) not_applicable: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Credentials {
    Digest,
    WrongPrivateKey,
    ServiceAccount,
    WrongSecret,
}

#[derive(Clone, Copy, PartialEq)]
enum Nonces {
    Reusable,
    /// The nonce expires between two updates.
    Expire,
    /// The server responds to correct credentials with another challenge, with `stale=true`.
    Stale,
}

/// An update and its expected outcome.
struct Step {
    update: Request,
    outcome: Outcome,
}

#[derive(Clone, Copy)]
enum Outcome {
    Updated,
    /// Rejected with this status and error code.
    Rejected(u16, &'static str),
    /// Rejected for its credentials with status 401 and this error code, which no header repeats.
    Unauthorized(&'static str),
}

impl Case {
    /// Returns the cases of a client on a service.
    pub(crate) fn all(service: Service, client: &Client) -> Vec<Self> {
        let both = |outcome| vec![org(service).then(outcome), project(service).then(outcome)];
        let case = |name, credentials, steps| Self {
            name,
            service,
            credentials,
            nonces: Nonces::Reusable,
            steps,
            not_applicable: None,
        };
        let always_requests = client.challenges == Challenges::AlwaysRequests;
        let challenged = Outcome::Unauthorized("UNEXPECTED_ERROR");
        let mut cases = vec![
            case("digest", Credentials::Digest, both(Outcome::Updated)),
            case(
                "digest, wrong private key",
                Credentials::WrongPrivateKey,
                both(challenged),
            ),
            Self {
                nonces: match client.challenges {
                    Challenges::RetriesOnce => Nonces::Stale,
                    _ => Nonces::Expire,
                },
                not_applicable: always_requests
                    .then_some("it requests a challenge before every request"),
                ..case(
                    "digest, stale nonce",
                    Credentials::Digest,
                    both(Outcome::Updated),
                )
            },
            case(
                "digest, bad input",
                Credentials::Digest,
                bad_input(service, client.bodies),
            ),
        ];
        if !client.supports_service_accounts {
            return cases;
        }
        if service::accepts_tokens(service) {
            let wrong = both(Outcome::Unauthorized("invalid_client"));
            cases.extend([
                case(
                    "service account",
                    Credentials::ServiceAccount,
                    both(Outcome::Updated),
                ),
                case(
                    "service account, wrong secret",
                    Credentials::WrongSecret,
                    wrong,
                ),
                case(
                    "service account, bad input",
                    Credentials::ServiceAccount,
                    bad_input(service, client.bodies),
                ),
            ]);
        } else {
            cases.push(case(
                "service account, not supported",
                Credentials::ServiceAccount,
                both(challenged),
            ));
        }
        cases
    }

    /// Runs the client against a new emulator.
    pub(crate) async fn run(&self, client: &Client) -> Result<()> {
        let emulator = self.emulator().await?;
        let mut expected = state(&emulator)?;
        let job = Job {
            base_url: emulator.base_url().to_owned(),
            auth: self.credentials.auth(&emulator),
            pause: if self.nonces == Nonces::Expire {
                PAUSE
            } else {
                0.0
            },
            requests: self.steps.iter().map(|step| step.update.clone()).collect(),
        };
        let responses = client.run(&job).await?;
        for (step, response) in self.steps.iter().zip(&responses) {
            let Request { path, body, .. } = &step.update;
            step.check(response, self.service)
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
            Nonces::Reusable => builder,
            Nonces::Expire => builder.nonce_ttl(NONCE_TTL),
            Nonces::Stale => builder.faults(Faults::new().with(Fault::stale().times(1))),
        };
        Ok(builder.start().await?)
    }

    /// Checks that the nonces expired or became stale as planned.
    fn check_nonces(&self, emulator: &Emulator) -> Result<()> {
        let log = emulator.request_log();
        let statuses: Vec<_> = log
            .iter()
            .map(|request| request.status().as_u16())
            .collect();
        match self.nonces {
            Nonces::Reusable => {}
            Nonces::Expire => ensure!(
                statuses == [401, 200, 401, 200],
                "the statuses were {statuses:?}"
            ),
            Nonces::Stale => ensure!(
                log.iter().any(|request| request.fault() == Some("stale")),
                "no nonce became stale"
            ),
        }
        Ok(())
    }
}

fn state(emulator: &Emulator) -> Result<KeyState> {
    emulator.api_key(KEY).context("the key is gone")
}

/// Returns an update of an organization's key that every service accepts.
fn org(service: Service) -> Request {
    let body = json!({"desc": "by a third-party client", "roles": ["ORG_READ_ONLY"]});
    Request::update(service, operation::UPDATE_ORG_KEY, &body)
}

/// Returns an update of its roles in a project.
fn project(service: Service) -> Request {
    let roles = json!({"roles": ["GROUP_READ_ONLY", "GROUP_DATA_ACCESS_READ_ONLY"]});
    Request::update(service, operation::REPLACE_PROJECT_ROLES, &roles)
}

/// Returns updates that are rejected for different reasons. Leaves out what the client cannot send.
fn bad_input(service: Service, bodies: Bodies) -> Vec<Step> {
    let (org, project) = (org(service), project(service));
    let with = |update: &Request, body: Value, code| {
        let body = body.to_string();
        let update = update.clone();
        Request { body, ..update }.then(Outcome::Rejected(400, code))
    };
    let at = |update: &Request, scope, key, status, code| {
        let update = update.clone().of(service, scope, key);
        update.then(Outcome::Rejected(status, code))
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
    if bodies >= Bodies::Typed {
        for update in [&org, &project] {
            steps.push(with(update, json!({}), "MISSING_ONE_OF_ATTRIBUTES"));
            steps.push(with(update, json!({"roles": []}), "MISSING_API_KEY_ROLES"));
        }
    }
    if bodies >= Bodies::Any {
        for update in [&org, &project] {
            steps.push(with(update, json!({"color": "red"}), "INVALID_ATTRIBUTE"));
            let body = "{\"desc\":".to_owned();
            let update = update.clone();
            let broken = Request { body, ..update };
            steps.push(broken.then(Outcome::Rejected(400, "MALFORMED_JSON")));
        }
    }
    if bodies >= Bodies::Any && service == Service::AtlasV2 {
        for accept in ["application/json", "application/vnd.atlas.2020-01-01+json"] {
            for update in [org.clone(), project.clone()] {
                let update = Request { accept, ..update };
                steps.push(update.then(Outcome::Rejected(406, "INVALID_VERSION_DATE")));
            }
        }
    }
    steps
}

impl Credentials {
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

impl Request {
    fn update(service: Service, operation: Operation, body: &Value) -> Self {
        let scope = match operation.is_in_project() {
            true => PROJECT,
            false => ORG,
        };
        Self::new(service, operation, scope, KEY, "", &body.to_string())
    }

    /// Returns this update for another key, organization or project.
    fn of(self, service: Service, scope_id: &str, key_id: &str) -> Self {
        Self::new(service, self.operation, scope_id, key_id, "", &self.body)
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

    /// Changes a key's state like the update.
    fn apply(&self, key: &mut KeyState) -> Result<()> {
        let roles = self.roles()?;
        if self.operation.is_in_project() {
            key.project_roles.insert(PROJECT.to_owned(), roles);
        } else {
            key.org_roles = roles;
        }
        if let Some(desc) = self.desc()? {
            key.desc = desc;
        }
        Ok(())
    }
}

impl Step {
    fn check(&self, response: &Response, service: Service) -> Result<()> {
        let (status, code) = match self.outcome {
            Outcome::Updated => return self.check_key(response, service),
            Outcome::Rejected(status, code) => (status, code),
            Outcome::Unauthorized(code) => (401, code),
        };
        // The token endpoint has `error` instead.
        let body = &response.body;
        let found = body["errorCode"].as_str().or(body["error"].as_str());
        ensure!(
            (response.status, found) == (status, Some(code)),
            "{} {} instead of {status} {code}",
            response.status,
            found.unwrap_or("without a code")
        );
        if matches!(self.outcome, Outcome::Rejected(..)) {
            let header = response.error_code.as_deref();
            ensure!(header == Some(code), "X-Error-Code: {header:?}");
        }
        Ok(())
    }

    fn check_key(&self, response: &Response, service: Service) -> Result<()> {
        let Response { status, body, .. } = response;
        ensure!(*status == 200, "{status} {}", body["errorCode"]);
        let served = service::served_media_type(service);
        let media_type = response.media_type.as_deref();
        ensure!(media_type == Some(served), "Content-Type: {media_type:?}");
        ensure!(body["id"] == KEY, "id: {}", body["id"]);
        if let Some(desc) = self.update.desc()? {
            ensure!(body["desc"] == desc, "desc: {}", body["desc"]);
        }
        let scope = match self.update.operation.is_in_project() {
            true => "groupId",
            false => "orgId",
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
