//! The tree keeps its shape: no file imports one that imports it, no room one above it, and nothing grows too long to read.

mod graph;
mod lengths;
mod source;

use std::path::Path;

use graph::Graph;
use source::Crate;

/// The crates, by their root files.
const CRATES: [&[&str]; 4] = [
    &["actors/src/lib.rs"],
    &["checks/src/lib.rs"],
    &["sim/src/lib.rs", "sim/src/main.rs"],
    &["src/lib.rs", "src/main.rs"],
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn crates() -> impl Iterator<Item = Crate> {
    CRATES.into_iter().map(|roots| Crate::read(root(), roots))
}

#[test]
fn no_file_imports_one_that_imports_it() {
    for source in crates() {
        let circle = Graph::of_files(&source).circles();
        assert!(circle.is_empty(), "files that import each other in a circle:\n{circle}");
    }
}

#[test]
fn no_room_imports_one_above_it() {
    for source in crates() {
        for (room, graph) in Graph::of_rooms(&source) {
            let circle = graph.circles();
            assert!(circle.is_empty(), "in {room}, rooms import each other in a circle:\n{circle}");
        }
    }
}

#[test]
fn files_and_functions_are_short_or_have_a_reason() {
    let complaints = lengths::complaints(root());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A check that cannot fail proves nothing.
#[test]
fn a_circle_is_found_and_a_door_is_none() {
    let files = |files: &[(&str, &str)]| Crate::of(files).expect("the example is Rust");
    let door = ("a/mod.rs", "mod x; mod y; pub use x::X; pub use y::Y;");
    let root = ("lib.rs", "mod a; mod b;");
    let b = ("b.rs", "use crate::a::X; fn f(_: X) {}");
    let y = ("a/y.rs", "pub struct Y;");
    let one_way = [root, door, ("a/x.rs", "use super::Y; pub struct X(Y);"), y, b];
    assert_eq!(Graph::of_files(&files(&one_way)).circles(), "");
    assert!(Graph::of_rooms(&files(&one_way)).all(|(_, graph)| graph.circles().is_empty()));

    let circle = [root, door, ("a/x.rs", "use crate::b::f; pub struct X;"), y, b];
    let found = Graph::of_files(&files(&circle)).circles();
    assert_eq!(found, "  a/x.rs -> b.rs\n  b.rs -> a/x.rs\n");

    // No two files, but two rooms.
    let rooms = [
        root,
        door,
        ("a/x.rs", "pub struct X;"),
        ("a/y.rs", "pub struct Y(crate::b::B);"),
        ("b.rs", "use crate::a::X; pub struct B(X);"),
    ];
    assert_eq!(Graph::of_files(&files(&rooms)).circles(), "");
    let found: String = Graph::of_rooms(&files(&rooms)).map(|(_, graph)| graph.circles()).collect();
    assert_eq!(found, "  a -> b\n  b -> a\n");
}
