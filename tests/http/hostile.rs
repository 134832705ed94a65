//! Clients that never end, break off, or are many.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::refusal::refused;
use crate::support::PATIENCE;
use crate::support::http::{self, Response};
use crate::support::store::Up;

#[test]
fn a_body_that_never_ends_is_cut_off() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let head = "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";

    let mut flood = http::connect(store.front_end).expect("a connection");
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n");
    flood.write_all(chunked.as_bytes()).expect("the head is sent");
    let chunk = format!("400\r\n{}\r\n", " ".repeat(0x400));
    let sent = (0..1 << 20).take_while(|_| flood.write_all(chunk.as_bytes()).is_ok()).count();
    // So much that the store must have hung up; what it said before may be lost with the connection.
    assert!(sent < 1 << 20, "the store read a gigabyte");

    // The same, but without a flood: the answer is there, and then the end.
    let mut polite = http::connect(store.front_end).expect("a connection");
    polite.write_all(chunked.as_bytes()).expect("the head is sent");
    for _ in 0..17 {
        polite.write_all(chunk.as_bytes()).expect("a chunk is sent");
    }
    refused("chunks without end", &http::read_response(&mut polite).expect("an answer"), 413, "16 KiB");
    assert_closed(&mut polite);

    for framing in ["Transfer-Encoding: chunked\r\n\r\n", "Content-Length: 5000\r\n\r\n"] {
        let mut trickle = http::connect(store.front_end).expect("a connection");
        trickle.write_all(format!("{head}{framing}").as_bytes()).expect("the head is sent");
        let began = Instant::now();
        let answer = trickled(&mut trickle, if framing.contains("chunked") { "1\r\n \r\n" } else { " " });
        refused("a trickle", &answer, 408, "within 5 seconds");
        assert!(began.elapsed() < Duration::from_secs(20));
        assert_closed(&mut trickle);
    }
    let answer = http::get(store.front_end, "/products/Tux").expect("an answer");
    assert_eq!(answer.status, 200);
}

/// Sends a byte now and then until there is an answer.
fn trickled(stream: &mut TcpStream, drop: &str) -> Response {
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let began = Instant::now();
    let mut first = [0];
    loop {
        match stream.peek(&mut first) {
            Ok(_) => break,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                assert!(began.elapsed() < PATIENCE, "nobody minds the trickle");
                stream.write_all(drop.as_bytes()).expect("a drop is sent");
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("no answer: {error}"),
        }
    }
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    http::read_response(stream).expect("an answer")
}

/// The store ends the connection, whatever the client still sends.
fn assert_closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn slow_heads_and_broken_requests_harm_nobody() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let mut slow = http::connect(store.front_end).expect("a connection");
    slow.write_all(b"GET /prod").expect("half a head is sent");

    let requests: [&[u8]; 8] = [
        b"\r\n\r\n\r\n",
        b"HELLO\r\n\r\n",
        b"GET /products/Tux HTTP/9.9\r\n\r\n",
        b"GET /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nzz\r\n",
        b"GET \x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        &[0xff; 4096],
    ];
    for request in requests {
        let mut stream = http::connect(store.front_end).expect("a connection");
        stream.write_all(request).expect("it is sent");
        stream.shutdown(std::net::Shutdown::Write).expect("no more is sent");
        let mut answer = Vec::new();
        // Whatever it is answered, it ends.
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        let refused = text.starts_with("HTTP/1.1 4") || text.starts_with("HTTP/1.1 505");
        assert!(refused || text.is_empty(), "{request:?}: {text}");
    }
    // Heads without end are refused, too.
    let mut endless = http::connect(store.front_end).expect("a connection");
    endless.write_all(b"GET / HTTP/1.1\r\n").expect("it is sent");
    let line = format!("X-Long: {}\r\n", "x".repeat(8000));
    let sent = (0..1 << 14).take_while(|_| endless.write_all(line.as_bytes()).is_ok()).count();
    assert!(sent < 1 << 14, "the store read 128 MiB of head");

    // Clients that hang up in the middle of a body.
    for _ in 0..100 {
        let mut stream = http::connect(store.front_end).expect("a connection");
        let head = "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n";
        stream.write_all(format!("{head}{{\"name\":\"Tux\",").as_bytes()).expect("a part is sent");
    }
    let tux = http::get(store.front_end, "/products/Tux").expect("an answer");
    assert_eq!(tux.text(), r#"{"data":{"name":"Tux","price":15.99,"quantity":100}}"#);
    let answer = http::read_response(&mut slow);
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 408));
}

#[test]
fn ten_thousand_idle_connections_keep_nobody_out() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let files = raise_file_limit();
    // The store keeps some files for itself, and so does this test.
    let count = usize::try_from(files.saturating_sub(2_000).min(10_000)).expect("a small number");
    let idle: Vec<TcpStream> = (0..count).map(|_| connect_patiently(store.front_end)).collect();
    let began = Instant::now();
    let answer = http::get(store.front_end, "/products/Tux").expect("an answer");
    assert_eq!(answer.status, 200);
    let placed = http::order(store.front_end, "key-1", "Tux", 1).expect("an answer");
    assert_eq!(placed.status, 201, "{}", placed.text());
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "with {count} idle connections it took {took:?}");
    drop(idle);
}

fn connect_patiently(to: SocketAddr) -> TcpStream {
    TcpStream::connect_timeout(&to, PATIENCE).expect("one more connection")
}

fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).expect("a soft limit may rise to the hard one");
    limit.current.unwrap_or(u64::MAX)
}
