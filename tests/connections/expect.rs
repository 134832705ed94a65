//! Clients that wait to be told to send their body.

use std::io::Write;

use crate::support::http;
use crate::support::store::{self, Up};

const BODY: &str = r#"{"name":"Tux","quantity":1}"#;

/// Where the request is sent.
enum To {
    FrontEnd,
    Replica,
}

/// A request whose client waits to be told to send its body.
struct Waiting {
    label: &'static str,
    to: To,
    first: &'static str,
    fields: &'static str,
    /// Whether it is told to.
    wanted: bool,
    status: u16,
}

const fn order(label: &'static str, fields: &'static str, wanted: bool, status: u16) -> Waiting {
    Waiting { label, to: To::FrontEnd, first: "POST /orders", fields, wanted, status }
}

const fn other(label: &'static str, first: &'static str, status: u16) -> Waiting {
    let fields = "Content-Length: 27\r\n";
    Waiting { label, to: To::FrontEnd, first, fields, wanted: false, status }
}

const fn at_replica(label: &'static str, fields: &'static str, wanted: bool, status: u16) -> Waiting {
    Waiting { label, to: To::Replica, first: "POST /sync", fields, wanted, status }
}

const WAITING: &[Waiting] = &[
    order("an order", "Content-Length: 27\r\n", true, 201),
    order("too long", "Content-Length: 99999999\r\n", false, 413),
    order("a wrong type", "Content-Type: text/plain\r\nContent-Length: 27\r\n", false, 415),
    order("a wrong key", "Idempotency-Key: a b\r\nContent-Length: 27\r\n", false, 400),
    other("a wrong path", "POST /nothing", 404),
    other("a wrong method", "PUT /orders", 405),
    other("a body for nothing", "GET /products/Tux", 200),
    Waiting {
        label: "no token",
        to: To::FrontEnd,
        first: "POST /recover",
        fields: "Content-Type: application/json\r\nContent-Length: 27\r\n",
        wanted: false,
        status: 401,
    },
    at_replica(
        "no token at a replica",
        "Content-Type: application/json\r\nContent-Length: 27\r\n",
        false,
        401,
    ),
    at_replica(
        "a wrong type at a replica",
        "Authorization: Bearer s3cret\r\nContent-Length: 27\r\n",
        false,
        415,
    ),
    at_replica(
        "no message at a replica",
        "Authorization: Bearer s3cret\r\nContent-Type: application/json\r\nContent-Length: 27\r\n",
        true,
        400,
    ),
];

fn head(first: &str, fields: &str) -> String {
    format!("{first} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{fields}\r\n")
}

#[test]
fn a_client_that_waits_for_leave_has_it_when_its_body_is_wanted() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = store::with_catalog(directory.path(), "name,price,quantity\nTux,15.99,100\n");
    let config = config.to_str().expect("a path of plain characters");
    let arguments = ["--config", config, "--token", "s3cret"];
    let store = Up::start_with(&directory.path().join("data"), &arguments);
    for Waiting { label, to, first, fields, wanted, status } in WAITING {
        let to = match to {
            To::FrontEnd => store.front_end,
            To::Replica => store.orders[&2],
        };
        let mut stream = http::connect(to).expect("a connection");
        stream.write_all(head(first, fields).as_bytes()).expect(label);
        if *wanted {
            let leave = http::read_response(&mut stream).expect(label);
            assert_eq!((leave.status, leave.headers.len()), (100, 0), "{label}: {leave:?}");
            stream.write_all(BODY.as_bytes()).expect(label);
        }
        let answer = http::read_response(&mut stream).expect(label);
        assert_eq!(answer.status, *status, "{label}: {}", answer.text());
        // Whoever was told to go on may send the next request, others have a body that nobody reads.
        let kept = if *wanted { None } else { Some("close") };
        assert_eq!(answer.header("connection"), kept, "{label}");
    }
    // Who does not wait needs no leave.
    let order = head("POST /orders", "Content-Length: 27\r\n") + BODY;
    let mut stream = http::connect(store.front_end).expect("a connection");
    stream.write_all(order.as_bytes()).expect("an order is sent");
    assert_eq!(http::read_response(&mut stream).expect("an answer").status, 201);
}
