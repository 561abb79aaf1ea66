//! From the tree to the types of the manifest.

use super::{
    Key, Located, Manifest, Roles, Text, sorted,
    tree::{Document, Node, Value},
};
use crate::diagnostic::Diagnostic;

/// Decodes the file. The diagnostics beside the manifest are about fields that it has no
/// place for.
///
/// # Errors
///
/// Fails with all diagnostics if a value is of the wrong kind.
pub(super) fn decode(
    document: &Document<'_>,
) -> Result<(Manifest, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut decoder = Decoder {
        document,
        diagnostics: Vec::new(),
        is_valid: true,
    };
    let manifest = decoder.manifest(&document.root);
    if decoder.is_valid {
        Ok((manifest, decoder.diagnostics))
    } else {
        Err(sorted(decoder.diagnostics))
    }
}

struct Decoder<'a> {
    document: &'a Document<'a>,
    diagnostics: Vec<Diagnostic>,
    /// Whether every value so far is of the right kind.
    is_valid: bool,
}

impl Decoder<'_> {
    fn manifest(&mut self, root: &Node) -> Manifest {
        let [org, keys] = self.fields(root, "the file", ["org", "keys"]);
        Manifest {
            org: org.and_then(|node| self.text(node)),
            keys: keys.map(|node| self.list(node, |decoder, key| Some(decoder.key(key)))),
        }
    }

    fn key(&mut self, node: &Node) -> Located<Key> {
        let names = [
            "id",
            "ensure",
            "org",
            "desc",
            "roles",
            "projects",
            "prune",
            "accessList",
            "secretFile",
        ];
        let [
            id,
            ensure,
            org,
            desc,
            roles,
            projects,
            prune,
            access_list,
            secret_file,
        ] = self.fields(node, "a key", names);
        let key = Key {
            id: id.and_then(|node| self.text(node)),
            ensure: ensure.and_then(|node| self.text(node)),
            org: org.and_then(|node| self.text(node)),
            desc: desc.and_then(|node| self.text(node)),
            roles: roles.map(|node| self.roles(node)),
            projects: projects.map(|node| {
                let entries = self.mapping(node).iter();
                entries
                    .map(|(id, roles)| (located(id, id.value.clone()), self.roles(roles)))
                    .collect()
            }),
            prune: prune.and_then(|node| self.boolean(node)),
            access_list: access_list.map(|node| self.list(node, Self::text)),
            secret_file: secret_file.and_then(|node| self.text(node)),
        };
        located(node, key)
    }

    fn roles(&mut self, node: &Node) -> Located<Roles> {
        let Located { value, location } = self.list(node, Self::text);
        Located {
            value: Roles(value),
            location,
        }
    }

    /// Returns the values of these fields, and reports duplicate and unknown ones.
    fn fields<'n, const N: usize>(
        &mut self,
        node: &'n Node,
        owner: &str,
        names: [&str; N],
    ) -> [Option<&'n Node>; N] {
        let mut fields = [None; N];
        for (name, value) in self.mapping(node) {
            let text = name.value.as_str();
            let message = match names.iter().position(|known| *known == text) {
                Some(index) if fields[index].is_none() => {
                    fields[index] = Some(value);
                    continue;
                }
                Some(_) => format!("duplicate field {text}"),
                None if std::ptr::eq(node, &self.document.root) && text.starts_with("x-") => {
                    continue;
                }
                None => format!(
                    "unknown field {} in {owner}; expected {}",
                    text.escape_debug(),
                    names.join(", ")
                ),
            };
            self.diagnostics
                .push(Diagnostic::new(name.referenced, message));
        }
        fields
    }

    fn text(&mut self, node: &Node) -> Option<Text> {
        let text = self.document.text(node);
        if text.is_none() {
            self.expected("text", node);
        }
        text.map(|text| located(node, text))
    }

    fn boolean(&mut self, node: &Node) -> Option<Located<bool>> {
        let written = match node.value {
            Value::Literal => self.document.text(node),
            _ => None,
        };
        match written.map(|text| text.to_ascii_lowercase()).as_deref() {
            Some("true") => Some(located(node, true)),
            Some("false") => Some(located(node, false)),
            _ => {
                self.expected("true or false", node);
                None
            }
        }
    }

    fn list<T>(
        &mut self,
        node: &Node,
        item: impl Fn(&mut Self, &Node) -> Option<T>,
    ) -> Located<Vec<T>> {
        let items = match &node.value {
            Value::List(items) => items.iter().filter_map(|node| item(self, node)).collect(),
            _ => {
                self.expected("a list", node);
                Vec::new()
            }
        };
        located(node, items)
    }

    fn mapping<'n>(&mut self, node: &'n Node) -> &'n [(serde_saphyr::Spanned<String>, Node)] {
        match &node.value {
            Value::Mapping(entries) => entries,
            _ => {
                self.expected("a mapping", node);
                &[]
            }
        }
    }

    fn expected(&mut self, kind: &str, node: &Node) {
        self.is_valid = false;
        self.diagnostics
            .push(Diagnostic::new(node.referenced, format!("expected {kind}")));
    }
}

/// Gives `value` the location of `node`.
fn located<N, T>(node: &serde_saphyr::Spanned<N>, value: T) -> Located<T> {
    Located {
        value,
        location: node.referenced.into(),
    }
}
