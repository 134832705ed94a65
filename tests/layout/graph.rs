//! Who imports whom, and the circles in that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use crate::source::Crate;

/// Names and whom each imports.
pub struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// The files of a crate.
    pub fn of_files(source: &Crate) -> Graph {
        let mut graph = Graph(BTreeMap::new());
        for file in source.files() {
            let imports = source.imports(file).map(|file| file.path.clone());
            graph.0.entry(file.path.clone()).or_default().extend(imports);
        }
        graph
    }

    /// For each folder of a crate: what is in it, where a folder in it is one thing.
    pub fn of_rooms(source: &Crate) -> impl Iterator<Item = (String, Graph)> {
        let mut folders: BTreeMap<String, Graph> = BTreeMap::new();
        for (from, imports) in Graph::of_files(source).0 {
            for to in imports {
                let Some((folder, from, to)) = part(&from, &to) else { continue };
                let graph = folders.entry(folder).or_insert_with(|| Graph(BTreeMap::new()));
                graph.0.entry(to.clone()).or_default();
                graph.0.entry(from).or_default().insert(to);
            }
        }
        folders.into_iter()
    }

    /// Who imports whom in circles, a line each; empty when there is none.
    pub fn circles(&self) -> String {
        let mut told = String::new();
        for (name, imports) in &self.0 {
            for import in imports.iter().filter(|import| self.reaches(import, name)) {
                writeln!(told, "  {name} -> {import}").expect("a text takes any text");
            }
        }
        told
    }

    fn reaches(&self, from: &str, to: &str) -> bool {
        let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
        while let Some(name) = left.pop() {
            if name == to {
                return true;
            }
            if seen.insert(name) {
                left.extend(self.0.get(name).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}

/// The folder where two files part, and the names of the two in it.
fn part(from: &str, to: &str) -> Option<(String, String, String)> {
    let names = |path: &str| -> Vec<String> {
        let path = Path::new(path).with_extension("");
        path.iter().map(|name| name.to_string_lossy().into_owned()).collect()
    };
    let (from, to) = (names(from), names(to));
    let shared = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    // A folder's own file stands for the folder.
    let (from, to, folder) = (from.get(shared)?, to.get(shared)?, from[..shared].join("/"));
    Some((folder, from.clone(), to.clone()))
}
