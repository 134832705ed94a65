//! Clients that send a little now and then.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::exchange::{is_timeout, take_answer};
use crate::requests::GET;
use crate::support::store::Up;
use crate::support::{PATIENCE, http};

/// What a client does to keep a connection busy, and how it ends.
struct Stage {
    label: &'static str,
    /// It begins with this, and reads the answer to it.
    first: &'static str,
    /// Then it sends this,
    then: &'static str,
    /// and this now and then, until there is an answer or the end.
    drip: &'static str,
    /// The answer; none when there is only the end.
    status: Option<u16>,
}

const STAGES: &[Stage] = &[
    Stage { label: "nothing", first: "", then: "", drip: "", status: None },
    Stage { label: "the first head stands still", first: "", then: "GET /prod", drip: "", status: Some(408) },
    Stage { label: "the first head drips", first: "", then: "GET /", drip: "x", status: Some(408) },
    Stage { label: "the second head drips", first: GET.request, then: "G", drip: "E", status: Some(408) },
    Stage {
        label: "fields drip",
        first: GET.request,
        then: "GET / HTTP/1.1\r\n",
        drip: "X: y\r\n",
        status: Some(408),
    },
    Stage {
        label: "an order's body drips",
        first: GET.request,
        then: "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
        drip: " ",
        status: Some(408),
    },
    Stage {
        label: "a body that nobody reads drips",
        first: GET.request,
        then: "GET /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n",
        drip: " ",
        status: Some(200),
    },
    Stage {
        label: "chunks that nobody reads drip",
        first: GET.request,
        then: "GET /products/Tux HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        drip: "1\r\n \r\n",
        status: Some(200),
    },
    Stage {
        label: "chunks in a body for nobody drip",
        first: GET.request,
        then: "POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        drip: "1\r\n \r\n",
        status: Some(404),
    },
];

#[test]
fn whoever_drips_is_told_and_cut_off() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let to = store.front_end;
    thread::scope(|scope| {
        for stage in STAGES {
            scope.spawn(move || drip(to, stage));
        }
    });
}

fn drip(to: SocketAddr, stage: &Stage) {
    let label = stage.label;
    let mut stream = http::connect(to).expect("a connection");
    if !stage.first.is_empty() {
        stream.write_all(stage.first.as_bytes()).expect(label);
        assert_eq!(http::read_response(&mut stream).expect(label).status, 200, "{label}");
    }
    let began = Instant::now();
    stream.write_all(stage.then.as_bytes()).expect(label);
    let said = said_while(&mut stream, || stage.drip);
    assert!(began.elapsed() < Duration::from_secs(15), "{label}: it took {:?}", began.elapsed());
    let said = String::from_utf8_lossy(&said).into_owned();
    let Some(status) = stage.status else {
        assert_eq!(said, "", "{label}");
        return;
    };
    let mut rest = said.as_str();
    let answer = take_answer(&mut rest, false);
    assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{label}: {said}");
    assert_eq!(rest, "", "{label}");
    assert!(answer.json().is_object(), "{label}: {said}");
}

/// What the store says until it ends the connection, while the client goes on to send.
fn said_while<'a>(stream: &mut TcpStream, mut more: impl FnMut() -> &'a str) -> Vec<u8> {
    let (mut said, mut chunk) = (Vec::new(), [0; 4096]);
    let began = Instant::now();
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout");
    while began.elapsed() < PATIENCE {
        match stream.read(&mut chunk) {
            Ok(0) => return said,
            Ok(read) => said.extend_from_slice(&chunk[..read]),
            Err(error) if is_timeout(&error) => {
                let _ = stream.write_all(more().as_bytes());
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
                return said;
            }
        }
    }
    panic!("nobody minds: {}", String::from_utf8_lossy(&said));
}

#[test]
fn a_body_that_nobody_reads_is_not_taken() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let piece = [b' '; 1 << 16];
    for head in [
        "GET /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: 62914560\r\n\r\n",
        "GET /products/Tux HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3C00000\r\n",
        "POST /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: 62914560\r\n\r\n",
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 62914560\r\n\r\n",
        "POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3C00000\r\n",
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 62914560\r\n\r\n",
        "NOTHING\r\n\r\n",
    ] {
        let mut stream = http::connect(store.front_end).expect("a connection");
        stream.write_all(head.as_bytes()).expect("a head is sent");
        let sent = (0..960).take_while(|_| stream.write_all(&piece).is_ok()).count() * piece.len();
        // Most of it waits in the systems' buffers.
        assert!(sent < 16 << 20, "{head:?}: {sent} bytes were taken");
    }
}
