//! What is no request.

use serde_json::json;

use crate::exchange::{said, take_answer};
use crate::support::store::Up;

/// What is refused before it is a request.
const NO_REQUESTS: &[(&str, u16, &str)] = &[
    ("HELLO\r\n\r\n", 400, "not a request"),
    ("GET /products/Tux\r\n\r\n", 400, "not a request"),
    ("GET \0 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "not a request"),
    ("GET /a<b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "not a"),
    ("GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
    ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "more than one Host"),
    ("GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400, "header field"),
    ("GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n", 400, "header field"),
    ("GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505, "HTTP/1.1"),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 505, "HTTP/1.1"),
    ("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", 501, "no proxy"),
    ("POST /orders HTTP/1.0\r\n\r\n", 411, "Content-Length"),
    ("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "Content-Length"),
    (
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n{",
        400,
        "more than one",
    ),
    (
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "both",
    ),
    ("POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "chunked"),
    (
        "POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
        "could not be read",
    ),
    ("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", 400, "could not be read"),
    ("GET / HTTP/1.1\r\nHost: x\r\nExpect: a-pony\r\n\r\n", 417, "100-continue"),
];

#[test]
fn what_is_no_request_is_told_why() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let long_line = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(9000));
    let long_head =
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", format!("X: {}\r\n", "y".repeat(1000)).repeat(20));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(100));
    let long = [
        (long_line.as_str(), 414, "8 KiB"),
        (&long_line[..8500], 414, "8 KiB"),
        (&long_head, 431, "16 KiB"),
        (&many, 431, "96 header fields"),
    ];
    for to in [store.front_end, store.catalog, store.orders[&1]] {
        for (request, status, part) in NO_REQUESTS.iter().chain(&long) {
            // The replicas and the catalog have other paths, and refuse what they do not read.
            if to != store.front_end && request.starts_with("POST") && *part == "could not be read" {
                continue;
            }
            let label = format!("{:.200}", format!("{request:?}"));
            // Before a good request, and after one.
            for first in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
                let all = said(to, format!("{first}{request}").as_bytes());
                let mut rest = all.as_str();
                if !first.is_empty() {
                    assert_eq!(take_answer(&mut rest, false).status, 200, "{label}");
                }
                let answer = take_answer(&mut rest, false);
                assert_eq!(answer.status, *status, "{label}: {all}");
                let body = answer.json();
                let message = body["error"]["message"].as_str().unwrap_or_default();
                assert!(message.contains(part), "{label}: {message:?} does not say {part:?}");
                assert_eq!(body, json!({ "error": { "code": status, "message": message } }), "{label}");
                assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
                assert_eq!(answer.header("connection"), Some("close"), "{label}: {all}");
                assert_eq!(rest, "", "{label}");
            }
        }
    }
}
