//! What is not known, or not now.

use crate::refusal::{TUX, refused};
use crate::support::store::{Cluster, Service};
use crate::support::{PATIENCE, eventually, http};

/// What whoever places an order is told, once, and nobody else.
const RETRY: &str = "retry with the same Idempotency-Key";

#[test]
fn what_is_not_known_is_503_and_says_to_retry() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "timing.order_deadline_ms = 300");
    cluster.start(Service::FrontEnd);
    let front_end = cluster.front_end();
    for (path, part) in [
        ("/products/Tux", ""),
        ("/products", ""),
        ("/orders/1", ""),
        ("/leader", "no leader"),
        ("/readyz", ""),
        ("/orders", ""),
    ] {
        let answer = http::get(front_end, path).expect(path);
        refused(path, &answer, 503, part);
        // Whoever reads has no key that could be meant.
        assert_eq!(answer.text().matches("Idempotency-Key").count(), 0, "{path}: {}", answer.text());
    }
    let answer = http::order(front_end, "key-1", "Tux", 1).expect("an answer");
    refused("an order", &answer, 503, RETRY);
    assert_eq!(answer.text().matches("Idempotency-Key").count(), 1, "{}", answer.text());
    assert_eq!(answer.header("idempotency-key"), Some("key-1"));
    let answer = http::post(front_end, "/orders", TUX).expect("an answer");
    refused("an order without a key", &answer, 503, RETRY);
    assert_eq!(answer.text().matches("Idempotency-Key").count(), 1, "{}", answer.text());
    assert!(answer.header("idempotency-key").is_some());
    assert_eq!(http::get(front_end, "/healthz").expect("an answer").status, 200);
}

/// Whoever supervises the store asks when there is most to do.
#[test]
fn readiness_and_the_leader_are_told_however_much_there_is_to_do() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut cluster = Cluster::with_settings(directory.path(), "limits.max_calls = 1");
    cluster.start_all();
    cluster.ready();
    let front_end = cluster.front_end();
    cluster.process(Service::Catalog).freeze();
    // What is asked below may have the one place first: then this is asked again.
    let waiting = std::thread::spawn(move || {
        eventually(2 * PATIENCE, "the product is shown", || {
            http::get(front_end, "/products/Tux").ok().filter(|answer| answer.status == 200)
        })
    });
    eventually(PATIENCE, "the front-end has too much to do", || {
        let answer = http::get(front_end, "/orders/1").expect("an answer");
        answer.text().contains("too many").then_some(())
    });
    assert_eq!(http::get(front_end, "/leader").expect("an answer").status, 200);
    let ready = http::get(front_end, "/readyz").expect("an answer");
    assert!(!ready.text().contains("too many"), "{}", ready.text());
    cluster.process(Service::Catalog).resume();
    let answer = waiting.join().expect("no panic");
    assert_eq!(answer.status, 200, "{}", answer.text());
}
