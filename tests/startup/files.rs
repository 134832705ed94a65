//! Data files that are in use, damaged, or not there.

use std::fs;

use crate::commands::{config, refused, serve_order_2, up};
use crate::support::http;
use crate::support::store::Up;

#[test]
fn a_store_that_runs_keeps_its_files_to_itself() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Up::start(directory.path());
    refused(
        "held",
        up(directory.path(), None),
        3,
        &[".redb is in use by another running store", "directory"],
    );
    assert_eq!(http::order(store.front_end, "key", "Tux", 1).expect("an answer").status, 201);
    store.process.kill();
    // A killed store holds nothing.
    let store = Up::start(directory.path());
    let order = http::get(store.front_end, "/orders/1").expect("an answer");
    assert_eq!(order.text(), r#"{"data":{"number":1,"name":"Tux","quantity":1}}"#);
}

#[test]
fn damaged_and_foreign_files_are_named_and_left_as_they_are() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path();
    let mut store = Up::start(data);
    for index in 0..20 {
        http::order(store.front_end, &format!("key-{index}"), "Tux", 1).expect("an answer");
    }
    assert!(store.process.terminate().success());
    let catalog = data.join("catalog/catalog.redb");
    let book = data.join("order-2/book.redb");
    let good = fs::read(&book).expect("a book");
    let other_redb = {
        let file = data.join("other");
        drop(redb::Database::create(&file).expect("a database"));
        fs::read(&file).expect("a database")
    };
    let mut flipped = good.clone();
    for byte in &mut flipped[4096..] {
        *byte ^= 0x5a;
    }
    let mut header = good.clone();
    header[..4096].fill(0xee);
    let file = config(directory.path(), "", "[[order]]\nid = 2\naddress = \"127.0.0.1:9\"");
    let serve = || serve_order_2(&file, data);
    for (label, content, part) in [
        ("empty", Vec::new(), "not a toystore data file"),
        ("text", b"name,price,quantity\nTux,15.99,100\n".repeat(1000), "not a toystore data file"),
        ("zeros", vec![0; 1 << 20], "not a toystore data file"),
        ("the catalog's", fs::read(&catalog).expect("the catalog"), "it holds the data of the catalog"),
        (
            "another replica's",
            fs::read(data.join("order-1/book.redb")).expect("a book"),
            "it holds the data of order replica 1",
        ),
        ("another program's", other_redb, "another program's redb database"),
        ("cut", good[..good.len() / 2].to_vec(), "is damaged"),
        ("cut short", good[..5000].to_vec(), "is damaged"),
        ("flipped", flipped, "is damaged"),
        ("a broken head", header, "order-2/book.redb"),
    ] {
        fs::write(&book, &content).expect("it is written");
        let help = "`toystore recover replica 2 --config ";
        refused(label, serve(), 3, &["order-2/book.redb", part, "left as it", help]);
        assert!(fs::read(&book).expect("it is still there") == content, "{label}: the file was changed");
    }
    fs::write(&book, &good).expect("it is written");
    let store = Up::start(data);
    assert_eq!(http::get(store.front_end, "/orders/20").expect("an answer").status, 200);
}

#[test]
fn a_file_that_was_not_closed_does_not_open_without_its_journal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path();
    let mut store = Up::start(data);
    http::order(store.front_end, "key", "Tux", 1).expect("an answer");
    store.process.kill();
    let (journal, elsewhere) = (data.join("order-2/book.redb.journal"), data.join("elsewhere"));
    fs::rename(&journal, &elsewhere).expect("it is there");
    let parts = [
        "order-2/book.redb does not go with its journal",
        "which has what was written last, is missing or cannot be read",
    ];
    let file = config(data, "", "[[order]]\nid = 2\naddress = \"127.0.0.1:9\"");
    refused("no journal", serve_order_2(&file, data), 3, &parts);
    fs::rename(&elsewhere, &journal).expect("it is still there");
    let store = Up::start(data);
    assert_eq!(http::get(store.front_end, "/orders/1").expect("an answer").status, 200);
}
