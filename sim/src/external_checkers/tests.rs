//! The checkers against histories written by hand, against runs, and against our own checks.

use std::collections::BTreeSet;

use super::{CheckerReport, Finding, judge};
use crate::history_file::HistoryFile;

const EXAMPLES: &str = include_str!("../../../docs/history.jsonl");

fn findings(text: &str) -> Vec<CheckerReport> {
    judge(&HistoryFile::parse(text).expect("a history"), Some(100))
}

/// Who says that something is broken.
fn broken(reports: &[CheckerReport]) -> BTreeSet<String> {
    let broken = reports.iter().filter(|report| matches!(report.finding, Finding::Broken(_)));
    broken.map(|report| format!("{} by {}", report.of, report.by)).collect()
}

#[test]
fn the_documented_examples_are_in_order() {
    for report in findings(EXAMPLES) {
        assert_eq!(report.finding, Finding::Kept, "{report}");
    }
}

/// One line of the examples changed, and who notices.
#[test]
fn a_changed_history_is_noticed() {
    const BOOK: [&str; 2] = ["the order book by todc-utils", "the order book by adya"];
    const STOCK: [&str; 1] = ["the stock of Tux by todc-utils"];
    for (what, line, from, to, by) in [
        (
            "a stale query",
            1,
            r#""invoked_ns":1,"returned_ns":2"#,
            r#""invoked_ns":8,"returned_ns":9"#,
            &STOCK[..],
        ),
        ("a stale refusal", 3, "98 left", "100 left", &STOCK),
        ("sold what is not there", 2, r#""quantity":2"#, r#""quantity":101"#, &[STOCK[0], BOOK[0], BOOK[1]]),
        ("a lost order", 6, r#""number":12"#, r#""number":10"#, &BOOK),
        ("an order that is not there yet", 6, r#""number":12"#, r#""number":11"#, &[]),
        ("another order", 5, r#""name":"Tux","quantity":2"#, r#""name":"Tux","quantity":3"#, &BOOK),
        ("another number for the same key", 7, r#""placed":10"#, r#""placed":11"#, &BOOK),
        (
            "a key used twice",
            8,
            r#"{"refused":"the Idempotency-Key was used for another order"}"#,
            r#"{"placed":10}"#,
            &BOOK[..1],
        ),
        (
            "a number that nobody asked for",
            10,
            r#""number":11,"name":"Tux","quantity":1"#,
            r#""number":11,"name":"Tux","quantity":7"#,
            &["the order book by counting"],
        ),
        ("a page with a gap", 10, r#""number":11"#, r#""number":12"#, &["the order book by counting"]),
        (
            "an answer to another question",
            5,
            r#""input":{"number":10}"#,
            r#""input":{"number":9}"#,
            &BOOK[..1],
        ),
        (
            "the product is gone",
            1,
            r#"{"product":{"name":"Tux","price":15.99,"quantity":100}}"#,
            r#""absent""#,
            &STOCK,
        ),
    ] {
        let mut lines: Vec<String> = EXAMPLES.lines().map(str::to_owned).collect();
        assert!(lines[line].contains(from), "{what}: {}", lines[line]);
        lines[line] = lines[line].replacen(from, to, 1);
        let reports = findings(&lines.join("\n"));
        let expected: BTreeSet<String> = by.iter().map(|by| (*by).to_owned()).collect();
        assert_eq!(broken(&reports), expected, "{what}");
    }
}

/// Orders in the order of their numbers: the later one must not have the lower number.
#[test]
fn numbers_follow_time() {
    let order = |key: &str, number: u64, from: u64, until: u64| {
        format!(
            r#"{{"client":0,"kind":"order","key":"{key}","input":{{"name":"Tux","quantity":1}},"invoked_ns":{from},"returned_ns":{until},"outcome":{{"placed":{number}}}}}"#
        )
    };
    for (lines, by) in [
        ([order("a", 1, 1, 2), order("b", 2, 3, 4)], 0),
        ([order("a", 2, 1, 4), order("b", 1, 3, 5)], 0),
        ([order("a", 2, 1, 2), order("b", 1, 3, 4)], 2),
        ([order("a", 1, 1, 2), order("b", 1, 3, 4)], 2),
    ] {
        assert_eq!(broken(&findings(&lines.join("\n"))).len(), by, "{lines:?}");
    }
}

/// What the catalog forgot with its file is no fault: the stock is another, and a late copy of a refused request may buy.
#[test]
fn a_rebuilt_catalog_begins_anew() {
    let opening = |rebuilt: &str| format!(r#"{{"initial":{{"Tux":9}},"restock_to":5{rebuilt}}}"#);
    let saw = |pieces: u64, at: u64| {
        format!(
            r#"{{"client":0,"kind":"query","input":{{"name":"Tux"}},"invoked_ns":{at},"returned_ns":{at},"outcome":{{"product":{{"name":"Tux","price":1.5,"quantity":{pieces}}}}}}}"#
        )
    };
    let refused = r#"{"client":0,"kind":"order","key":"k","input":{"name":"Tux","quantity":10},"invoked_ns":11,"returned_ns":12,"outcome":{"out_of_stock":"not enough in stock: 9 left"}}"#;
    let found = r#"{"client":0,"kind":"lookup","input":{"number":1},"invoked_ns":31,"returned_ns":31,"outcome":{"order":{"number":1,"name":"Tux","quantity":10}}}"#;
    let rebuilt = |pieces: u64| format!(r#","rebuilt":[{{"at_ns":20,"stock":{{"Tux":{pieces}}}}}]"#);
    const STOCK: &str = "the stock of Tux by todc-utils";
    for (rebuilt, then, by) in [
        (String::new(), vec![saw(9, 30)], vec![]),
        (String::new(), vec![saw(7, 30)], vec![STOCK]),
        (rebuilt(7), vec![saw(7, 30)], vec![]),
        (rebuilt(7), vec![saw(9, 30)], vec![STOCK]),
        (rebuilt(7), vec![saw(7, 19)], vec![STOCK]),
        (rebuilt(12), vec![found.to_owned(), saw(2, 32)], vec![]),
        (rebuilt(12), vec![found.to_owned(), saw(12, 32)], vec![STOCK]),
        (String::new(), vec![found.to_owned()], vec!["the order book by counting"]),
    ] {
        let lines = [vec![opening(&rebuilt), refused.to_owned()], then].concat();
        let by: BTreeSet<String> = by.into_iter().map(str::to_owned).collect();
        assert_eq!(broken(&findings(&lines.join("\n"))), by, "{lines:?}");
    }
}
