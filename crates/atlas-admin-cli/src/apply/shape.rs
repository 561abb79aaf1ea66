//! Everything in the file that is of the wrong kind, such as text in the place of
//! a list. Reading the file for good ends at the first.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::file::{LIST_EXPECTED, MAPPING_EXPECTED, Mistake, TEXT_EXPECTED, Text, options};

/// What is of the wrong kind in `text`, if it is YAML at all.
pub(super) fn mistakes(text: &str) -> Vec<Mistake> {
    let mut mistakes = Mistakes(Vec::new());
    if let Ok(root) = serde_saphyr::from_str_with_options::<Node>(text, options()) {
        mistakes.file(&root);
    }
    mistakes.0
}

/// A value of any kind.
type Node = Spanned<Kind>;

enum Kind {
    Nothing,
    Scalar,
    List(Vec<Node>),
    Mapping(Vec<(Text, Node)>),
}

struct Mistakes(Vec<Mistake>);

impl Mistakes {
    fn file(&mut self, root: &Node) {
        for (name, value) in self.mapping(root) {
            match name.value.as_str() {
                "org" => self.text(value),
                "keys" => {
                    for key in self.list(value) {
                        self.key(key);
                    }
                }
                _ => {}
            }
        }
    }

    fn key(&mut self, key: &Node) {
        for (name, value) in self.mapping(key) {
            match name.value.as_str() {
                "id" | "org" | "desc" => self.text(value),
                "roles" => self.roles(value),
                "projects" => {
                    for (_, roles) in self.mapping(value) {
                        self.roles(roles);
                    }
                }
                _ => {}
            }
        }
    }

    fn roles(&mut self, roles: &Node) {
        for role in self.list(roles) {
            self.text(role);
        }
    }

    fn text(&mut self, node: &Node) {
        if !matches!(node.value, Kind::Scalar) {
            self.0.push(Mistake::at(node.referenced, TEXT_EXPECTED));
        }
    }

    fn list<'a>(&mut self, node: &'a Node) -> &'a [Node] {
        let Kind::List(items) = &node.value else {
            self.0.push(Mistake::at(node.referenced, LIST_EXPECTED));
            return &[];
        };
        items
    }

    fn mapping<'a>(&mut self, node: &'a Node) -> &'a [(Text, Node)] {
        let Kind::Mapping(entries) = &node.value else {
            self.0.push(Mistake::at(node.referenced, MAPPING_EXPECTED));
            return &[];
        };
        entries
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Kind;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_unit<E>(self) -> Result<Kind, E> {
                Ok(Kind::Nothing)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Kind, E> {
                Ok(Kind::Scalar)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
                Ok(Kind::Scalar)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Kind, E> {
                Ok(Kind::Scalar)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
                Ok(Kind::Scalar)
            }

            fn visit_str<E>(self, _: &str) -> Result<Kind, E> {
                Ok(Kind::Scalar)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Kind::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Kind::Mapping(entries))
            }
        }

        deserializer.deserialize_any(Any)
    }
}
