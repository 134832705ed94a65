//! Which methods a path has.

use std::io::Write;

use crate::exchange::{all, take_answer};
use crate::support::http;
use crate::support::store::Up;

#[test]
fn head_is_answered_where_get_is_and_405_says_what_is() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    http::order(store.front_end, "key-1", "Tux", 1).expect("an answer");
    let (front_end, catalog, leader) = (store.front_end, store.catalog, store.orders[&3]);
    let (read, write) = ("GET, HEAD, OPTIONS", "POST, OPTIONS");
    for (to, path, allow) in [
        (front_end, "/", read),
        (front_end, "/products", read),
        (front_end, "/products/Tux", read),
        (front_end, "/product/Tux", read),
        (front_end, "/orders", "GET, HEAD, POST, OPTIONS"),
        (front_end, "/orders/1", read),
        (front_end, "/leader", read),
        (front_end, "/cache", "GET, HEAD, POST, OPTIONS"),
        (front_end, "/healthz", read),
        (front_end, "/metrics", read),
        (front_end, "/backup/stock", read),
        (front_end, "/backup/orders?limit=1", read),
        (front_end, "/order", "GET, HEAD, POST, OPTIONS"),
        (front_end, "/cluster", read),
        (front_end, "/assets/style.css", read),
        (front_end, "/docs", read),
        (front_end, "/openapi.json", read),
        (front_end, "/buy", write),
        (front_end, "/change-view", write),
        (front_end, "/recover", write),
        (front_end, "/recover-catalog", write),
        (catalog, "/healthz", read),
        (catalog, "/metrics", read),
        (catalog, "/products", read),
        (catalog, "/observe", read),
        (catalog, "/query/Tux", read),
        (catalog, "/buy", write),
        (catalog, "/restock", write),
        (leader, "/healthz", read),
        (leader, "/metrics", read),
        (leader, "/status", read),
        (leader, "/last", read),
        (leader, "/observe", read),
        (leader, "/1", read),
        (leader, "/syncfrom?epoch=1", read),
        (leader, "/orders", write),
        (leader, "/sync", write),
        (leader, "/leader", write),
    ] {
        let refused = http::request(to, "DELETE", path, &[], b"").expect(path);
        assert_eq!((refused.status, refused.header("allow")), (405, Some(allow)), "{path}");
        let options = http::request(to, "OPTIONS", path, &[], b"").expect(path);
        assert_eq!((options.status, options.header("allow")), (204, Some(allow)), "{path}");
        if allow == write {
            continue;
        }
        let got = http::get(to, path).expect(path);
        let mut stream = http::connect(to).expect("a connection");
        write!(stream, "HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect(path);
        let all = String::from_utf8(all(&mut stream)).expect("text");
        let mut rest = all.as_str();
        let head = take_answer(&mut rest, true);
        assert_eq!((head.status, rest), (got.status, ""), "{path}");
        assert_eq!(got.status, 200, "{path}: {}", got.text());
        for name in ["content-type", "cache-control"] {
            assert_eq!(head.header(name), got.header(name), "{path}: {name}");
        }
        assert!(head.header("content-length").is_some(), "{path}: {all}");
    }
}
