//! What the services tell a monitoring system.

mod counted;
mod documented;
mod prometheus;
#[path = "../support/mod.rs"]
mod support;
mod text;

use std::net::SocketAddr;
use std::path::Path;

use support::http;
use support::store::{Up, with_catalog};
use text::Page;

/// A page, and what it has to be as an answer.
fn page(of: SocketAddr, token: Option<&str>) -> Page {
    Page::read(&page_text(of, token))
}

fn page_text(of: SocketAddr, token: Option<&str>) -> String {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
    let answer = http::request(of, "GET", "/metrics", &headers, b"").expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    String::from_utf8(answer.body).expect("UTF-8")
}

/// All services of a store.
fn services(store: &Up) -> Vec<(String, SocketAddr)> {
    let orders = store.orders.iter().map(|(id, address)| (format!("order-{id}"), *address));
    [("front-end".to_owned(), store.front_end), ("catalog".to_owned(), store.catalog)]
        .into_iter()
        .chain(orders)
        .collect()
}

/// A store whose leases and leaders outlast a busy machine, so that what is counted is what was asked. All are in sync.
fn patient_store(directory: &Path) -> Up {
    let names = ["Tux", "Fox", "Ape", "Bee", "Cat", "Dog", "Elk", "Fly", "Gnu", "Hen", "Owl", "Yak"];
    let products: String = names.map(|name| format!("{name},10.00,100\n")).concat();
    let config = with_catalog(directory, &format!("name,price,quantity\n{products}"));
    let text = std::fs::read_to_string(&config).expect("it is there");
    let text = text
        .replace("lease_ms = 2000", "lease_ms = 600000")
        .replace("suspect_after_ms = 500", "suspect_after_ms = 30000")
        .replace("drop_after_ms = 500", "drop_after_ms = 30000");
    std::fs::write(&config, text).expect("it can be written");
    let config = config.to_str().expect("plain characters");
    let store = Up::start_with(&directory.join("data"), &["--config", config]);
    store.in_sync(&[1, 2, 3]);
    store
}
