//! The file as a tree of YAML values with locations.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{
    Options, Spanned, UserMessageFormatter,
    options::{DuplicateKeyPolicy, NonFiniteFloatPolicy},
};

use crate::{
    diagnostic::{Diagnostic, Location},
    text,
};

/// A parsed file.
pub(super) struct Document<'a> {
    source: &'a str,
    pub(super) root: Node,
}

pub(super) type Node = Spanned<Value>;

pub(super) enum Value {
    Null,
    Text(String),
    /// A number or a boolean; [`Document::text`] returns it as written.
    Literal,
    List(Vec<Node>),
    Mapping(Vec<(Spanned<String>, Node)>),
}

impl Document<'_> {
    /// Returns the text of a scalar as written: `007` stays `007`.
    pub(super) fn text(&self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Literal => {
                let span = node.defined.span();
                let start = usize::try_from(span.byte_offset()?).ok()?;
                let length = usize::try_from(span.byte_len()?).ok()?;
                let text = self.source.get(start..start.checked_add(length)?)?;
                Some(text.to_owned())
            }
            _ => None,
        }
    }
}

/// Parses YAML, of which JSON is a subset.
pub(super) fn parse(bytes: &[u8]) -> Result<Document<'_>, Diagnostic> {
    let source = text::decode(bytes)?;
    if source.trim().is_empty() {
        return Err(Diagnostic::new(Location::START, "the file is empty"));
    }
    let root = serde_saphyr::from_str_with_options(source, options())
        .map_err(|error| syntax_error(&error))?;
    Ok(Document { source, root })
}

fn syntax_error(error: &serde_saphyr::Error) -> Diagnostic {
    let error = error.without_snippet();
    let text = error.render_with_formatter(&UserMessageFormatter);
    let message = text.lines().next().unwrap_or_default();
    let message = message.trim_start_matches("error: ");
    // The diagnostic has the location already.
    let message = message
        .split_once(" at line ")
        .map_or(message, |(it, _)| it);
    let message = if message.contains("limit") {
        "the file is too large, nested too deeply, or repeats too much"
    } else {
        message.trim()
    };
    Diagnostic::new(
        error.location().map_or(Location::START, Into::into),
        message,
    )
}

/// Limits that leave room for several hundred thousand keys, even if all share one list.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 16_000_000,
            max_nodes: 8_000_000,
            max_total_scalar_bytes: 256 << 20,
            max_aliases: 1_000_000,
            max_merge_keys: 1_000_000,
            // Anchors are meant for one list of roles in ten thousand keys.
            enforce_alias_anchor_ratio: false,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 4_000_000,
        },
        // The decoder reports duplicates with everything else.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        // `!vault` or `!env` would be sent as the text behind it.
        reject_unsupported_tags: true,
        // Text may look like a number.
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyValue;

        impl<'de> Visitor<'de> for AnyValue {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
                Ok(Value::Literal)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
                Ok(Value::Literal)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
                Ok(Value::Literal)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
                Ok(Value::Literal)
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(Value::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Value::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Value::Mapping(entries))
            }
        }

        deserializer.deserialize_any(AnyValue)
    }
}
