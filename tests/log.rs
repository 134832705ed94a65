//! The log on standard error: sentences for people, or an object a line for programs.

mod support;

use std::fs;

use serde_json::Value;
use support::process::{Process, finish, toystore};
use support::store::{Cluster, Service, Up};
use support::{PATIENCE, eventually, http};

/// Every line that a process has written to standard error, each an object with what all have.
fn objects(process: &Process) -> Vec<Value> {
    let text = process.complaints();
    let lines = text.lines().map(|line| {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is not JSON: {error}"));
        let time = object["time"].as_str().expect("a time");
        assert_eq!((time.len(), &time[4..5], &time[10..11], &time[19..20]), (24, "-", "T", "."), "{line}");
        assert!(time.ends_with('Z'), "{line}");
        let level = object["level"].as_str().expect("a level");
        assert!(["error", "warn", "info", "debug"].contains(&level), "{line}");
        for text in ["target", "message"] {
            assert!(object[text].as_str().is_some_and(|text| !text.is_empty()), "{line}");
        }
        assert_eq!(object.get("event").is_some(), object.get("fields").is_some(), "{line}");
        object
    });
    lines.collect()
}

/// Waits for an event of a node that tells it.
fn event(process: &Process, node: &str, name: &str) -> Value {
    eventually(PATIENCE, name, || {
        objects(process).into_iter().find(|object| object["node"] == node && object["event"] == name)
    })
}

#[test]
fn a_whole_store_logs_objects() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = toystore(["up", "--free-ports", "--log-format", "json", "--data"]);
    command.arg(directory.path()).env("TOYSTORE_LOG", "debug");
    let mut store = Up::from(command);
    assert_eq!(http::order(store.front_end, "key-1", "Tux", 2).expect("an answer").status, 201);
    let placed = eventually(PATIENCE, "a leader acknowledges the order", || {
        objects(&store.process).into_iter().find(|object| object["event"] == "Acknowledged")
    });
    assert!(placed["node"].as_str().is_some_and(|node| node.starts_with("order-")), "{placed}");
    assert_eq!(placed["fields"]["through"], 1);
    assert_eq!(placed["target"], "toystore::events");
    let said = placed["message"].as_str().expect("a message");
    assert!(said.contains(" acknowledges the orders up to 1, in epoch "), "{said}");
    let saved = event(&store.process, "front-end-1", "ViewSaved");
    assert!(saved["fields"]["view"]["epoch"].is_u64(), "{saved}");
    assert!(store.process.terminate().success());
    assert!(objects(&store.process).len() > 10);
}

#[test]
fn what_up_complains_of_is_an_object_too() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let book = directory.path().join("order-2");
    fs::create_dir(&book).expect("a directory");
    fs::write(book.join("book.redb"), "damaged").expect("a file");
    let mut command = toystore(["up", "--free-ports", "--data"]);
    // Whatever is filtered: this is no matter of taste.
    command.arg(directory.path()).env("TOYSTORE_LOG_FORMAT", "json").env("TOYSTORE_LOG", "off");
    let up = Process::start(command);
    let complaint = eventually(PATIENCE, "it complains", || {
        objects(&up).into_iter().find(|object| object["node"] == "order-2")
    });
    assert_eq!(complaint["level"], "error", "{complaint}");
    let said = complaint["message"].as_str().expect("a message");
    assert!(said.starts_with("the store runs without order-2: "), "{said}");
}

#[test]
fn a_killed_leader_shows_in_the_others_logs() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "[log]\nformat = \"json\"");
    cluster.start_all();
    cluster.all_in_sync();
    let leader = http::get(cluster.front_end(), "/leader").expect("an answer").data()["leader"].clone();
    let leader = u8::try_from(leader.as_u64().expect("an id")).expect("an id");
    cluster.kill(Service::Order(leader));
    let suspected = event(cluster.process(Service::FrontEnd), "front-end-1", "LeaderSuspected");
    assert_eq!(suspected["fields"]["replica"], leader);
    let next = (1..=3).rev().find(|id| *id != leader).expect("another");
    let name = format!("order-{next}");
    let begun = event(cluster.process(Service::Order(next)), &name, "TakeoverBegan");
    assert_eq!(begun["level"], "info");
    let said = begun["message"].as_str().expect("a message");
    assert!(said.starts_with(&format!("{name} begins to lead in epoch ")), "{said}");
    event(cluster.process(Service::Order(next)), &name, "Serving");
    cluster.terminate_all();
}

#[test]
fn people_read_sentences() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "[log]\nformat = \"json\"");
    // A flag comes before the file.
    for service in Service::ALL {
        cluster.start_with(service, &["--log-format", "text"]);
    }
    cluster.all_in_sync();
    let front_end = cluster.process(Service::FrontEnd);
    eventually(PATIENCE, "it says who leads", || {
        front_end.complaints().contains("] front-end-1 saves that order-").then_some(())
    });
    for service in Service::ALL {
        let said = cluster.process(service).complaints();
        for never in ["{", "::{", "View", "Some("] {
            assert!(!said.contains(never), "{service:?} says {never:?}:\n{said}");
        }
    }
    cluster.terminate_all();
}

#[test]
fn another_format_is_wrong_usage() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = directory.path().join("config.toml");
    let text =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/configs/local.toml")).expect("it is there");
    fs::write(&config, text.replace("format = \"text\"", "format = \"xml\"")).expect("it is written");
    let config = config.to_str().expect("plain characters");
    for (arguments, expected) in [
        (&["up", "--log-format", "xml"][..], "possible values: text, json"),
        (&["up", "--config", config], "unknown variant `xml`, expected `text` or `json`"),
    ] {
        let ended = finish(toystore(arguments));
        assert_eq!(ended.status, 2, "{ended:?}");
        assert!(ended.stderr.contains(expected), "{:?} does not say {expected:?}", ended.stderr);
    }
}
