//! `toystore shop` against stores that do not keep their promises: each lie must be caught, by the client
//! alone.

mod support;

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rustix::process::Signal;
use support::PATIENCE;
use support::process::{Finished, Process, finish, toystore};
use support::store::Up;

/// What a liar answers: status, a `Location` or nothing, and a body.
type Answer = (u16, String, String);

/// Answers a request line, in lower case, and for an order how many there have been.
type Liar = fn(&str, u64) -> Answer;

/// A store with one toy, whose answers are made up. It lives as long as the test process.
fn liar(answer: Liar) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        let orders = Arc::new(AtomicU64::new(0));
        for stream in listener.incoming().flatten() {
            let orders = orders.clone();
            thread::spawn(move || serve(stream, answer, &orders));
        }
    });
    address
}

fn serve(mut stream: TcpStream, answer: Liar, orders: &AtomicU64) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let head_end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            read_more(&mut stream, &mut bytes)?;
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let end = head_end + length.unwrap_or(0);
        while bytes.len() < end {
            read_more(&mut stream, &mut bytes)?;
        }
        let request = head.lines().next()?.trim_end_matches(" http/1.1").to_owned();
        let ordered = match request.starts_with("post") {
            true => orders.fetch_add(1, Ordering::Relaxed) + 1,
            false => 0,
        };
        let (status, location, body) = answer(&request, ordered);
        let mut reply = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
        if !location.is_empty() {
            write!(reply, "Location: {location}\r\n").ok()?;
        }
        write!(reply, "Content-Type: application/json\r\n\r\n{body}").ok()?;
        stream.write_all(reply.as_bytes()).ok()?;
        bytes.drain(..end);
    }
}

fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 4096];
    let read = stream.read(&mut chunk).ok().filter(|read| *read > 0)?;
    bytes.extend_from_slice(&chunk[..read]);
    Some(())
}

const TUX: &str = r#"{"name":"Tux","price":15.99,"quantity":100}"#;

fn honest(request: &str, ordered: u64) -> Answer {
    match request.split_once(' ') {
        Some(("get", "/products")) => (200, String::new(), format!(r#"{{"data":[{TUX}]}}"#)),
        Some(("get", "/products/tux")) => (200, String::new(), format!(r#"{{"data":{TUX}}}"#)),
        Some(("post", _)) => placed(ordered),
        _ => error(404, "no such order"),
    }
}

fn placed(number: u64) -> Answer {
    (201, format!("/orders/{number}"), format!(r#"{{"data":{{"order_number":{number}}}}}"#))
}

fn error(status: u16, message: &str) -> Answer {
    (status, String::new(), format!(r#"{{"error":{{"code":{status},"message":"{message}"}}}}"#))
}

fn shop(store: SocketAddr, arguments: &[&str]) -> Finished {
    let url = format!("http://{store}");
    finish(toystore(["shop", "--url", &url, "--clients", "2", "--rounds", "3"].iter().chain(arguments)))
}

#[test]
fn every_lie_is_caught() {
    let lies: [(&str, Liar, &str); 7] = [
        ("orders are lost", honest, "was acknowledged and is lost"),
        (
            "a number is given twice",
            |request, ordered| match request.starts_with("post") {
                true => placed(1),
                false => honest(request, ordered),
            },
            "number 1 was given to two orders",
        ),
        (
            "another order is shown",
            |request, ordered| match request.strip_prefix("get /orders/") {
                Some(number) => (
                    200,
                    String::new(),
                    format!(r#"{{"data":{{"number":{number},"name":"Tux","quantity":9}}}}"#),
                ),
                None => honest(request, ordered),
            },
            "the store shows order",
        ),
        (
            "the stock is negative",
            |request, ordered| match request.starts_with("get /products/") {
                true => (200, String::new(), format!(r#"{{"data":{}}}"#, TUX.replace("100", "-1"))),
                false => honest(request, ordered),
            },
            "the answer is malformed",
        ),
        (
            "a field that nobody knows",
            |request, ordered| match request.starts_with("post") {
                true => {
                    let (status, location, body) = placed(ordered);
                    (status, location, body.replace("}}", r#","epoch":1}}"#))
                }
                false => honest(request, ordered),
            },
            "unknown field `epoch`",
        ),
        (
            "an error without a reason",
            |request, ordered| match request.starts_with("post") {
                true => error(500, "oops"),
                false => honest(request, ordered),
            },
            "500: oops",
        ),
        (
            "never an answer",
            |request, ordered| match request.starts_with("post") {
                true => error(503, "later"),
                false => honest(request, ordered),
            },
            "503: later",
        ),
    ];
    for (lie, answer, expected) in lies {
        let found = shop(liar(answer), &["--buy", "1", "--deadline", "1"]);
        assert_eq!(found.status, 1, "{lie}: {}\n{}", found.stdout, found.stderr);
        assert!(found.stdout.contains(expected), "{lie}: {expected}\n{}", found.stdout);
        assert!(found.stdout.contains("FAILED"), "{lie}: {}", found.stdout);
    }
}

#[test]
fn honest_answers_to_queries_alone_are_well() {
    let found = shop(liar(honest), &["--buy", "0"]);
    assert_eq!(found.status, 0, "{}\n{}", found.stdout, found.stderr);
    assert!(found.stdout.contains("ok: all 0 orders"), "{}", found.stdout);
}

#[test]
fn a_store_that_is_none_cannot_be_shopped_in() {
    let nobody = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let found = shop(nobody, &[]);
    assert_eq!(found.status, 3, "{}", found.stderr);
    assert!(found.stderr.contains("cannot reach the store at http://127.0.0.1:"), "{}", found.stderr);

    let found = shop(liar(|_, _| (200, String::new(), "<html>".into())), &[]);
    assert_eq!(found.status, 3, "{}", found.stderr);
    assert!(found.stderr.contains("does not answer like a toy store"), "{}", found.stderr);
}

/// Whoever breaks the store sees every second what that costs, and at the end whether all is there.
#[test]
fn shopping_until_stopped_tells_every_second_and_checks_at_the_end() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/demo.toml");
    let up = Up::start_with(&directory.path().join("data"), &["--config", config]);
    let url = format!("http://{}", up.front_end);
    let mut shop = Process::start(toystore(["shop", "--until-stopped", "--clients", "2", "--url", &url]));
    for second in ["1 s", "2 s"] {
        let line = shop.line(second, |line| line.trim_start().starts_with(second));
        assert!(line.contains(" orders") && line.contains("the longest time without an order"), "{line}");
        assert!(!line.contains(" 0 orders"), "it lasts: {line}");
    }
    shop.signal(Signal::INT);
    let status = shop.wait(PATIENCE);
    assert!(status.success(), "{}", shop.complaints());
    let said = shop.output();
    assert!(said.contains("2 clients, until stopped, seed") && said.contains("\nok: all "), "{said}");
}
