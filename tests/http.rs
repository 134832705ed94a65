//! Every row of the error table, and every bad input, against the real binary.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::http::{self, Response};
use support::store::{self, Cluster, Service, Up};
use support::{PATIENCE, eventually};

const JSON: (&str, &str) = ("Content-Type", "application/json");

/// What a request is answered with when it is refused: the status, the shape of the body and a part of its
/// message.
fn refused(label: &str, answer: &Response, status: u16, part: &str) {
    assert_eq!(answer.status, status, "{label}: {}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
    let body = answer.json();
    let message = body["error"]["message"].as_str().unwrap_or_else(|| panic!("{label}: {body}"));
    assert!(message.contains(part), "{label}: {message:?} does not say {part:?}");
    assert_eq!(body, json!({ "error": { "code": status, "message": message } }), "{label}");
    assert_eq!(answer.header("retry-after").is_some(), status == 503, "{label}");
    assert_eq!(answer.header("allow").is_some(), status == 405, "{label}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
}

struct Row {
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    status: u16,
    part: &'static str,
}

const fn read(path: &'static str, status: u16, part: &'static str) -> Row {
    Row { method: "GET", path, headers: &[], body: "", status, part }
}

const fn order(body: &'static str, status: u16, part: &'static str) -> Row {
    Row { method: "POST", path: "/orders", headers: &[JSON], body, status, part }
}

const TUX: &str = r#"{"name":"Tux","quantity":1}"#;

const fn keyed(headers: &'static [(&'static str, &'static str)], status: u16, part: &'static str) -> Row {
    Row { method: "POST", path: "/orders", headers, body: TUX, status, part }
}

const fn wrong_method(method: &'static str, path: &'static str) -> Row {
    Row { method, path, headers: &[], body: "", status: 405, part: "only answers" }
}

const WHOLE: &str = "expected a whole number from 1 to 1,000,000";

const REFUSED: &[Row] = &[
    // Products.
    read("/products/Unicorn", 404, "no such product"),
    read("/products/tux", 404, "no such product"),
    read("/products/Tux%2FTux", 404, "no such product"),
    read("/products/%00", 404, "no such product"),
    read("/products//", 400, "the product name is empty"),
    read("/products/%FF", 400, "UTF-8"),
    read("/products/%C3%28", 400, "UTF-8"),
    read("/products/Tux/price", 404, "no such path"),
    // Orders by number.
    read("/orders/0", 404, "no such order"),
    read("/orders/999999", 404, "no such order"),
    read("/orders/18446744073709551615", 404, "no such order"),
    read("/orders/18446744073709551616", 404, "no such order"),
    read("/orders/99999999999999999999999999999999", 404, "no such order"),
    read("/orders/abc", 400, "whole number"),
    read("/orders/-1", 400, "whole number"),
    read("/orders/+1", 400, "whole number"),
    read("/orders/1e3", 400, "whole number"),
    read("/orders/1.0", 400, "whole number"),
    read("/orders/%31x", 400, "whole number"),
    read("/orders//", 400, "whole number"),
    read("/orders?after=x", 400, "parameters"),
    read("/orders?after=-1", 400, "parameters"),
    read("/orders?after=1&after=2", 400, "parameters"),
    read("/orders?colour=red", 400, "parameters"),
    read("/orders?limit=0", 400, "limit must be"),
    read("/orders?limit=1001", 400, "limit must be"),
    // Bodies of orders.
    order(r#"{"name":"Unicorn","quantity":1}"#, 404, "no such product"),
    order(r#"{"name":"Tux","quantity":101}"#, 409, "100 left"),
    order(r#"{"name":"Tux","quantity":1000000}"#, 409, "100 left"),
    order(r#"{"name":"Tux","quantity":0}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":-1}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":1000001}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":18446744073709551616}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":1e3}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":1.0}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":"1"}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":null}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":[1]}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":+50}"#, 400, "not an order"),
    order(r#"{"name":"Tux","quantity":NaN}"#, 400, "not an order"),
    order(r#"{"name":"Tux","quantity":01}"#, 400, "not an order"),
    order(r#"{"name":"Tux"}"#, 400, "missing field `quantity`"),
    order(r#"{"quantity":1}"#, 400, "missing field `name`"),
    order("{}", 400, "missing field"),
    order(r#"{"name":"Tux","quantity":1,"price":0}"#, 400, "unknown field `price`"),
    order(r#"{"name":"Tux","quantity":1,"quantity":2}"#, 400, "duplicate field `quantity`"),
    order(r#"{"name":"Tux","name":"Fox","quantity":1}"#, 400, "duplicate field `name`"),
    order(r#"{"name":"","quantity":1}"#, 400, "name is empty"),
    order(r#"{"name":null,"quantity":1}"#, 400, "expected a string"),
    order(r#"{"name":"\ud800","quantity":1}"#, 400, "not an order"),
    order(r#"["Tux",1]"#, 400, "list"),
    order(r#""Tux""#, 400, "expected an object"),
    order("null", 400, "expected an object"),
    order("", 400, "not an order"),
    order("{", 400, "not an order"),
    order(r#"{"name":"Tux","quantity":1} x"#, 400, "trailing"),
    order("name=Tux&quantity=1", 400, "not an order"),
    // Kinds of bodies.
    keyed(&[("Content-Type", "")], 415, "application/json"),
    keyed(&[JSON, ("Content-Encoding", "gzip")], 415, "Content-Encoding: gzip"),
    keyed(&[("Content-Type", "text/plain")], 415, "application/json"),
    keyed(&[("Content-Type", "application/x-www-form-urlencoded")], 415, "application/json"),
    keyed(&[("Content-Type", "application/jsonp")], 415, "application/json"),
    // Request ids.
    keyed(&[JSON, ("Idempotency-Key", "")], 400, "visible ASCII"),
    keyed(&[JSON, ("Idempotency-Key", "a b")], 400, "visible ASCII"),
    keyed(&[JSON, ("Idempotency-Key", "ключ")], 400, "visible ASCII"),
    keyed(&[JSON, ("Idempotency-Key", "a"), ("Idempotency-Key", "a")], 400, "two Idempotency-Key"),
    keyed(
        &[JSON, ("Idempotency-Key", "0123456789012345678901234567890123456789012345678901234567890123+")],
        400,
        "visible ASCII",
    ),
    // Paths and methods.
    read("/nothing", 404, "no such path; there are GET /products,"),
    read("/products/Tux//", 404, "no such path"),
    read("/place", 404, "no such path"),
    wrong_method("DELETE", "/orders"),
    wrong_method("PUT", "/orders/1"),
    wrong_method("POST", "/products"),
    wrong_method("POST", "/products/Tux"),
    wrong_method("GET", "/order"),
    wrong_method("OPTIONS", "/orders"),
    wrong_method("PATCH", "/leader"),
    wrong_method("GET", "/change-view"),
    wrong_method("PUT", "/cache"),
    wrong_method("DELETE", "/orders/"),
    wrong_method("GET", "/order/"),
    wrong_method("POST", "/healthz"),
];

#[test]
fn every_bad_request_is_refused_with_a_reason() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    for row in REFUSED {
        let label = format!("{} {} {:?} {}", row.method, row.path, row.headers, row.body);
        let answer = http::request(store.front_end, row.method, row.path, row.headers, row.body.as_bytes());
        refused(&label, &answer.expect(&label), row.status, row.part);
    }
    let long = "x".repeat(129);
    let answer = http::get(store.front_end, &format!("/products/{long}")).expect("an answer");
    refused("a long name", &answer, 400, "129 bytes");
    let body = json!({ "name": long, "quantity": 1 }).to_string();
    let answer = http::post(store.front_end, "/orders", &body).expect("an answer");
    refused("an order of a long name", &answer, 400, "129 bytes");
    let padding = " ".repeat(16 << 10);
    let answer = http::post(store.front_end, "/orders", &format!("{TUX}{padding}")).expect("an answer");
    refused("a long body", &answer, 413, "16 KiB");
    // None of this has sold or ordered anything.
    let tux = http::get(store.front_end, "/products/Tux").expect("an answer");
    assert_eq!(tux.text(), r#"{"data":{"name":"Tux","price":15.99,"quantity":100}}"#);
    assert_eq!(
        http::get(store.front_end, "/orders").expect("an answer").text(),
        r#"{"data":[],"next":null}"#
    );
}

#[test]
fn answers_have_the_shapes_that_clients_rely_on() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let placed = http::order(store.front_end, "key-1", "Tux", 2).expect("an answer");
    assert_eq!((placed.status, placed.text().as_str()), (201, r#"{"data":{"order_number":1}}"#));
    assert_eq!(placed.header("location"), Some("/orders/1"));
    assert_eq!(placed.header("idempotency-key"), Some("key-1"));
    let again = http::order(store.front_end, "key-1", "Tux", 2).expect("an answer");
    assert_eq!((again.status, again.text()), (201, placed.text()));
    let other = http::order(store.front_end, "key-1", "Tux", 3).expect("an answer");
    refused("a key used for another body", &other, 422, "Idempotency-Key was used");
    let same_body = r#" {"quantity": 3, "name": "T\u0075x"} "#;
    let placed = http::post(store.front_end, "/order", same_body).expect("an answer");
    assert_eq!((placed.status, placed.text().as_str()), (201, r#"{"data":{"order_number":2}}"#));
    let own_key = placed.header("idempotency-key").expect("a key of the store's own");
    let again = http::order(store.front_end, own_key, "Tux", 3).expect("an answer");
    assert_eq!(again.text(), placed.text());

    for (path, expected) in [
        ("/orders/1", r#"{"data":{"number":1,"name":"Tux","quantity":2}}"#),
        ("/orders/2/", r#"{"data":{"number":2,"name":"Tux","quantity":3}}"#),
        ("/products/Tux/", r#"{"data":{"name":"Tux","price":15.99,"quantity":95}}"#),
        ("/product/Tux", r#"{"data":{"name":"Tux","price":15.99,"quantity":95}}"#),
        ("/orders/2?", r#"{"data":{"number":2,"name":"Tux","quantity":3}}"#),
        ("/products/Tux", r#"{"data":{"name":"Tux","price":15.99,"quantity":95}}"#),
        ("/products/%54%75%78", r#"{"data":{"name":"Tux","price":15.99,"quantity":95}}"#),
        ("/products/Rubik%27s%20Cube", r#"{"data":{"name":"Rubik's Cube","price":11.89,"quantity":100}}"#),
        (
            "/products/Matryoshka%20%D0%9C%D0%B0%D1%82%D1%80%D1%91%D1%88%D0%BA%D0%B0",
            r#"{"data":{"name":"Matryoshka Матрёшка","price":39.60,"quantity":100}}"#,
        ),
        ("/orders?limit=1", r#"{"data":[{"number":1,"name":"Tux","quantity":2}],"next":1}"#),
        ("/orders?after=1", r#"{"data":[{"number":2,"name":"Tux","quantity":3}],"next":null}"#),
        ("/leader", r#"{"data":{"leader":3,"epoch":1,"in_sync":[1,2,3]}}"#),
        ("/healthz", r#"{"data":{"status":"alive"}}"#),
        ("/readyz", r#"{"data":{"status":"ready"}}"#),
        ("/readyz/", r#"{"data":{"status":"ready"}}"#),
        // The one that was asked for last comes first.
        ("/cache", r#"{"data":["Matryoshka Матрёшка","Rubik's Cube","Tux"]}"#),
    ] {
        let answer = http::get(store.front_end, path).expect(path);
        assert_eq!((answer.status, answer.text().as_str()), (200, expected), "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(placed.header("cache-control"), Some("no-store"));
    let paths = http::get(store.front_end, "/").expect("an answer").data();
    assert!(paths["paths"].as_str().is_some_and(|paths| paths.contains("POST /orders")), "{paths}");
    let products = http::get(store.front_end, "/products").expect("an answer").data();
    let products = products.as_array().expect("a list");
    assert!(products.len() >= 16);
    assert_eq!(products[0], json!({ "name": "Tux", "price": 15.99, "quantity": 95 }));
    // A HEAD announces the body that a GET would have, and sends none.
    let mut stream = http::connect(store.front_end).expect("a connection");
    stream
        .write_all(b"HEAD /products/Fox HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.contains("content-length: 52"), "{answer}");
}

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
        refused("a wrong method", &answer, 405, "GET, HEAD");
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
fn toys_may_have_any_name() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let catalog = "name,price,quantity\n\
                   A/B,1.00,5\n100% Wool,2.50,5\na+b,3.05,5\nÜnïcorn 🦄,4.00,5\n\"?#&\"\"\\\",5.00,5\n.,6.00,5\n";
    let config = store::with_catalog(directory.path(), catalog);
    let config = config.to_str().expect("a path of plain characters");
    let store = Up::start_with(&directory.path().join("data"), &["--config", config]);
    for (path, name, price) in [
        ("A%2FB", "A/B", 1.0),
        ("100%25%20Wool", "100% Wool", 2.5),
        ("a+b", "a+b", 3.05),
        ("a%2Bb", "a+b", 3.05),
        ("%C3%9Cn%C3%AFcorn%20%F0%9F%A6%84", "Ünïcorn 🦄", 4.0),
        ("Ünïcorn%20🦄", "Ünïcorn 🦄", 4.0),
        ("%3F%23%26%22%5C", "?#&\"\\", 5.0),
        ("%2E", ".", 6.0),
    ] {
        let answer = http::get(store.front_end, &format!("/products/{path}")).expect(path);
        if path.is_ascii() {
            let expected = json!({ "name": name, "price": price, "quantity": 5 });
            assert_eq!(answer.data(), expected, "{path}: {}", answer.text());
        } else {
            // Bytes beyond ASCII have no place in a request's first line; what counts is a plain refusal.
            assert!(answer.status == 200 || answer.status == 400, "{path}: {}", answer.text());
        }
    }
    for (index, name) in ["A/B", "100% Wool", "a+b", "Ünïcorn 🦄", "?#&\"\\", "."].iter().enumerate() {
        let placed = http::order(store.front_end, &format!("key-{index}"), name, 5).expect("an answer");
        assert_eq!(placed.status, 201, "{name}: {}", placed.text());
        let order = http::get(store.front_end, &format!("/orders/{}", index + 1)).expect("an answer").data();
        assert_eq!(order["name"], Value::from(*name));
    }
}

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
        refused(path, &http::get(front_end, path).expect(path), 503, part);
    }
    let answer = http::order(front_end, "key-1", "Tux", 1).expect("an answer");
    refused("an order", &answer, 503, "retry with the same Idempotency-Key");
    assert_eq!(answer.header("idempotency-key"), Some("key-1"));
    let answer = http::post(front_end, "/orders", TUX).expect("an answer");
    refused("an order without a key", &answer, 503, "retry with the same Idempotency-Key");
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

#[test]
fn the_services_own_doors_want_the_token() {
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
        (store.catalog, "GET", "/healthz", true),
        (store.catalog, "GET", "/products", false),
        (store.catalog, "GET", "/query/Tux", false),
        (store.catalog, "POST", "/buy", false),
        (store.catalog, "POST", "/restock", false),
        (replica, "GET", "/healthz", true),
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

#[test]
fn a_body_that_never_ends_is_cut_off() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let head = "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

    let mut flood = http::connect(store.front_end).expect("a connection");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    flood.write_all(chunked.as_bytes()).expect("the head is sent");
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let sent = (0..1 << 20).take_while(|_| flood.write_all(chunk.as_bytes()).is_ok()).count();
    // So much that the store must have hung up; what it said before may be lost with the connection.
    assert!(sent < 1 << 20, "the store read a gigabyte");

    // The same, but without a flood: the answer is there, and then the end.
    let mut polite = http::connect(store.front_end).expect("a connection");
    polite.write_all(chunked.as_bytes()).expect("the head is sent");
    for _ in 0..17 {
        polite.write_all(chunk.as_bytes()).expect("a chunk is sent");
    }
    refused("chunks without end", &http::read_response(&mut polite).expect("an answer"), 413, "16 KiB");
    assert_closed(&mut polite);

    for framing in ["Transfer-Encoding: chunked\r\n\r\n", "Content-Length: 5000\r\n\r\n"] {
        let mut trickle = http::connect(store.front_end).expect("a connection");
        trickle.write_all(format!("{head}{framing}").as_bytes()).expect("the head is sent");
        let began = Instant::now();
        let answer = trickled(&mut trickle, if framing.contains("chunked") { "1\r\n \r\n" } else { " " });
        refused("a trickle", &answer, 408, "within 5 seconds");
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_closed(&mut trickle);
    }
    let answer = http::get(store.front_end, "/products/Tux").expect("an answer");
    assert_eq!(answer.status, 200);
}

/// Sends a byte now and then until there is an answer.
fn trickled(stream: &mut TcpStream, drop: &str) -> Response {
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let began = Instant::now();
    let mut first = [0];
    loop {
        match stream.peek(&mut first) {
            Ok(_) => break,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                assert!(began.elapsed() < PATIENCE, "nobody minds the trickle");
                stream.write_all(drop.as_bytes()).expect("a drop is sent");
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("no answer: {error}"),
        }
    }
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    http::read_response(stream).expect("an answer")
}

/// The store ends the connection, whatever the client still sends.
fn assert_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn slow_heads_and_broken_requests_harm_nobody() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let mut slow = http::connect(store.front_end).expect("a connection");
    slow.write_all(b"GET /prod").expect("half a head is sent");

    let requests: [&[u8]; 8] = [
        b"\r\n\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"GET /products/Tux HTTP/9.9\r\n\r\n",
        b"GET /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
        b"GET \x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        &[0xff; 4096],
    ];
    for request in requests {
        let mut stream = http::connect(store.front_end).expect("a connection");
        stream.write_all(request).expect("it is sent");
        stream.shutdown(std::net::Shutdown::Write).expect("no more is sent");
        let mut answer = Vec::new();
        // Whatever it is answered, it ends.
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        let refused = text.starts_with("HTTP/1.1 4") || text.starts_with("HTTP/1.1 505");
        assert!(refused || text.is_empty(), "{request:?}: {text}");
    }
    // Heads without end are refused, too.
    let mut endless = http::connect(store.front_end).expect("a connection");
    endless.write_all(b"GET / HTTP/1.1\r\n").expect("it is sent");
    let line = format!("X-Long: {}\r\n", "x".repeat(8000));
    let sent = (0..1 << 14).take_while(|_| endless.write_all(line.as_bytes()).is_ok()).count();
    assert!(sent < 1 << 14, "the store read 128 MiB of head");

    // Clients that hang up in the middle of a body.
    for _ in 0..100 {
        let mut stream = http::connect(store.front_end).expect("a connection");
        let head = "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n";
        stream.write_all(format!("{head}{{\"name\":\"Tux\",").as_bytes()).expect("a part is sent");
    }
    let tux = http::get(store.front_end, "/products/Tux").expect("an answer");
    assert_eq!(tux.text(), r#"{"data":{"name":"Tux","price":15.99,"quantity":100}}"#);
    let answer = http::read_response(&mut slow);
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 408));
}

#[test]
fn ten_thousand_idle_connections_keep_nobody_out() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let files = raise_file_limit();
    // The store keeps some files for itself, and so does this test.
    let count = usize::try_from(files.saturating_sub(2_000).min(10_000)).expect("a small number");
    let idle: Vec<TcpStream> = (0..count).map(|_| connect_patiently(store.front_end)).collect();
    let began = Instant::now();
    let answer = http::get(store.front_end, "/products/Tux").expect("an answer");
    assert_eq!(answer.status, 200);
    let placed = http::order(store.front_end, "key-1", "Tux", 1).expect("an answer");
    assert_eq!(placed.status, 201, "{}", placed.text());
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "with {count} idle connections it took {took:?}");
    drop(idle);
}

fn connect_patiently(to: SocketAddr) -> TcpStream {
    TcpStream::connect_timeout(&to, PATIENCE).expect("one more connection")
}

fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("a soft limit may rise to the hard one");
    limit.current.unwrap_or(u64::MAX)
}
