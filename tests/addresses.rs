//! Wrong addresses, another store's, and another token: whoever is not meant refuses, nothing acknowledged is lost, and
//! the log and `/readyz` name what is wrong.

mod support;

use std::fs;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::store::{Cluster, Service};
use support::{PATIENCE, eventually, http};

/// Writes a store's configuration as somebody has it who is wrong about something.
fn mistaken(cluster: &Cluster, name: &str, replaced: &[(&str, &str)]) -> PathBuf {
    let mut text = fs::read_to_string(&cluster.config).expect("the cluster has written it");
    // By way of a text that is nowhere in it, so that two can be exchanged.
    let quoted = |what: &str| format!("\"{what}\"");
    let mark = |place: usize| format!("@{place}@");
    for (place, (from, _)) in replaced.iter().enumerate() {
        assert!(text.contains(&quoted(from)), "{from} is not in {text}");
        text = text.replace(&quoted(from), &mark(place));
    }
    for (place, (_, to)) in replaced.iter().enumerate() {
        text = text.replace(&mark(place), &quoted(to));
    }
    let file = cluster.config.with_file_name(name);
    fs::write(&file, text).expect("the test's directory is writable");
    file
}

/// A configuration in which two replicas have each other's addresses.
fn exchanged(cluster: &Cluster, one: u8, other: u8) -> PathBuf {
    let (one, other) = (address(cluster, one), address(cluster, other));
    mistaken(cluster, "exchanged.toml", &[(&one, &other), (&other, &one)])
}

fn address(cluster: &Cluster, replica: u8) -> String {
    cluster.addresses[&Service::Order(replica)].to_string()
}

/// Starts a process with another configuration than the rest.
fn start_with(cluster: &mut Cluster, service: Service, config: &Path) {
    let own = std::mem::replace(&mut cluster.config, config.to_owned());
    cluster.start(service);
    cluster.config = own;
}

/// Places orders under these keys, each once, however long that takes.
fn order(front_end: SocketAddr, keys: Range<u64>) {
    for key in keys {
        eventually(PATIENCE, "the order is placed", || {
            http::order(front_end, &format!("key-{key}"), "Tux", 1).ok().filter(|answer| answer.status == 201)
        });
    }
}

/// Waits until a process has said this; it must say so once.
fn said_once(cluster: &mut Cluster, service: Service, sentence: &str) {
    eventually(PATIENCE, sentence, || {
        let complaints = cluster.process(service).complaints();
        let lines: Vec<_> = complaints.lines().filter(|line| line.contains(sentence)).collect();
        assert!(lines.len() <= 1, "{lines:?}");
        (!lines.is_empty()).then_some(())
    });
}

/// Waits until `/readyz` names a reason.
fn waits_because(cluster: &Cluster, sentence: &str) {
    eventually(PATIENCE, sentence, || {
        let answer = http::get(cluster.front_end(), "/readyz").ok()?;
        (answer.status == 503 && answer.text().contains(sentence)).then_some(())
    });
}

/// How many orders there are, by their numbers.
fn orders(cluster: &Cluster) -> u64 {
    let answer = eventually(PATIENCE, "the orders are shown", || {
        http::get(cluster.front_end(), "/orders?limit=1000").ok().filter(|answer| answer.status == 200)
    });
    answer.data().as_array().expect("a list").len() as u64
}

fn epoch(cluster: &Cluster) -> u64 {
    let view = http::get(cluster.front_end(), "/leader").expect("it answers").data();
    view["epoch"].as_u64().unwrap_or_else(|| panic!("no epoch in {view}"))
}

/// What a replica says about itself.
fn status(cluster: &Cluster, replica: u8) -> Value {
    http::get(cluster.addresses[&Service::Order(replica)], "/status").expect("it answers").data()
}

#[test]
fn a_leader_with_two_addresses_exchanged_says_so_and_loses_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    let wrong = exchanged(&cluster, 1, 2);
    for service in [Service::FrontEnd, Service::Catalog, Service::Order(1), Service::Order(2)] {
        cluster.start(service);
    }
    start_with(&mut cluster, Service::Order(3), &wrong);
    cluster.ready();
    order(cluster.front_end(), 0..5);
    let (one, two) = (address(&cluster, 1), address(&cluster, 2));
    let leader = Service::Order(3);
    said_once(&mut cluster, leader, &format!("order-1 at {two} is order-2 of this store"));
    said_once(&mut cluster, leader, &format!("order-2 at {one} is order-1 of this store"));

    cluster.kill(leader);
    cluster.start(leader);
    cluster.all_in_sync();
    cluster.kill(leader);
    cluster.ready();
    order(cluster.front_end(), 5..6);
    assert_eq!(orders(&cluster), 6);
}

#[test]
fn a_front_end_with_two_addresses_exchanged_goes_on_with_the_third_and_says_so() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    let wrong = exchanged(&cluster, 2, 3);
    cluster.start_all();
    cluster.all_in_sync();
    order(cluster.front_end(), 0..5);
    let before = epoch(&cluster);

    cluster.kill(Service::FrontEnd);
    start_with(&mut cluster, Service::FrontEnd, &wrong);
    order(cluster.front_end(), 5..10);
    assert_eq!(cluster.leader(), Some(Service::Order(1)));
    let sentence = format!("order-3 at {} is order-2 of this store", address(&cluster, 2));
    said_once(&mut cluster, Service::FrontEnd, &sentence);

    cluster.kill(Service::Order(1));
    waits_because(&cluster, &sentence);
    cluster.start(Service::Order(1));
    order(cluster.front_end(), 10..11);
    let after = epoch(&cluster);
    assert!(after < before + 20, "{before} to {after}");

    cluster.kill(Service::FrontEnd);
    cluster.start(Service::FrontEnd);
    cluster.ready();
    cluster.all_in_sync();
    assert_eq!(orders(&cluster), 11);
}

#[test]
fn another_stores_replica_refuses_and_neither_store_minds() {
    let (first, second) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("another"));
    let (mut first, mut second) = (Cluster::new(first.path()), Cluster::new(second.path()));
    for store in [&mut first, &mut second] {
        store.start_all();
        store.all_in_sync();
        order(store.front_end(), 0..3);
    }
    let (theirs, ours) = (address(&first, 2), address(&second, 2));
    let wrong = mistaken(&second, "mistaken.toml", &[(&ours, &theirs)]);
    let (view, before) = (status(&first, 2)["view"].clone(), epoch(&second));

    second.kill(Service::FrontEnd);
    start_with(&mut second, Service::FrontEnd, &wrong);
    said_once(&mut second, Service::FrontEnd, &format!("order-2 at {theirs} belongs to another store"));
    order(second.front_end(), 3..6);
    order(first.front_end(), 3..6);
    assert_eq!(status(&first, 2)["view"], view);
    let after = epoch(&second);
    assert!(after < before + 20, "{before} to {after}");
    assert_eq!((orders(&first), orders(&second)), (6, 6));
}

/// The one service that asks the front-end for its view is let in under whatever path it asks.
#[test]
fn a_catalog_that_is_started_again_alone_is_told_the_view() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    cluster.start_all();
    order(cluster.front_end(), 0..1);
    cluster.kill(Service::Catalog);
    cluster.start(Service::Catalog);
    order(cluster.front_end(), 1..2);
}

#[test]
fn another_token_is_a_reason() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "token = \"one\"");
    let other = mistaken(&cluster, "token.toml", &[("one", "another")]);
    for service in [Service::FrontEnd, Service::Catalog, Service::Order(1), Service::Order(3)] {
        cluster.start(service);
    }
    start_with(&mut cluster, Service::Order(2), &other);
    let sentence = |replica| format!("order-{replica} at {} refuses the token", address(&cluster, replica));
    let (two, three) = (sentence(2), sentence(3));
    waits_because(&cluster, &two);
    said_once(&mut cluster, Service::FrontEnd, &two);
    said_once(&mut cluster, Service::Order(2), &three);

    cluster.kill(Service::Order(2));
    cluster.start(Service::Order(2));
    cluster.ready();
}
