//! docs/checks.md says what holds each rule of docs/protocol.md: no rule and no planted bug is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toystore_actors::bugs::Bug;

const PROTOCOL: &str = include_str!("../../docs/protocol.md");
const CHECKS: &str = include_str!("../../docs/checks.md");
const PLANTED: &str = include_str!("../../docs/planted-bugs.md");

/// The rules by their names: `**A1. …` is A1, and `1. **…`, in the chapter on the cache, is "cache 1".
fn rules() -> BTreeSet<String> {
    let named = PROTOCOL.lines().filter_map(|line| {
        let name = line.strip_prefix("**").and_then(|rest| rest.split_once(". "))?.0;
        let (letter, number) = name.split_at_checked(1)?;
        (letter.chars().all(|letter| letter.is_ascii_uppercase()) && number.parse::<u8>().is_ok())
            .then(|| name.to_owned())
    });
    let of_the_cache = PROTOCOL.lines().filter_map(|line| {
        let (number, text) = line.split_once(". ")?;
        let number: u8 = number.parse().ok().filter(|_| text.starts_with("**"))?;
        Some(format!("cache {number}"))
    });
    named.chain(of_the_cache).collect()
}

/// The Rust below a folder, with each test's attribute and name on one line, whatever is between them.
fn tests_of(folder: PathBuf) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("the sources are there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text += &tests_of(path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let lines = fs::read_to_string(path).expect("readable");
            let lines = lines.lines().map(str::trim).filter(|line| !line.starts_with("//"));
            text += &lines.collect::<Vec<_>>().join(" ");
        }
    }
    text
}

#[test]
fn every_rule_is_held_by_something_that_is_named() {
    let mut bugs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for bug in Bug::ALL {
        bugs.entry(bug.rule()).or_default().insert(bug.name());
    }
    let actors = tests_of(Path::new(env!("CARGO_MANIFEST_DIR")).join("../actors/src"));
    let mut left = rules();
    assert!(left.len() > 40, "{left:?}");
    for line in CHECKS.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| rule")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [rule, tables, planted, besides] = cells[..] else { panic!("{line}") };
        assert!(left.remove(rule), "no rule, or twice: {line}");
        assert!(!tables.is_empty(), "no test of {rule}");
        for table in tables.split(", ") {
            let test = format!("#[test] fn {}()", table.trim_matches('`'));
            assert!(actors.contains(&test), "{rule}: there is no {table} in actors/");
        }
        let planted: BTreeSet<&str> = planted.split(", ").filter(|name| !name.is_empty()).collect();
        assert_eq!(planted, bugs.remove(rule).unwrap_or_default(), "{rule}");
        assert!(!planted.is_empty() || !besides.is_empty(), "nothing holds {rule}");
    }
    assert!(left.is_empty(), "not in docs/checks.md: {left:?}");
    let (_, others) = CHECKS.split_once("no rule of the protocol").expect("the last paragraph");
    for bug in bugs.into_values().flatten() {
        assert!(others.contains(bug), "not in docs/checks.md: {bug}");
    }
}

/// docs/planted-bugs.md is made by `toystore-sim bugs --table`, and made again when a bug is added or says something else.
#[test]
fn the_table_of_planted_bugs_has_every_bug_and_each_was_caught() {
    let rows = PLANTED.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| bug"));
    let told: Vec<[&str; 4]> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [bug, rule, sentence, caught_by, ..] = cells[..] else { panic!("{row}") };
            [bug, rule, sentence, caught_by]
        })
        .collect();
    let bugs: Vec<[&str; 3]> = Bug::ALL.iter().map(|bug| [bug.name(), bug.rule(), bug.sentence()]).collect();
    let in_table: Vec<[&str; 3]> =
        told.iter().map(|[bug, rule, sentence, _]| [*bug, *rule, *sentence]).collect();
    assert_eq!(in_table, bugs);
    for [bug, _, _, caught_by] in told {
        assert_ne!(caught_by, "NOT CAUGHT", "{bug}");
    }
}
