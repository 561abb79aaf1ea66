//! The walk over both documents at once.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    Change,
    rules::{self, Rule},
};
use crate::{
    document::{escape, follow_to},
    pipeline::services::{Found, Operation, Service, Services, date, parameters},
};

/// Returns every change between two trimmed documents of `service`, once for each operation
/// that it affects.
pub(super) fn changes(old: &Value, new: &Value, service: &str, services: &Services) -> Vec<Change> {
    let mut walk = Walk {
        old,
        new,
        service,
        operation: "all".to_owned(),
        input: false,
        open: Vec::new(),
        changes: Vec::new(),
    };
    walk.servers();
    for (id, operation) in &services.operations {
        walk.operation.clone_from(id);
        walk.find(operation, &services.services[service]);
    }
    walk.changes
}

/// A value with its location, after following references.
#[derive(Clone)]
struct Site<'a> {
    value: &'a Value,
    pointer: String,
}

const NOTHING: &Value = &Value::Null;

impl<'a> Site<'a> {
    fn new(value: &'a Value, pointer: String, document: &'a Value) -> Self {
        match follow_to(document, value) {
            Ok((value, Some(pointer))) => Self { value, pointer },
            // Trimming has checked every reference.
            _ => Self { value, pointer },
        }
    }

    fn at(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, escape(key))
    }

    /// Returns the value of `key`, without following references.
    fn get(&self, key: &str) -> &'a Value {
        self.value.get(key).unwrap_or(NOTHING)
    }

    fn is(&self, key: &str) -> bool {
        self.get(key) == &Value::Bool(true)
    }

    fn text(&self, key: &str) -> &'a str {
        self.get(key).as_str().unwrap_or_default()
    }

    /// Returns the value of `key`, after following references in `document`.
    fn child(&self, key: &str, document: &'a Value) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Self::new(value, self.at(key), document))
    }

    fn items(&self, document: &'a Value) -> Vec<Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        let site = |(index, value)| Self::new(value, format!("{}/{index}", self.pointer), document);
        items.map(site).collect()
    }

    fn keys(&self) -> impl Iterator<Item = &'a String> {
        self.value.as_object().into_iter().flat_map(Map::keys)
    }

    /// Returns the last part of the location.
    fn subject(&self) -> String {
        match self.pointer.rsplit('/').next().unwrap_or_default() {
            "items" => "An item of the list".to_owned(),
            "schema" => format!("`{}`", self.pointer.rsplit('/').nth(1).unwrap_or_default()),
            name => format!("`{name}`"),
        }
    }
}

struct Walk<'a> {
    old: &'a Value,
    new: &'a Value,
    service: &'a str,
    operation: String,
    /// Whether the walk is in a request.
    input: bool,
    /// The schemas around the current one, to stop at recursive ones.
    open: Vec<(String, String)>,
    changes: Vec<Change>,
}

impl<'a> Walk<'a> {
    fn note(&mut self, rule: &Rule, pointer: String, before: &Value, after: &Value, subject: &str) {
        self.changes.push(Change {
            severity: rule.severity,
            service: self.service.to_owned(),
            operation: self.operation.clone(),
            pointer,
            before: before.clone(),
            after: after.clone(),
            impact: rule.impact.replace("{}", subject),
            rule: Some(rule.about),
        });
    }

    fn removed(&mut self, rule: &Rule, site: &Site<'a>, subject: &str) {
        self.note(rule, site.pointer.clone(), site.value, NOTHING, subject);
    }

    fn added(&mut self, rule: &Rule, site: &Site<'a>, subject: &str) {
        self.note(rule, site.pointer.clone(), NOTHING, site.value, subject);
    }

    /// Notes a name that was removed from a map or added.
    fn name(&mut self, rule: &Rule, pointer: String, before: Option<&str>, after: Option<&str>) {
        let subject = before.or(after).unwrap_or_default();
        self.note(rule, pointer, &json!(before), &json!(after), subject);
    }

    /// Notes under one of two rules that `key` was set or is set now.
    fn flag(
        &mut self,
        key: &str,
        before: &Site<'a>,
        after: &Site<'a>,
        on: &Rule,
        off: &Rule,
        subject: &str,
    ) {
        let (old, new) = (before.is(key), after.is(key));
        if old != new {
            let rule = if new { on } else { off };
            self.note(rule, after.at(key), &json!(old), &json!(new), subject);
        }
    }

    fn order(&mut self, pointer: String, before: &[String], after: &[String]) {
        let set = |list: &[String]| -> BTreeSet<String> { list.iter().cloned().collect() };
        if before != after && set(before) == set(after) {
            self.note(&rules::ORDER, pointer, &json!(before), &json!(after), "");
        }
    }

    /// Compares the addresses of requests and token requests.
    fn servers(&mut self) {
        for pointer in [
            "/servers",
            "/components/securitySchemes/ServiceAccounts/flows",
        ] {
            let at = |document: &'a Value| document.pointer(pointer).unwrap_or(NOTHING);
            let (before, after) = (at(self.old), at(self.new));
            if before != after && !before.is_null() && !after.is_null() {
                self.note(&rules::SERVER, pointer.to_owned(), before, after, "");
            }
        }
    }

    fn find(&mut self, operation: &Operation, service: &Service) {
        let find = |document| operation.find(document, &service.base_path).ok();
        let site = |found: &Found<'a>| Site {
            value: found.value,
            pointer: format!("/paths/{}/{}", escape(found.path), operation.method_key()),
        };
        match (find(self.old), find(self.new)) {
            (Some(old), Some(new)) => {
                let (before, after) = (site(&old), site(&new));
                if old.path != new.path {
                    self.note(
                        &rules::ID,
                        after.pointer.clone(),
                        &json!(old.path),
                        &json!(new.path),
                        "",
                    );
                }
                self.input = true;
                self.parameters(
                    &Parameters::of(&old, &before, self.old),
                    &Parameters::of(&new, &after, self.new),
                    &after,
                );
                self.body(&before, &after);
                self.input = false;
                self.responses(&before, &after);
                self.security(&before, &after);
                self.marks(&before, &after);
            }
            (Some(old), None) => {
                let before = site(&old);
                self.note(
                    &rules::OPERATION_REMOVED,
                    before.pointer.clone(),
                    before.get("operationId"),
                    NOTHING,
                    "",
                );
            }
            (None, Some(new)) => {
                let after = site(&new);
                self.note(
                    &rules::OPERATION_ADDED,
                    after.pointer.clone(),
                    NOTHING,
                    after.get("operationId"),
                    "",
                );
            }
            (None, None) => {}
        }
    }

    /// Compares everything about an operation except requests and responses.
    fn marks(&mut self, before: &Site<'a>, after: &Site<'a>) {
        for key in union(before.keys(), after.keys()) {
            let rule = match key.as_str() {
                "parameters" | "requestBody" | "responses" | "security" => continue,
                "operationId" => &rules::ID,
                "x-rolesRequirements" => &rules::CALLER,
                "deprecated" | "x-sunset" => &rules::DEPRECATED,
                _ => &rules::EXTENSION,
            };
            if before.get(&key) != after.get(&key) {
                self.note(rule, after.at(&key), before.get(&key), after.get(&key), "");
            }
        }
    }

    fn security(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let (old, new) = (
            schemes(before.value, self.old),
            schemes(after.value, self.new),
        );
        for gone in old.difference(&new) {
            self.name(
                &rules::SCHEME_REMOVED,
                "/security".to_owned(),
                Some(gone),
                None,
            );
        }
        for added in new.difference(&old) {
            self.name(
                &rules::SCHEME_ADDED,
                "/security".to_owned(),
                None,
                Some(added),
            );
        }
    }

    fn parameters(
        &mut self,
        before: &Parameters<'a>,
        after: &Parameters<'a>,
        operation: &Site<'a>,
    ) {
        for (key, one) in &before.0 {
            let subject = format!("the parameter {}", one.text("name"));
            match after.get(key) {
                Some(other) => {
                    self.flag(
                        "required",
                        one,
                        other,
                        &rules::INPUT_REQUIRED,
                        &rules::INPUT_OPTIONAL,
                        &subject,
                    );
                    let schemas = (
                        one.child("schema", self.old),
                        other.child("schema", self.new),
                    );
                    if let (Some(one), Some(other)) = schemas {
                        self.schema(&one, &other);
                    }
                }
                None => self.removed(&rules::INPUT_REMOVED, one, &subject),
            }
        }
        for (key, other) in &after.0 {
            if before.get(key).is_none() {
                let rule = if other.is("required") {
                    &rules::REQUIRED_INPUT_ADDED
                } else {
                    &rules::INPUT_ADDED
                };
                self.added(
                    rule,
                    other,
                    &format!("the parameter {}", other.text("name")),
                );
            }
        }
        self.order(operation.at("parameters"), &before.names(), &after.names());
    }

    fn body(&mut self, before: &Site<'a>, after: &Site<'a>) {
        match (
            before.child("requestBody", self.old),
            after.child("requestBody", self.new),
        ) {
            (Some(one), Some(other)) => {
                self.flag(
                    "required",
                    &one,
                    &other,
                    &rules::INPUT_REQUIRED,
                    &rules::INPUT_OPTIONAL,
                    "a body",
                );
                self.content(&one, &other);
            }
            (Some(one), None) => self.removed(&rules::BODY_REMOVED, &one, ""),
            (None, Some(other)) => self.added(&rules::BODY_ADDED, &other, ""),
            (None, None) => {}
        }
    }

    fn responses(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let pair = (
            before.child("responses", self.old),
            after.child("responses", self.new),
        );
        let (Some(before), Some(after)) = pair else {
            return;
        };
        for status in union(before.keys(), after.keys()) {
            match (
                before.child(&status, self.old),
                after.child(&status, self.new),
            ) {
                (Some(one), Some(other)) => {
                    self.headers(&one, &other);
                    self.content(&one, &other);
                }
                (Some(_), None) => {
                    let is_success = status.starts_with('2');
                    let rule = if is_success {
                        &rules::SUCCESS_REMOVED
                    } else {
                        &rules::ERROR_REMOVED
                    };
                    self.name(rule, before.at(&status), Some(&status), None);
                }
                (None, Some(other)) => {
                    self.name(
                        &rules::RESPONSE_ADDED,
                        after.at(&status),
                        None,
                        Some(&status),
                    );
                    let nothing = Site {
                        value: NOTHING,
                        pointer: String::new(),
                    };
                    self.headers(&nothing, &other);
                }
                (None, None) => {}
            }
        }
    }

    fn headers(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let headers = |site: &Site<'a>, document| {
            site.child("headers", document).unwrap_or(Site {
                value: NOTHING,
                pointer: site.at("headers"),
            })
        };
        let (before, after) = (headers(before, self.old), headers(after, self.new));
        for name in union(before.keys(), after.keys()) {
            match (before.child(&name, self.old), after.child(&name, self.new)) {
                (Some(one), Some(other)) => {
                    let schemas = (
                        one.child("schema", self.old),
                        other.child("schema", self.new),
                    );
                    if let (Some(one), Some(other)) = schemas {
                        self.schema(&one, &other);
                    }
                }
                (Some(_), None) => {
                    self.name(&rules::HEADER_REMOVED, before.at(&name), Some(&name), None)
                }
                (None, _) => self.name(&rules::HEADER_ADDED, after.at(&name), None, Some(&name)),
            }
        }
    }

    fn content(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let pair = (
            before.child("content", self.old),
            after.child("content", self.new),
        );
        let (Some(before), Some(after)) = pair else {
            return;
        };
        for name in union(before.keys(), after.keys()) {
            match (before.child(&name, self.old), after.child(&name, self.new)) {
                (Some(one), Some(other)) => {
                    if one.get("x-sunset") != other.get("x-sunset") {
                        let (old, new) = (one.get("x-sunset"), other.get("x-sunset"));
                        self.note(&rules::DEPRECATED, other.at("x-sunset"), old, new, "");
                    }
                    let schemas = (
                        one.child("schema", self.old),
                        other.child("schema", self.new),
                    );
                    if let (Some(one), Some(other)) = schemas {
                        self.schema(&one, &other);
                    }
                }
                (Some(_), None) => self.note(
                    &rules::VERSION_REMOVED,
                    before.at(&name),
                    &json!(name),
                    NOTHING,
                    day(&name),
                ),
                (None, _) => self.note(
                    &rules::VERSION_ADDED,
                    after.at(&name),
                    NOTHING,
                    &json!(name),
                    day(&name),
                ),
            }
        }
    }

    fn schema(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let pair = (before.pointer.clone(), after.pointer.clone());
        if self.open.contains(&pair) {
            return;
        }
        if let (Some(old), Some(new)) = (schema_name(&pair.0), schema_name(&pair.1))
            && old != new
        {
            self.note(&rules::ID, pair.1.clone(), &json!(old), &json!(new), "");
        }
        self.open.push(pair);
        for key in union(before.keys(), after.keys()) {
            self.keyword(&key, before, after);
        }
        self.open.pop();
    }

    fn keyword(&mut self, key: &str, before: &Site<'a>, after: &Site<'a>) {
        let (old, new) = (before.get(key), after.get(key));
        let children = (before.child(key, self.old), after.child(key, self.new));
        match (key, children) {
            ("properties", (one, other)) => self.fields(one, other, after),
            ("items" | "additionalProperties" | "not", (Some(one), Some(other)))
                if one.value.is_object() && other.value.is_object() =>
            {
                self.schema(&one, &other);
            }
            ("allOf" | "oneOf" | "anyOf", (Some(one), Some(other)))
                if length(one.value) == length(other.value) =>
            {
                for (one, other) in one.items(self.old).iter().zip(&other.items(self.new)) {
                    self.schema(one, other);
                }
            }
            _ if old == new => {}
            ("enum", _) => self.values(old, new, after),
            ("required", _) => self.required_fields(old, new, after),
            _ => {
                let rule = self.rule_for(key, old, new);
                self.note(rule, after.at(key), old, new, &after.subject());
            }
        }
    }

    /// Returns the rule for a changed keyword with a plain value.
    fn rule_for(&self, key: &str, old: &Value, new: &Value) -> &'static Rule {
        let is_limit = [UPPER, LOWER, FORMS].iter().any(|keys| keys.contains(&key));
        match key {
            "allOf" | "oneOf" | "anyOf" | "not" | "discriminator" => &rules::SHAPE,
            "type" | "format" | "items" => &rules::TYPE,
            "default" => &rules::DEFAULT,
            "nullable" if self.input => &rules::INPUT_NULLABLE,
            "nullable" if new == &Value::Bool(true) => &rules::OUTPUT_NULL,
            "nullable" => &rules::OUTPUT_NOT_NULL,
            "readOnly" | "writeOnly" if self.input => &rules::INPUT_READ_ONLY,
            "readOnly" | "writeOnly" => &rules::OUTPUT_READ_ONLY,
            _ if key.starts_with("x-") => &rules::EXTENSION,
            _ if is_limit && !self.input => &rules::OUTPUT_LIMIT,
            _ if is_limit && is_narrower(key, old, new) => &rules::INPUT_LIMIT_NARROWED,
            _ if is_limit => &rules::INPUT_LIMIT_WIDENED,
            _ => &rules::OTHER,
        }
    }

    fn fields(&mut self, before: Option<Site<'a>>, after: Option<Site<'a>>, object: &Site<'a>) {
        let names = |site: &Option<Site<'a>>| -> Vec<&'a String> {
            site.iter().flat_map(Site::keys).collect()
        };
        for name in union(names(&before).into_iter(), names(&after).into_iter()) {
            let one = before.as_ref().and_then(|site| site.child(&name, self.old));
            let other = after.as_ref().and_then(|site| site.child(&name, self.new));
            let subject = format!("`{name}`");
            match (one, other) {
                (Some(one), Some(other)) => self.schema(&one, &other),
                (Some(one), None) => {
                    let rule = match name.as_str() {
                        _ if self.input => &rules::INPUT_REMOVED,
                        "id" => &rules::OUTPUT_ID_REMOVED,
                        _ => &rules::OUTPUT_REMOVED,
                    };
                    self.removed(rule, &one, &subject);
                }
                (None, Some(other)) => {
                    let is_required = texts(object.get("required")).contains(&name);
                    let rule = match (self.input, is_required) {
                        (true, true) => &rules::REQUIRED_INPUT_ADDED,
                        (true, false) => &rules::INPUT_ADDED,
                        (false, _) => &rules::OUTPUT_ADDED,
                    };
                    self.added(rule, &other, &subject);
                }
                (None, None) => {}
            }
        }
    }

    /// Compares which fields are required. Added and removed fields are noted elsewhere.
    fn required_fields(&mut self, old: &Value, new: &Value, object: &Site<'a>) {
        let (before, after) = (texts(old), texts(new));
        let (on, off) = if self.input {
            (&rules::INPUT_REQUIRED, &rules::INPUT_OPTIONAL)
        } else {
            (&rules::OUTPUT_ALWAYS, &rules::OUTPUT_SOMETIMES)
        };
        for name in after.iter().filter(|name| !before.contains(name)) {
            self.note(on, object.at("required"), old, new, &format!("`{name}`"));
        }
        for name in before.iter().filter(|name| !after.contains(name)) {
            if object.get("properties").get(name).is_some() {
                self.note(off, object.at("required"), old, new, &format!("`{name}`"));
            }
        }
        self.order(object.at("required"), &before, &after);
    }

    fn values(&mut self, old: &Value, new: &Value, site: &Site<'a>) {
        let pointer = site.at("enum");
        let rule = match (old, new) {
            (_, Value::Null) if self.input => &rules::INPUT_VALUES_OPENED,
            (Value::Null, _) if self.input => &rules::INPUT_VALUES_CLOSED,
            (_, Value::Null) | (Value::Null, _) => &rules::OUTPUT_VALUES,
            _ => return self.listed_values(&texts(old), &texts(new), &pointer),
        };
        self.note(rule, pointer, old, new, &site.subject());
    }

    fn listed_values(&mut self, before: &[String], after: &[String], pointer: &str) {
        let (on, off) = if self.input {
            (&rules::INPUT_VALUE_ADDED, &rules::INPUT_VALUE_REMOVED)
        } else {
            (&rules::OUTPUT_VALUE_ADDED, &rules::OUTPUT_VALUE_REMOVED)
        };
        for value in after.iter().filter(|value| !before.contains(value)) {
            self.name(on, pointer.to_owned(), None, Some(value));
        }
        for value in before.iter().filter(|value| !after.contains(value)) {
            self.name(off, pointer.to_owned(), Some(value), None);
        }
        self.order(pointer.to_owned(), before, after);
    }
}

/// Returns the parameters of an operation and its path item, by what identifies them: path
/// parameters by position, others by name.
struct Parameters<'a>(Vec<((&'a str, String), Site<'a>)>);

impl<'a> Parameters<'a> {
    fn of(found: &Found<'a>, operation: &Site<'a>, document: &'a Value) -> Self {
        let path: Vec<&str> = parameters(found.path).collect();
        let item = Site {
            value: found.item,
            pointer: operation
                .pointer
                .rsplit_once('/')
                .map_or("", |(item, _)| item)
                .to_owned(),
        };
        let lists = [&item, operation].map(|site| site.child("parameters", document));
        let all = lists
            .into_iter()
            .flatten()
            .flat_map(|list| list.items(document));
        Self(all.map(|site| (Self::key(&site, &path), site)).collect())
    }

    fn key(site: &Site<'a>, path: &[&str]) -> (&'a str, String) {
        let (place, name) = (site.text("in"), site.text("name"));
        let index = path.iter().position(|parameter| *parameter == name);
        match index {
            Some(index) if place == "path" => (place, index.to_string()),
            _ => (place, name.to_owned()),
        }
    }

    fn get(&self, key: &(&str, String)) -> Option<&Site<'a>> {
        self.0
            .iter()
            .find(|(other, _)| other == key)
            .map(|(_, site)| site)
    }

    fn names(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|((place, name), _)| format!("{place} {name}"))
            .collect()
    }
}

/// Returns the names of the security schemes of an operation or its document.
fn schemes(operation: &Value, document: &Value) -> BTreeSet<String> {
    let list = operation
        .get("security")
        .or_else(|| document.get("security"));
    let requirements = list.and_then(Value::as_array).into_iter().flatten();
    let names = requirements
        .filter_map(Value::as_object)
        .flat_map(Map::keys);
    names.cloned().collect()
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
    let text = |item: &Value| {
        item.as_str()
            .map_or_else(|| item.to_string(), str::to_owned)
    };
    value.as_array().into_iter().flatten().map(text).collect()
}

/// Returns the name in a pointer to a schema.
fn schema_name(pointer: &str) -> Option<&str> {
    let name = pointer.strip_prefix("/components/schemas/")?;
    (!name.contains('/')).then_some(name)
}

/// Returns the date in a media type, or the media type itself.
fn day(media_type: &str) -> &str {
    let mut texts = (0..media_type.len()).filter_map(|start| media_type.get(start..start + 10));
    texts
        .find(|text| date(text).is_some())
        .unwrap_or(media_type)
}

const UPPER: &[&str] = &["maxItems", "maxLength", "maxProperties", "maximum"];
const LOWER: &[&str] = &["minItems", "minLength", "minProperties", "minimum"];
const FORMS: &[&str] = &[
    "exclusiveMaximum",
    "exclusiveMinimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
];

/// Returns whether `new` may accept fewer values than `old`; a changed pattern may.
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
