//! The public API of `atlas-admin` in snapshots, so that reviews show every change of it.
//!
//! Reads the crate with syn, and prints what its root exports without bodies, private
//! parts and documentation.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{
    Attribute, Fields, File, Ident, ImplItem, Item, ItemImpl, ItemUse, TraitItem, Type, UseTree,
    Visibility,
};

#[test]
fn atlas_admin_exports() {
    let source = source();
    insta::assert_snapshot!(exported(&source, &source.join("lib.rs")));
}

#[test]
fn atlas_admin_testing_exports() {
    let testing = source().join("testing");
    insta::assert_snapshot!(exported(&testing, &testing.join("mod.rs")));
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/atlas-admin/src")
}

/// Prints what a module exports. The folder holds the files of the module.
fn exported(folder: &Path, root: &Path) -> String {
    let files: Vec<File> = rust_files(folder).iter().map(|path| parse(path)).collect();
    let (exported, foreign) = exports(&parse(root));
    let mut items_by_name = BTreeMap::<String, Vec<Item>>::new();
    for item in files.into_iter().flat_map(|file| file.items) {
        if let Some((name, item)) = public(item, &exported) {
            items_by_name.entry(name).or_default().push(item);
        }
    }
    let missing: Vec<_> = exported
        .iter()
        .filter(|name| !items_by_name.contains_key(*name))
        .collect();
    assert!(missing.is_empty(), "no definition found for {missing:?}");
    let items = items_by_name.into_values().flat_map(|mut items| {
        items.sort_by_key(|item| (matches!(item, Item::Impl(_)), text(item)));
        items
    });
    let file = File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: foreign.into_iter().chain(items).collect(),
    };
    prettyplease::unparse(&file)
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !["tests", "testing"].iter().any(|name| path.ends_with(name)) {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn parse(path: &Path) -> File {
    syn::parse_file(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the names that a root file exports from its own modules, and what it exports of other
/// crates.
fn exports(root: &File) -> (BTreeSet<String>, Vec<Item>) {
    let is_module = |name: &Ident| {
        let mut items = root.items.iter();
        items.any(|item| matches!(item, Item::Mod(module) if module.ident == *name))
    };
    let (mut names, mut foreign) = (BTreeSet::new(), Vec::new());
    for item in &root.items {
        match item {
            Item::Use(item) if is_public(&item.vis) => match &item.tree {
                UseTree::Path(path) if is_module(&path.ident) => leaves(&item.tree, &mut names),
                _ => foreign.push(Item::Use(without_attributes(item))),
            },
            _ => {}
        }
    }
    (names, foreign)
}

fn without_attributes(item: &ItemUse) -> ItemUse {
    let mut item = item.clone();
    item.attrs.clear();
    item
}

fn leaves(tree: &UseTree, names: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, names),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, names)),
        UseTree::Name(name) => drop(names.insert(name.ident.to_string())),
        UseTree::Rename(name) => drop(names.insert(name.rename.to_string())),
        _ => panic!("this test cannot read glob exports"),
    }
}

/// Returns the public part of an item, with the name of its type.
fn public(mut item: Item, exported: &BTreeSet<String>) -> Option<(String, Item)> {
    let name = match &mut item {
        Item::Struct(item) if is_public(&item.vis) => {
            strip(&mut item.attrs);
            remove_private(&mut item.fields);
            item.ident.to_string()
        }
        Item::Enum(item) if is_public(&item.vis) => {
            strip(&mut item.attrs);
            for variant in &mut item.variants {
                strip(&mut variant.attrs);
            }
            item.ident.to_string()
        }
        Item::Trait(item) if is_public(&item.vis) => {
            strip(&mut item.attrs);
            for part in &mut item.items {
                if let TraitItem::Fn(function) = part {
                    strip(&mut function.attrs);
                    function.default = None;
                }
            }
            item.ident.to_string()
        }
        Item::Type(item) if is_public(&item.vis) => {
            strip(&mut item.attrs);
            item.ident.to_string()
        }
        Item::Fn(item) if is_public(&item.vis) => {
            strip(&mut item.attrs);
            item.block.stmts.clear();
            item.sig.ident.to_string()
        }
        Item::Impl(item) => strip_impl(item)?,
        Item::Macro(item) if item.ident.is_none() => {
            // Macros that add to an exported type take its name first.
            let tokens = item.mac.tokens.clone();
            let first = tokens.into_iter().next()?.to_string();
            exported.get(&first)?.clone()
        }
        _ => return None,
    };
    exported.contains(&name).then_some((name, item))
}

/// Removes the private parts of an `impl`; returns the name of its type, or nothing if no part is
/// public.
fn strip_impl(item: &mut ItemImpl) -> Option<String> {
    strip(&mut item.attrs);
    if item.trait_.is_some() {
        item.items.retain(|part| matches!(part, ImplItem::Type(_)));
    } else {
        item.items.retain(|part| match part {
            ImplItem::Fn(function) => is_public(&function.vis),
            ImplItem::Const(constant) => is_public(&constant.vis),
            _ => false,
        });
        if item.items.is_empty() {
            return None;
        }
    }
    for part in &mut item.items {
        match part {
            ImplItem::Fn(function) => {
                strip(&mut function.attrs);
                function.block.stmts.clear();
            }
            ImplItem::Const(constant) => {
                strip(&mut constant.attrs);
                constant.expr = syn::parse_quote!(_);
            }
            _ => {}
        }
    }
    match &*item.self_ty {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

fn remove_private(fields: &mut Fields) {
    let keep = |field: &syn::Field| is_public(&field.vis);
    match fields {
        Fields::Named(fields) => {
            fields.named = std::mem::take(&mut fields.named)
                .into_iter()
                .filter(keep)
                .collect();
            fields
                .named
                .iter_mut()
                .for_each(|field| strip(&mut field.attrs));
        }
        Fields::Unnamed(fields) => {
            fields.unnamed = std::mem::take(&mut fields.unnamed)
                .into_iter()
                .filter(keep)
                .collect();
        }
        Fields::Unit => {}
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Removes all attributes but those that matter to callers.
fn strip(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| {
        ["derive", "non_exhaustive", "must_use", "deprecated"]
            .iter()
            .any(|name| attribute.path().is_ident(name))
    });
}

fn text(item: &Item) -> String {
    let file = File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: vec![item.clone()],
    };
    prettyplease::unparse(&file)
}
