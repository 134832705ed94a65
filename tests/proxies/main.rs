//! The store behind nginx, HAProxy and Caddy, with the configurations of docs/behind-a-balancer.md: the real programs, where they
//! are installed.

#[path = "../support/mod.rs"]
mod support;

mod programs;
mod upstream;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use programs::{CADDY, HAPROXY, NGINX, Program};
use rustix::process::Signal;
use serde_json::json;
use support::http::{self, Response};
use support::process::{Process, toystore};
use support::store::{Cluster, Service};
use support::{PATIENCE, eventually};
use tempfile::TempDir;

const TOKEN: &str = "s3cret";

/// How soon shoppers are served again once the front-end is back.
const SOON: Duration = Duration::from_secs(3);

/// So many products, of names so long, that their list takes more than this.
const PRODUCTS: usize = 1000;
const LONG_LIST: usize = 100 << 10;

#[test]
fn nginx_stands_in_front() {
    stands_in_front(NGINX);
}

#[test]
fn haproxy_stands_in_front() {
    stands_in_front(HAPROXY);
}

#[test]
fn caddy_stands_in_front() {
    stands_in_front(CADDY);
}

/// When the front-end ends a kept connection with an order on it, the order is not sent again: whether it is placed is not known,
/// and without a key it would be placed twice.
#[test]
fn no_order_is_sent_twice() {
    for program in [NGINX, HAPROXY, CADDY] {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (front_end, orders) = upstream::that_drops_orders();
        let Some((_running, proxy)) = program.start(front_end, directory.path()) else { continue };
        eventually(PATIENCE, &format!("{} serves", program.name), || {
            http::get(proxy, "/readyz").ok().filter(|answer| answer.status == 200)
        });
        let mut stream = http::connect(proxy).expect("a connection");
        stream.write_all(b"GET /products HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is sent");
        assert_eq!(http::read_response(&mut stream).expect("an answer").status, 200, "{}", program.name);
        stream
            .write_all(b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
            .expect("it is sent");
        match http::read_response(&mut stream) {
            Ok(answer) => no_answer(program.name, &answer),
            // It leaves it to the shopper's client to try again.
            Err(error) => assert_eq!(program.name, "haproxy", "{error}"),
        }
        assert_eq!(orders.load(Ordering::SeqCst), 1, "{}", program.name);
    }
}

#[test]
fn the_document_shows_the_files_that_are_tested() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/behind-a-balancer.md");
    let document = fs::read_to_string(path).expect("the document is there");
    for program in [NGINX, HAPROXY, CADDY] {
        let shown = format!("\n{}```\n", program.shipped());
        assert!(
            document.contains(&shown),
            "docs/behind-a-balancer.md does not show configs/proxy/{}",
            program.file
        );
    }
}

fn stands_in_front(program: Program) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(mut behind) = Behind::open(program, directory) else { return };
    behind.nothing_is_kept_back();
    behind.everything_passes_untouched();
    behind.connections_are_kept();
    behind.a_front_end_that_stops_is_noticed();
    behind.shoppers_go_on_after_a_crash();
}

/// Five processes, and a program in front of them.
struct Behind {
    program: Program,
    /// Where shoppers ask.
    proxy: SocketAddr,
    cluster: Cluster,
    _running: Process,
    _directory: TempDir,
}

impl Behind {
    fn open(program: Program, directory: TempDir) -> Option<Behind> {
        let settings = format!("token = \"{TOKEN}\"\nhttp.drain_s = 3600");
        let mut cluster = Cluster::with_settings(directory.path(), &settings);
        stock_up(&cluster.config, directory.path());
        let (running, proxy) = program.start(cluster.front_end(), directory.path())?;
        cluster.start_all();
        let behind = Behind { program, proxy, cluster, _running: running, _directory: directory };
        behind.serves(PATIENCE);
        Some(behind)
    }

    fn serves(&self, limit: Duration) {
        eventually(limit, &format!("{} serves", self.program.name), || {
            http::get(self.proxy, "/readyz").ok().filter(|answer| answer.status == 200)
        });
    }

    /// What was not there is there as soon as it is.
    fn nothing_is_kept_back(&self) {
        let lookup = || http::get(self.proxy, "/orders/1").expect("an answer");
        assert_eq!(lookup().status, 404);
        let placed = http::order(self.proxy, "key-1", "Tux", 2).expect("an answer");
        assert_eq!((placed.status, placed.text().as_str()), (201, r#"{"data":{"order_number":1}}"#));
        assert_eq!(placed.header("location"), Some("/orders/1"));
        assert_eq!(lookup().text(), r#"{"data":{"number":1,"name":"Tux","quantity":2}}"#);
        let again = http::order(self.proxy, "key-1", "Tux", 2).expect("an answer");
        assert_eq!((again.status, again.text()), (201, placed.text()));
        let stock = || http::get(self.proxy, "/products/Tux").expect("an answer").data()["quantity"].clone();
        assert_eq!(stock(), 98);
        assert_eq!(http::order(self.proxy, "key-2", "Tux", 1).expect("an answer").status, 201);
        assert_eq!(stock(), 97);
    }

    /// Every answer is the one that the front-end itself gives.
    fn everything_passes_untouched(&self) {
        let json = ("Content-Type", "application/json");
        let tux = |quantity: u32| json!({ "name": "Tux", "quantity": quantity }).to_string();
        let long = tux(1) + &" ".repeat(17 << 10);
        for (method, path, headers, body, status) in [
            ("GET", "/products", &[][..], "", 200),
            ("GET", "/products/A%2FB%3F%25", &[], "", 200),
            ("GET", "/products/%2E%2E", &[], "", 200),
            ("GET", "/products/Tux/", &[], "", 200),
            ("GET", "/products//", &[], "", 400),
            ("GET", "/orders?after=1&limit=1", &[], "", 200),
            ("GET", "/orders?limit=0", &[], "", 400),
            ("GET", "/orders/999", &[], "", 404),
            ("GET", "/leader", &[], "", 200),
            ("POST", "/orders", &[json, ("Idempotency-Key", "key-1")], &tux(2), 201),
            ("POST", "/orders", &[json, ("Idempotency-Key", "key-1")], &tux(3), 422),
            ("POST", "/orders", &[json, ("Idempotency-Key", "key-3")], &tux(98), 409),
            ("POST", "/orders", &[json, ("Idempotency-Key", "a b")], &tux(1), 400),
            ("POST", "/orders", &[json], "{", 400),
            ("POST", "/orders", &[json], &long, 413),
            ("POST", "/orders", &[("Content-Type", "text/plain")], &tux(1), 415),
            ("DELETE", "/orders", &[], "", 405),
            ("POST", "/recover", &[json], "{}", 401),
        ] {
            let label = format!("{}: {method} {path} {headers:?}", self.program.name);
            let ask = |to| http::request(to, method, path, headers, body.as_bytes()).expect(&label);
            let (direct, through) = (ask(self.cluster.front_end()), ask(self.proxy));
            assert_eq!(direct.status, status, "{label}: {}", direct.text());
            same(&label, &direct, &through);
        }
        let list = http::get(self.proxy, "/products").expect("an answer");
        assert!(list.body.len() > LONG_LIST, "{} bytes are no long list", list.body.len());
    }

    /// A shopper's connection lasts for more than one request.
    fn connections_are_kept(&self) {
        let mut stream = http::connect(self.proxy).expect("a connection");
        let body = json!({ "name": "Tux", "quantity": 2 }).to_string();
        let order = format!(
            "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: key-1\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let read = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        for (request, status) in [
            (read("/products/Tux"), 200),
            (order.clone(), 201),
            (read("/products"), 200),
            (read("/nothing"), 404),
            (order, 201),
        ] {
            stream.write_all(request.as_bytes()).expect("it is sent");
            let answer = http::read_response(&mut stream).expect("an answer");
            assert_eq!(answer.status, status, "{}: {}", self.program.name, answer.text());
            let connection = answer.header("connection").unwrap_or("keep-alive");
            assert!(connection.eq_ignore_ascii_case("keep-alive"), "{connection}");
        }
    }

    /// A program that looks sends nobody to a front-end that is about to stop; through another one it is served to its end.
    /// Once it has ended everybody is told so in the store's own way, and is served soon after it is back.
    fn a_front_end_that_stops_is_noticed(&mut self) {
        let name = self.program.name;
        let direct = self.cluster.front_end();
        self.cluster.process(Service::FrontEnd).signal(Signal::TERM);
        eventually(PATIENCE, "the front-end says that it is about to stop", || {
            let said = http::get(direct, "/readyz").expect("an answer");
            said.text().contains("about to stop").then_some(())
        });
        if self.program.looks {
            eventually(PATIENCE, &format!("{name} sends nobody to it"), || {
                let answer = http::get(self.proxy, "/products/Tux").expect("an answer");
                (answer.status == 503).then(|| no_answer(name, &answer))
            });
        } else {
            let answer = http::get(self.proxy, "/readyz").expect("an answer");
            assert!(answer.status == 503 && answer.text().contains("about to stop"), "{}", answer.text());
            assert_eq!(http::order(self.proxy, "key-1", "Tux", 2).expect("an answer").status, 201);
        }
        assert_eq!(http::get(direct, "/products/Tux").expect("an answer").status, 200);

        self.cluster.process(Service::FrontEnd).signal(Signal::TERM);
        assert!(self.cluster.process(Service::FrontEnd).wait(PATIENCE).success());
        no_answer(name, &http::get(self.proxy, "/products/Tux").expect("an answer"));
        no_answer(name, &http::order(self.proxy, "key-4", "Tux", 1).expect("an answer"));
        self.cluster.start(Service::FrontEnd);
        self.cluster.ready();
        let back = Instant::now();
        self.serves(PATIENCE);
        assert!(back.elapsed() < SOON, "{name} served {:?} after the front-end was back", back.elapsed());
        let placed = http::order(self.proxy, "key-4", "Tux", 1).expect("an answer");
        assert_eq!((placed.status, placed.data()["order_number"].as_u64()), (201, Some(3)));
    }

    /// Shoppers who only retry what has no answer, as a client should, notice nothing else.
    fn shoppers_go_on_after_a_crash(&mut self) {
        let mut command = toystore(["shop", "--clients", "4", "--rounds", "1000000", "--buy", "0.2"]);
        command.args(["--url", &format!("http://{}", self.proxy)]);
        let mut shop = Process::start(command);
        let direct = self.cluster.front_end();
        let sold = |number| {
            eventually(PATIENCE, "orders are placed", || {
                http::get(direct, &format!("/orders/{number}")).ok().filter(|answer| answer.status == 200)
            });
        };
        sold(20);
        self.cluster.kill(Service::FrontEnd);
        eventually(PATIENCE, "it is noticed", || {
            http::get(self.proxy, "/products/Tux").ok().filter(|answer| answer.status == 503)
        });
        self.cluster.start(Service::FrontEnd);
        self.cluster.ready();
        let orders = http::get(direct, "/orders?limit=1000").expect("an answer").data();
        let last = orders.as_array().and_then(|orders| orders.last()?["number"].as_u64()).expect("orders");
        sold(last + 20);
        shop.signal(Signal::INT);
        let status = shop.wait(PATIENCE);
        assert!(status.success(), "{}: {}\n{}", self.program.name, shop.output(), shop.complaints());
        let retries = shop.line("retries", |line| line.starts_with("retries"));
        assert!(!retries.ends_with(" 0"), "nobody noticed the crash");
    }
}

/// What a program says for a store that does not answer: what the store itself says when it does not know.
fn no_answer(name: &str, answer: &Response) {
    assert_eq!(answer.status, 503, "{name}: {}", answer.text());
    let body = answer.json();
    let message = body["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("same Idempotency-Key"), "{name}: {body}");
    assert_eq!(body, json!({ "error": { "code": 503, "message": message } }), "{name}");
    for (header, value) in
        [("content-type", "application/json"), ("retry-after", "1"), ("cache-control", "no-store")]
    {
        assert_eq!(answer.header(header), Some(value), "{name}: {header}");
    }
}

/// Whether the second answer is the first in all that a shopper goes by.
fn same(label: &str, direct: &Response, through: &Response) {
    assert_eq!((through.status, through.text()), (direct.status, direct.text()), "{label}");
    for name in [
        "content-type",
        "content-length",
        "cache-control",
        "location",
        "idempotency-key",
        "allow",
        "retry-after",
        "www-authenticate",
    ] {
        assert_eq!(through.header(name), direct.header(name), "{label}: {name}");
    }
}

/// Gives the store of that configuration many products, some of them with names that are easily spoilt on the way.
fn stock_up(config: &Path, directory: &Path) {
    let mut catalog = String::from("name,price,quantity\nTux,15.99,100\nA/B?%,1.00,5\n..,2.00,5\n");
    for number in 1..=PRODUCTS {
        let name = format!("{}{number:04}", "a long name ".repeat(8));
        writeln!(catalog, "{name},{}.50,1000", number % 90 + 1).expect("writing to a string");
    }
    let file = directory.join("catalog.csv");
    fs::write(&file, catalog).expect("the test's directory is writable");
    let text = fs::read_to_string(config).expect("the configuration is there");
    let (before, rest) = text.split_once("products = ").expect("the products are named");
    let (_, after) = rest.split_once('\n').expect("the line ends");
    let text = format!("{before}products = {:?}\n{after}", file.display().to_string());
    fs::write(config, text).expect("the configuration is written");
}
