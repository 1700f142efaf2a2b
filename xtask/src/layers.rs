//! Checks the directions that the architecture page promises: who may depend on whom, which names stay behind which
//! module, and how long a file may be. Every rule here has a line in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::workspace;

/// `from` must not reach `to` through normal dependencies.
const UNREACHABLE: &[(&str, &str)] = &[
    ("boutique-core", "kube"),
    ("boutique-core", "tokio"),
    ("boutique-core", "tonic"),
    ("tfplugin-rs", "kube"),
    ("tfplugin-rs", "boutique-core"),
    ("tfplugin-rs", "boutique-cluster"),
    ("boutique-cluster", "tonic"),
    ("boutique-cluster", "clap"),
    ("terraform-provider-boutique", "boutique-lab"),
    ("kubectl-boutique", "boutique-lab"),
    ("kubectl-boutique", "tfplugin-rs"),
    ("boutique-lite", "boutique-core"),
];

/// Crypto libraries that nothing which ships may be built with: aws-lc-rs is the one.
const OTHER_CRYPTO: [&str; 3] = ["ring", "openssl", "native-tls"];
const SHIPPED: [&str; 2] = ["terraform-provider-boutique", "kubectl-boutique"];

/// Only `owner` may depend on `dependency` directly.
const OWNED: &[(&str, &[&str])] = &[
    ("kube", &["boutique-cluster"]),
    ("k8s-openapi", &["boutique-cluster"]),
    ("tfplugin-proto", &["tfplugin-rs"]),
    ("hipstershop-proto", &["boutique-lite"]),
];

/// In the sources of `tree`, `name` may appear only below `allowed`.
const CONFINED: &[(&str, &str, &[&str])] = &[
    ("crates/tfplugin-rs/src", "tfplugin_proto", &["convert", "server", "serve"]),
    ("crates/tfplugin-rs/src", "prost::", &["convert", "server", "serve"]),
    ("crates/boutique-core/src", "std::net", &[]),
    ("crates/boutique-core/src", "std::process", &[]),
    ("provider/src", "println!", &[]),
];

/// The longest a source file may be, in lines (generated code excepted).
const LONGEST_FILE: usize = 600;

/// All broken rules as one error.
pub(crate) fn check() -> Result<()> {
    let graph = Graph::read()?;
    let mut broken = graph.unreachable_rules();
    broken.extend(graph.ownership_rules());
    broken.extend(crypto_rules()?);
    broken.extend(source_rules()?);
    if broken.is_empty() {
        return Ok(());
    }
    bail!("{} rule(s) of the architecture broken:\n  {}", broken.len(), broken.join("\n  "))
}

struct Graph {
    members: BTreeSet<String>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

impl Graph {
    fn read() -> Result<Self> {
        let json = workspace::output(&mut workspace::cargo(&["metadata", "--format-version", "1", "--locked"]))?;
        let metadata: Metadata = serde_json::from_str(&json).context("cargo metadata answered something unexpected")?;
        let names: BTreeMap<&str, &str> =
            metadata.packages.iter().map(|package| (package.id.as_str(), package.name.as_str())).collect();
        let name = |id: &str| names.get(id).map_or_else(|| id.to_owned(), |name| (*name).to_owned());
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in &metadata.resolve.nodes {
            let normal = node.deps.iter().filter(|dep| dep.dep_kinds.iter().any(|kind| kind.kind.is_none()));
            edges.entry(name(&node.id)).or_default().extend(normal.map(|dep| name(&dep.pkg)));
        }
        Ok(Self { members: metadata.workspace_members.iter().map(|id| name(id)).collect(), edges })
    }

    fn unreachable_rules(&self) -> Vec<String> {
        UNREACHABLE
            .iter()
            .filter_map(|(from, to)| {
                self.path(from, to).map(|path| format!("{from} reaches {to}: {}", path.join(" → ")))
            })
            .collect()
    }

    fn ownership_rules(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (dependency, owners) in OWNED {
            for member in self.members.iter().filter(|member| !owners.contains(&member.as_str())) {
                if self.edges.get(member).is_some_and(|deps| deps.contains(*dependency)) {
                    broken.push(format!("{member} depends on {dependency}, which belongs to {}", owners.join(", ")));
                }
            }
        }
        broken
    }

    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut paths = vec![vec![from.to_owned()]];
        while let Some(path) = paths.pop() {
            let last = path.last()?;
            if last == to {
                return Some(path);
            }
            for next in self.edges.get(last).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    paths.push(path.iter().cloned().chain([next.clone()]).collect());
                }
            }
        }
        None
    }
}

/// `cargo tree` rather than the graph above: that one also holds optional dependencies that no feature turns on.
fn crypto_rules() -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for shipped in SHIPPED {
        let tree =
            ["tree", "--package", shipped, "--edges", "normal", "--prefix", "none", "--format", "{p}", "--locked"];
        let built = workspace::output(&mut workspace::cargo(&tree))?;
        let names: BTreeSet<&str> = built.lines().filter_map(|line| line.split(' ').next()).collect();
        let others = OTHER_CRYPTO.iter().filter(|name| names.contains(**name));
        broken.extend(others.map(|name| format!("{shipped} is built with {name}, besides aws-lc-rs")));
    }
    Ok(broken)
}

fn source_rules() -> Result<Vec<String>> {
    let root = workspace::root();
    let mut broken = Vec::new();
    for tree in ["crates", "provider", "kubectl-boutique", "proto", "tests", "xtask"] {
        for file in rust_files(&root.join(tree))? {
            let lines = fs::read_to_string(&file)?.lines().count();
            if lines > LONGEST_FILE {
                broken.push(format!("{} has {lines} lines, more than {LONGEST_FILE}", shown(&file)));
            }
        }
    }
    for (tree, name, allowed) in CONFINED {
        let tree = root.join(tree);
        for file in rust_files(&tree)? {
            let inside = file.strip_prefix(&tree).unwrap_or(&file);
            let first = inside.iter().next().unwrap_or_default().to_string_lossy();
            if allowed.iter().any(|module| first == *module || first == format!("{module}.rs")) {
                continue;
            }
            let text = fs::read_to_string(&file)?;
            if text.lines().any(|line| line.contains(name) && !line.trim_start().starts_with("//")) {
                broken.push(format!("{} names {name}, which may appear only in {allowed:?}", shown(&file)));
            }
        }
    }
    Ok(broken)
}

/// The Rust sources below a folder, generated ones left out.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "gen" && name != "target" {
            files.extend(rust_files(&path)?);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
    Ok(files)
}

fn shown(file: &Path) -> String {
    file.strip_prefix(workspace::root()).unwrap_or(file).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let edges: BTreeMap<String, BTreeSet<String>> = edges
            .iter()
            .map(|(from, to)| ((*from).to_owned(), to.iter().map(|name| (*name).to_owned()).collect()))
            .collect();
        Graph { members: edges.keys().cloned().collect(), edges }
    }

    #[test]
    fn a_forbidden_edge_is_found_through_other_crates_and_its_path_is_named() {
        let graph = graph(&[("boutique-core", &["serde", "middle"]), ("middle", &["kube"])]);
        assert_eq!(graph.unreachable_rules(), ["boutique-core reaches kube: boutique-core → middle → kube"]);
    }

    #[test]
    fn a_second_owner_of_the_cluster_library_is_refused() {
        let graph = graph(&[("boutique-cluster", &["kube"]), ("provider", &["kube"])]);
        assert_eq!(graph.ownership_rules(), ["provider depends on kube, which belongs to boutique-cluster"]);
    }

    #[test]
    fn the_workspace_keeps_its_own_rules() {
        check().unwrap();
    }
}
