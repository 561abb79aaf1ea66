//! Import circles, and imports from higher layers.
//!
//! A module and its descendants may import from each other. A circle is therefore allowed if
//! one of its files is the module that contains all the others.

use std::collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry};

use crate::import_graph::ImportGraph;

type Files = BTreeSet<usize>;

/// The most circles to print for one set of files.
const MAX_SHOWN: usize = 15;

/// Describes the import circles of a crate, one text for each set of files that all import
/// each other, directly or not.
pub(crate) fn circles(graph: &ImportGraph) -> Vec<String> {
    let all = (0..graph.files.len()).collect();
    let mut tangles = Vec::new();
    find_tangles(graph, &all, &mut tangles);
    tangles
        .iter()
        .map(|tangle| describe(graph, tangle))
        .collect()
}

/// Describes the imports from higher layers. Each layer is a list of top-level modules; the
/// highest layer comes first.
pub(crate) fn upward_imports(graph: &ImportGraph, layers: &[&[&str]]) -> Vec<String> {
    let layer = |file: usize| {
        let module = graph.files[file].module.first()?;
        let found = layers
            .iter()
            .position(|layer| layer.contains(&module.as_str()));
        Some(found.ok_or(module))
    };
    let mut found = Vec::new();
    for (number, file) in graph.files.iter().enumerate() {
        if let Some(Err(module)) = layer(number) {
            found.push(format!("{}: {module} belongs to no layer", file.name));
        }
    }
    for (&(from, to), path) in &graph.imports {
        if let (Some(Ok(lower)), Some(Ok(higher))) = (layer(from), layer(to))
            && higher < lower
        {
            let (from, to) = (&graph.files[from].name, &graph.files[to].name);
            found.push(format!("{from} imports {path} from a higher layer ({to})"));
        }
    }
    found
}

/// Collects the sets of files that contain a circle that is not allowed.
fn find_tangles(graph: &ImportGraph, files: &Files, found: &mut Vec<Files>) {
    for component in strongly_connected(graph, files) {
        // All circles through a container are allowed, so only the others can be wrong.
        match container(graph, &component) {
            Some(top) => {
                let rest = component.into_iter().filter(|&file| file != top).collect();
                find_tangles(graph, &rest, found);
            }
            None => found.push(component),
        }
    }
}

/// Returns the file whose module contains the modules of all the others.
fn container(graph: &ImportGraph, files: &Files) -> Option<usize> {
    let is_container = |&file: &usize| files.iter().all(|&other| graph.is_above(file, other));
    files.iter().copied().find(is_container)
}

fn strongly_connected(graph: &ImportGraph, files: &Files) -> Vec<Files> {
    let reach: BTreeMap<usize, Files> = files
        .iter()
        .map(|&file| (file, reachable(graph, files, file)))
        .collect();
    let mut components: Vec<Files> = Vec::new();
    for &file in files {
        let is_new = components
            .iter()
            .all(|component| !component.contains(&file));
        if is_new && reach[&file].contains(&file) {
            let mutual = |&other: &usize| reach[&other].contains(&file);
            components.push(reach[&file].iter().copied().filter(mutual).collect());
        }
    }
    components
}

fn imports_of(graph: &ImportGraph, file: usize) -> impl Iterator<Item = usize> {
    graph
        .imports
        .range((file, 0)..=(file, usize::MAX))
        .map(|(&(_, to), _)| to)
}

fn reachable(graph: &ImportGraph, files: &Files, start: usize) -> Files {
    let mut found = Files::new();
    let mut open = vec![start];
    while let Some(file) = open.pop() {
        for next in imports_of(graph, file) {
            if files.contains(&next) && found.insert(next) {
                open.push(next);
            }
        }
    }
    found
}

/// Returns the shortest circle through an import.
fn shortest_circle(graph: &ImportGraph, files: &Files, from: usize, to: usize) -> Vec<usize> {
    let mut came_from = BTreeMap::from([(to, from)]);
    let mut open = VecDeque::from([to]);
    while let Some(file) = open.pop_front() {
        for next in imports_of(graph, file).filter(|next| files.contains(next)) {
            if let Entry::Vacant(entry) = came_from.entry(next) {
                entry.insert(file);
                open.push_back(next);
            }
        }
    }
    let mut circle = vec![from];
    let mut at = came_from[&from];
    while at != from {
        circle.push(at);
        at = came_from[&at];
    }
    circle.reverse();
    circle
}

fn describe(graph: &ImportGraph, tangle: &Files) -> String {
    let name = |file: usize| graph.files[file].name.as_str();
    let mut circles = BTreeSet::new();
    for &(from, to) in graph.imports.keys() {
        if tangle.contains(&from) && tangle.contains(&to) {
            let mut circle = shortest_circle(graph, tangle, from, to);
            let first = (0..circle.len()).min_by_key(|&position| circle[position]);
            circle.rotate_left(first.unwrap_or(0));
            if container(graph, &circle.iter().copied().collect()).is_none() {
                circles.insert((circle.len(), circle));
            }
        }
    }
    let names: Vec<&str> = tangle.iter().map(|&file| name(file)).collect();
    let mut text = format!("{} files in a circle: {}\n", names.len(), names.join(", "));
    for (_, circle) in circles.iter().take(MAX_SHOWN) {
        let following = circle.iter().cycle().skip(1);
        let steps: Vec<String> = circle
            .iter()
            .zip(following)
            .map(|(&from, &to)| format!("{} ({})", name(from), graph.imports[&(from, to)]))
            .collect();
        text += &format!("  {} -> {}\n", steps.join(" -> "), name(circle[0]));
    }
    if circles.len() > MAX_SHOWN {
        text += &format!("  and {} more\n", circles.len() - MAX_SHOWN);
    }
    text
}
