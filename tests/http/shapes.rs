//! What clients rely on in answers.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::refusal::refused;
use crate::support::http;
use crate::support::store::{self, Up};

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
    receipts(&store);
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

/// Two of the first order's toy, and three of the second's, each at 15.99.
fn receipts(store: &Up) {
    for (path, shape) in [
        (
            "/orders/1/receipt",
            r#"{"data":{"number":1,"name":"Tux","quantity":2,"price":15.99,"total":31.98,"placed_at":"#,
        ),
        (
            "/orders/2/receipt/",
            r#"{"data":{"number":2,"name":"Tux","quantity":3,"price":15.99,"total":47.97,"placed_at":"#,
        ),
    ] {
        let answer = http::get(store.front_end, path).expect(path);
        let text = answer.text();
        assert!(answer.status == 200 && text.starts_with(shape), "{path}: {text}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let placed_at = answer.data()["placed_at"].as_str().expect("a time").to_owned();
        let digits: String = placed_at.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(digits, "0000-00-00T00:00:00.000Z", "{placed_at}");
        assert!(placed_at.as_str() > "2026-01-01", "{placed_at}");
        let again = http::get(store.front_end, path).expect(path);
        assert_eq!(again.text(), text, "it stays");
    }
    for (path, status, part) in [
        ("/orders/9/receipt", 404, "no such order"),
        ("/orders/x/receipt", 400, "whole number"),
        ("/orders//receipt", 400, "whole number"),
        ("/orders/1/receipt/2", 404, "no such path"),
        ("/orders/1/receipts", 404, "GET /orders/{number}/receipt"),
    ] {
        refused(path, &http::get(store.front_end, path).expect(path), status, part);
    }
    let posted = http::post(store.front_end, "/orders/1/receipt", "{}").expect("an answer");
    refused("a POST of a receipt", &posted, 405, "");
    assert_eq!(posted.header("allow"), Some("GET, HEAD, OPTIONS"));
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
