//! Offers of other protocols.

use std::io::Write;

use crate::exchange::{all, read_head};
use crate::requests::{ORDER, TUX};
use crate::support::http;
use crate::support::store::Up;

#[test]
fn offers_of_other_protocols_are_not_taken() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let mut stream = http::connect(store.front_end).expect("a connection");
    for (version, offer, kept) in [
        // As Java's HttpClient begins.
        (
            "1.1",
            "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n",
            None,
        ),
        ("1.1", "Connection: upgrade\r\n", None),
        ("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n", None),
        ("1.1", "Upgrade: TLS/1.2\r\n", None),
        ("1.0", "Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n", Some("keep-alive")),
        ("1.1", "Connection: close, Upgrade\r\nUpgrade: h2c\r\n", Some("close")),
    ] {
        for request in [
            format!("GET /products/Tux HTTP/{version}\r\nHost: x\r\n{offer}\r\n"),
            format!("HEAD /products/Tux HTTP/{version}\r\nHost: x\r\n{offer}\r\n"),
        ] {
            if kept == Some("close") && request.starts_with("HEAD") {
                continue;
            }
            stream.write_all(request.as_bytes()).expect("a request is sent");
            let head = request.starts_with("HEAD");
            let answer = if head { read_head(&mut stream) } else { http::read_response(&mut stream) };
            let answer = answer.expect("an answer");
            assert_eq!((answer.status, answer.header("connection")), (200, kept), "{request}");
            assert_eq!(answer.text(), if head { "" } else { TUX }, "{request}");
        }
    }
    assert_eq!(all(&mut stream), b"");
    // An order with an offer is placed as well.
    let mut stream = http::connect(store.front_end).expect("a connection");
    let order = ORDER.request.replace("\r\nIdem", "\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nIdem");
    for _ in 0..2 {
        stream.write_all(order.as_bytes()).expect("an order is sent");
        assert_eq!(http::read_response(&mut stream).expect("an answer").text(), ORDER.body);
    }
}
