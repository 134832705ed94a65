//! `toystore inspect` over the files of a real store: sound, in use, damaged, foreign, missing, out of step.

mod support;

use std::fs;
use std::path::Path;

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
    let mut command = toystore(["inspect"]);
    command.arg(data);
    finish(command)
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
    for expected in ["The 3 books agree.", "in sync [1, 2, 3]", "The stock adds up: what was sold is what"] {
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
