//! Compares two documents as our operations see them.
//!
//! Both are trimmed first, so prose, examples and what our operations do not
//! reach play no part. References are followed on both sides at once: a schema
//! that only has another name is the same schema.

use std::{cmp::Reverse, collections::BTreeSet, fmt};

use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    document::{escape, follow_to},
    services::{Operation, Service, Services, date, parameters},
    trim::trim,
};

/// How much a change matters, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Nobody can tell from outside.
    Cosmetic,
    /// There is something new, and what was still works.
    Additive,
    /// Something may answer otherwise than before.
    Behavioural,
    /// Something that worked may be refused, or cannot be read.
    Breaking,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// How much it matters.
    pub class: Class,
    /// The service whose document it is in.
    pub service: String,
    /// The operations that see it.
    pub operation: String,
    /// Where it is, as a JSON pointer into the new document, or into the old
    /// one for what is gone.
    pub pointer: String,
    /// What was there; null for nothing.
    pub was: Value,
    /// What is there; null for nothing.
    pub now: Value,
    /// What it means for a user of `atlas-admin`.
    pub meaning: String,
    /// The rule that gave the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<&'static str>,
}

/// All differences.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The worst class, or `unchanged`.
    pub verdict: String,
    /// The changes, the worst first.
    pub changes: Vec<Change>,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Cosmetic => "cosmetic",
            Self::Additive => "additive",
            Self::Behavioural => "behavioural",
            Self::Breaking => "breaking",
        })
    }
}

impl Report {
    /// Whether a user of `atlas-admin` may have to act.
    pub fn is_breaking(&self) -> bool {
        self.changes
            .iter()
            .any(|change| change.class == Class::Breaking)
    }

    /// The report without the names of rules.
    #[must_use]
    pub fn without_rules(mut self) -> Self {
        for change in &mut self.changes {
            change.rule = None;
        }
        self
    }
}

/// A rule: what it says, and the class it gives.
struct Rule(Class, &'static str);

mod rules {
    use super::{Class::*, Rule};

    pub(super) const OPERATION_REMOVED: Rule = Rule(Breaking, "an operation that is gone");
    pub(super) const OPERATION_ADDED: Rule = Rule(Additive, "an operation that is new");
    pub(super) const ID: Rule = Rule(Cosmetic, "another id or name for the same thing");
    pub(super) const EXTENSION: Rule = Rule(Cosmetic, "an extension that says nothing of the wire");
    pub(super) const ORDER: Rule = Rule(Cosmetic, "another order of the same");
    pub(super) const READ_ONLY: Rule = Rule(
        Cosmetic,
        "a mark that a field of an answer is never sent, which it is not",
    );
    pub(super) const ROLES_REQUIRED: Rule = Rule(Behavioural, "who may call the operation");
    pub(super) const DEPRECATED: Rule =
        Rule(Behavioural, "a mark of deprecation, or the day of a sunset");
    pub(super) const SCHEME_REMOVED: Rule = Rule(Breaking, "a way to authenticate that is gone");
    pub(super) const SCHEME_ADDED: Rule = Rule(Additive, "a way to authenticate that is new");
    pub(super) const SERVER: Rule = Rule(
        Behavioural,
        "another place to send requests or to fetch tokens",
    );
    pub(super) const VERSION_ADDED: Rule = Rule(Additive, "a media type that is new");
    pub(super) const VERSION_REMOVED: Rule = Rule(Breaking, "a media type that is gone");
    pub(super) const RESPONSE_ADDED: Rule = Rule(Additive, "an answer that is new");
    pub(super) const SUCCESS_REMOVED: Rule = Rule(Breaking, "a success that is gone");
    pub(super) const ERROR_REMOVED: Rule = Rule(Behavioural, "an error that is gone");
    pub(super) const HEADER_ADDED: Rule = Rule(Additive, "a header that is new");
    pub(super) const HEADER_REMOVED: Rule = Rule(Behavioural, "a header that is gone");
    pub(super) const OPTIONAL_INPUT_ADDED: Rule = Rule(
        Additive,
        "request: an optional parameter or field that is new",
    );
    pub(super) const REQUIRED_INPUT_ADDED: Rule = Rule(
        Breaking,
        "request: a required parameter or field that is new",
    );
    pub(super) const INPUT_REMOVED: Rule = Rule(
        Breaking,
        "request: a parameter or field that is gone, so that one who sends it is refused",
    );
    pub(super) const INPUT_REQUIRED: Rule = Rule(
        Breaking,
        "request: a parameter or field that must be given now",
    );
    pub(super) const INPUT_OPTIONAL: Rule = Rule(
        Additive,
        "request: a parameter or field that need not be given now",
    );
    pub(super) const INPUT_VALUE_ADDED: Rule =
        Rule(Additive, "request: a value that is accepted now");
    pub(super) const INPUT_VALUE_REMOVED: Rule =
        Rule(Breaking, "request: a value that is no longer accepted");
    pub(super) const INPUT_VALUES_OPENED: Rule = Rule(
        Behavioural,
        "request: a list of values that is no longer given",
    );
    pub(super) const INPUT_VALUES_CLOSED: Rule =
        Rule(Breaking, "request: a list of values where any was accepted");
    pub(super) const INPUT_LIMIT_NARROWED: Rule = Rule(Breaking, "request: a narrower limit");
    pub(super) const INPUT_LIMIT_WIDENED: Rule = Rule(Behavioural, "request: a wider limit");
    pub(super) const INPUT_READ_ONLY: Rule =
        Rule(Behavioural, "request: a mark that a field may not be sent");
    pub(super) const OUTPUT_ADDED: Rule = Rule(Additive, "response: a field that is new");
    pub(super) const OUTPUT_REMOVED: Rule = Rule(
        Behavioural,
        "response: a field that is gone, so that it reads as absent",
    );
    pub(super) const OUTPUT_ID_REMOVED: Rule = Rule(
        Breaking,
        "response: a field that is gone and that a success must have",
    );
    pub(super) const OUTPUT_REQUIRED: Rule = Rule(
        Behavioural,
        "response: a field that is always or not always there",
    );
    pub(super) const OUTPUT_VALUE_ADDED: Rule =
        Rule(Additive, "response: a value that may appear now");
    pub(super) const OUTPUT_VALUE_REMOVED: Rule =
        Rule(Behavioural, "response: a value that no longer appears");
    pub(super) const OUTPUT_VALUES: Rule = Rule(
        Behavioural,
        "response: a list of values that is given or no longer given",
    );
    pub(super) const OUTPUT_LIMIT: Rule = Rule(
        Behavioural,
        "response: another limit, which is never checked",
    );
    pub(super) const NULLABLE: Rule = Rule(Behavioural, "whether a value may be null");
    pub(super) const DEFAULT: Rule = Rule(Behavioural, "what holds if nothing is given");
    pub(super) const TYPE: Rule = Rule(Breaking, "another type or format");
    pub(super) const SHAPE: Rule = Rule(Breaking, "another composition of types");
    pub(super) const OTHER: Rule = Rule(Behavioural, "something else about a value");
}

/// Compares `old` with `new`, both documents of the service named `service`.
pub fn diff(old: &Value, new: &Value, service: &str, services: &Services) -> Result<Report> {
    let known = &services.services[service];
    let (old, new) = (slice(old, known, services)?, slice(new, known, services)?);
    let mut differ = Differ {
        old: &old,
        new: &new,
        service,
        operation: String::new(),
        input: false,
        open: Vec::new(),
        changes: Vec::new(),
    };
    differ.document();
    let mut seen = 0;
    for (id, operation) in &services.operations {
        differ.operation = id.clone();
        seen += differ.find(operation, known);
    }
    ensure!(
        seen > 0,
        "neither document has any of the operations below {}",
        known.base_path
    );

    let mut changes: Vec<Change> = Vec::new();
    for change in differ.changes {
        let twin = changes.iter_mut().find(|other| {
            other.pointer == change.pointer
                && other.rule == change.rule
                && other.was == change.was
                && other.now == change.now
        });
        match twin {
            Some(twin) if twin.operation.split(", ").any(|id| id == change.operation) => {}
            Some(twin) => twin.operation = format!("{}, {}", twin.operation, change.operation),
            None => changes.push(change),
        }
    }
    changes.sort_by_key(|change| Reverse(change.class));
    let verdict = changes
        .first()
        .map_or("unchanged".to_owned(), |worst| worst.class.to_string());
    Ok(Report { verdict, changes })
}

/// The service whose operations a document has, by its paths.
pub fn service_of<'a>(document: &Value, services: &'a Services) -> Option<&'a str> {
    services.services.iter().find_map(|(id, service)| {
        let has = |operation: &Operation| operation.find(document, &service.base_path).is_ok();
        services.operations.values().any(has).then_some(id.as_str())
    })
}

/// The part of a document that there is of our operations.
fn slice(document: &Value, service: &Service, services: &Services) -> Result<Value> {
    let present = services
        .operations
        .values()
        .filter(|operation| operation.find(document, &service.base_path).is_ok());
    trim(document, &service.base_path, present)
}

/// A value with its place, references followed.
#[derive(Clone)]
struct Site<'a> {
    value: &'a Value,
    pointer: String,
}

const NOTHING: &Value = &Value::Null;

impl<'a> Site<'a> {
    /// What stands under `key`, references followed in `document`.
    fn child(&self, key: &str, document: &'a Value) -> Option<Self> {
        let value = self.value.get(key)?;
        let pointer = format!("{}/{}", self.pointer, escape(key));
        Some(Self::followed(value, pointer, document))
    }

    /// The items of a list.
    fn items(&self, document: &'a Value) -> Vec<Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        items
            .map(|(index, value)| {
                Self::followed(value, format!("{}/{index}", self.pointer), document)
            })
            .collect()
    }

    /// The names of what stands here.
    fn keys(&self) -> impl Iterator<Item = &'a String> {
        self.value.as_object().into_iter().flat_map(Map::keys)
    }

    fn followed(value: &'a Value, pointer: String, document: &'a Value) -> Self {
        match follow_to(document, value) {
            Ok((value, Some(target))) => Self {
                value,
                pointer: target,
            },
            // Trimming has shown that no reference dangles.
            _ => Self { value, pointer },
        }
    }
}

struct Differ<'a> {
    old: &'a Value,
    new: &'a Value,
    service: &'a str,
    operation: String,
    /// Whether the walk is in a request.
    input: bool,
    /// The schemas that the walk is in, to stop at those that hold themselves.
    open: Vec<(String, String)>,
    changes: Vec<Change>,
}

impl<'a> Differ<'a> {
    fn note(
        &mut self,
        rule: &Rule,
        pointer: &str,
        was: &Value,
        now: &Value,
        meaning: impl Into<String>,
    ) {
        self.changes.push(Change {
            class: rule.0,
            service: self.service.to_owned(),
            operation: self.operation.clone(),
            pointer: pointer.to_owned(),
            was: was.clone(),
            now: now.clone(),
            meaning: meaning.into(),
            rule: Some(rule.1),
        });
    }

    fn root(&self) -> (Site<'a>, Site<'a>) {
        let site = |value| Site {
            value,
            pointer: String::new(),
        };
        (site(self.old), site(self.new))
    }

    /// What concerns every operation.
    fn document(&mut self) {
        self.operation = "all".to_owned();
        for (pointer, meaning) in [
            (
                "/servers",
                "Requests may belong to another host; the client's default does not move by itself.",
            ),
            (
                "/components/securitySchemes/ServiceAccounts/flows",
                "Tokens may be fetched elsewhere than the client does.",
            ),
        ] {
            let (was, now) = (value_at(self.old, pointer), value_at(self.new, pointer));
            if was != now && !was.is_null() && !now.is_null() {
                self.note(&rules::SERVER, pointer, was, now, meaning);
            }
        }
    }

    /// Compares one operation; says in how many of the documents it is.
    fn find(&mut self, operation: &Operation, service: &Service) -> usize {
        let site = |document: &'a Value| {
            let found = operation.find(document, &service.base_path).ok()?;
            let pointer = format!("/paths/{}/{}", escape(found.path), operation.method_key());
            let value = found.value;
            Some((found, Site { value, pointer }))
        };
        match (site(self.old), site(self.new)) {
            (Some((old, was)), Some((new, now))) => {
                let (old_names, new_names): (Vec<_>, Vec<_>) = (
                    parameters(old.path).collect(),
                    parameters(new.path).collect(),
                );
                if old_names != new_names {
                    self.note(
                        &rules::ID,
                        &now.pointer,
                        &json!(old.path),
                        &json!(new.path),
                        "Parameters of the path have other names; those of the client stay.",
                    );
                }
                let shared = |found: &crate::services::Found<'a>, document, of: &Site<'a>| {
                    let pointer = of
                        .pointer
                        .rsplit_once('/')
                        .map_or("", |(item, _)| item)
                        .to_owned();
                    Site {
                        value: found.item,
                        pointer,
                    }
                    .child("parameters", document)
                };
                let (old_shared, new_shared) =
                    (shared(&old, self.old, &was), shared(&new, self.new, &now));
                self.parameters(&was, &now, old_shared, new_shared, (&old_names, &new_names));
                self.operation(&was, &now);
                2
            }
            (Some((_, was)), None) => {
                self.note(
                    &rules::OPERATION_REMOVED,
                    &was.pointer,
                    &was.value["operationId"],
                    NOTHING,
                    "The service no longer has the operation: every call of it will fail.",
                );
                1
            }
            (None, Some((_, now))) => {
                self.note(
                    &rules::OPERATION_ADDED,
                    &now.pointer,
                    NOTHING,
                    &now.value["operationId"],
                    "The service has the operation now.",
                );
                1
            }
            (None, None) => 0,
        }
    }

    fn operation(&mut self, was: &Site<'a>, now: &Site<'a>) {
        for key in union(was.keys(), now.keys()) {
            let (old, new) = (value_at_key(was, &key), value_at_key(now, &key));
            let pointer = format!("{}/{}", now.pointer, escape(&key));
            match key.as_str() {
                "parameters" | "requestBody" | "responses" | "security" => {}
                _ if old == new => {}
                "operationId" => self.note(&rules::ID, &pointer, old, new, "Nothing: the client's names are its own."),
                "x-rolesRequirements" => self.note(&rules::ROLES_REQUIRED, &pointer, old, new, "The caller may need another role than before, and get a permission error without it."),
                "deprecated" | "x-sunset" => self.note(&rules::DEPRECATED, &pointer, old, new, "The service means to withdraw it; responses tell the day."),
                _ => self.note(&rules::EXTENSION, &pointer, old, new, "Nothing."),
            }
        }
        self.security(was, now);
        self.input = true;
        match (
            was.child("requestBody", self.old),
            now.child("requestBody", self.new),
        ) {
            (Some(was), Some(now)) => {
                let required = |site: &Site| site.value.get("required") == Some(&Value::Bool(true));
                if required(&was) != required(&now) {
                    let rule = if required(&now) {
                        &rules::INPUT_REQUIRED
                    } else {
                        &rules::INPUT_OPTIONAL
                    };
                    self.note(
                        rule,
                        &format!("{}/required", now.pointer),
                        &json!(required(&was)),
                        &json!(required(&now)),
                        "Nothing: the client always sends a body.",
                    );
                }
                self.content(&was, &now);
            }
            (Some(was), None) => self.note(
                &rules::INPUT_REMOVED,
                &was.pointer,
                was.value,
                NOTHING,
                "The operation takes no body any more: the client's will be refused.",
            ),
            (None, Some(now)) => self.note(
                &rules::REQUIRED_INPUT_ADDED,
                &now.pointer,
                NOTHING,
                now.value,
                "The operation takes a body now, which the client does not send.",
            ),
            (None, None) => {}
        }
        self.input = false;
        self.responses(was, now);
    }

    fn security(&mut self, was: &Site<'a>, now: &Site<'a>) {
        let (old_root, new_root) = self.root();
        let schemes = |own: &Site<'a>, root: &Site<'a>| -> BTreeSet<String> {
            let list = own
                .value
                .get("security")
                .or_else(|| root.value.get("security"));
            let requirements = list.and_then(Value::as_array).into_iter().flatten();
            requirements
                .filter_map(Value::as_object)
                .flat_map(Map::keys)
                .cloned()
                .collect()
        };
        let (old, new) = (schemes(was, &old_root), schemes(now, &new_root));
        for gone in old.difference(&new) {
            self.note(
                &rules::SCHEME_REMOVED,
                "/security",
                &json!(gone),
                NOTHING,
                format!("Credentials of the kind {gone} will be refused."),
            );
        }
        for added in new.difference(&old) {
            self.note(
                &rules::SCHEME_ADDED,
                "/security",
                NOTHING,
                &json!(added),
                format!("The service takes credentials of the kind {added} too."),
            );
        }
    }

    fn parameters(
        &mut self,
        was: &Site<'a>,
        now: &Site<'a>,
        old_shared: Option<Site<'a>>,
        new_shared: Option<Site<'a>>,
        (old_path, new_path): (&[&str], &[&str]),
    ) {
        self.input = true;
        let all =
            |own: &Site<'a>, shared: Option<Site<'a>>, document: &'a Value| -> Vec<Site<'a>> {
                let lists = [shared, own.child("parameters", document)];
                lists
                    .into_iter()
                    .flatten()
                    .flat_map(|list| list.items(document))
                    .collect()
            };
        let (old, new) = (
            all(was, old_shared, self.old),
            all(now, new_shared, self.new),
        );
        // Parameters of the path are the same where they stand in the same place.
        let key = |site: &Site<'a>, path: &[&str]| {
            let text = |key: &str| {
                site.value
                    .get(key)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            match path.iter().position(|name| *name == text("name")) {
                Some(index) if text("in") == "path" => ("path", index.to_string()),
                _ => (text("in"), text("name").to_owned()),
            }
        };
        for one in &old {
            let (_, name) = key(one, old_path);
            match new
                .iter()
                .find(|other| key(other, new_path) == key(one, old_path))
            {
                Some(other) => {
                    self.required(one, other, &name);
                    if let (Some(one), Some(other)) = (
                        one.child("schema", self.old),
                        other.child("schema", self.new),
                    ) {
                        self.schema(&one, &other);
                    }
                }
                None => self.note(
                    &rules::INPUT_REMOVED,
                    &one.pointer,
                    one.value,
                    NOTHING,
                    format!("The parameter {name} will no longer do what it did, or be refused."),
                ),
            }
        }
        for other in &new {
            let (_, name) = key(other, new_path);
            if !old
                .iter()
                .any(|one| key(one, old_path) == key(other, new_path))
            {
                let (rule, meaning) = if other.value.get("required") == Some(&Value::Bool(true)) {
                    (
                        &rules::REQUIRED_INPUT_ADDED,
                        format!(
                            "Calls without the parameter {name} will be refused, and the client does not send it."
                        ),
                    )
                } else {
                    (
                        &rules::OPTIONAL_INPUT_ADDED,
                        format!(
                            "The service takes the parameter {name}, which RequestOptions does not have."
                        ),
                    )
                };
                self.note(rule, &other.pointer, NOTHING, other.value, meaning);
            }
        }
        let order = |list: &[Site<'a>], path: &[&str]| -> Vec<String> {
            list.iter()
                .map(|site| format!("{:?}", key(site, path)))
                .collect()
        };
        self.order(
            &now.pointer,
            "parameters",
            &order(&old, old_path),
            &order(&new, new_path),
        );
        self.input = false;
    }

    fn required(&mut self, was: &Site<'a>, now: &Site<'a>, name: &str) {
        let required = |site: &Site| site.value.get("required") == Some(&Value::Bool(true));
        match (required(was), required(now)) {
            (false, true) => self.note(
                &rules::INPUT_REQUIRED,
                &format!("{}/required", now.pointer),
                &json!(false),
                &json!(true),
                format!("Calls without the parameter {name} will be refused."),
            ),
            (true, false) => self.note(
                &rules::INPUT_OPTIONAL,
                &format!("{}/required", now.pointer),
                &json!(true),
                &json!(false),
                format!("The parameter {name} need not be given."),
            ),
            _ => {}
        }
    }

    fn responses(&mut self, was: &Site<'a>, now: &Site<'a>) {
        let (Some(was), Some(now)) = (
            was.child("responses", self.old),
            now.child("responses", self.new),
        ) else {
            return;
        };
        for status in union(was.keys(), now.keys()) {
            match (was.child(&status, self.old), now.child(&status, self.new)) {
                (Some(one), Some(other)) => {
                    self.headers(&one, &other);
                    self.content(&one, &other);
                }
                (Some(_), None) if status.starts_with('2') => {
                    let meaning = format!("Success is no longer reported as {status}; the client takes other answers for failures.");
                    self.note(&rules::SUCCESS_REMOVED, &format!("{}/{status}", was.pointer), &json!(status), NOTHING, meaning);
                }
                (Some(_), None) => self.note(&rules::ERROR_REMOVED, &format!("{}/{status}", was.pointer), &json!(status), NOTHING, format!("The service does not say that it answers {status}; the client still reads it.")),
                (None, Some(_)) => self.note(&rules::RESPONSE_ADDED, &format!("{}/{status}", now.pointer), NOTHING, &json!(status), format!("The service says that it answers {status}, which the client reads like any other.")),
                (None, None) => {}
            }
        }
    }

    fn headers(&mut self, was: &Site<'a>, now: &Site<'a>) {
        let names = |site: &Site<'a>| -> BTreeSet<String> {
            site.value
                .get("headers")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(Map::keys)
                .cloned()
                .collect()
        };
        let (old, new) = (names(was), names(now));
        for name in new.difference(&old) {
            self.note(
                &rules::HEADER_ADDED,
                &format!("{}/headers/{}", now.pointer, escape(name)),
                NOTHING,
                &json!(name),
                format!(
                    "Answers have the header {name}; Response::headers and Error::headers show it."
                ),
            );
        }
        for name in old.difference(&new) {
            self.note(
                &rules::HEADER_REMOVED,
                &format!("{}/headers/{}", was.pointer, escape(name)),
                &json!(name),
                NOTHING,
                format!(
                    "Answers need not have the header {name}; what is made of it reads as absent."
                ),
            );
        }
        for name in old.intersection(&new) {
            let header = |site: &Site<'a>, document| {
                site.child("headers", document)?
                    .child(name, document)?
                    .child("schema", document)
            };
            if let (Some(one), Some(other)) = (header(was, self.old), header(now, self.new)) {
                self.schema(&one, &other);
            }
        }
    }

    fn content(&mut self, was: &Site<'a>, now: &Site<'a>) {
        let pair = (
            was.child("content", self.old),
            now.child("content", self.new),
        );
        let (Some(was), Some(now)) = pair else { return };
        for name in union(was.keys(), now.keys()) {
            let day = day_of(&name);
            match (was.child(&name, self.old), now.child(&name, self.new)) {
                (Some(one), Some(other)) => {
                    let (old, new) = (value_at_key(&one, "x-sunset"), value_at_key(&other, "x-sunset"));
                    if old != new {
                        self.note(&rules::DEPRECATED, &format!("{}/x-sunset", other.pointer), old, new, "The version will be withdrawn on another day; responses tell it.");
                    }
                    if let (Some(one), Some(other)) = (one.child("schema", self.old), other.child("schema", self.new)) {
                        self.schema(&one, &other);
                    }
                }
                (Some(_), None) => self.note(&rules::VERSION_REMOVED, &format!("{}/{}", was.pointer, escape(&name)), &json!(name), NOTHING, format!("Asking for the version {day} may be refused.")),
                (None, Some(_)) => self.note(&rules::VERSION_ADDED, &format!("{}/{}", now.pointer, escape(&name)), NOTHING, &json!(name), format!("There is a version {day}, which a client that asks for that day or a later one is served.")),
                (None, None) => {}
            }
        }
    }

    fn schema(&mut self, was: &Site<'a>, now: &Site<'a>) {
        let pair = (was.pointer.clone(), now.pointer.clone());
        if self.open.contains(&pair) {
            return;
        }
        if let (Some(old), Some(new)) = (schema_name(&pair.0), schema_name(&pair.1))
            && old != new
        {
            self.note(
                &rules::ID,
                &pair.1,
                &json!(old),
                &json!(new),
                "Nothing: the client's names are its own.",
            );
        }
        self.open.push(pair);
        for key in union(was.keys(), now.keys()) {
            self.keyword(&key, was, now);
        }
        self.open.pop();
    }

    fn keyword(&mut self, key: &str, was: &Site<'a>, now: &Site<'a>) {
        let (old, new) = (value_at_key(was, key), value_at_key(now, key));
        let pointer = format!("{}/{}", now.pointer, escape(key));
        let children = (was.child(key, self.old), now.child(key, self.new));
        match (key, children) {
            ("properties", (one, other)) => self.properties(was, now, one, other),
            ("items" | "additionalProperties" | "not", (Some(one), Some(other))) if one.value.is_object() && other.value.is_object() => self.schema(&one, &other),
            ("allOf" | "oneOf" | "anyOf", (Some(one), Some(other))) if length(one.value) == length(other.value) => {
                for (one, other) in one.items(self.old).iter().zip(&other.items(self.new)) {
                    self.schema(one, other);
                }
            }
            _ if old == new => {}
            ("allOf" | "oneOf" | "anyOf" | "not" | "discriminator", _) => self.note(&rules::SHAPE, &pointer, old, new, "Values may be put together otherwise, and be refused or unreadable."),
            ("type" | "format" | "items", _) => self.note(&rules::TYPE, &pointer, old, new, format!("{} is of another type: it may be refused, or cannot be read.", self.subject(now))),
            ("enum", _) => self.values(old, new, &pointer, now),
            ("required", _) => self.required_fields(old, new, &pointer),
            ("nullable", _) => self.note(&rules::NULLABLE, &pointer, old, new, if new == &Value::Bool(true) {
                format!("{} may be null, which reads as absent.", self.subject(now))
            } else {
                format!("{} is said never to be null; it is still read if it is.", self.subject(now))
            }),
            ("default", _) => self.note(&rules::DEFAULT, &pointer, old, new, "The service takes another value where none is given; the client never sends a default."),
            ("readOnly" | "writeOnly", _) if self.input => self.note(&rules::INPUT_READ_ONLY, &pointer, old, new, format!("{} may be refused or ignored in a request.", self.subject(now))),
            ("readOnly" | "writeOnly", _) => self.note(&rules::READ_ONLY, &pointer, old, new, "Nothing: the field is never sent."),
            (_, _) if key.starts_with("x-") => self.note(&rules::EXTENSION, &pointer, old, new, "Nothing."),
            (_, _) if is_limit(key) => self.limit(key, old, new, &pointer, now),
            _ => self.note(&rules::OTHER, &pointer, old, new, format!("{} may be treated otherwise.", self.subject(now))),
        }
    }

    /// A field or schema in words.
    fn subject(&self, site: &Site<'a>) -> String {
        let name = site.pointer.rsplit('/').next().unwrap_or_default();
        match name {
            "items" => "An item of the list".to_owned(),
            "schema" => "The value".to_owned(),
            name => format!("`{name}`"),
        }
    }

    fn properties(
        &mut self,
        was: &Site<'a>,
        now: &Site<'a>,
        old: Option<Site<'a>>,
        new: Option<Site<'a>>,
    ) {
        let keys = |site: &Option<Site<'a>>| -> Vec<String> {
            site.iter().flat_map(Site::keys).cloned().collect()
        };
        for name in union(keys(&old).iter(), keys(&new).iter()) {
            let one = old.as_ref().and_then(|site| site.child(&name, self.old));
            let other = new.as_ref().and_then(|site| site.child(&name, self.new));
            let requires = |site: &Site| {
                site.value
                    .get("required")
                    .and_then(Value::as_array)
                    .is_some_and(|list| list.contains(&json!(name)))
            };
            match (one, other) {
                (Some(one), Some(other)) => self.schema(&one, &other),
                (Some(one), None) if self.input => self.note(&rules::INPUT_REMOVED, &one.pointer, one.value, NOTHING, format!("A request that gives `{name}` will be refused.")),
                (Some(one), None) if name == "id" => self.note(&rules::OUTPUT_ID_REMOVED, &one.pointer, one.value, NOTHING, "A success cannot be told from any other object, and is an error."),
                (Some(one), None) => self.note(&rules::OUTPUT_REMOVED, &one.pointer, one.value, NOTHING, format!("`{name}` reads as absent.")),
                (None, Some(other)) if self.input && requires(now) => self.note(&rules::REQUIRED_INPUT_ADDED, &other.pointer, NOTHING, other.value, format!("A request without `{name}` will be refused, and the client does not send it.")),
                (None, Some(other)) if self.input => self.note(&rules::OPTIONAL_INPUT_ADDED, &other.pointer, NOTHING, other.value, format!("The service takes `{name}`, which the client does not send yet.")),
                (None, Some(other)) => self.note(&rules::OUTPUT_ADDED, &other.pointer, NOTHING, other.value, format!("Answers have `{name}`, which the client does not show yet.")),
                (None, None) => {}
            }
        }
        let _ = was;
    }

    fn required_fields(&mut self, old: &Value, new: &Value, pointer: &str) {
        let (was, now) = (texts(old), texts(new));
        for name in now.iter().filter(|name| !was.contains(name)) {
            if self.input {
                self.note(
                    &rules::INPUT_REQUIRED,
                    pointer,
                    old,
                    new,
                    format!(
                        "A request without `{name}` is refused, by the client before it is sent."
                    ),
                );
            } else {
                self.note(
                    &rules::OUTPUT_REQUIRED,
                    pointer,
                    old,
                    new,
                    format!("`{name}` is always there, it is said; nothing relies on it."),
                );
            }
        }
        for name in was.iter().filter(|name| !now.contains(name)) {
            if self.input {
                self.note(
                    &rules::INPUT_OPTIONAL,
                    pointer,
                    old,
                    new,
                    format!("`{name}` need not be given."),
                );
            } else {
                self.note(
                    &rules::OUTPUT_REQUIRED,
                    pointer,
                    old,
                    new,
                    format!("`{name}` may be missing, which reads as absent."),
                );
            }
        }
        self.order(pointer, "", &was, &now);
    }

    fn values(&mut self, old: &Value, new: &Value, pointer: &str, site: &Site<'a>) {
        let (rule, meaning) = match (old, new, self.input) {
            (_, Value::Null, true) => (
                &rules::INPUT_VALUES_OPENED,
                format!(
                    "{} has no list of values any more; those that the client knows stay known.",
                    self.subject(site)
                ),
            ),
            (Value::Null, _, true) => (
                &rules::INPUT_VALUES_CLOSED,
                format!(
                    "{} must be one of a list now; others may be refused.",
                    self.subject(site)
                ),
            ),
            (_, Value::Null, false) | (Value::Null, _, false) => (
                &rules::OUTPUT_VALUES,
                "Nothing: any value is read.".to_owned(),
            ),
            _ => return self.listed_values(old, new, pointer),
        };
        self.note(rule, pointer, old, new, meaning);
    }

    fn listed_values(&mut self, old: &Value, new: &Value, pointer: &str) {
        let (was, now) = (texts(old), texts(new));
        for value in now.iter().filter(|value| !was.contains(value)) {
            let (rule, meaning) = if self.input {
                (
                    &rules::INPUT_VALUE_ADDED,
                    format!("`{value}` is accepted; a role gets a variant by this update."),
                )
            } else {
                (
                    &rules::OUTPUT_VALUE_ADDED,
                    format!("`{value}` may appear, and is read like any other."),
                )
            };
            self.note(rule, pointer, NOTHING, &json!(value), meaning);
        }
        for value in was.iter().filter(|value| !now.contains(value)) {
            let (rule, meaning) = if self.input {
                (
                    &rules::INPUT_VALUE_REMOVED,
                    format!(
                        "`{value}` may be refused; its variant stays, marked as no longer listed."
                    ),
                )
            } else {
                (
                    &rules::OUTPUT_VALUE_REMOVED,
                    format!("`{value}` is not expected any more, and read if it comes."),
                )
            };
            self.note(rule, pointer, &json!(value), NOTHING, meaning);
        }
        self.order(pointer, "", &was, &now);
    }

    fn limit(&mut self, key: &str, old: &Value, new: &Value, pointer: &str, site: &Site<'a>) {
        let subject = self.subject(site);
        if !self.input {
            return self.note(
                &rules::OUTPUT_LIMIT,
                pointer,
                old,
                new,
                "Nothing: answers are not checked.",
            );
        }
        if is_narrower(key, old, new) {
            self.note(
                &rules::INPUT_LIMIT_NARROWED,
                pointer,
                old,
                new,
                format!(
                    "{subject} is refused where it was accepted, by the client before it is sent."
                ),
            );
        } else {
            self.note(
                &rules::INPUT_LIMIT_WIDENED,
                pointer,
                old,
                new,
                format!("{subject} is accepted where it was refused."),
            );
        }
    }

    fn order(&mut self, pointer: &str, key: &str, was: &[String], now: &[String]) {
        let sorted = |list: &[String]| -> BTreeSet<String> { list.iter().cloned().collect() };
        if was != now && sorted(was) == sorted(now) {
            let pointer = if key.is_empty() {
                pointer.to_owned()
            } else {
                format!("{pointer}/{key}")
            };
            self.note(
                &rules::ORDER,
                &pointer,
                &json!(was),
                &json!(now),
                "Nothing.",
            );
        }
    }
}

fn value_at<'a>(document: &'a Value, pointer: &str) -> &'a Value {
    document.pointer(pointer).unwrap_or(NOTHING)
}

fn value_at_key<'a>(site: &Site<'a>, key: &str) -> &'a Value {
    site.value.get(key).unwrap_or(NOTHING)
}

fn union<'k>(
    one: impl Iterator<Item = &'k String>,
    other: impl Iterator<Item = &'k String>,
) -> BTreeSet<String> {
    one.chain(other).cloned().collect()
}

fn length(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .map(|item| {
            item.as_str()
                .map_or_else(|| item.to_string(), str::to_owned)
        })
        .collect()
}

/// The name in a pointer to a schema.
fn schema_name(pointer: &str) -> Option<&str> {
    pointer
        .strip_prefix("/components/schemas/")
        .filter(|name| !name.contains('/'))
}

/// The day in a media type, or the type itself.
fn day_of(media_type: &str) -> &str {
    let days = (0..media_type.len()).filter_map(|start| media_type.get(start..start + 10));
    days.clone()
        .find(|text| date(text).is_some())
        .unwrap_or(media_type)
}

const UPPER: &[&str] = &["maxItems", "maxLength", "maxProperties", "maximum"];
const LOWER: &[&str] = &["minItems", "minLength", "minProperties", "minimum"];
const FORMS: &[&str] = &[
    "pattern",
    "multipleOf",
    "uniqueItems",
    "exclusiveMaximum",
    "exclusiveMinimum",
];

fn is_limit(key: &str) -> bool {
    [UPPER, LOWER, FORMS].concat().contains(&key)
}

/// Whether `new` lets fewer values pass than `old`. A form that changed may.
fn is_narrower(key: &str, old: &Value, new: &Value) -> bool {
    let is_off = |value: &Value| matches!(value, Value::Null | Value::Bool(false));
    match (old.as_f64(), new.as_f64()) {
        _ if is_off(new) => false,
        _ if is_off(old) => true,
        (Some(old), Some(new)) if UPPER.contains(&key) => new < old,
        (Some(old), Some(new)) if LOWER.contains(&key) => new > old,
        _ => true,
    }
}
