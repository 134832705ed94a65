//! How long files and functions are.

use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

/// Where the project's Rust is.
const FOLDERS: [&str; 8] = ["actors", "checks", "sim", "src", "tests", "benches", "bench/src", "spec"];

/// Past that, look again.
const FILE_LINES: usize = 400;

/// Past that, look again.
const FUNCTION_LINES: usize = 70;

/// What is longer, and why: a file, or a function of one.
const REASONS: &[(&str, &str)] = &[
    ("actors/src/probe/sentence.rs: fmt", "a sentence for each event, in one exhaustive match"),
    ("sim/src/fault_injector/injector.rs: begin", "what each fault does, in one exhaustive match"),
    ("sim/src/faults/display.rs: fmt", "a sentence for each fault, in one exhaustive match"),
    ("spec/memory/src/faults.rs: faults", "what may be lost, one block for each"),
];

/// What is too long without a reason, and reasons for what is not too long.
pub fn complaints(root: &Path) -> Vec<String> {
    let mut long = Vec::new();
    for folder in FOLDERS {
        measure(root, &root.join(folder), &mut long);
    }
    let excused = |name: &str| REASONS.iter().any(|(excused, _)| *excused == name);
    let unused = REASONS.iter().filter(|(name, _)| !long.iter().any(|(found, _)| found == name));
    let unused = unused.map(|(name, _)| format!("{name} is short enough, and needs no reason"));
    let told = long
        .iter()
        .filter(|(name, _)| !excused(name))
        .map(|(name, lines)| format!("{name} has {lines} lines"));
    told.chain(unused).collect()
}

fn measure(root: &Path, folder: &Path, long: &mut Vec<(String, usize)>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("a folder of the project")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if !path.ends_with("target") {
                measure(root, &path, long);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            measure_file(&name, &fs::read_to_string(&path).expect("a readable file"), long);
        }
    }
}

fn measure_file(name: &str, text: &str, long: &mut Vec<(String, usize)>) {
    let lines = text.lines().count();
    if lines > FILE_LINES {
        long.push((name.to_owned(), lines));
    }
    let file = syn::parse_file(text).unwrap_or_else(|why| panic!("{name}: {why}"));
    let mut functions = Functions { name, long };
    functions.visit_file(&file);
}

struct Functions<'f> {
    name: &'f str,
    long: &'f mut Vec<(String, usize)>,
}

impl Functions<'_> {
    fn see(&mut self, signature: &Signature, block: &Block) {
        let lines = block.brace_token.span.close().end().line + 1 - signature.fn_token.span.start().line;
        if lines > FUNCTION_LINES {
            self.long.push((format!("{}: {}", self.name, signature.ident), lines));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.see(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.see(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.see(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}
