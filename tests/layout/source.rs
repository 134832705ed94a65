//! Which files make up a crate, and which names of its own each takes from where.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, File, Item, ItemMod, ItemUse, UseTree, Visibility};

/// A path from the root of the crate.
pub type ItemPath = Vec<String>;

/// One file, as a module.
pub struct Module {
    /// Where it is, from the folder of the crate's root.
    pub path: String,
    /// What it makes known under a name of its own: a name, and where it comes from.
    doors: BTreeMap<String, ItemPath>,
    /// What it names of its crate.
    names: BTreeSet<ItemPath>,
}

/// The files of a crate, by their module paths.
pub struct Crate(BTreeMap<ItemPath, Module>);

impl Crate {
    /// Reads a crate from its root files, and whatever modules these declare. Tests are left out.
    pub fn read(base: &Path, roots: &[&str]) -> Crate {
        let folder = base.join(roots[0]).parent().expect("a file is in a folder").to_owned();
        let read = |path: &str| fs::read_to_string(folder.join(path)).ok();
        let mut modules = BTreeMap::new();
        for root in roots {
            let name = Path::new(root).file_name().and_then(|name| name.to_str()).expect("a name");
            // A program is a crate of its own, which names the library from outside.
            let module = if name == "lib.rs" { Vec::new() } else { vec![format!("({name})")] };
            let found = add(&mut modules, &read, name.to_owned(), module);
            found.unwrap_or_else(|why| panic!("{root}: {why}"));
        }
        Crate(modules)
    }

    /// A crate of these files.
    pub fn of(files: &[(&str, &str)]) -> Result<Crate, String> {
        let files: BTreeMap<_, _> = files.iter().copied().collect();
        let mut modules = BTreeMap::new();
        add(&mut modules, &|path| files.get(path).map(ToString::to_string), "lib.rs".into(), Vec::new())?;
        Ok(Crate(modules))
    }

    /// Its files.
    pub fn files(&self) -> impl Iterator<Item = &Module> {
        self.0.values()
    }

    /// The files that hold what a file names, itself left out.
    pub fn imports<'c>(&'c self, of: &'c Module) -> impl Iterator<Item = &'c Module> {
        let named = of.names.iter().filter_map(|name| self.holder(name, 0));
        named.filter(|module| module.path != of.path)
    }

    /// The file that defines what a path names, through all doors; `None` for a module itself.
    fn holder(&self, path: &ItemPath, depth: usize) -> Option<&Module> {
        assert!(depth < 16, "{path:?} is handed on in a circle");
        let known = (0..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, name) = (self.0.get(&path[..known])?, path.get(known)?);
        match module.doors.get(name) {
            Some(from) => {
                let further: ItemPath = from.iter().chain(&path[known + 1..]).cloned().collect();
                self.holder(&further, depth + 1)
            }
            None => Some(module),
        }
    }
}

fn add(
    modules: &mut BTreeMap<ItemPath, Module>,
    read: &impl Fn(&str) -> Option<String>,
    path: String,
    module: ItemPath,
) -> Result<(), String> {
    let text = read(&path).ok_or_else(|| format!("{path} is not there"))?;
    let file: File = syn::parse_file(&text).map_err(|why| format!("{path}: {why}"))?;
    let mut reader = Reader::new(&file, &module);
    reader.visit_file(&file);
    let Reader { doors, names, children, .. } = reader;
    let stem = PathBuf::from(&path);
    let own_folder = ["lib.rs", "main.rs", "mod.rs"].iter().any(|name| stem.ends_with(name));
    let folder =
        if own_folder { stem.parent().unwrap_or(Path::new("")).to_owned() } else { stem.with_extension("") };
    modules.insert(module.clone(), Module { path, doors, names });
    for child in children {
        let inside = folder.join(&child).join("mod.rs").to_string_lossy().into_owned();
        let beside = folder.join(&child).with_extension("rs").to_string_lossy().into_owned();
        let path = if read(&beside).is_some() { beside } else { inside };
        let module = module.iter().cloned().chain([child]).collect();
        add(modules, read, path, module)?;
    }
    Ok(())
}

/// Reads what one file names.
struct Reader {
    module: ItemPath,
    /// Names that are short for a path.
    aliases: BTreeMap<String, ItemPath>,
    doors: BTreeMap<String, ItemPath>,
    names: BTreeSet<ItemPath>,
    children: Vec<String>,
}

impl Reader {
    fn new(file: &File, module: &ItemPath) -> Reader {
        let module = module.clone();
        let (aliases, doors, names) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut reader = Reader { module, aliases, doors, names, children: Vec::new() };
        for item in &file.items {
            match item {
                Item::Mod(child) if child.content.is_none() && !is_test(&child.attrs) => {
                    let name = child.ident.to_string();
                    reader.aliases.insert(name.clone(), reader.below(&name));
                    reader.children.push(name);
                }
                Item::Use(found) if !is_test(&found.attrs) => reader.take(found),
                _ => {}
            }
        }
        reader
    }

    fn below(&self, name: &str) -> ItemPath {
        self.module.iter().cloned().chain([name.to_owned()]).collect()
    }

    fn take(&mut self, found: &ItemUse) {
        let door = !matches!(found.vis, Visibility::Inherited);
        self.take_tree(&found.tree, &mut Vec::new(), door);
    }

    fn take_tree(&mut self, tree: &UseTree, before: &mut ItemPath, door: bool) {
        let (name, known_as) = match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.take_tree(&path.tree, before, door);
                before.pop();
                return;
            }
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.take_tree(tree, before, door));
                return;
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(rename) => (rename.ident.to_string(), rename.rename.to_string()),
            // What is taken as a whole is one name of that module.
            UseTree::Glob(_) => ("*".to_owned(), "*".to_owned()),
        };
        let itself = name == "self";
        let known_as = if itself { before.last().cloned().unwrap_or_default() } else { known_as };
        let path = before.iter().cloned().chain((!itself).then_some(name)).collect::<ItemPath>();
        let Some(path) = self.seen_from_root(&path) else { return };
        if door {
            self.doors.insert(known_as, path);
        } else {
            self.names.insert(path.clone());
            self.aliases.insert(known_as, path);
        }
    }

    /// A path as it is seen from the root of the crate; `None` for what is another crate's, or this file's own.
    fn seen_from_root(&self, path: &[String]) -> Option<ItemPath> {
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => self.module.clone(),
            "super" => self.module[..self.module.len().checked_sub(1)?].to_vec(),
            _ => self.aliases.get(first)?.clone(),
        };
        let mut rest = rest;
        while let Some((first, further)) = rest.split_first()
            && first == "super"
        {
            base.pop()?;
            rest = further;
        }
        Some(base.into_iter().chain(rest.iter().cloned()).collect())
    }

    fn name(&mut self, path: &[String]) {
        if path.len() > 1
            && let Some(path) = self.seen_from_root(path)
        {
            self.names.insert(path);
        }
    }

    /// The paths in what a macro is given, as far as they begin at a known place.
    fn name_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.name(&std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.name(&std::mem::take(&mut path));
                    self.name_tokens(group.stream());
                }
                _ => self.name(&std::mem::take(&mut path)),
            }
        }
        self.name(&path);
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(ItemMod { attrs, .. }) => attrs,
            Item::Fn(function) => &function.attrs,
            Item::Impl(implementation) => &implementation.attrs,
            // They were read first.
            Item::Use(_) => return,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.name(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, found: &'ast syn::Macro) {
        self.name_tokens(found.tokens.clone());
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let test = |tokens: &TokenStream| tokens.to_string() == "test";
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| test(&list.tokens)))
    })
}
