//! What a process is given by whoever started it: variables that are set to nothing, signals, limits, standard error that
//! nobody reads.

mod support;

use std::fs::{File, OpenOptions};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use support::process::{BINARY, Process, toystore};
use support::{PATIENCE, eventually, http};

fn up(data: &std::path::Path) -> Command {
    let mut command = toystore(["up", "--free-ports"]);
    command.arg("--data").arg(data);
    command
}

fn ready(process: &mut Process) {
    process.line("ready", |line| line == "ready");
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = up(&directory.path().join("data"));
    for name in ["TOYSTORE_TOKEN", "TOYSTORE_CONFIG", "TOYSTORE_LOG", "TOYSTORE_LOG_FORMAT", "TOYSTORE_URL"] {
        command.env(name, "");
    }
    let mut process = Process::start(command);
    ready(&mut process);
    assert!(process.terminate().success());

    // The flag says where, so that an empty TOYSTORE_DATA would have been overruled; without the flag it is the default.
    let mut command = toystore(["up", "--free-ports"]);
    command.env("TOYSTORE_DATA", "").current_dir(directory.path());
    let mut process = Process::start(command);
    ready(&mut process);
    assert!(process.terminate().success());
    assert!(directory.path().join("toystore-data").is_dir());
}

#[test]
fn a_terminal_that_is_closed_ends_the_store_in_peace() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for signal in [Signal::HUP, Signal::TERM, Signal::INT] {
        let mut process = Process::start(up(directory.path()));
        ready(&mut process);
        process.signal(signal);
        assert!(process.wait(PATIENCE).success(), "{signal:?}: {}", process.complaints());
    }
}

/// `ulimit -f` is in blocks of 512 or 1024 bytes; files of the store begin with more than four.
#[test]
fn a_limit_of_file_sizes_is_a_full_disk() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 4 && exec \"$0\" up --free-ports --data \"$1\"", BINARY]);
    command.arg(directory.path());
    let mut process = Process::start(command);
    let status = process.wait(PATIENCE);
    assert_eq!(status.code(), Some(3), "{status}: {}", process.complaints());
    eventually(PATIENCE, "it says why", || process.complaints().contains("too large").then_some(()));
}

#[test]
fn standard_error_that_cannot_be_written_changes_no_status() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: this system has no /dev/full");
        return;
    };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("a-file");
    File::create(&file).expect("it is made");
    for (arguments, status) in [
        (&["up", "--config", "does-not-exist.toml"][..], 2),
        (&["up", "--free-ports", "--data", file.to_str().expect("plain characters")], 3),
        (&["up", "--no-such-flag"], 2),
    ] {
        let mut command = toystore(arguments);
        command.stdout(Stdio::null()).stderr(full.try_clone().expect("a second handle"));
        let ended = command.status().expect("it runs");
        assert_eq!(ended.code(), Some(status), "{arguments:?}: {ended}");
    }
}

/// What is in the cache, and what becomes of it, can be seen in the log.
#[test]
fn the_log_tells_of_the_cache() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = up(directory.path());
    command.env("TOYSTORE_LOG", "toystore::cache=debug,toystore::events=debug");
    let mut process = Process::start(command);
    let store = process.address("front-end");
    ready(&mut process);
    for name in ["Tux", "Tux"] {
        assert_eq!(http::get(store, &format!("/products/{name}")).expect("an answer").status, 200);
    }
    let products = http::get(store, "/products").expect("an answer").data();
    for product in products.as_array().expect("a list") {
        let name = product["name"].as_str().expect("a name").replace(' ', "%20").replace('\'', "%27");
        if name.is_ascii() {
            http::get(store, &format!("/products/{name}")).expect("an answer");
        }
    }
    assert_eq!(http::order(store, "key-1", "Tux", 1).expect("an answer").status, 201);
    for part in ["miss: Tux", "hit: Tux", "evicted: Tux", "drops what it cached of Tux"] {
        eventually(PATIENCE, part, || process.complaints().contains(part).then_some(()));
    }
}

#[test]
fn a_limit_of_open_files_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for limit in [16, 60, 200] {
        let mut command = Command::new("sh");
        let script = format!("ulimit -n {limit} && exec \"$0\" up --free-ports --data \"$1\"");
        command.args(["-c", &script, BINARY]).arg(directory.path());
        let mut process = Process::start(command);
        let status = process.wait(PATIENCE);
        assert_eq!(status.code(), Some(3), "{limit}: {status}: {}", process.complaints());
        let told = format!("{limit} files open at a time, and a store needs 256");
        eventually(PATIENCE, &told, || process.complaints().contains(&told).then_some(()));
    }
}

/// The store with another time of day, by way of libfaketime; the clocks that leases run on are left alone.
fn faked(time: &str, data: &std::path::Path) -> Option<Command> {
    let libraries = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = libraries.map(|entry| entry.path().join("faketime/libfaketime.so.1"));
    let Some(library) = libraries.find(|library| library.exists()) else {
        println!("skipped: libfaketime is not installed");
        return None;
    };
    let mut command = up(data);
    command.env("LD_PRELOAD", library).env("FAKETIME", time).env("DONT_FAKE_MONOTONIC", "1");
    Some(command)
}

#[test]
fn a_clock_that_no_date_can_tell_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let told = "the clock of this machine is before the year 1970; set it";
    let Some(command) = faked("@1960-01-01 00:00:00", directory.path()) else { return };
    let mut process = Process::start(command);
    let status = process.wait(PATIENCE);
    assert_eq!(status.code(), Some(3), "{status}: {}", process.complaints());
    eventually(PATIENCE, told, || process.complaints().contains(told).then_some(()));
}

#[test]
fn a_clock_that_runs_wild_is_no_reason_to_stop_selling() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(command) = faked("@9999-12-31 23:59:56", directory.path()) else { return };
    let mut process = Process::start(command);
    let front_end = process.address("front-end");
    let told = "the store goes on, and the Date of its answers stands still";
    eventually(PATIENCE, told, || process.complaints().contains(told).then_some(()));
    process.line("ready", |line| line == "ready");
    let placed = eventually(PATIENCE, "an order without a key", || {
        let order = r#"{"name":"Tux","quantity":1}"#;
        http::post(front_end, "/orders", order).ok().filter(|answer| answer.status == 201)
    });
    assert!(placed.header("idempotency-key").is_some());
    assert_eq!(http::get(front_end, "/orders/1").expect("it answers").status, 200);
    assert!(process.terminate().success(), "{}", process.complaints());
}
