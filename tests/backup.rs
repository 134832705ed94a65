//! `toystore backup` and `toystore restore`: what was acknowledged before a backup began is in the store that is made
//! of it, and nothing of the old store joins that.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use rustix::process::Signal;
use serde_json::Value;
use support::process::{BINARY, Finished, Process, finish, toystore};
use support::store::{Cluster, Service, Up};
use support::{PATIENCE, eventually, http};
use tempfile::TempDir;

const FILES: [&str; 3] = ["orders.jsonl", "backup.json", "SHA256SUMS"];

/// An order as its shopper remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Remembered {
    key: String,
    name: String,
    quantity: u64,
}

/// The orders that a shop's history has as acknowledged, by their numbers. A line that is being written is none yet.
fn remembered(history: &Path) -> BTreeMap<u64, Remembered> {
    let text = fs::read_to_string(history).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let orders = lines.filter(|line| line["kind"] == "order").filter_map(|line| {
        let number = line["outcome"]["placed"].as_u64()?;
        let (key, input) = (line["key"].as_str()?.to_owned(), &line["input"]);
        let (name, quantity) = (input["name"].as_str()?.to_owned(), input["quantity"].as_u64()?);
        Some((number, Remembered { key, name, quantity }))
    });
    orders.collect()
}

fn order(front_end: SocketAddr, keys: std::ops::Range<u64>) {
    for key in keys {
        let answer = http::order(front_end, &format!("key-{key}"), "Tux", 1).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

fn backup(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = toystore(["backup"]);
    command.arg(directory).args(arguments);
    command
}

fn restore(directory: &Path, data: &Path) -> Command {
    let mut command = toystore(["restore"]);
    command.arg(directory).arg("--data").arg(data);
    command
}

fn done(command: Command) -> Finished {
    let finished = finish(command);
    assert_eq!(finished.status, 0, "{finished:?}");
    finished
}

/// The command ends with that status and one line on stderr that says all this.
fn refused(command: Command, status: i32, parts: &[&str]) {
    let finished = finish(command);
    assert_eq!((finished.status, finished.stdout.as_str()), (status, ""), "{finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    for part in parts {
        assert!(finished.stderr.contains(part), "{:?} does not say {part:?}", finished.stderr);
    }
}

/// The files agree, and the stock adds up.
fn inspected(data: &Path) {
    let mut command = toystore(["inspect"]);
    command.arg(data);
    let found = done(command);
    for part in ["The 3 books agree.", "The stock adds up: what was sold is what"] {
        assert!(found.stdout.contains(part), "{}", found.stdout);
    }
}

/// How many orders a backup has.
fn orders_of(backup: &Path) -> u64 {
    let text = fs::read(backup.join("backup.json")).expect("a backup");
    let manifest: Value = serde_json::from_slice(&text).expect("JSON");
    manifest["orders"].as_u64().expect("a number")
}

/// Each order is found under its number, and a repetition of it gets that number; the next gets the one after `last`.
fn audit(front_end: SocketAddr, remembered: &BTreeMap<u64, Remembered>, last: u64) {
    for (number, Remembered { key, name, quantity }) in remembered {
        let found = http::get(front_end, &format!("/orders/{number}")).expect("an answer");
        let expected = serde_json::json!({ "number": number, "name": name, "quantity": quantity });
        assert_eq!(found.data(), expected, "{}", found.text());
        let again = http::order(front_end, key, name, *quantity).expect("an answer");
        assert_eq!((again.status, again.data()["order_number"].as_u64()), (201, Some(*number)), "{key}");
    }
    let beyond = http::get(front_end, &format!("/orders/{}", last + 1)).expect("an answer");
    assert_eq!(beyond.status, 404, "{}", beyond.text());
    let products = http::get(front_end, "/products").expect("an answer").data();
    let left = |product: &&Value| product["quantity"].as_u64() > Some(0);
    let available = products.as_array().and_then(|all| all.iter().find(left)).expect("not all is sold out");
    let name = available["name"].as_str().expect("a name");
    let next = http::order(front_end, "the-next-one", name, 1).expect("an answer");
    assert_eq!(next.data()["order_number"].as_u64(), Some(last + 1), "{}", next.text());
}

/// Five processes whose catalog restocks, and 20 clients who shop there.
fn busy(directory: &Path) -> (Cluster, Process, PathBuf) {
    let mut cluster = Cluster::new(directory);
    let config = fs::read_to_string(&cluster.config).expect("the harness wrote it");
    let restocking = config.replace("[catalog]\n", "[catalog]\nrestock_every_ms = 200\n");
    assert_ne!(config, restocking, "the harness writes another configuration than expected");
    fs::write(&cluster.config, restocking).expect("the test's directory is writable");
    cluster.start_all();
    cluster.all_in_sync();
    let history = directory.join("history.jsonl");
    let url = format!("http://{}", cluster.front_end());
    let mut shop = toystore(["shop", "--clients", "20", "--rounds", "1000000", "--url", &url, "--history"]);
    shop.arg(&history);
    (cluster, Process::start(shop), history)
}

#[test]
fn what_was_acknowledged_before_a_backup_is_in_the_store_made_of_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (mut cluster, mut shop, history) = busy(directory.path());
    let config = cluster.config.display().to_string();
    let (first, second) = (directory.path().join("first"), directory.path().join("second"));
    eventually(PATIENCE, "300 orders", || (remembered(&history).len() >= 300).then_some(()));
    let before_first = remembered(&history);
    let said = done(backup(&first, &["--config", &config]));
    assert!(said.stdout.contains("toystore restore"), "{said:?}");

    // Once more while the leader does not answer: the backup goes on from the one that takes over.
    let before_second = remembered(&history);
    let leader = eventually(PATIENCE, "a leader", || cluster.leader());
    cluster.process(leader).freeze();
    done(backup(&second, &["--config", &config]));
    cluster.process(leader).resume();

    shop.signal(Signal::INT);
    assert!(shop.wait(PATIENCE).success(), "{}", shop.complaints());
    cluster.all_in_sync();
    cluster.terminate_all();
    inspected(&cluster.data);

    for (name, backup, remembered) in [("one", &first, before_first), ("two", &second, before_second)] {
        let last = orders_of(backup);
        assert!(remembered.keys().all(|number| *number <= last), "{remembered:?} is not all in {backup:?}");
        let mut command = restore(backup, &directory.path().join(name));
        command.args(["--config", &config]);
        done(command);
        cluster.data = directory.path().join(name);
        let data = cluster.data.display().to_string();
        for service in Service::ALL {
            cluster.start_with(service, &["--data", &data]);
        }
        cluster.ready();
        audit(cluster.front_end(), &remembered, last);
        cluster.all_in_sync();
        cluster.terminate_all();
        inspected(&cluster.data);
    }
    // And in one process.
    let data = directory.path().join("three");
    done(restore(&first, &data));
    inspected(&data);
    let mut store = Up::start(&data);
    store.in_sync(&[1, 2, 3]);
    let last = orders_of(&first);
    assert_eq!(http::get(store.front_end, &format!("/orders/{last}")).expect("an answer").status, 200);
    order(store.front_end, 0..3);
    assert!(store.process.terminate().success());
    inspected(&data);
}

/// A stopped store with 20 orders, and a backup of it.
fn backed_up(directory: &TempDir) -> (PathBuf, PathBuf) {
    let (data, copy) = (directory.path().join("old"), directory.path().join("copy"));
    let mut store = Up::start(&data);
    store.in_sync(&[1, 2, 3]);
    order(store.front_end, 0..20);
    done(backup(&copy, &["--front-end", &store.front_end.to_string()]));
    order(store.front_end, 20..25);
    assert!(store.process.terminate().success());
    (data, copy)
}

/// Price, total and time of the first orders, as they are shown.
fn receipts(store: &Up) -> Vec<String> {
    let receipt =
        |number| http::get(store.front_end, &format!("/orders/{number}/receipt")).expect("an answer");
    (1..=20).map(|number| receipt(number).text()).collect()
}

#[test]
fn a_restored_order_has_the_price_and_the_time_that_it_had() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (old, copy) = backed_up(&directory);
    let new = directory.path().join("new");
    done(restore(&copy, &new));
    let (before, after) = (receipts(&Up::start(&old)), receipts(&Up::start(&new)));
    assert_eq!(before, after);
    let known = |receipt: &String| receipt.contains(r#""price":15.99,"total":15.99,"placed_at":"20"#);
    assert!(before.iter().all(known), "{before:?}");
}

/// Puts a service's directory of one store in the place of another's.
fn replace(service: &str, from: &Path, to: &Path) {
    fs::remove_dir_all(to.join(service)).expect("it is there");
    fs::create_dir(to.join(service)).expect("the place is free");
    for entry in fs::read_dir(from.join(service)).expect("it is there") {
        let path = entry.expect("an entry").path();
        fs::copy(&path, to.join(service).join(path.file_name().expect("a name"))).expect("room");
    }
}

#[test]
fn no_file_of_the_old_store_counts_in_the_new_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (old, copy) = backed_up(&directory);
    let new = directory.path().join("new");
    done(restore(&copy, &new));
    replace("order-3", &old, &new);
    let mut store = Up::start(&new);
    for number in 1..=20 {
        let found = http::get(store.front_end, &format!("/orders/{number}")).expect("an answer");
        assert_eq!(found.status, 200, "order {number}: {}", found.text());
    }
    // The old store's book had an order 21.
    assert_eq!(http::get(store.front_end, "/orders/21").expect("an answer").status, 404);
    let next = http::order(store.front_end, "next", "Fox", 3).expect("an answer");
    assert_eq!(next.data()["order_number"], 21, "{}", next.text());
    store.in_sync(&[1, 2]);
    // It has as much time to join as the others took.
    thread::sleep(std::time::Duration::from_secs(1));
    let view = http::get(store.front_end, "/leader").expect("an answer").data();
    assert_eq!(view["in_sync"], serde_json::json!([1, 2]), "{view}");
    assert!(store.process.terminate().success());

    // Without the stranger it is whole again.
    fs::remove_dir_all(new.join("order-3")).expect("it is there");
    let mut store = Up::start(&new);
    store.in_sync(&[1, 2, 3]);
    assert!(store.process.terminate().success());
    inspected(&new);

    // Another's front-end and another's catalog take no orders.
    for service in ["front-end", "catalog"] {
        let new = directory.path().join(format!("with-old-{service}"));
        done(restore(&copy, &new));
        replace(service, &old, &new);
        let mut command = toystore(["up", "--free-ports", "--data"]);
        command.arg(&new);
        let mut process = Process::start(command);
        let front_end = process.address("front-end");
        let answer = http::order(front_end, "k", "Tux", 1).expect("an answer");
        assert_eq!(answer.status, 503, "{service}: {}", answer.text());
    }
}

#[test]
fn a_damaged_backup_is_refused_and_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (_, copy) = backed_up(&directory);
    let new = directory.path().join("new");
    let nothing_left = |case: &str| {
        let left: Vec<_> = fs::read_dir(directory.path()).expect("it is there").flatten().collect();
        let left: Vec<_> = left.iter().map(|entry| entry.file_name()).collect();
        assert!(left.iter().all(|name| name == "old" || name == "copy"), "{case}: {left:?}");
    };
    for file in FILES {
        let path = copy.join(file);
        let sound = fs::read(&path).expect("it is there");
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        for (case, content) in [("flipped", &*flipped), ("cut", &sound[..sound.len() / 2]), ("empty", &[])] {
            fs::write(&path, content).expect("it is writable");
            refused(restore(&copy, &new), 3, &["copy is damaged: ", file]);
            nothing_left(case);
        }
        fs::remove_file(&path).expect("it is there");
        refused(restore(&copy, &new), 3, &["copy is no whole backup", file]);
        nothing_left("missing");
        fs::write(&path, sound).expect("it is writable");
    }
    for (directory, part) in [("nowhere", "there is no directory"), ("old", "is no whole backup")] {
        refused(restore(&copy.with_file_name(directory), &new), 3, &[part, directory]);
        nothing_left(directory);
    }
    refused(restore(&copy, &copy), 3, &["is not empty", "--data"]);
    refused(restore(&copy, &copy.with_file_name("old")), 3, &["old is not empty", "--data"]);
    refused(restore(&copy, Path::new("/")), 3, &["is not empty"]);
    nothing_left("in the way");

    // What a command that was killed has left is no obstacle; a directory that is empty is none either.
    fs::create_dir_all(new.with_extension("unfinished").join("order-1")).expect("room");
    fs::create_dir(&new).expect("room");
    done(restore(&copy, &new));
    inspected(&new);
    assert!(!new.with_extension("unfinished").exists());
}

/// The same command, on a disk where no file may have more blocks of 512 bytes.
fn on_a_full_disk(command: &Command, blocks: u32) -> Command {
    let mut full = Command::new("sh");
    full.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""), BINARY]);
    full.args(command.get_args());
    full
}

#[test]
fn a_full_disk_leaves_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (data, copy) = (directory.path().join("old"), directory.path().join("copy"));
    let store = Up::start(&data);
    order(store.front_end, 0..20);
    let front_end = store.front_end.to_string();
    let command = backup(&copy, &["--front-end", &front_end]);
    let nothing = ["copy.unfinished/orders.jsonl: File too large", "nothing of the backup is kept"];
    refused(on_a_full_disk(&command, 1), 3, &nothing);
    assert!(!copy.exists() && !copy.with_extension("unfinished").exists());
    done(command);

    let new = directory.path().join("new");
    for blocks in [4, 128] {
        let command = on_a_full_disk(&restore(&copy, &new), blocks);
        refused(command, 3, &["new.unfinished/order-", "File too large", "nothing is restored"]);
        assert!(!new.exists() && !new.with_extension("unfinished").exists());
    }
    done(restore(&copy, &new));
    inspected(&new);
}

#[test]
fn what_is_wrong_with_a_backup_is_said_and_nothing_is_left_of_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster =
        Cluster::with_settings(directory.path(), "token = \"s3cret\"\ntiming.order_deadline_ms = 300");
    let config = cluster.config.display().to_string();
    let copy = directory.path().join("copy");
    let nothing_left = || {
        assert!(!copy.exists() && !copy.with_extension("unfinished").exists());
    };
    let front_end = cluster.front_end().to_string();
    refused(backup(&copy, &["--config", &config]), 3, &[&front_end, "does not answer", "--front-end"]);
    refused(backup(&copy, &["--config", "nowhere.toml"]), 2, &["cannot read nowhere.toml"]);
    assert_eq!(finish(toystore(["backup"])).status, 2);
    nothing_left();
    cluster.start(Service::FrontEnd);
    refused(backup(&copy, &["--config", &config]), 3, &["the store does not serve: no answer in time"]);
    nothing_left();
    for service in [Service::Catalog, Service::Order(1), Service::Order(2), Service::Order(3)] {
        cluster.start(service);
    }
    cluster.ready();
    refused(backup(&copy, &["--config", &config, "--token", "wrong"]), 3, &["TOYSTORE_TOKEN"]);
    nothing_left();
    for path in ["/backup/orders?limit=1", "/backup/stock"] {
        assert_eq!(http::get(cluster.front_end(), path).expect("an answer").status, 401);
    }
    let nowhere = directory.path().join("nowhere/copy");
    refused(backup(&nowhere, &["--config", &config]), 3, &["cannot make", "nowhere/copy.unfinished"]);
    fs::write(&copy, "mine").expect("room");
    refused(backup(&copy, &["--config", &config]), 3, &["copy is there already"]);
    assert_eq!(fs::read(&copy).expect("it is there"), b"mine");
    // A store without orders has a backup too.
    let empty = directory.path().join("empty");
    done(backup(&empty, &["--config", &config]));
    let data = directory.path().join("restored");
    done(restore(&empty, &data));
    cluster.kill(Service::Catalog);
    let other = directory.path().join("other");
    refused(
        backup(&other, &["--config", &config]),
        3,
        &["the store does not serve: no answer in time", "catalog"],
    );
    assert!(!other.exists() && !other.with_extension("unfinished").exists());

    let mut store = Up::start(&data);
    let first = http::order(store.front_end, "first", "Tux", 1).expect("an answer");
    assert_eq!(first.data()["order_number"], 1, "{}", first.text());
    store.in_sync(&[1, 2, 3]);
    assert!(store.process.terminate().success());
    inspected(&data);
}
