//! Services that find each other, or wait.

use std::fs;

use crate::support::store::{Cluster, Service, Up};
use crate::support::{PATIENCE, eventually, http};

#[test]
fn five_processes_share_a_token() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "token = \"s3cret\"");
    cluster.start_all();
    assert_eq!(http::order(cluster.front_end(), "key", "Tux", 1).expect("an answer").status, 201);
    let refused = http::get(cluster.addresses[&Service::Order(1)], "/status").expect("an answer");
    assert_eq!(refused.status, 401);
}

#[test]
fn memory_at_rest_is_small() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    http::order(store.front_end, "key", "Tux", 1).expect("an answer");
    if let Some(resident) = store.process.resident_kib() {
        assert!(resident <= 64 << 10, "{resident} KiB are resident");
    }
}

/// Whoever supervises `up` is told which part of it does not run.
#[test]
fn healthz_names_the_part_that_does_not_run() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let first = Up::start(directory.path());
    first.in_sync(&[1, 2, 3]);
    drop(first);
    let book = directory.path().join("order-2");
    fs::write(book.join("book.redb"), "damaged").expect("a file");
    let up = Up::start_without(directory.path(), &[1, 3]);
    let health = || http::get(up.front_end, "/healthz").expect("it answers").data();
    assert_eq!(health(), serde_json::json!({ "status": "alive", "stopped": ["order-2"] }));
    fs::rename(&book, directory.path().join("elsewhere")).expect("it can be moved");
    eventually(PATIENCE, "all of it runs", || {
        (health() == serde_json::json!({ "status": "alive" })).then_some(())
    });
}

/// Five fresh services, the catalog last: its file is not gone, it was never there.
#[test]
fn a_catalog_that_starts_after_the_replicas_is_not_taken_for_one_that_lost_its_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::new(directory.path());
    for service in
        [Service::Order(1), Service::Order(2), Service::Order(3), Service::FrontEnd, Service::Catalog]
    {
        cluster.start(service);
    }
    cluster.ready();
    let said = cluster.process(Service::Catalog).complaints();
    assert!(!said.contains("is gone"), "{said}");
}

/// One replica is missing at the very first start: nobody knows whether it remembers a store, so all wait for it, and say so.
#[test]
fn a_first_start_waits_for_every_replica_and_says_for_whom() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "[timing]\norder_deadline_ms = 500\n");
    for service in [Service::FrontEnd, Service::Catalog, Service::Order(1), Service::Order(3)] {
        cluster.start(service);
    }
    let front_end = cluster.front_end();
    eventually(PATIENCE, "/readyz says for whom it waits", || {
        let answer = http::get(front_end, "/readyz").ok()?;
        (answer.status == 503 && answer.text().contains("order-2")).then_some(())
    });
    let said = "`toystore recover` goes on without them";
    eventually(PATIENCE, said, || {
        cluster.process(Service::FrontEnd).complaints().contains(said).then_some(())
    });
    let answer = http::order(front_end, "early", "Tux", 1).expect("it answers");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("passed on to nobody"), "{}", answer.text());
    cluster.start(Service::Order(2));
    cluster.ready();
    assert_eq!(http::order(front_end, "early", "Tux", 1).expect("it answers").status, 201);
    let orders = http::get(front_end, "/orders").expect("it answers").data();
    assert_eq!(orders.as_array().map(Vec::len), Some(1));
}
