//! One damaged replica costs one replica, not the store: `up` and `serve` with damaged files, and
//! `toystore recover replica`.

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use support::process::{BINARY, Finished, Process, finish, toystore};
use support::store::{Cluster, Service, Up};
use support::{PATIENCE, eventually, http};
use tempfile::TempDir;

const ORDERS: u64 = 20;

/// Where redb's part of a data file begins, and the first record of a journal.
const PAGE: usize = 4096;

fn order(front_end: SocketAddr, keys: std::ops::Range<u64>) {
    for key in keys {
        let answer = http::order(front_end, &format!("key-{key}"), "Tux", 1).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
}

/// A store with orders, and its data.
fn store() -> (Up, TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    store.in_sync(&[1, 2, 3]);
    order(store.front_end, 0..ORDERS);
    (store, directory)
}

/// The data of a store that was killed: the orders are in the journals.
fn killed() -> TempDir {
    let (mut store, directory) = store();
    store.process.kill();
    directory
}

/// The data of a store that was stopped: the journals are empty, and nothing is written over a damaged file.
fn stopped() -> TempDir {
    let (mut store, directory) = store();
    assert!(store.process.terminate().success());
    directory
}

/// Changes one bit.
fn flip(file: &Path, at: usize) {
    let mut content = fs::read(file).expect("it is there");
    content[at] ^= 1;
    fs::write(file, content).expect("it is writable");
}

/// The files of a directory with their contents.
fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.file_name().expect("a name").into(), fs::read(&path).expect("a file")))
        .collect();
    files.sort();
    files
}

/// The complaint that has all these parts, once it is there.
fn complaint(process: &Process, parts: &[&str]) -> String {
    eventually(PATIENCE, &format!("it complains: {parts:?}"), || {
        let complaints = process.complaints();
        let found = complaints.lines().find(|line| parts.iter().all(|part| line.contains(part)));
        found.map(ToOwned::to_owned)
    })
}

/// Runs the command that a sentence names between backquotes, as a shell would.
fn obey(sentence: &str) -> Finished {
    let named = sentence.split('`').nth(1).unwrap_or_else(|| panic!("no command in {sentence:?}"));
    let arguments = named.strip_prefix("toystore ").unwrap_or_else(|| panic!("not ours: {named:?}"));
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec \"$0\" {arguments}"), BINARY]);
    finish(command)
}

fn recover(arguments: &[&str], config: &Path) -> Command {
    let mut command = toystore(["recover", "replica"]);
    command.args(arguments).arg("--config").arg(config);
    command
}

/// The command ends with that status and one line on stderr that says all this.
fn refused(command: Command, status: i32, parts: &[&str]) {
    let finished = finish(command);
    assert_eq!(finished.status, status, "{finished:?}");
    assert_eq!(finished.stdout, "", "{finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    for part in parts {
        assert!(finished.stderr.contains(part), "{:?} does not say {part:?}", finished.stderr);
    }
}

fn inspected(data: &Path) {
    let mut command = toystore(["inspect"]);
    command.arg(data);
    let found = finish(command);
    assert_eq!(found.status, 0, "{}\n{}", found.stdout, found.stderr);
    assert!(found.stdout.contains("The 3 books agree."), "{}", found.stdout);
}

#[test]
fn up_runs_without_a_damaged_replica_and_takes_it_back_once_it_is_recovered() {
    for (directory, file, at, why) in [
        (stopped(), "book.redb", PAGE, "order-1/book.redb is damaged"),
        (killed(), "book.redb.journal", PAGE + 40, "order-1/book.redb is damaged (the journal has record"),
    ] {
        let data = directory.path();
        flip(&data.join("order-1").join(file), at);
        let damaged = contents(&data.join("order-1"));

        let mut store = Up::start_without(data, &[2, 3]);
        let said =
            complaint(&store.process, &["the store runs without order-1", why, "it was left as it is"]);
        assert!(said.contains(&format!("`toystore recover replica 1 --data {}", data.display())), "{said}");
        assert!(!store.process.output().contains("order-1 http"), "{}", store.process.output());
        assert_eq!(http::get(store.front_end, "/readyz").expect("an answer").status, 200);
        assert_eq!(http::get(store.front_end, &format!("/orders/{ORDERS}")).expect("an answer").status, 200);
        order(store.front_end, ORDERS..ORDERS + 5);
        store.in_sync(&[2, 3]);
        assert!(contents(&data.join("order-1")) == damaged, "a file was changed");

        let done = obey(&said);
        assert_eq!(done.status, 0, "{done:?}");
        let kept = data.join("order-1.aside-1");
        for part in [kept.display().to_string().as_str(), "takes the orders from order-", "/leader"] {
            assert!(done.stdout.contains(part), "{part}: {}", done.stdout);
        }
        assert!(contents(&kept) == damaged, "{kept:?} is not what was set aside");
        let address = store.process.address("order-1");
        store.in_sync(&[1, 2, 3]);
        assert_eq!(http::get(address, "/healthz").expect("an answer").status, 200);
        order(store.front_end, ORDERS + 5..ORDERS + 10);
        assert!(store.process.terminate().success());
        inspected(data);
        assert!(contents(&kept) == damaged, "{kept:?} was changed");
    }
}

#[test]
fn a_damaged_replica_of_five_processes_is_recovered() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "token = \"s3cret\"");
    cluster.start_all();
    cluster.all_in_sync();
    let config = cluster.config.clone();
    order(cluster.front_end(), 0..ORDERS);
    for (number, file, at) in [(1, "book.redb.journal", PAGE + 40), (2, "book.redb", PAGE)] {
        if file == "book.redb" {
            cluster.process(Service::Order(1)).terminate();
        }
        cluster.kill(Service::Order(1));
        flip(&cluster.data.join("order-1").join(file), at);
        let mut serve = toystore(["serve", "order", "--id", "1", "--config"]);
        serve.arg(&config);
        let failed = finish(serve);
        assert_eq!((failed.status, failed.stdout.as_str()), (3, ""), "{failed:?}");
        assert_eq!(failed.stderr.lines().count(), 1, "{failed:?}");
        assert!(failed.stderr.contains("order-1/book.redb is damaged"), "{failed:?}");

        let done = obey(&failed.stderr);
        assert_eq!(done.status, 0, "{done:?}");
        let kept = cluster.data.join(format!("order-1.aside-{number}"));
        assert!(kept.join("book.redb").exists() && !cluster.data.join("order-1").exists());
        cluster.start(Service::Order(1));
        cluster.all_in_sync();
        order(cluster.front_end(), ORDERS * number..ORDERS * (number + 1));
    }
    cluster.terminate_all();
    inspected(&cluster.data);
}

#[test]
fn a_replica_is_not_set_aside_while_it_may_be_needed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    cluster.start_all();
    cluster.all_in_sync();
    order(cluster.front_end(), 0..ORDERS);
    let config = cluster.config.clone();
    refused(recover(&["1"], &config), 3, &["order-1 runs", "order-1/book.redb is in use", "stop it first"]);

    // The last one that is in sync, stopped: nobody else has what was acknowledged now.
    for id in [2, 3] {
        cluster.kill(Service::Order(id));
    }
    eventually(PATIENCE, "order-1 leads alone", || (cluster.in_sync() == [1]).then_some(()));
    eventually(PATIENCE, "an order is placed", || {
        http::order(cluster.front_end(), "alone", "Tux", 1).ok().filter(|answer| answer.status == 201)
    });
    cluster.kill(Service::Order(1));
    let alone = "order-1 was left as it is, since it alone may have what was acknowledged";
    let before = contents(&cluster.data.join("order-1"));
    refused(recover(&["1"], &config), 3, &[alone, "it leads itself"]);
    // Nor does it help that another, which is not in sync, runs.
    cluster.start(Service::Order(2));
    refused(recover(&["1"], &config), 3, &[alone]);
    let front_end = cluster.front_end().to_string();
    cluster.kill(Service::FrontEnd);
    refused(recover(&["1"], &config), 3, &[alone, &front_end, "does not answer", "--front-end"]);
    assert!(contents(&cluster.data.join("order-1")) == before, "a file was changed");
    assert!(!cluster.data.join("order-1.aside-1").exists());
}

#[test]
fn a_replica_without_files_needs_no_command() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    cluster.start_all();
    cluster.all_in_sync();
    order(cluster.front_end(), 0..ORDERS);
    cluster.kill(Service::Order(1));
    fs::remove_dir_all(cluster.data.join("order-1")).expect("it is there");
    let done = finish(recover(&["1"], &cluster.config));
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stdout.contains("there is nothing to set aside"), "{done:?}");
    cluster.start(Service::Order(1));
    cluster.all_in_sync();
    cluster.terminate_all();
    inspected(&cluster.data);
}

#[test]
fn what_is_wrong_with_the_command_is_said() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let cluster = Cluster::new(directory.path());
    let config = &cluster.config;
    refused(recover(&["9"], config), 2, &["no [[order]] with id 9; it has 1, 2, 3"]);
    refused(recover(&["1"], Path::new("nowhere.toml")), 2, &["cannot read nowhere.toml"]);
    refused(recover(&["1"], config), 3, &["there is no data directory", "--data"]);
    assert!(!cluster.data.exists(), "it was made");
    fs::create_dir(&cluster.data).expect("the place is free");
    for (status, body, parts) in [
        (
            "401 Unauthorized",
            r#"{"error":{"code":401,"message":"send the token"}}"#,
            &["send the token", "TOYSTORE_TOKEN"][..],
        ),
        (
            "403 Forbidden",
            r#"{"error":{"code":403,"message":"another token"}}"#,
            &["another token", "TOYSTORE_TOKEN"],
        ),
        ("200 OK", "<html>", &["does not answer (the answer is malformed"]),
        (
            "503 Service Unavailable",
            r#"{"error":{"code":503,"message":"no leader"}}"#,
            &["the store does not serve: no leader"],
        ),
    ] {
        let address = answering(status, body).to_string();
        let command = recover(&["1", "--front-end", &address], config);
        refused(command, 3, parts);
    }
    for arguments in [&["recover", "replica"][..], &["recover", "replica", "one"]] {
        assert_eq!(finish(toystore(arguments)).status, 2, "{arguments:?}");
    }
}

/// Something that gives everybody the same answer, for as long as the tests run.
fn answering(status: &str, body: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // Whoever asked may be gone.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn without_any_replica_or_another_service_there_is_no_start() {
    let up = |data: &Path| {
        let mut command = toystore(["up", "--free-ports", "--data"]);
        command.arg(data);
        command
    };
    for (file, help) in [
        ("catalog/catalog.redb", "`toystore recover catalog --data "),
        ("front-end/front-end.redb", "move its directory elsewhere: without a file it asks every replica"),
    ] {
        // A store of its own: what an earlier start wrote to the journal would mend the file.
        let directory = stopped();
        flip(&directory.path().join(file), PAGE);
        refused(up(directory.path()), 3, &[file, "is damaged", "it was left as it is; ", help]);
    }
    let directory = stopped();
    let data = directory.path();
    for id in [1, 2, 3] {
        flip(&data.join(format!("order-{id}/book.redb")), PAGE);
    }
    let each =
        ["order-1/book.redb is damaged", "order-2/book.redb is damaged", "order-3/book.redb is damaged"];
    refused(up(data), 3, &each);
    for id in [1, 2, 3] {
        flip(&data.join(format!("order-{id}/book.redb")), PAGE);
    }
    let store = Up::start(data);
    assert_eq!(http::get(store.front_end, &format!("/orders/{ORDERS}")).expect("an answer").status, 200);
}

#[test]
fn files_that_are_gone_are_named() {
    let directory = killed();
    let data = directory.path();
    // A replica's: the journal that is left of it is kept, and it joins from the others.
    fs::remove_file(data.join("order-1/book.redb")).expect("it is there");
    let mut store = Up::start(data);
    complaint(&store.process, &["order-1/book.redb is gone", "is kept as", "book.redb.journal.old"]);
    store.in_sync(&[1, 2, 3]);
    assert!(store.process.terminate().success());
    inspected(data);

    // The catalog's: what was sold is known only from the book.
    fs::remove_dir_all(data.join("catalog")).expect("it is there");
    let mut command = toystore(["up", "--free-ports", "--data"]);
    command.arg(data);
    let process = Process::start(command);
    complaint(
        &process,
        &["catalog/catalog.redb is gone", "knows of no sale", "`toystore recover catalog --data "],
    );
}
