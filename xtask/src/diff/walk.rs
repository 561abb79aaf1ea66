//! The walk over both documents at once.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    ALL, Change,
    rules::{self, Rule},
    same, sign_in,
    site::{COMPOSITIONS, NOTHING, Site},
    successes::{NO_CONTENT, Successes, is_success},
};
use crate::{
    document::escape,
    pipeline::services::{Effect, Found, Operation, Service, Services, date, parameters},
};

/// Returns every change between two trimmed documents of `service`, once for each operation
/// that it affects.
pub(super) fn changes(old: &Value, new: &Value, service: &str, services: &Services) -> Vec<Change> {
    let known = &services.services[service];
    let mut walk = Walk {
        old,
        new,
        service,
        known,
        operation: ALL.to_owned(),
        effect: Effect::Read,
        part: Part::Request,
        position: Position::Element,
        open: Vec::new(),
        changes: Vec::new(),
    };
    walk.servers();
    for (id, operation) in &services.operations {
        walk.operation.clone_from(id);
        walk.effect = operation.effect;
        walk.find(operation, known);
    }
    walk.changes
}

/// The part of an operation that the walk is in.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Request,
    Success,
    /// A success that has no body: a 204.
    NoContent,
    Error,
    Header,
}

/// Where the current schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    /// It is a whole body, an item of one that is a list or a page, or a parameter.
    Root,
    /// It is a field of an object.
    Field { is_top: bool, is_optional: bool },
    /// It is an item of a list, or a part of another schema.
    Element,
}

struct Walk<'a> {
    old: &'a Value,
    new: &'a Value,
    service: &'a str,
    known: &'a Service,
    operation: String,
    effect: Effect,
    part: Part,
    position: Position,
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
            impact: sentence(&rule.impact.replace("{}", subject)),
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

    /// Compares the addresses of requests and of token requests.
    fn servers(&mut self) {
        let at = |document: &'a Value, pointer: &str| document.pointer(pointer).unwrap_or(NOTHING);
        let (before, after) = (at(self.old, "/servers"), at(self.new, "/servers"));
        if !same(before, after) {
            self.note(&rules::SERVER, "/servers".to_owned(), before, after, "");
        }
        let pointer = "/components/securitySchemes";
        let (before, after) = (at(self.old, pointer), at(self.new, pointer));
        for name in union(names(before), names(after)) {
            let pointer = format!("{pointer}/{}", escape(&name));
            let (before, after) = (before.get(&name), after.get(&name));
            let (Some(before), Some(after)) = (before, after) else {
                continue;
            };
            for key in union(names(before), names(after)) {
                let get = |scheme: &'a Value| scheme.get(&key).unwrap_or(NOTHING);
                let (before, after) = (get(before), get(after));
                if same(before, after) {
                    continue;
                }
                let token = |flows: &'a Value| flows.pointer("/clientCredentials/tokenUrl");
                let rule = match (token(before), token(after)) {
                    (Some(old), Some(new)) if old != new => &rules::SERVER,
                    // What it means for signing in is noted with each operation.
                    _ => &rules::SCHEME,
                };
                self.note(
                    rule,
                    format!("{pointer}/{}", escape(&key)),
                    before,
                    after,
                    "",
                );
            }
        }
    }

    /// Compares the servers of an operation or of its path, which come before the document's.
    fn own_servers(&mut self, before: &Value, after: &Value, pointer: String) {
        if same(before, after) {
            return;
        }
        let in_force = |own: &Value, document: &Value| match own {
            Value::Null => document.get("servers").cloned().unwrap_or_default(),
            own => own.clone(),
        };
        let is_equal = same(&in_force(before, self.old), &in_force(after, self.new));
        let rule = if is_equal {
            &rules::FORM
        } else {
            &rules::SERVER
        };
        self.note(rule, pointer, before, after, "");
    }

    fn find(&mut self, operation: &Operation, service: &Service) {
        let find = |document| operation.find(document, &service.base_path).ok();
        let site = |found: &Found<'a>| {
            let pointer = format!("/paths/{}/{}", escape(found.path), operation.method_key());
            Site::plain(found.value, pointer)
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
                let shared = |found: &Found<'a>| found.item.get("servers").unwrap_or(NOTHING);
                let pointer = format!("/paths/{}/servers", escape(new.path));
                self.own_servers(shared(&old), shared(&new), pointer);
                self.part = Part::Request;
                self.parameters(
                    &Parameters::of(&old, &before, self.old),
                    &Parameters::of(&new, &after, self.new),
                    &after,
                );
                self.body(&before, &after);
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
                    call(self.effect),
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
                "servers" => {
                    self.own_servers(before.get(&key), after.get(&key), after.at(&key));
                    continue;
                }
                "operationId" => &rules::ID,
                "x-rolesRequirements" => &rules::CALLER,
                "deprecated" | "x-sunset" => &rules::DEPRECATED,
                key if key.starts_with("x-") => &rules::EXTENSION,
                _ => &rules::OTHER,
            };
            self.key(rule, &key, before, after, "The operation");
        }
    }

    /// Notes that the value of `key` changed.
    fn key(&mut self, rule: &Rule, key: &str, before: &Site<'a>, after: &Site<'a>, subject: &str) {
        let (old, new) = (before.get(key), after.get(key));
        if !same(old, new) {
            self.note(rule, after.at(key), old, new, subject);
        }
    }

    /// Compares the keys of a parameter, a body, a response, a header or a media type, but for
    /// those that are compared `elsewhere`.
    fn keys(
        &mut self,
        before: &Site<'a>,
        after: &Site<'a>,
        elsewhere: &[&str],
        rule: impl Fn(&str) -> &'static Rule,
    ) {
        let subject = after.subject();
        for key in union(before.keys(), after.keys()) {
            if !elsewhere.contains(&key.as_str()) {
                let rule = match key.as_str() {
                    "deprecated" | "x-sunset" => &rules::DEPRECATED,
                    key if key.starts_with("x-") => &rules::EXTENSION,
                    key => rule(key),
                };
                self.key(rule, &key, before, after, &subject);
            }
        }
    }

    /// Compares how one signs in.
    fn security(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let of = |site: &Site<'a>, document: &'a Value| {
            let own = site.value.get("security");
            own.or_else(|| document.get("security")).unwrap_or(NOTHING)
        };
        let (old, new) = (of(before, self.old), of(after, self.new));
        let pointer = match after.value.get("security") {
            Some(_) => after.at("security"),
            None => "/security".to_owned(),
        };
        for (rule, subject) in sign_in::changes((old, self.old), (new, self.new)) {
            self.note(rule, pointer.clone(), old, new, subject);
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
                    self.serialization(one, other, &subject);
                    self.position = Position::Root;
                    self.media_schema(one, other);
                    self.keys(one, other, PARAMETER_KEYS, |_| &rules::OTHER);
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

    /// Compares how a parameter is written into the request. The client writes single values in
    /// the default style.
    fn serialization(&mut self, before: &Site<'a>, after: &Site<'a>, subject: &str) {
        let style = |site: &Site<'a>| match (site.text("style"), site.text("in")) {
            ("", "path" | "header") => "simple",
            ("", _) => "form",
            (style, _) => style,
        };
        let rule = match style(before) == style(after) {
            true => &rules::FORM,
            false => &rules::INPUT_STYLE,
        };
        self.key(rule, "style", before, after, subject);
        for key in ["allowEmptyValue", "allowReserved", "explode"] {
            self.key(&rules::INPUT_SINGLE, key, before, after, subject);
        }
        self.key(&rules::INPUT_STYLE, "content", before, after, subject);
    }

    /// Compares the schemas of two parameters, headers or media types.
    fn media_schema(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let pair = (
            before.child("schema", self.old),
            after.child("schema", self.new),
        );
        match pair {
            (Some(one), Some(other)) if self.part == Part::NoContent => {
                if !same(one.value, other.value) {
                    let (old, new) = (one.value, other.value);
                    self.note(&rules::NO_CONTENT, other.pointer.clone(), old, new, "");
                }
            }
            (Some(one), Some(other)) => self.schema(&one, &other),
            (None, None) => {}
            (one, other) => {
                let value =
                    |site: &Option<Site<'a>>| site.as_ref().map_or(NOTHING, |site| site.value);
                let (old, new) = (value(&one), value(&other));
                let subject = after.subject();
                let (rule, subject) = match self.part {
                    Part::NoContent => (&rules::NO_CONTENT, ""),
                    Part::Success if other.is_none() => {
                        (&rules::SUCCESS_BODY_REMOVED, doubt(self.effect))
                    }
                    Part::Success => (&rules::SUCCESS_BODY_ADDED, "a success"),
                    _ => (&rules::OTHER, subject.as_str()),
                };
                self.note(rule, after.at("schema"), old, new, subject);
            }
        }
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
                    &rules::BODY_REQUIRED,
                    &rules::BODY_OPTIONAL,
                    "",
                );
                self.content(&one, &other);
                self.keys(&one, &other, &["required", "content"], |_| &rules::OTHER);
            }
            (Some(one), None) => self.removed(&rules::BODY_REMOVED, &one, ""),
            (None, Some(other)) => self.added(&rules::BODY_ADDED, &other, ""),
            (None, None) => {}
        }
    }

    fn responses(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let (before, after) = (
            before.map("responses", self.old),
            after.map("responses", self.new),
        );
        let (old, new) = (
            Successes::of(&before, self.old),
            Successes::of(&after, self.new),
        );
        for status in union(before.keys(), after.keys()) {
            if status.starts_with("x-") {
                self.key(&rules::EXTENSION, &status, &before, &after, "");
                continue;
            }
            let is_success = is_success(&status);
            match (
                before.child(&status, self.old),
                after.child(&status, self.new),
            ) {
                (Some(one), Some(other)) => {
                    self.headers(&one, &other);
                    self.part = match status.as_str() {
                        NO_CONTENT => Part::NoContent,
                        _ if is_success => Part::Success,
                        _ => Part::Error,
                    };
                    self.content(&one, &other);
                    self.keys(&one, &other, RESPONSE_KEYS, |_| &rules::OTHER);
                }
                (Some(_), None) => {
                    let rule = match is_success {
                        true => old.removed(&new),
                        false => &rules::ERROR_REMOVED,
                    };
                    self.name(rule, before.at(&status), Some(&status), None);
                }
                (None, Some(other)) => {
                    let rule = match is_success {
                        true => new.added(&status, &old),
                        false => &rules::ERROR_ADDED,
                    };
                    self.name(rule, after.at(&status), None, Some(&status));
                    self.headers(&Site::plain(NOTHING, String::new()), &other);
                }
                (None, None) => {}
            }
        }
    }

    fn headers(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let (before, after) = (
            before.map("headers", self.old),
            after.map("headers", self.new),
        );
        self.part = Part::Header;
        for name in union(before.keys(), after.keys()) {
            match (before.child(&name, self.old), after.child(&name, self.new)) {
                (Some(one), Some(other)) => {
                    self.position = Position::Root;
                    self.media_schema(&one, &other);
                    self.keys(&one, &other, &["schema"], |_| &rules::HEADER_CHANGED);
                }
                (Some(_), None) => {
                    self.name(&rules::HEADER_REMOVED, before.at(&name), Some(&name), None)
                }
                (None, _) => self.name(&rules::HEADER_ADDED, after.at(&name), None, Some(&name)),
            }
        }
    }

    fn content(&mut self, before: &Site<'a>, after: &Site<'a>) {
        let (before, after) = (
            before.map("content", self.old),
            after.map("content", self.new),
        );
        let is_empty = |site: &Site<'a>| site.keys().next().is_none();
        match self.part {
            Part::Success if is_empty(&after) && !is_empty(&before) => {
                self.removed(&rules::SUCCESS_BODY_REMOVED, &before, doubt(self.effect));
                return;
            }
            Part::NoContent if is_empty(&after) != is_empty(&before) => {
                let (old, new) = (before.value, after.value);
                self.note(&rules::NO_CONTENT, after.pointer.clone(), old, new, "");
                return;
            }
            _ => {}
        }
        for name in union(before.keys(), after.keys()) {
            let is_version = self.is_version(&name);
            let (removed, added) = match self.part {
                Part::Error => (&rules::ERROR_MEDIA, &rules::ERROR_MEDIA),
                _ if is_version => (&rules::VERSION_REMOVED, &rules::VERSION_ADDED),
                _ => (&rules::MEDIA_REMOVED, &rules::MEDIA_ADDED),
            };
            match (before.child(&name, self.old), after.child(&name, self.new)) {
                (Some(one), Some(other)) if is_version || self.part == Part::Error => {
                    self.position = Position::Root;
                    self.media_schema(&one, &other);
                    self.keys(&one, &other, MEDIA_KEYS, |_| &rules::OTHER);
                }
                // The client neither sends nor reads it.
                (Some(one), Some(other)) if !same(one.value, other.value) => {
                    let (old, new) = (one.value, other.value);
                    self.note(&rules::MEDIA_CHANGED, after.at(&name), old, new, &name);
                }
                (Some(_), Some(_)) => {}
                (Some(_), None) => {
                    let pointer = before.at(&name);
                    self.note(removed, pointer, &json!(name), NOTHING, day(&name));
                }
                (None, _) => self.note(added, after.at(&name), NOTHING, &json!(name), day(&name)),
            }
        }
    }

    /// Returns whether a media type is one that the client sends or asks for.
    fn is_version(&self, media_type: &str) -> bool {
        let date_of = self.known.date_of(media_type);
        date_of.is_some_and(|day| day.is_empty() || date(day).is_some())
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
        let position = self.position;
        let (before, after) = (&before.merged(self.old), &after.merged(self.new));
        for key in union(before.keys(), after.keys()) {
            self.position = position;
            self.keyword(&key, before, after);
        }
        self.position = position;
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
                let is_list = key == "items" && self.position == Position::Root;
                self.position = match is_list {
                    true => Position::Root,
                    false => Position::Element,
                };
                self.schema(&one, &other);
            }
            (key, (Some(one), Some(other)))
                if COMPOSITIONS.contains(&key) && length(one.value) == length(other.value) =>
            {
                self.position = Position::Element;
                for (one, other) in one.items(self.old).iter().zip(&other.items(self.new)) {
                    self.schema(one, other);
                }
            }
            _ if same(old, new) => {}
            ("enum", _) => self.values(old, new, after),
            ("required", _) => self.required_fields(old, new, after),
            ("format", _)
                if self.part != Part::Request
                    && [before, after]
                        .iter()
                        .all(|site| site.text("type") == "string") =>
            {
                self.note(&rules::OUTPUT_FORMAT, after.at(key), old, new, "");
            }
            _ => {
                let rule = self.rule_for(key, old, new);
                self.note(rule, after.at(key), old, new, &after.subject());
            }
        }
    }

    /// Returns the rule for a changed keyword with a plain value.
    fn rule_for(&self, key: &str, old: &Value, new: &Value) -> &'static Rule {
        let is_on = new == &Value::Bool(true);
        let is_limit = [UPPER, LOWER, FORMS].iter().any(|keys| keys.contains(&key));
        match key {
            "deprecated" => &rules::DEPRECATED,
            _ if key.starts_with("x-") => &rules::EXTENSION,
            _ if self.part == Part::Header => &rules::HEADER_CHANGED,
            "allOf" | "oneOf" | "anyOf" | "not" | "discriminator" => &rules::SHAPE,
            "type" | "format" | "items" => &rules::TYPE,
            "default" => &rules::DEFAULT,
            "additionalProperties" if !old.is_object() && !new.is_object() => {
                &rules::UNKNOWN_FIELDS
            }
            _ if self.part == Part::Request => self.input_rule(key, old, new),
            "nullable" if !is_on => &rules::OUTPUT_NOT_NULL,
            "nullable" => self.null_rule(),
            "writeOnly" if is_on => self.absent_rule(),
            "readOnly" | "writeOnly" => &rules::OUTPUT_READ_ONLY,
            _ if is_limit => &rules::OUTPUT_LIMIT,
            _ => &rules::OTHER,
        }
    }

    fn input_rule(&self, key: &str, old: &Value, new: &Value) -> &'static Rule {
        let is_checked = matches!(
            self.position,
            Position::Root | Position::Field { is_top: true, .. }
        ) && CHECKED.contains(&key);
        let is_limit = [UPPER, LOWER, FORMS].iter().any(|keys| keys.contains(&key));
        match key {
            "nullable" => &rules::INPUT_NULLABLE,
            "readOnly" if new == &Value::Bool(true) => &rules::INPUT_READ_ONLY,
            "readOnly" => &rules::INPUT_WRITABLE,
            "writeOnly" => &rules::INPUT_WRITE_ONLY,
            "uniqueItems" => &rules::INPUT_UNIQUE,
            _ if !is_limit => &rules::OTHER,
            _ if !is_narrower(key, old, new) => &rules::INPUT_LIMIT_WIDENED,
            _ if is_checked => &rules::INPUT_LIMIT_NARROWED,
            _ => &rules::INPUT_NARROWED,
        }
    }

    /// Returns the rule for a value of a response that may be null.
    fn null_rule(&self) -> &'static Rule {
        match self.position {
            _ if self.part == Part::Error => &rules::OUTPUT_NULL,
            Position::Field {
                is_optional: true, ..
            } => &rules::OUTPUT_NULL,
            _ => &rules::OUTPUT_NULL_UNREADABLE,
        }
    }

    /// Returns the rule for a value that responses no longer have.
    fn absent_rule(&self) -> &'static Rule {
        match self.position {
            _ if self.part == Part::Error => &rules::OUTPUT_REMOVED,
            Position::Field {
                is_optional: true, ..
            } => &rules::OUTPUT_REMOVED,
            _ => &rules::OUTPUT_ID_REMOVED,
        }
    }

    /// Returns the position of a field. The client needs an id in a success and the results of a
    /// page, and nothing else.
    fn field(&self, name: &str) -> Position {
        let is_top = self.position == Position::Root;
        if is_top && name == RESULTS && self.part == Part::Success {
            return Position::Root;
        }
        Position::Field {
            is_top,
            is_optional: !(is_top && name == "id" && self.part == Part::Success),
        }
    }

    fn fields(&mut self, before: Option<Site<'a>>, after: Option<Site<'a>>, object: &Site<'a>) {
        let outer = self.position;
        let fields = |site: &Option<Site<'a>>| -> Vec<&'a String> {
            site.iter().flat_map(Site::keys).collect()
        };
        for name in union(fields(&before).into_iter(), fields(&after).into_iter()) {
            let one = before.as_ref().and_then(|site| site.child(&name, self.old));
            let other = after.as_ref().and_then(|site| site.child(&name, self.new));
            let subject = format!("`{name}`");
            self.position = outer;
            self.position = self.field(&name);
            let is_input = self.part == Part::Request;
            match (one, other) {
                (Some(one), Some(other)) => self.schema(&one, &other),
                (Some(one), None) => {
                    let rule = match is_input {
                        true => &rules::INPUT_REMOVED,
                        false => self.absent_rule(),
                    };
                    self.removed(rule, &one, &subject);
                }
                (None, Some(other)) => {
                    let is_required = texts(object.get("required")).contains(&name);
                    let rule = match (is_input, is_required) {
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
        let (on, off) = if self.part == Part::Request {
            (&rules::INPUT_REQUIRED, &rules::INPUT_OPTIONAL)
        } else {
            (&rules::OUTPUT_ALWAYS, &rules::OUTPUT_SOMETIMES)
        };
        let is_top_success = self.position == Position::Root && self.part == Part::Success;
        for name in after.iter().filter(|name| !before.contains(name)) {
            self.note(on, object.at("required"), old, new, &format!("`{name}`"));
        }
        for name in before.iter().filter(|name| !after.contains(name)) {
            if object.get("properties").get(name).is_some() {
                let off = match name.as_str() {
                    "id" if is_top_success => &rules::OUTPUT_ID_REMOVED,
                    _ => off,
                };
                self.note(off, object.at("required"), old, new, &format!("`{name}`"));
            }
        }
        self.order(object.at("required"), &before, &after);
    }

    fn values(&mut self, old: &Value, new: &Value, site: &Site<'a>) {
        let pointer = site.at("enum");
        let is_input = self.part == Part::Request;
        let rule = match (old, new) {
            _ if self.part == Part::Header => &rules::HEADER_CHANGED,
            (_, Value::Null) if is_input => &rules::INPUT_VALUES_OPENED,
            (Value::Null, _) if is_input => &rules::INPUT_VALUES_CLOSED,
            (_, Value::Null) | (Value::Null, _) => &rules::OUTPUT_VALUES,
            _ => return self.listed_values(&texts(old), &texts(new), &pointer),
        };
        self.note(rule, pointer, old, new, &site.subject());
    }

    fn listed_values(&mut self, before: &[String], after: &[String], pointer: &str) {
        let (on, off) = if self.part == Part::Request {
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

/// The field of a page with its items.
const RESULTS: &str = "results";

/// Returns what a call of an operation with this effect is.
fn call(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Set => "update",
        Effect::Delete => "deletion",
        Effect::Create => "creation",
    }
}

/// Returns what an error leaves open if the service has acted.
fn doubt(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "",
        Effect::Set | Effect::Delete | Effect::Create => " whose outcome is unknown",
    }
}

/// Returns the parameters of an operation and its path item, by what identifies them: path
/// parameters by position, others by name.
struct Parameters<'a>(Vec<((&'a str, String), Site<'a>)>);

impl<'a> Parameters<'a> {
    fn of(found: &Found<'a>, operation: &Site<'a>, document: &'a Value) -> Self {
        let path: Vec<&str> = parameters(found.path).collect();
        let pointer = operation.pointer.rsplit_once('/');
        let item = Site::plain(found.item, pointer.map_or("", |(item, _)| item).to_owned());
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

fn names(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(Map::keys)
}

fn union<'k>(
    one: impl Iterator<Item = &'k String>,
    other: impl Iterator<Item = &'k String>,
) -> BTreeSet<String> {
    one.chain(other).cloned().collect()
}

/// Begins `text` with a capital letter.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase());
    first.into_iter().flatten().chain(chars).collect()
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

/// The keys of these objects that have comparisons of their own, or are what identifies them.
const PARAMETER_KEYS: &[&str] = &[
    "allowEmptyValue",
    "allowReserved",
    "content",
    "explode",
    "in",
    "name",
    "required",
    "schema",
    "style",
];
const RESPONSE_KEYS: &[&str] = &["content", "description", "headers"];
/// `encoding` is for forms, which these operations do not have.
const MEDIA_KEYS: &[&str] = &["encoding", "schema"];

/// The limits that the client checks, in the parameters and the fields that it sends.
const CHECKED: &[&str] = &[
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
];
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
    let is_off = matches!(new, Value::Null | Value::Bool(false));
    match (old.as_f64(), new.as_f64()) {
        _ if is_off => false,
        (Some(old), Some(new)) if UPPER.contains(&key) => new < old,
        (Some(old), Some(new)) if LOWER.contains(&key) => new > old,
        (Some(old), Some(new)) if key == "multipleOf" => old % new != 0.0,
        _ => true,
    }
}
