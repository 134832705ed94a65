//! Every row of the error table, and every bad input.

use serde_json::json;

use crate::refusal::{JSON, TUX, refused};
use crate::support::http;
use crate::support::store::Up;

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
    order(r#"{"name":"Tux","quantity":1e3}"#, 409, "100 left"),
    order(r#"{"name":"Tux","quantity":1e7}"#, 400, WHOLE),
    order(r#"{"name":"Tux","quantity":1.5}"#, 400, WHOLE),
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
    wrong_method("PUT", "/order"),
    wrong_method("PATCH", "/orders"),
    wrong_method("PATCH", "/leader"),
    wrong_method("GET", "/change-view"),
    wrong_method("PUT", "/cache"),
    wrong_method("DELETE", "/orders/"),
    wrong_method("DELETE", "/order/"),
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
