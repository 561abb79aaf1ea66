//! The import graph of a crate: which files use items of which other files.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Expr, ExprLit, Item, ItemFn, ItemImpl, ItemMod, ItemUse, Lit, Macro, Meta, UseTree,
    Visibility,
    visit::{self, Visit},
};

/// The files of a crate and the imports between them.
#[derive(Debug, Default)]
pub(crate) struct ImportGraph {
    pub(crate) files: Vec<SourceFile>,
    /// For each importing and imported file, by number, the path of an imported item.
    pub(crate) imports: BTreeMap<(usize, usize), String>,
}

#[derive(Debug)]
pub(crate) struct SourceFile {
    /// The path relative to the folder of the root file.
    pub(crate) name: String,
    /// The path of the file's module; empty for the root file.
    pub(crate) module: Vec<String>,
}

impl ImportGraph {
    /// Reads a crate, without the code that is only compiled for tests.
    pub(crate) fn read(root: &Path) -> Self {
        let folder = root.parent().unwrap();
        let mut reader = Reader {
            root: folder.to_owned(),
            folder: folder.to_owned(),
            ..Reader::default()
        };
        reader.read_file(root, folder.to_owned(), Vec::new(), None);
        let mut graph = Self::default();
        for (number, module) in reader.modules.iter().enumerate() {
            for reference in &module.references {
                let found = reader.resolve(number, &reference.path, &mut HashSet::new());
                let Some(Target::Item(owner)) = found else {
                    continue;
                };
                let (from, to) = (module.file, reader.modules[owner].file);
                // A facade does not depend on what it re-exports.
                let is_facade =
                    reference.is_reexport && is_above(&reader.files[from], &reader.files[to]);
                if from != to && !is_facade {
                    let path = reference.path.join("::");
                    graph.imports.entry((from, to)).or_insert(path);
                }
            }
        }
        graph.files = reader.files;
        graph
    }

    /// Returns whether the module of a file is that of the other file or an ancestor of it.
    pub(crate) fn is_above(&self, file: usize, other: usize) -> bool {
        is_above(&self.files[file], &self.files[other])
    }
}

fn is_above(file: &SourceFile, other: &SourceFile) -> bool {
    other.module.starts_with(&file.module)
}

#[derive(Debug, Default)]
struct Module {
    parent: Option<usize>,
    file: usize,
    children: BTreeMap<String, usize>,
    /// The names of the items defined in this module.
    items: BTreeSet<String>,
    uses: Vec<Use>,
    references: Vec<Reference>,
}

/// A name that a `use` imports, or `*`.
#[derive(Debug)]
struct Use {
    name: String,
    path: Vec<String>,
}

#[derive(Debug)]
struct Reference {
    path: Vec<String>,
    is_reexport: bool,
}

#[derive(Debug, Clone, Copy)]
enum Target {
    Module(usize),
    /// An item defined in this module.
    Item(usize),
}

/// Collects the modules of a crate, with the paths in them.
#[derive(Debug, Default)]
struct Reader {
    root: PathBuf,
    files: Vec<SourceFile>,
    modules: Vec<Module>,
    /// The current module, and the folder of its children.
    current: usize,
    folder: PathBuf,
    /// The folder of the current file.
    beside: PathBuf,
}

impl Reader {
    fn read_file(
        &mut self,
        path: &Path,
        folder: PathBuf,
        module: Vec<String>,
        parent: Option<usize>,
    ) -> usize {
        let text = fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("failed to read {}: {error}", path.display()));
        let file = syn::parse_file(&text)
            .unwrap_or_else(|error| panic!("failed to parse {}: {error}", path.display()));
        let name = path.strip_prefix(&self.root).unwrap_or(path);
        self.files.push(SourceFile {
            name: name.display().to_string(),
            module,
        });
        let beside = path.parent().unwrap().to_owned();
        let outer = std::mem::replace(&mut self.beside, beside);
        let number = self.read_items(&file.items, folder, self.files.len() - 1, parent);
        self.beside = outer;
        number
    }

    fn read_items(
        &mut self,
        items: &[Item],
        folder: PathBuf,
        file: usize,
        parent: Option<usize>,
    ) -> usize {
        let number = self.modules.len();
        self.modules.push(Module {
            parent,
            file,
            items: items.iter().filter_map(item_name).collect(),
            ..Module::default()
        });
        let outer = (self.current, std::mem::replace(&mut self.folder, folder));
        self.current = number;
        for item in items {
            self.visit_item(item);
        }
        (self.current, self.folder) = outer;
        number
    }

    fn read_use(&mut self, tree: &UseTree, mut path: Vec<String>, is_reexport: bool) {
        let name = match tree {
            UseTree::Path(part) => {
                path.push(part.ident.to_string());
                return self.read_use(&part.tree, path, is_reexport);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.read_use(tree, path.clone(), is_reexport);
                }
                return;
            }
            UseTree::Name(part) if part.ident == "self" => path.last().cloned().unwrap_or_default(),
            UseTree::Name(part) => {
                path.push(part.ident.to_string());
                part.ident.to_string()
            }
            UseTree::Rename(part) => {
                if part.ident != "self" {
                    path.push(part.ident.to_string());
                }
                part.rename.to_string()
            }
            UseTree::Glob(_) => "*".to_owned(),
        };
        self.modules[self.current].uses.push(Use {
            name,
            path: path.clone(),
        });
        self.refer(path, is_reexport);
    }

    fn refer(&mut self, path: Vec<String>, is_reexport: bool) {
        self.modules[self.current]
            .references
            .push(Reference { path, is_reexport });
    }

    /// Collects everything that looks like a path in unparsed tokens.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 && !path.is_empty() {
                        let path = std::mem::take(&mut path);
                        self.refer(path, false);
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                other => {
                    self.refer(std::mem::take(&mut path), false);
                    colons = 0;
                    match other {
                        TokenTree::Group(group) => self.read_tokens(group.stream()),
                        TokenTree::Literal(literal) => {
                            self.read_literal(&Lit::new(literal));
                        }
                        _ => {}
                    }
                }
            }
        }
        self.refer(path, false);
    }

    /// Attributes can have paths in strings, such as `#[serde(with = "crate::time")]`.
    fn read_literal(&mut self, literal: &Lit) {
        if let Lit::Str(text) = literal
            && let Ok(path) = text.parse::<syn::Path>()
            && path.segments.len() > 1
        {
            self.visit_path(&path);
        }
    }

    /// Resolves a path in a module, following imports; returns nothing for items of other crates.
    fn resolve(
        &self,
        module: usize,
        path: &[String],
        seen: &mut HashSet<(usize, String)>,
    ) -> Option<Target> {
        let mut at = module;
        // An unknown name in a module of this crate is an item that a macro defines.
        let mut is_local = false;
        for (position, name) in path.iter().enumerate() {
            let next = match name.as_str() {
                "crate" => Some(Target::Module(0)),
                "self" => Some(Target::Module(at)),
                "super" => Some(Target::Module(self.modules[at].parent?)),
                _ => self.find(at, name, position + 1 == path.len(), seen),
            };
            match next {
                Some(Target::Module(found)) => at = found,
                Some(item) => return Some(item),
                None if is_local => return Some(Target::Item(at)),
                None => return None,
            }
            is_local = true;
        }
        Some(Target::Module(at))
    }

    fn find(
        &self,
        module: usize,
        name: &str,
        is_last: bool,
        seen: &mut HashSet<(usize, String)>,
    ) -> Option<Target> {
        if !seen.insert((module, name.to_owned())) {
            return None;
        }
        let scope = &self.modules[module];
        let item = scope
            .items
            .contains(name)
            .then_some(Target::Item(module))
            .filter(|_| is_last || !scope.children.contains_key(name));
        let child = || Some(Target::Module(*scope.children.get(name)?));
        let imported = || {
            let mut named = scope.uses.iter().filter(|import| import.name == name);
            named.find_map(|import| self.resolve(module, &import.path, &mut seen.clone()))
        };
        if let Some(found) = item.or_else(child).or_else(imported) {
            return Some(found);
        }
        let mut globs = scope.uses.iter().filter(|import| import.name == "*");
        globs.find_map(|glob| {
            match self.resolve(module, &glob.path, &mut seen.clone())? {
                Target::Module(source) => self.find(source, name, is_last, &mut seen.clone()),
                // A glob of an enum imports variants only.
                Target::Item(_) => None,
            }
        })
    }
}

impl<'a> Visit<'a> for Reader {
    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        let name = item.ident.to_string();
        let parent = self.current;
        let child = if let Some((_, items)) = &item.content {
            let file = self.modules[parent].file;
            self.read_items(items, self.folder.join(&name), file, Some(parent))
        } else {
            let folder = self.folder.join(&name);
            let (path, folder) = match path_attribute(&item.attrs) {
                Some(path) => {
                    let path = self.beside.join(path);
                    let folder = path.parent().unwrap().to_owned();
                    (path, folder)
                }
                None if folder.join("mod.rs").is_file() => (folder.join("mod.rs"), folder),
                None => (self.folder.join(format!("{name}.rs")), folder),
            };
            let mut module = self.files[self.modules[parent].file].module.clone();
            module.push(name.clone());
            self.read_file(&path, folder, module, Some(parent))
        };
        self.modules[parent].children.insert(name, child);
    }

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        if item.leading_colon.is_none() && !is_for_tests(&item.attrs) {
            let is_reexport = !matches!(item.vis, Visibility::Inherited);
            self.read_use(&item.tree, Vec::new(), is_reexport);
        }
    }

    fn visit_item_fn(&mut self, item: &'a ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'a ItemImpl) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        if path.leading_colon.is_none() {
            let names = path.segments.iter().map(|part| part.ident.to_string());
            self.refer(names.collect(), false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'a Macro) {
        // Their tokens are code for another crate.
        let name = &item.path.segments.last().unwrap().ident;
        if name != "quote" && name != "parse_quote" {
            self.visit_path(&item.path);
            self.read_tokens(item.tokens.clone());
        }
    }

    fn visit_attribute(&mut self, attribute: &'a Attribute) {
        match &attribute.meta {
            Meta::Path(path) => self.visit_path(path),
            Meta::List(list) => self.read_tokens(list.tokens.clone()),
            Meta::NameValue(_) if attribute.path().is_ident("doc") => {}
            Meta::NameValue(pair) => {
                if let Expr::Lit(ExprLit { lit, .. }) = &pair.value {
                    self.read_literal(lit);
                }
            }
        }
    }
}

fn item_name(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Returns whether an item is only compiled for tests, and not for a feature as well.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            let mut words = condition.split(|c: char| !c.is_alphanumeric() && c != '_');
            words.any(|word| word == "test")
                && !condition.contains("not")
                && !condition.contains("feature")
        }
        _ => false,
    })
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(path),
                    ..
                }) => Some(path.value()),
                _ => None,
            },
            _ => None,
        })
}
