//! The pages as a browser asks for them, without a browser: what is in them, what is told while they are open, and what
//! the cluster's page says when services die. `tests/browser.rs` looks at them in one.

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod live;
mod shop;
mod stream;

use std::net::SocketAddr;

use support::http::{self, Response};

/// Asks as a browser does.
fn page(to: SocketAddr, path: &str) -> Response {
    http::request(to, "GET", path, &[("Accept", "text/html,application/xhtml+xml")], b"").expect(path)
}

/// Sends a form as a browser does, from the shop's own page.
fn form(to: SocketAddr, fields: &str, site: &str) -> Response {
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Sec-Fetch-Site", site),
        ("Accept", "text/html"),
    ];
    http::request(to, "POST", "/buy", &headers, fields.as_bytes()).expect("an answer")
}
