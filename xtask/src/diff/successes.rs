//! What a changed list of success statuses means for the client.

use serde_json::Value;

use super::{
    rules::{self, Rule},
    same,
    site::{NOTHING, Site},
};

/// The status of a success that has no body, whatever a document says.
pub(super) const NO_CONTENT: &str = "204";

/// Returns whether a status is one of a success.
pub(super) fn is_success(status: &str) -> bool {
    status.starts_with('2')
}

/// The successes of an operation, and what the client takes for one: any 2xx where none has a body,
/// otherwise 200 and those that have the same body as the first.
pub(super) struct Successes<'a> {
    /// The content of each, by status; null where there is no body.
    content: Vec<(&'a str, &'a Value)>,
}

impl<'a> Successes<'a> {
    pub(super) fn of(responses: &Site<'a>, document: &'a Value) -> Self {
        let statuses = responses.keys().filter(|status| is_success(status));
        let content = |status: &'a String| {
            let content = responses.child(status, document)?.map("content", document);
            let has_schema = |name: &String| {
                let media = content.child(name, document);
                media.is_some_and(|media| media.value.get("schema").is_some())
            };
            let is_body = status != NO_CONTENT && content.keys().any(has_schema);
            let content = if is_body { content.value } else { NOTHING };
            Some((status.as_str(), content))
        };
        Self {
            content: statuses.filter_map(content).collect(),
        }
    }

    /// Returns the body that a success has, or null if none has one.
    fn body(&self) -> &'a Value {
        let mut bodies = self.content.iter().map(|(_, content)| *content);
        bodies.find(|content| !content.is_null()).unwrap_or(NOTHING)
    }

    /// Returns the rule for a status that is not in `after` any more.
    pub(super) fn removed(&self, after: &Self) -> &'static Rule {
        let is_readable = !after.body().is_null() || self.body().is_null();
        match is_readable && !after.content.is_empty() {
            true => &rules::SUCCESS_NO_LONGER,
            false => &rules::SUCCESS_REMOVED,
        }
    }

    /// Returns the rule for a status that is not in `before` yet.
    pub(super) fn added(&self, status: &str, before: &Self) -> &'static Rule {
        let mut all = self.content.iter();
        let added = all.find(|(known, _)| *known == status);
        let content = added.map_or(NOTHING, |(_, content)| *content);
        match (before.body(), content) {
            (Value::Null, Value::Null) => &rules::SUCCESS_TAKEN,
            (Value::Null, _) => &rules::SUCCESS_BODY_ADDED,
            (_, content) if content.is_null() || !same(content, self.body()) => {
                &rules::SUCCESS_UNREADABLE
            }
            _ if status == "200" => &rules::SUCCESS_TAKEN,
            _ => &rules::SUCCESS_ADDED,
        }
    }
}
