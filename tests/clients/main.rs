//! Four dialects of other people's clients, who all implement the same assignment: each shops by its own habits, and takes
//! nothing for an answer but what its authors took.

#[path = "../support/mod.rs"]
mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::http::{self, Response};
use support::store::Up;

/// How a client asks, and what it insists on.
struct Dialect {
    /// Whose habit it is.
    name: &'static str,
    /// The product's path, up to its name.
    products: &'static str,
    /// Where it orders.
    orders: &'static str,
    /// What ends each path that it reads.
    end: &'static str,
    /// The headers of its orders.
    headers: &'static [(&'static str, &'static str)],
    /// The only status by which it knows that an order was placed.
    placed: u16,
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

const DIALECTS: [Dialect; 4] = [
    Dialect {
        name: "says nothing about the kind of its body",
        products: "/products/",
        orders: "/orders",
        end: "",
        headers: &[],
        placed: 201,
    },
    Dialect {
        name: "ends each path with a slash",
        products: "/products/",
        orders: "/orders/",
        end: "/",
        headers: &[JSON],
        placed: 201,
    },
    Dialect {
        name: "knows 200 and nothing else",
        products: "/products/",
        orders: "/orders",
        end: "",
        headers: &[JSON],
        placed: 200,
    },
    Dialect {
        name: "speaks of one product and one order",
        products: "/product/",
        orders: "/order",
        end: "",
        headers: &[JSON],
        placed: 201,
    },
];

impl Dialect {
    /// Looks at a product, buys some of it while there is enough, and looks its orders up. How many orders it has.
    fn shop(&self, store: SocketAddr) -> u64 {
        let mut orders = 0;
        loop {
            let product = self.read(store, &format!("{}Tux", self.products));
            if product["quantity"].as_u64().expect("a number of pieces") < 40 {
                return orders;
            }
            let body = json!({ "name": "Tux", "quantity": 40 }).to_string();
            let answer = http::request(store, "POST", self.orders, self.headers, body.as_bytes());
            let answer = answer.expect("an answer");
            assert_eq!(answer.status, self.placed, "{}: {}", self.name, answer.text());
            let number = answer.data()["order_number"].as_u64().expect("a number");
            let order = self.read(store, &format!("/orders/{number}"));
            assert_eq!(order, json!({ "number": number, "name": "Tux", "quantity": 40 }), "{}", self.name);
            orders += 1;
        }
    }

    fn read(&self, store: SocketAddr, path: &str) -> Value {
        let answer = http::get(store, &format!("{path}{}", self.end)).expect("an answer");
        assert_eq!(answer.status, 200, "{}, {path}: {}", self.name, answer.text());
        answer.data()
    }
}

#[test]
fn four_dialects_are_understood() {
    for dialect in DIALECTS {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let config = config(directory.path(), &format!("placed_status = {}", dialect.placed));
        let config = config.to_str().expect("a path of plain characters");
        let store = Up::start_with(&directory.path().join("data"), &["--config", config]);
        assert_eq!(dialect.shop(store.front_end), 2, "{}", dialect.name);
    }
}

/// A configuration for `up` whose `[http]` has this instead of the status that comes with it.
fn config(directory: &Path, status: &str) -> PathBuf {
    let configs = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let text = std::fs::read_to_string(configs.join("local.toml")).expect("the configuration is read");
    assert!(text.contains("placed_status = 201"), "{text}");
    let file = directory.join("store.toml");
    std::fs::write(&file, text.replace("placed_status = 201", status)).expect("it is written");
    std::fs::copy(configs.join("catalog.csv"), directory.join("catalog.csv"))
        .expect("the products are copied");
    file
}

/// A body that says what it is not, or is packed, is refused; one key is one key, in quotes or not.
#[test]
fn what_is_let_through_harms_nobody() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let up = Up::start(directory.path());
    let store = up.front_end;
    let order = |headers: &[(&str, &str)]| -> Response {
        let body = json!({ "name": "Tux", "quantity": 1 }).to_string();
        http::request(store, "POST", "/orders", headers, body.as_bytes()).expect("an answer")
    };
    for (headers, status) in [
        (&[("Content-Type", "text/plain")][..], 415),
        (&[("Content-Type", "")], 415),
        (&[JSON, ("Content-Encoding", "gzip")], 415),
        (&[("Content-Encoding", "gzip")], 415),
        (&[JSON, ("Content-Encoding", "identity")], 201),
        (&[("Idempotency-Key", "k")], 201),
    ] {
        assert_eq!(order(headers).status, status, "{headers:?}");
    }
    let (bare, quoted) = (order(&[("Idempotency-Key", "k")]), order(&[("Idempotency-Key", "\"k\"")]));
    assert_eq!(bare.data(), quoted.data());
    let orders = http::get(store, "/orders").expect("an answer").data();
    assert_eq!(orders.as_array().map(Vec::len), Some(2));
}
