//! What the catalog and the replicas answer people who show the token.

use serde_json::json;

use crate::refusal::{JSON, refused};
use crate::support::store::Up;
use crate::support::{PATIENCE, eventually, http};

#[test]
fn the_replicas_and_the_catalog_answer_people_too() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    http::order(store.front_end, "key-1", "Tux", 2).expect("an answer");
    for (id, replica) in &store.orders {
        // A follower learns with the next message that the order is acknowledged.
        let found = eventually(PATIENCE, "the replica knows the order", || {
            http::get(*replica, "/1").ok().filter(|answer| answer.status == 200)
        });
        assert_eq!(found.text(), r#"{"data":{"number":1,"name":"Tux","quantity":2}}"#);
        let status = http::get(*replica, "/status").expect("an answer").data();
        assert_eq!((&status["id"], &status["last"]["number"]), (&json!(id), &json!(1)));
        let last = http::get(*replica, "/last").expect("an answer");
        assert_eq!(last.text(), r#"{"data":{"number":1,"epoch":1}}"#);
        refused("no order", &http::get(*replica, "/2").expect("an answer"), 404, "no such order");
        refused("order 0", &http::get(*replica, "/0").expect("an answer"), 404, "no such order");
        refused("no path", &http::get(*replica, "/abc").expect("an answer"), 404, "no such path");
        refused(
            "no JSON",
            &http::post(*replica, "/sync", "[").expect("an answer"),
            400,
            "not such a message",
        );
        let answer = http::request(*replica, "POST", "/sync", &[], b"{}").expect("an answer");
        refused("no JSON", &answer, 415, "application/json");
        let bincode = [("Content-Type", "application/x-toystore-bincode")];
        let answer = http::request(*replica, "POST", "/sync", &bincode, b"garbage").expect("an answer");
        refused("no message", &answer, 400, "not a well-formed message");
        // In front of a message is whom it is for: an order replica of this number; from nobody, of no store.
        let dance = |to: &[u8]| http::request(*replica, "POST", "/dance", &bincode, to).expect("an answer");
        refused("an unknown message", &dance(&[2, *id, 0, 0]), 404, "no message");
        assert_eq!(dance(&[1, 0, 0]).status, 421, "a message for the catalog");
        // The view that it follows already, as it says itself.
        let status = http::get(*replica, "/status").expect("an answer").data();
        let view = json!({ "view": status["view"] }).to_string();
        let answer = http::post(*replica, "/leader", &view).expect("an answer");
        assert_eq!((answer.status, &answer.data()["id"]), (200, &json!(id)), "{}", answer.text());
        let answer = http::get(*replica, "/syncfrom?after=0&epoch=1&limit=10").expect("an answer");
        if *id == 3 {
            assert_eq!(answer.data()["entries"][0]["number"], json!(1), "{}", answer.text());
        } else {
            refused("not the leader", &answer, 503, "does not lead");
        }
        let answer = http::request(*replica, "POST", "/syncfrom", &[JSON], b"{}").expect("an answer");
        refused("a wrong method", &answer, 405, "GET, HEAD, OPTIONS");
    }
    let tux = http::get(store.catalog, "/query/Tux").expect("an answer");
    assert_eq!(tux.text(), r#"{"data":{"name":"Tux","price":15.99,"quantity":98}}"#);
    let products = http::get(store.catalog, "/products").expect("an answer").data();
    assert!(products.as_array().is_some_and(|products| products.len() >= 16));
    let restocked = http::post(store.catalog, "/restock", "{}").expect("an answer");
    assert_eq!((restocked.status, restocked.text().as_str()), (200, r#"{"data":[]}"#));
    let leader = json!({ "reign": 0, "epoch": 1, "by": "0000000000000001", "last": 0 });
    let buy = json!({ "leader": leader, "batch": 1, "purchases": [], "settled": 0 }).to_string();
    let old = http::post(store.catalog, "/buy", &buy).expect("an answer");
    refused("a term of the past", &old, 409, "newer term");
}

#[test]
fn what_is_not_for_shoppers_wants_the_token() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start_with(directory.path(), &["--token", "s3cret"]);
    let (replica, front_end) = (store.orders[&1], store.front_end);
    for (to, method, path, public) in [
        (front_end, "GET", "/products/Tux", true),
        (front_end, "GET", "/leader", true),
        (front_end, "GET", "/healthz", true),
        (front_end, "GET", "/orders", true),
        (front_end, "GET", "/cache", true),
        (front_end, "POST", "/cache", false),
        (front_end, "POST", "/change-view", false),
        (front_end, "GET", "/metrics", false),
        (store.catalog, "GET", "/healthz", true),
        (store.catalog, "GET", "/metrics", false),
        (store.catalog, "GET", "/products", false),
        (store.catalog, "GET", "/query/Tux", false),
        (store.catalog, "POST", "/buy", false),
        (store.catalog, "POST", "/restock", false),
        (replica, "GET", "/healthz", true),
        (replica, "GET", "/metrics", false),
        (replica, "GET", "/status", false),
        (replica, "GET", "/last", false),
        (replica, "GET", "/1", false),
        (replica, "GET", "/syncfrom?epoch=1", false),
        (replica, "POST", "/orders", false),
        (replica, "POST", "/sync", false),
        (replica, "POST", "/leader", false),
    ] {
        let ask = |headers: &[(&str, &str)]| http::request(to, method, path, headers, b"").expect(path);
        if public {
            assert_eq!(ask(&[]).status, 200, "{path}");
            continue;
        }
        refused(path, &ask(&[]), 401, "cluster's token");
        refused(path, &ask(&[("Authorization", "Basic s3cret")]), 401, "cluster's token");
        for wrong in ["Bearer wrong!", "Bearer s3cre", "Bearer s3crets", "Bearer "] {
            let answer = ask(&[("Authorization", wrong)]);
            assert!([401, 403].contains(&answer.status), "{path} {wrong}: {}", answer.text());
        }
        let status = ask(&[("Authorization", "Bearer s3cret")]).status;
        assert!(![401, 403].contains(&status), "{path}: {status}");
    }
    let answer = http::get(store.orders[&2], "/status").expect("an answer");
    assert!(!answer.text().contains("s3cret"));
    let bincode = [("Content-Type", "application/x-toystore-bincode")];
    refused(
        "a peer without token",
        &http::request(replica, "POST", "/sync", &bincode, b"").expect("an answer"),
        401,
        "cluster's token",
    );
}
