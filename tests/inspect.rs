//! `toystore inspect` over the files of a real store: sound, in use, damaged, foreign, missing, out of step.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::http;
use support::process::{Finished, finish, toystore};
use support::store::Up;
use tempfile::TempDir;

/// A stopped store with eight orders, and copies of two files from when it had five.
struct Stopped {
    directory: TempDir,
    /// Replica 1's.
    older_book: Vec<u8>,
    older_catalog: Vec<u8>,
}

impl Stopped {
    fn data(&self) -> &Path {
        self.directory.path()
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.data().join(file)
    }
}

fn order(store: &Up, keys: std::ops::Range<u32>) {
    for key in keys {
        let answer = http::order(store.front_end, &format!("key-{key}"), "Tux", 2).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

/// Stops a store once all replicas have all orders.
fn stop(store: &mut Up) {
    store.in_sync(&[1, 2, 3]);
    assert!(store.process.terminate().success());
}

fn stopped() -> Stopped {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Up::start(directory.path());
    order(&store, 0..5);
    stop(&mut store);
    let older_book = fs::read(directory.path().join("order-1/book.redb")).expect("a book");
    let older_catalog = fs::read(directory.path().join("catalog/catalog.redb")).expect("a catalog");
    let mut store = Up::start(directory.path());
    order(&store, 5..8);
    stop(&mut store);
    Stopped { directory, older_book, older_catalog }
}

fn inspect(data: &Path) -> Finished {
    inspect_with(data, &[])
}

fn inspect_with(data: &Path, flags: &[&str]) -> Finished {
    let mut command = toystore(["inspect"]);
    command.args(flags).arg(data);
    finish(command)
}

/// What `--json` says, which is one object; its status is that of the process.
fn report(data: &Path) -> Value {
    let found = inspect_with(data, &["--json"]);
    let report: Value = serde_json::from_str(&found.stdout).expect("one object");
    assert_eq!(report["status"], found.status, "{report}");
    documented(&report);
    report
}

/// Every field of a report is in its manual, between backticks.
fn documented(report: &Value) {
    let manual = include_str!("../docs/inspect.md");
    match report {
        Value::Object(fields) => {
            for (name, value) in fields {
                assert!(manual.contains(&format!("`{name}`")), "docs/inspect.md does not have {name:?}");
                documented(value);
            }
        }
        Value::Array(values) => values.iter().for_each(documented),
        _ => {}
    }
}

/// Every file with its content.
fn contents(data: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(data).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            let content = fs::read(&path).expect("a file");
            files.push((path, content));
        }
    }
    files.sort();
    files
}

#[test]
fn a_sound_store_agrees() {
    let store = stopped();
    let before = contents(store.data());
    let found = inspect(store.data());
    assert_eq!(found.status, 0, "{}\n{}", found.stdout, found.stderr);
    let digests: Vec<_> = found.stdout.lines().filter(|line| line.starts_with("order-")).collect();
    assert_eq!(digests.len(), 3, "{}", found.stdout);
    for line in digests {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!((words[1], words[2], words[4].len()), ("8", "8", 16), "{line}");
    }
    for expected in ["The 3 books agree.", ", in sync 1, 2, 3", "The stock adds up: what was sold is what"] {
        assert!(found.stdout.contains(expected), "{}", found.stdout);
    }
    let tux = found.stdout.lines().find(|line| line.starts_with("Tux")).expect("a line for Tux");
    assert_eq!(tux.split_whitespace().collect::<Vec<_>>(), ["Tux", "100", "0", "16", "84"]);
    assert!(contents(store.data()) == before, "a file was changed");
}

#[test]
fn a_running_store_is_left_alone() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut store = Up::start(directory.path());
    let found = inspect(directory.path());
    assert_eq!(found.status, 3, "{}", found.stdout);
    assert_eq!(found.stderr.matches("is in use by a running store; stop it first").count(), 5);
    order(&store, 0..1);
    // Killed, not stopped: the files are as a crash leaves them, and stay so.
    store.process.kill();
    let before = contents(directory.path());
    let found = inspect(directory.path());
    // A follower that was slow may lack the order; that would be said, with status 1.
    assert_ne!(found.status, 3, "{}\n{}", found.stdout, found.stderr);
    assert!(contents(directory.path()) == before, "a file was changed");
}

#[test]
fn what_cannot_be_read_is_named() {
    let store = stopped();
    let book = store.path("order-2/book.redb");
    let sound = fs::read(&book).expect("a book");
    let mut torn = sound.clone();
    let len = torn.len();
    torn[len / 4..].fill(0xa5);
    let of_another = fs::read(store.path("order-1/book.redb")).expect("a book");
    for (content, expected) in [
        (Some(&b""[..]), "order-2/book.redb is not a toystore data file for order replica 2"),
        (Some(b"name,price\n"), "order-2/book.redb is not a toystore data file"),
        (Some(&of_another), "it holds the data of order replica 1"),
        (Some(&torn), "order-2/book.redb"),
        (Some(&sound[..sound.len() / 2]), "order-2/book.redb"),
        (None, "order-2/book.redb is not there: at its next start order-2 begins with a new file"),
    ] {
        match content {
            Some(content) => fs::write(&book, content).expect("a writable file"),
            None => fs::remove_file(&book).expect("a removable file"),
        }
        let before = contents(store.data());
        let found = inspect(store.data());
        assert_eq!(found.status, 3, "{expected}\n{}\n{}", found.stdout, found.stderr);
        assert!(found.stderr.contains(expected), "{expected}\n{}", found.stderr);
        assert_eq!(found.stderr.lines().count(), 1, "one sentence: {}", found.stderr);
        // The others are reported all the same.
        assert!(found.stdout.contains("The 2 books agree."), "{}", found.stdout);
        assert!(contents(store.data()) == before, "a file was changed");
    }
    for (data, expected) in [
        (store.path("nowhere"), "cannot read the directory"),
        (store.path("catalog"), "is no store's data directory"),
    ] {
        let found = inspect(&data);
        assert_eq!(found.status, 3, "{}", found.stdout);
        assert!(found.stderr.contains(expected), "{}", found.stderr);
    }
}

#[test]
fn replicas_that_differ_are_told_apart() {
    let store = stopped();
    fs::write(store.path("order-1/book.redb"), &store.older_book).expect("a writable file");
    let found = inspect(store.data());
    assert_eq!(found.status, 1, "{}\n{}", found.stdout, found.stderr);
    for expected in [
        "The books do not agree: they first differ at order 6:",
        "\n  order-1: nothing\n  order-2: 2 × Tux, epoch ",
        "None contradicts another, some are shorter.",
        "order-1 lacks orders 6 to 8, and is not in sync with this file: at its next start it takes them from the leader.",
        "The stock adds up",
    ] {
        assert!(found.stdout.contains(expected), "{expected}\n{}", found.stdout);
    }
}

#[test]
fn a_catalog_from_another_day_does_not_add_up() {
    let store = stopped();
    fs::write(store.path("catalog/catalog.redb"), &store.older_catalog).expect("a writable file");
    let found = inspect(store.data());
    assert_eq!(found.status, 1, "{}\n{}", found.stdout, found.stderr);
    let expected =
        "The stock does not add up:\n  Tux: the catalog sold 10, but 16 were ordered or wait to be";
    assert!(found.stdout.contains(expected), "{}", found.stdout);
    let expected = format!(
        "The catalog knows of fewer sales than there are orders: its file is older than the book. \
         `toystore recover catalog --data {}`",
        store.data().display()
    );
    assert!(found.stdout.contains(&expected), "{}", found.stdout);
}

#[test]
fn what_is_gone_is_named_with_what_becomes_of_it() {
    let store = stopped();
    for (gone, expected) in [
        ("order-1", "order-1/book.redb is not there: at its next start order-1 begins with a new file"),
        ("front-end", "at its next start the front-end asks every replica for the newest view"),
        ("catalog", "a new catalog knows of no sale; `toystore recover catalog --data "),
    ] {
        let (path, away) = (store.path(gone), store.path("away"));
        fs::rename(&path, &away).expect("it is there");
        // Empty, and then not there at all.
        fs::create_dir(&path).expect("the place is free");
        for _ in 0..2 {
            let found = inspect(store.data());
            assert_eq!(found.status, 3, "{gone}\n{}\n{}", found.stdout, found.stderr);
            assert!(found.stderr.contains(expected), "{expected}\n{}", found.stderr);
            assert_eq!(found.stderr.lines().count(), 1, "one sentence: {}", found.stderr);
            let _ = fs::remove_dir(&path);
        }
        fs::rename(&away, &path).expect("it is still there");
    }
    assert_eq!(inspect(store.data()).status, 0);
}

#[test]
fn a_damaged_replica_is_named_with_the_command_that_helps() {
    let store = stopped();
    let book = store.path("order-2/book.redb");
    let mut content = fs::read(&book).expect("a book");
    content[4096] ^= 1;
    fs::write(&book, content).expect("a writable file");
    let found = inspect(store.data());
    assert_eq!(found.status, 3, "{}\n{}", found.stdout, found.stderr);
    let command = format!("`toystore recover replica 2 --data {}`", store.data().display());
    for expected in ["order-2/book.redb is damaged", &command] {
        assert!(found.stderr.contains(expected), "{expected}\n{}", found.stderr);
    }
    // What is left is compared all the same: who is in sync has everything.
    assert!(found.stdout.contains("The stock adds up: what was sold is what"), "{}", found.stdout);
}

#[test]
fn programs_get_an_object() {
    let store = stopped();
    let found = report(store.data());
    assert_eq!(found["status"], 0);
    assert_eq!(found["data"], store.data().display().to_string());
    let [id] = found["stores"].as_array().expect("a list").as_slice() else { panic!("{found}") };
    assert_eq!(id.as_str().map(str::len), Some(16), "{found}");
    for of in [&found["front_end"], &found["catalog"], &found["replicas"][0], &found["replicas"][2]] {
        assert_eq!(&of["store"], id);
        let path = store.path(of["file"]["path"].as_str().expect("a path"));
        assert_eq!(of["file"]["bytes"], fs::metadata(path).expect("the file named").len());
    }
    assert_eq!(found["front_end"]["view"]["in_sync"], json!([1, 2, 3]));
    for (place, replica) in found["replicas"].as_array().expect("a list").iter().enumerate() {
        assert_eq!(replica["id"], place + 1);
        assert_eq!((&replica["orders"], &replica["last"]["number"]), (&8.into(), &8.into()));
        assert_eq!((&replica["in_sync"], &replica["flaw"]), (&true.into(), &Value::Null));
        assert_eq!(replica["digest"], found["replicas"][0]["digest"]);
    }
    assert_eq!(found["books"], json!({ "agree": true, "first_difference": null, "first_conflict": null }));
    assert_eq!(found["stock"]["sold"], 16);
    assert_eq!((&found["stock"]["adds_up"], &found["stock"]["compared_with"]), (&true.into(), &3.into()));
    assert_eq!(found["unreadable"], json!([]));
    let texts: Vec<_> =
        found["findings"].as_array().expect("a list").iter().map(|found| &found["text"]).collect();
    assert!(texts.contains(&&"The 3 books agree.".into()), "{found}");
}

#[test]
fn programs_are_told_what_is_wrong() {
    let store = stopped();
    let book = store.path("order-1/book.redb");
    let sound = fs::read(&book).expect("a book");
    fs::write(&book, &store.older_book).expect("a writable file");
    let found = report(store.data());
    assert_eq!((&found["status"], &found["books"]["agree"]), (&1.into(), &false.into()));
    let difference = &found["books"]["first_difference"];
    assert_eq!(difference["number"], 6);
    assert_eq!(difference["held"][0], json!({ "replica": 1, "order": null }));
    let held = &difference["held"][1];
    assert_eq!((&held["replica"], &held["order"]["purchase"]["key"]), (&2.into(), &"key-5".into()));
    assert_eq!(found["books"]["first_conflict"], Value::Null);
    assert_eq!(found["replicas"][0]["in_sync"], false);
    let findings = found["findings"].as_array().expect("a list");
    assert!(findings.iter().any(|found| found["about"] == "books" && found["contradiction"] == true));

    fs::write(&book, sound).expect("a writable file");
    fs::write(store.path("catalog/catalog.redb"), &store.older_catalog).expect("a writable file");
    let found = report(store.data());
    assert_eq!((&found["status"], &found["stock"]["adds_up"]), (&1.into(), &false.into()));
    let fault = "Tux: the catalog sold 10, but 16 were ordered or wait to be";
    let findings = found["findings"].as_array().expect("a list");
    let wrong = findings.iter().find(|found| found["contradiction"] == true).expect("a contradiction");
    assert_eq!((&wrong["about"], &wrong["details"]), (&"stock".into(), &json!([fault])));

    fs::remove_file(store.path("catalog/catalog.redb")).expect("it is there");
    let found = report(store.data());
    assert_eq!((&found["status"], &found["stock"]), (&3.into(), &Value::Null));
    assert_eq!(found["unreadable"][0]["service"], "catalog");
    let found = report(&store.path("nowhere"));
    assert_eq!((&found["status"], &found["unreadable"][0]["service"]), (&3.into(), &Value::Null));
}

#[test]
fn many_products_are_listed_when_asked_for() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let products: String = (0..30).map(|number| format!("toy-{number},1.00,{}\n", number % 10)).collect();
    fs::write(directory.path().join("catalog.csv"), format!("name,price,quantity\n{products}"))
        .expect("a file");
    let config = directory.path().join("local.toml");
    let text =
        include_str!("../configs/local.toml").replace("restock_every_ms = 10000", "restock_every_ms = 0");
    fs::write(&config, text).expect("a file");
    let data = directory.path().join("data");
    let mut store = Up::start_with(&data, &["--config", config.to_str().expect("plain characters")]);
    let answer = http::order(store.front_end, "key", "toy-1", 1).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    stop(&mut store);
    let summary = "4 are sold out. Pieces: 135 at first + 0 restocked − 1 sold = 134 in stock.";
    for (flags, listed) in [(&[][..], false), (&["--products"], true)] {
        let found = inspect_with(&data, flags);
        assert_eq!(found.status, 0, "{}\n{}", found.stdout, found.stderr);
        assert!(found.stdout.contains(summary), "{}", found.stdout);
        assert_eq!(found.stdout.contains("\ntoy-29 "), listed, "{}", found.stdout);
        assert_eq!(found.stdout.contains("--products lists them"), !listed, "{}", found.stdout);
    }
    assert_eq!(report(&data)["products"], Value::Null);
    let found = inspect_with(&data, &["--json", "--products"]);
    let found: Value = serde_json::from_str(&found.stdout).expect("one object");
    documented(&found);
    let expected = json!({ "name": "toy-1", "price_cents": 100, "initial": 1, "restocked": 0, "sold": 1, "in_stock": 0 });
    assert_eq!(found["products"][1], expected);
}

#[test]
fn files_of_two_stores_do_not_go_together() {
    let (store, other) = (stopped(), stopped());
    for file in ["book.redb", "book.redb.journal"] {
        let file = format!("order-2/{file}");
        fs::copy(other.path(&file), store.path(&file)).expect("a copy");
    }
    let found = inspect(store.data());
    assert_eq!(found.status, 1, "{}\n{}", found.stdout, found.stderr);
    for expected in [": files of 2 stores\n", "The files are not of one store", "\n  order-2: "] {
        assert!(found.stdout.contains(expected), "{expected:?}\n{}", found.stdout);
    }
    assert_eq!(report(store.data())["stores"].as_array().map(Vec::len), Some(2));
}
