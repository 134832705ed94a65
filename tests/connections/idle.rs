//! Connections that are idle.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::exchange::{all, is_timeout};
use crate::requests::{GET, TUX};
use crate::support::store::{self, Up};
use crate::support::{PATIENCE, http};

/// Orders on a connection whose request begins so late and ends a second later. The connection, and when the answer came.
fn ordered_in(late: Duration, to: SocketAddr) -> (TcpStream, Instant) {
    let mut stream = http::connect(to).expect("a connection");
    let nothing_for = |stream: &mut TcpStream, time| {
        stream.set_read_timeout(Some(time)).expect("a timeout");
        assert!(is_timeout(&stream.read(&mut [0]).expect_err("nothing is said")));
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    };
    nothing_for(&mut stream, late);
    let body = r#"{"name":"Fox","quantity":1}"#;
    let head = format!("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).expect("a head is sent");
    nothing_for(&mut stream, Duration::from_secs(1));
    stream.write_all(body.as_bytes()).expect("a body is sent");
    assert_eq!(http::read_response(&mut stream).expect("an answer").status, 201);
    (stream, Instant::now())
}

/// How long a connection is kept is a setting, and longer than a head may take.
#[test]
fn idle_connections_are_kept_as_long_as_is_said() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = store::with_catalog(directory.path(), "name,price,quantity\nTux,15.99,100\nFox,1,100\n");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    assert!(text.contains("keep_alive_s = 120"));
    std::fs::write(&config, text.replace("keep_alive_s = 120", "keep_alive_s = 5")).expect("it is written");
    let config = config.to_str().expect("a path of plain characters");
    let brief = Up::start_with(&directory.path().join("brief"), &["--config", config]);
    let long = Up::start(&directory.path().join("long"));
    let (mut slow, answered) = ordered_in(Duration::from_millis(4500), brief.front_end);
    let [mut brief, mut long] = [brief.front_end, long.front_end].map(|to| {
        let mut stream = http::connect(to).expect("a connection");
        stream.write_all(GET.request.as_bytes()).expect("a request is sent");
        assert_eq!(http::read_response(&mut stream).expect("an answer").text(), TUX);
        stream
    });
    let began = Instant::now();
    assert_eq!(all(&mut brief), b"");
    let took = began.elapsed();
    assert!(took > Duration::from_secs(4) && took < Duration::from_secs(9), "it ended after {took:?}");
    // The time runs from the answer on, also where a request took longer than its connection was given for its first.
    assert_eq!(all(&mut slow), b"");
    let took = answered.elapsed();
    assert!(
        took > Duration::from_secs(4) && took < Duration::from_secs(9),
        "it ended {took:?} after its answer"
    );
    // Nothing is said on the other one, for longer than a head may take; an empty line is nothing.
    long.write_all(b"\r\n").expect("an empty line is sent");
    long.set_read_timeout(Some(Duration::from_secs(7))).expect("a timeout");
    let idle = long.read(&mut [0]).expect_err("it is kept");
    assert!(is_timeout(&idle), "{idle}");
    long.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    long.write_all(GET.request.as_bytes()).expect("a request is sent");
    assert_eq!(http::read_response(&mut long).expect("an answer").text(), TUX);
}
