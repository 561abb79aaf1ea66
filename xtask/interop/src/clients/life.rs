//! The life of two keys, from their creation on: every operation that a client has. In the end, the
//! emulator's state is what the client was told.

use anyhow::{Context, Result, ensure};
use atlas_emulator::{Emulator, KeyState, Service};
use serde_json::{Value, json};

use super::{
    client::Client,
    job::{Auth, Job, Request, Response},
    operation::{self, Operation},
    service,
};
use crate::ids::{KEY, ORG, PROJECT};

pub(crate) const NAME: &str = "the life of two keys";

const HOST: &str = "203.0.113.7";
const NETWORK: &str = "198.51.100.0/24";

/// A request and what its response must be.
struct Step {
    request: Request,
    expected: Expected,
}

/// The successes differ by their content.
enum Expected {
    /// A key with this description, these roles in the scope, and maybe an id that is known.
    Key {
        id: Option<String>,
        desc: &'static str,
        roles: &'static [&'static str],
    },
    /// A page with some keys and without others, in order of their public keys.
    Keys {
        with: Vec<String>,
        without: Vec<String>,
    },
    /// A page of an access list.
    Entries(&'static [&'static str]),
    Entry(&'static str),
    /// Nothing.
    Empty,
    /// No key has the id.
    Unknown,
}

/// Leads a client on a service through every operation.
pub(crate) async fn run(client: &Client, service: Service) -> Result<()> {
    let emulator = Emulator::builder()
        .org_id(ORG)
        .project_id(PROJECT)
        .api_key_id(KEY)
        .start()
        .await?;
    let owner = Auth::Digest {
        public_key: emulator.public_key().to_owned(),
        private_key: emulator.private_key().to_owned(),
    };
    let before = emulator.api_keys(ORG);
    let created = perform(client, &emulator, &owner, creations(service), service).await?;
    let [one, other] = &created[..] else {
        anyhow::bail!("{} responses to two creations", created.len());
    };
    let (id, other_id) = (text(one, "id")?, text(other, "id")?);
    let steps = rest(service, client, id, other_id);
    perform(client, &emulator, &owner, steps, service).await?;

    let own = Auth::Digest {
        public_key: text(one, "publicKey")?.to_owned(),
        private_key: text(one, "privateKey")?.to_owned(),
    };
    let list = request(service, operation::LIST_ORG_KEYS, "", "", "").keys(&[id], &[other_id]);
    perform(client, &emulator, &own, vec![list], service).await?;

    let found = emulator.api_key(id).context("the key is gone")?;
    ensure!(found.desc == "renamed", "{found:?}");
    ensure!(found.org_roles == ["ORG_MEMBER"], "{found:?}");
    ensure!(found.project_roles.is_empty(), "{found:?}");
    ensure!(found.access_list.is_empty(), "{found:?}");
    let is_old = |key: &KeyState| key.id != found.id;
    let rest: Vec<_> = emulator.api_keys(ORG).into_iter().filter(is_old).collect();
    ensure!(rest == before, "the other keys are now {rest:?}");
    Ok(())
}

/// Sends the requests and returns the responses, which are as expected.
async fn perform(
    client: &Client,
    emulator: &Emulator,
    auth: &Auth,
    steps: Vec<Step>,
    service: Service,
) -> Result<Vec<Response>> {
    let job = Job {
        base_url: emulator.base_url().to_owned(),
        auth: auth.clone(),
        pause: 0.0,
        requests: steps.iter().map(|step| step.request.clone()).collect(),
    };
    let responses = client.run(&job).await?;
    for (step, response) in steps.iter().zip(&responses) {
        let operation = step.request.operation.id;
        step.check(response, service).context(operation)?;
    }
    Ok(responses)
}

fn creations(service: Service) -> Vec<Step> {
    let body = |role| json!({"desc": "made by interop", "roles": [role]}).to_string();
    let create = |operation, role: &'static [&'static str]| {
        request(service, operation, "", "", &body(role[0])).key(None, "made by interop", role)
    };
    vec![
        create(operation::CREATE_ORG_KEY, &["ORG_READ_ONLY"]),
        create(operation::CREATE_PROJECT_KEY, &["GROUP_READ_ONLY"]),
    ]
}

/// Returns what happens to two existing keys.
fn rest(service: Service, client: &Client, id: &str, other: &str) -> Vec<Step> {
    let on = |operation| request(service, operation, id, "", "");
    let with_body = |operation, body: Value| request(service, operation, id, "", &body.to_string());
    let entry = |operation, entry| request(service, operation, id, entry, "");
    let list = |operation| request(service, operation, "", "", "");

    let renaming = json!({"desc": "renamed", "roles": ["ORG_MEMBER"]});
    let roles = json!({"roles": ["GROUP_OWNER"]});
    let entries = json!([{"ipAddress": HOST}, {"cidrBlock": NETWORK}]);
    let mut steps = vec![
        list(operation::LIST_ORG_KEYS).keys(&[id, other], &[]),
        list(operation::LIST_PROJECT_KEYS).keys(&[other], &[id]),
        on(operation::GET_ORG_KEY).key(Some(id), "made by interop", &["ORG_READ_ONLY"]),
        with_body(operation::UPDATE_ORG_KEY, renaming).key(Some(id), "renamed", &["ORG_MEMBER"]),
        with_body(operation::REPLACE_PROJECT_ROLES, roles).key(
            Some(id),
            "renamed",
            &["GROUP_OWNER"],
        ),
        list(operation::LIST_PROJECT_KEYS).keys(&[id, other], &[]),
    ];
    if service != Service::OpsManagerV1 && client.assigns_by_post {
        let assignment = json!([{"roles": ["GROUP_READ_ONLY"]}]);
        steps.push(with_body(operation::ASSIGN_PROJECT_KEY, assignment).expect(Expected::Empty));
    }
    steps.extend([
        with_body(operation::ADD_ENTRIES, entries).expect(Expected::Entries(&[HOST, NETWORK])),
        on(operation::LIST_ENTRIES).expect(Expected::Entries(&[HOST, NETWORK])),
        entry(operation::GET_ENTRY, HOST).expect(Expected::Entry(HOST)),
        entry(operation::GET_ENTRY, NETWORK).expect(Expected::Entry(NETWORK)),
        entry(operation::DELETE_ENTRY, NETWORK).expect(Expected::Empty),
        on(operation::LIST_ENTRIES).expect(Expected::Entries(&[HOST])),
        entry(operation::DELETE_ENTRY, HOST).expect(Expected::Empty),
        on(operation::REMOVE_PROJECT_KEY).expect(Expected::Empty),
        list(operation::LIST_PROJECT_KEYS).keys(&[other], &[id]),
        request(service, operation::DELETE_ORG_KEY, other, "", "").expect(Expected::Empty),
        request(service, operation::GET_ORG_KEY, other, "", "").expect(Expected::Unknown),
        list(operation::LIST_ORG_KEYS).keys(&[id], &[other]),
    ]);
    steps
}

fn request(service: Service, operation: Operation, key: &str, entry: &str, body: &str) -> Request {
    let scope = match operation.is_in_project() {
        true => PROJECT,
        false => ORG,
    };
    Request::new(service, operation, scope, key, entry, body)
}

impl Request {
    fn expect(self, expected: Expected) -> Step {
        Step {
            request: self,
            expected,
        }
    }

    fn key(self, id: Option<&str>, desc: &'static str, roles: &'static [&'static str]) -> Step {
        let id = id.map(str::to_owned);
        self.expect(Expected::Key { id, desc, roles })
    }

    fn keys(self, with: &[&str], without: &[&str]) -> Step {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let (with, without) = (owned(with), owned(without));
        self.expect(Expected::Keys { with, without })
    }
}

impl Step {
    fn check(&self, response: &Response, service: Service) -> Result<()> {
        let Response { status, body, .. } = response;
        let request = &self.request;
        let expected = match self.expected {
            Expected::Unknown => 400,
            // As the page of Ops Manager shows.
            Expected::Empty
                if service == Service::OpsManagerV1
                    && request.operation == operation::DELETE_ORG_KEY =>
            {
                200
            }
            Expected::Empty => 204,
            _ => 200,
        };
        ensure!(*status == expected, "{status} {}", body["errorCode"]);
        if expected < 400 {
            let served = service::served_media_type(service);
            let media_type = response.media_type.as_deref();
            ensure!(media_type == Some(served), "Content-Type: {media_type:?}");
        }
        match &self.expected {
            Expected::Key { id, desc, roles } => {
                self.check_key(body, id.as_deref(), desc, roles)?;
            }
            Expected::Keys { with, without } => {
                let results = body["results"].as_array().context("no results")?;
                let public_keys = results.iter().map(|key| key["publicKey"].as_str());
                ensure!(public_keys.is_sorted(), "not in order: {results:?}");
                let has = |id: &String| results.iter().any(|key| key["id"] == *id);
                ensure!(with.iter().all(has), "a key is missing: {results:?}");
                ensure!(!without.iter().any(has), "a key is left: {results:?}");
                ensure!(
                    body["totalCount"] == results.len(),
                    "{}",
                    body["totalCount"]
                );
            }
            Expected::Entries(expected) => {
                let results = body["results"].as_array().context("no results")?;
                let found: Vec<_> = results.iter().map(entry_name).collect();
                ensure!(found == *expected, "entries: {found:?}");
            }
            Expected::Entry(expected) => ensure!(entry_name(body) == *expected, "{body}"),
            Expected::Empty => {
                let is_empty = body.is_null() || *body == json!({});
                ensure!(is_empty, "not empty: {body}");
            }
            Expected::Unknown => {
                let code = &body["errorCode"];
                ensure!(code == "API_KEY_NOT_FOUND", "errorCode: {code}");
            }
        }
        Ok(())
    }

    fn check_key(&self, body: &Value, id: Option<&str>, desc: &str, roles: &[&str]) -> Result<()> {
        let request = &self.request;
        let is_creation = request.operation.method == "POST";
        ensure!(id.is_none_or(|id| body["id"] == *id), "id: {}", body["id"]);
        ensure!(body["desc"] == desc, "desc: {}", body["desc"]);
        let scope = match request.operation.is_in_project() {
            true => "groupId",
            false => "orgId",
        };
        let found = body["roles"].as_array().context("no roles")?.iter();
        let found: Vec<_> = found
            .filter(|role| role[scope] == request.scope_id)
            .filter_map(|role| role["roleName"].as_str())
            .collect();
        ensure!(found == roles, "roles: {found:?}");
        let private_key = body["privateKey"].as_str().context("no private key")?;
        let is_shown = private_key.len() == 36 && !private_key.contains('*');
        ensure!(
            is_shown == is_creation,
            "the private key is shown: {is_shown}"
        );
        Ok(())
    }
}

/// Returns how an entry is addressed.
fn entry_name(entry: &Value) -> &str {
    let name = entry["ipAddress"].as_str().filter(|text| !text.is_empty());
    name.or(entry["cidrBlock"].as_str()).unwrap_or_default()
}

fn text<'a>(response: &'a Response, name: &str) -> Result<&'a str> {
    let value = response.body[name].as_str();
    value.with_context(|| format!("no {name} in the response to a creation"))
}
