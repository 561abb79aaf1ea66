//! A place in a document.

use serde_json::{Map, Value};

use crate::document::{escape, follow_to};

/// The keys that compose a schema of parts.
pub(super) const COMPOSITIONS: &[&str] = &["allOf", "anyOf", "oneOf"];

/// The deepest chain of compositions of one part each.
const MAX_PARTS: usize = 100;

/// A value with its location, after following references.
#[derive(Clone)]
pub(super) struct Site<'a> {
    pub(super) value: &'a Value,
    pub(super) pointer: String,
    /// The only part of a composition, which is the same schema as one without.
    part: Option<Box<Self>>,
}

pub(super) const NOTHING: &Value = &Value::Null;

impl<'a> Site<'a> {
    pub(super) fn plain(value: &'a Value, pointer: String) -> Self {
        let part = None;
        Self {
            value,
            pointer,
            part,
        }
    }

    pub(super) fn new(value: &'a Value, pointer: String, document: &'a Value) -> Self {
        match follow_to(document, value) {
            Ok((value, Some(pointer))) => Self::plain(value, pointer),
            // Trimming has checked every reference.
            _ => Self::plain(value, pointer),
        }
    }

    /// Returns this schema with the only part of its compositions merged into it, unless both
    /// have the same key.
    pub(super) fn merged(&self, document: &'a Value) -> Self {
        let mut whole = self.clone();
        // A schema may be its own part.
        for _ in 0..MAX_PARTS {
            let Some((key, part)) = whole.only_part(document) else {
                break;
            };
            if whole.keys().all(|own| own == key) {
                whole = part;
                continue;
            }
            let has = |key: &str| part.value.get(key).is_some();
            let is_composed = COMPOSITIONS.iter().any(|key| has(key));
            if !is_composed && whole.keys().all(|own| !has(own)) {
                whole.part = Some(Box::new(part));
            }
            break;
        }
        whole
    }

    fn only_part(&self, document: &'a Value) -> Option<(&'static str, Self)> {
        let mut all = COMPOSITIONS
            .iter()
            .filter(|key| self.value.get(key).is_some());
        let (Some(key), None) = (all.next(), all.next()) else {
            return None;
        };
        let [part] = self.value.get(key)?.as_array()?.as_slice() else {
            return None;
        };
        let part = Self::new(part, format!("{}/0", self.at(key)), document);
        Some((*key, part))
    }

    /// Returns the site that has `key`: this one, or its only part.
    fn owner(&self, key: &str) -> &Self {
        match &self.part {
            Some(part) if part.value.get(key).is_some() => part,
            _ => self,
        }
    }

    /// Returns whether `key` is a composition that was merged into this schema.
    fn is_merged(&self, key: &str) -> bool {
        let is_single = || {
            self.value
                .get(key)
                .and_then(Value::as_array)
                .is_some_and(|list| list.len() == 1)
        };
        self.part.is_some() && COMPOSITIONS.contains(&key) && is_single()
    }

    pub(super) fn at(&self, key: &str) -> String {
        format!("{}/{}", self.owner(key).pointer, escape(key))
    }

    /// Returns the value of `key`, without following references.
    pub(super) fn get(&self, key: &str) -> &'a Value {
        match self.is_merged(key) {
            true => NOTHING,
            false => self.owner(key).value.get(key).unwrap_or(NOTHING),
        }
    }

    pub(super) fn is(&self, key: &str) -> bool {
        self.get(key) == &Value::Bool(true)
    }

    pub(super) fn text(&self, key: &str) -> &'a str {
        self.get(key).as_str().unwrap_or_default()
    }

    /// Returns the value of `key`, after following references in `document`.
    pub(super) fn child(&self, key: &str, document: &'a Value) -> Option<Self> {
        if self.is_merged(key) {
            return None;
        }
        let value = self.owner(key).value.get(key)?;
        Some(Self::new(value, self.at(key), document))
    }

    /// Like [`child`](Self::child), and returns an empty map where there is none.
    pub(super) fn map(&self, key: &str, document: &'a Value) -> Self {
        let none = || Self::plain(NOTHING, self.at(key));
        self.child(key, document).unwrap_or_else(none)
    }

    pub(super) fn items(&self, document: &'a Value) -> Vec<Self> {
        let items = self.value.as_array().into_iter().flatten().enumerate();
        let site = |(index, value)| Self::new(value, format!("{}/{index}", self.pointer), document);
        items.map(site).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a String> + '_ {
        let part = self.part.as_ref().and_then(|part| part.value.as_object());
        let own = self.value.as_object().into_iter().flat_map(Map::keys);
        own.filter(|key| !self.is_merged(key))
            .chain(part.into_iter().flat_map(Map::keys))
    }

    /// Returns what is at the location, for a sentence.
    pub(super) fn subject(&self) -> String {
        let mut parts = self.pointer.rsplit('/');
        let mut part = || parts.next().unwrap_or_default();
        match (part(), part(), part()) {
            ("items", ..) => "an item of the list".to_owned(),
            ("schema", _, "content") => "the body".to_owned(),
            // A parameter without a name of its own in the document.
            ("schema", index, _) if index.parse::<usize>().is_ok() => "the parameter".to_owned(),
            ("schema", name, _) | (name, ..) => format!("`{name}`"),
        }
    }
}
