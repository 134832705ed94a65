//! Connections that do not behave: what they are answered, and that they harm nobody.

mod support;

use std::fmt::Write as _;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;
use serde_json::json;
use support::PATIENCE;
use support::http::{self, Response};
use support::store::{self, Up};

const TUX: &str = r#"{"data":{"name":"Tux","price":15.99,"quantity":100}}"#;

/// Everything that the store says until it ends the connection.
fn all(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    said
}

/// What the store says to these bytes, after which nothing more comes.
fn said(to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = http::connect(to).expect("a connection");
    stream.write_all(bytes).expect("it is sent");
    stream.shutdown(Shutdown::Write).expect("no more is sent");
    String::from_utf8_lossy(&all(&mut stream)).into_owned()
}

/// Takes one answer off the front of a text; one to a HEAD has no body.
fn take_answer(text: &mut &str, head: bool) -> Response {
    let (lines, rest) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = lines.lines();
    let first = lines.next().unwrap_or_default();
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut answer = Response {
        status: status.unwrap_or_else(|| panic!("no answer: {first:?}")),
        headers,
        body: first.split(' ').next().unwrap_or_default().into(),
    };
    let length = answer.header("content-length").and_then(|length| length.parse().ok());
    let length = if head { 0 } else { length.unwrap_or(0) };
    let version = String::from_utf8(std::mem::take(&mut answer.body)).expect("text");
    answer.headers.push(("version".into(), version));
    answer.body = rest.as_bytes()[..length].to_vec();
    *text = &rest[length..];
    answer
}

/// How one of several requests that are sent at once is answered.
struct Told {
    request: &'static str,
    status: u16,
    version: &'static str,
    body: &'static str,
    /// What the answer says of the connection.
    connection: Option<&'static str>,
}

const fn told(request: &'static str, body: &'static str) -> Told {
    Told { request, status: 200, version: "HTTP/1.1", body, connection: None }
}

const GET: Told = told("GET /products/Tux HTTP/1.1\r\nHost: x\r\n\r\n", TUX);
const HEAD: Told = told("HEAD /products/Tux HTTP/1.1\r\nHost: x\r\n\r\n", "");
const OLD: Told = Told { request: "GET /products/Tux HTTP/1.0\r\n\r\n", version: "HTTP/1.0", ..GET };
const OLD_KEPT: Told = Told {
    request: "GET /products/Tux HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    version: "HTTP/1.0",
    connection: Some("keep-alive"),
    ..GET
};
const CLOSE: Told = Told {
    request: "GET /products/Tux HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    connection: Some("close"),
    ..GET
};
/// Is answered by the catalog, not at once.
const ASKED: Told = Told {
    request: "GET /products/Unicorn HTTP/1.1\r\nHost: x\r\n\r\n",
    status: 404,
    body: r#"{"error":{"code":404,"message":"there is no such product"}}"#,
    ..GET
};
/// It is answered before its body is read, which actix-http takes as the end of the connection.
const WITH_BODY: Told = Told {
    request: "GET /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nGET / HTT",
    connection: Some("close"),
    ..GET
};
const WITH_CHUNKS: Told = told(
    "GET /products/Tux HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9;a=b\r\nGET / HTT\r\n0\r\nX: y\r\n\r\n",
    TUX,
);
const REFUSED: Told = Told {
    request: "GET /products/Tux HTTP/1.1\r\n\r\n",
    status: 400,
    body: r#"{"error":{"code":400,"message":"there is no Host"}}"#,
    connection: Some("close"),
    ..GET
};
const ORDER: Told = Told {
    request: "POST /orders HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nContent-Length: 27\r\n\r\n{\"name\":\"Fox\",\"quantity\":1}",
    status: 201,
    body: r#"{"data":{"order_number":1}}"#,
    ..GET
};
const ORDER_IN_CHUNKS: Told = Told {
    request: "POST /orders HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nTransfer-Encoding: chunked\r\n\r\n\
              1;a=b\r\n{\r\n1A\r\n\"name\":\"Fox\",\"quantity\":1}\r\n0\r\nX: y\r\n\r\n",
    ..ORDER
};
const EMPTY_LINE: Told = Told { request: "\r\nGET /products/Tux HTTP/1.1\r\nHost: x\r\n\r\n", ..GET };

#[test]
fn each_pipelined_request_has_the_answer_that_is_its_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let rows: &[&[Told]] = &[
        &[GET, HEAD],
        &[HEAD, GET],
        &[GET, OLD],
        &[OLD_KEPT, GET],
        &[GET, OLD_KEPT, HEAD, CLOSE],
        &[GET, CLOSE],
        &[ASKED, HEAD],
        &[ASKED, OLD],
        &[ASKED, CLOSE],
        &[ASKED, ASKED, ASKED, HEAD, ASKED, OLD_KEPT, ASKED, CLOSE],
        &[ASKED, WITH_BODY],
        &[WITH_CHUNKS, OLD],
        &[ORDER, HEAD],
        &[ORDER, ORDER_IN_CHUNKS, OLD_KEPT, ORDER],
        &[ASKED, REFUSED],
        &[EMPTY_LINE, EMPTY_LINE, HEAD],
        &[GET; 50],
    ];
    for row in rows {
        let requests: String = row.iter().map(|told| told.request).collect();
        let all = said(store.front_end, requests.as_bytes());
        let mut rest = all.as_str();
        for (index, told) in row.iter().enumerate() {
            let label = format!("{index} of {requests:?}: {all:?}");
            let answer = take_answer(&mut rest, told.request.starts_with("HEAD"));
            assert_eq!((answer.status, answer.text().as_str()), (told.status, told.body), "{label}");
            assert_eq!(answer.header("version"), Some(told.version), "{label}");
            assert_eq!(answer.header("connection"), told.connection, "{label}");
        }
        assert_eq!(rest, "", "{requests:?}");
    }
}

#[test]
fn nothing_is_done_after_the_last_answer() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let unread = "GET /products/Tux HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
    let close = Some("close");
    for (first, status, connection) in [
        (CLOSE.request.to_owned(), 200, close),
        // With HTTP/1.0 this goes without saying.
        (OLD.request.to_owned(), 200, None),
        (REFUSED.request.to_owned(), 400, close),
        // What follows is the body.
        (unread.to_owned(), 200, close),
        (unread.replace("Content-Length: 200000", "Transfer-Encoding: chunked"), 200, close),
    ] {
        let requests = format!("{first}{}", ORDER.request);
        let all = said(store.front_end, requests.as_bytes());
        let mut rest = all.as_str();
        let answer = take_answer(&mut rest, false);
        assert_eq!((answer.status, answer.header("connection")), (status, connection), "{requests:?}");
        assert_eq!(rest, "", "{requests:?}");
    }
    let orders = http::get(store.front_end, "/orders").expect("an answer");
    assert_eq!(orders.json(), json!({ "data": [], "next": null }));
}

/// A request comes in as many pieces as the network likes.
#[test]
fn requests_may_come_a_byte_at_a_time() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let mut stream = http::connect(store.front_end).expect("a connection");
    for told in [GET, ORDER, ASKED, ORDER_IN_CHUNKS, GET] {
        for byte in told.request.as_bytes() {
            stream.write_all(&[*byte]).expect("a byte is sent");
        }
        let answer = http::read_response(&mut stream).expect("an answer");
        assert_eq!((answer.status, answer.text().as_str()), (told.status, told.body), "{:?}", told.request);
        assert_eq!(answer.header("connection"), None, "{:?}", told.request);
    }
}

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
fn whoever_drips_is_told_and_let_go() {
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

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
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

/// A catalog with a list that is longer than what the systems buffer.
fn long_list(directory: &Path) -> std::path::PathBuf {
    let mut catalog = "name,price,quantity\n".to_owned();
    for index in 0..1_000 {
        writeln!(catalog, "toy {index:06} {},9.99,100", "x".repeat(110)).expect("writing to a string");
    }
    store::with_catalog(directory, &catalog)
}

/// A connection whose client's system buffers next to nothing.
fn narrow(to: SocketAddr, request: &str) -> TcpStream {
    let mut stream = http::connect(to).expect("a connection");
    set_socket_recv_buffer_size(&stream, 4096).expect("a small buffer");
    stream.write_all(request.as_bytes()).expect("a request is sent");
    stream
}

const LIST: &str = "GET /products HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn answers_that_nobody_takes_cost_little_and_end() {
    const READERS: usize = 400;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = long_list(directory.path());
    let config = config.to_str().expect("a path of plain characters");
    let mut store = Up::start_with(&directory.path().join("data"), &["--config", config]);
    let order = |key| http::order(store.front_end, key, &format!("toy 000001 {}", "x".repeat(110)), 1);
    // The counts have as many digits from now on.
    assert_eq!(order("key-1").expect("an answer").status, 201);
    let length = http::get(store.front_end, "/products").expect("an answer").body.len();
    assert!(length > 150_000, "{length}");
    let before = store.process.resident_kib().expect("the size of a running process");
    let mut readers: Vec<_> = [store.front_end, store.catalog]
        .iter()
        .flat_map(|to| (0..READERS / 2).map(|_| narrow(*to, LIST)))
        .collect();
    // All have their answer, and take it a byte at a time.
    for reader in &mut readers {
        reader.read_exact(&mut [0]).expect("an answer begins");
    }
    let began = Instant::now();
    let after = store.process.resident_kib().expect("the size of a running process");
    let cost = after.saturating_sub(before) / READERS as u64;
    assert!(cost < 64, "each connection costs {cost} KiB");
    assert_eq!(order("key-2").expect("an answer").status, 201);
    assert!(began.elapsed() < Duration::from_secs(3), "an order took {:?}", began.elapsed());
    // Then they are let go, and what was not taken is not kept.
    let mut alive = readers;
    while !alive.is_empty() {
        assert!(began.elapsed() < PATIENCE, "{} are still being served", alive.len());
        alive.retain(|reader| {
            reader.set_nonblocking(true).expect("no waiting");
            // What has arrived can be read after the end, too.
            let _ = (&*reader).read(&mut [0]);
            reader.take_error().expect("a socket's state").is_none()
        });
        thread::sleep(Duration::from_millis(200));
    }
    assert!(store.process.exited().is_none());
    // Whoever takes it, if slowly, has all of it.
    let mut patient = narrow(store.front_end, LIST);
    let answer = http::read_response(&mut patient).expect("an answer");
    assert_eq!(answer.body.len(), length);
}

#[test]
fn who_asks_and_never_listens_is_let_go() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let mut stream = narrow(store.front_end, "");
    stream.set_write_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let began = Instant::now();
    let requests = GET.request.repeat(50);
    let error = loop {
        assert!(began.elapsed() < PATIENCE, "nobody minds");
        match stream.write(requests.as_bytes()) {
            Err(error) if !is_timeout(&error) => break error,
            _ => {}
        }
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
}

/// How long a connection is kept is a setting, and longer than a head may take.
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

/// What is refused before it is a request.
const NO_REQUESTS: &[(&str, u16, &str)] = &[
    ("HELLO\r\n\r\n", 400, "not a request"),
    ("GET /products/Tux\r\n\r\n", 400, "not a request"),
    ("GET \0 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "not a request"),
    ("GET /a<b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "not a"),
    ("GET / HTTP/1.1\r\n\r\n", 400, "no Host"),
    ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400, "more than one Host"),
    ("GET / HTTP/1.1\r\nHost: x\r\nX : y\r\n\r\n", 400, "header field"),
    ("GET / HTTP/1.1\r\nHost: x\r\nX\r\n\r\n", 400, "header field"),
    ("GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505, "HTTP/1.1"),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", 505, "HTTP/1.1"),
    ("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", 501, "no proxy"),
    ("POST /orders HTTP/1.0\r\n\r\n", 411, "Content-Length"),
    ("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "Content-Length"),
    (
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n{",
        400,
        "more than one",
    ),
    (
        "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
        "both",
    ),
    ("POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "chunked"),
    (
        "POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        400,
        "could not be read",
    ),
    ("POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", 400, "could not be read"),
    ("GET / HTTP/1.1\r\nHost: x\r\nExpect: a-pony\r\n\r\n", 417, "100-continue"),
];

#[test]
fn what_is_no_request_is_told_why() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let long_line = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(9000));
    let long_head =
        format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", format!("X: {}\r\n", "y".repeat(1000)).repeat(20));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(100));
    let long = [
        (long_line.as_str(), 414, "8 KiB"),
        (&long_line[..8500], 414, "8 KiB"),
        (&long_head, 431, "16 KiB"),
        (&many, 431, "96 header fields"),
    ];
    for to in [store.front_end, store.catalog, store.orders[&1]] {
        for (request, status, part) in NO_REQUESTS.iter().chain(&long) {
            // The replicas and the catalog have other paths, and refuse what they do not read.
            if to != store.front_end && request.starts_with("POST") && *part == "could not be read" {
                continue;
            }
            let label = format!("{:.200}", format!("{request:?}"));
            // Before a good request, and after one.
            for first in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] {
                let all = said(to, format!("{first}{request}").as_bytes());
                let mut rest = all.as_str();
                if !first.is_empty() {
                    assert_eq!(take_answer(&mut rest, false).status, 200, "{label}");
                }
                let answer = take_answer(&mut rest, false);
                assert_eq!(answer.status, *status, "{label}: {all}");
                let body = answer.json();
                let message = body["error"]["message"].as_str().unwrap_or_default();
                assert!(message.contains(part), "{label}: {message:?} does not say {part:?}");
                assert_eq!(body, json!({ "error": { "code": status, "message": message } }), "{label}");
                assert_eq!(answer.header("content-type"), Some("application/json"), "{label}");
                assert_eq!(answer.header("cache-control"), Some("no-store"), "{label}");
                assert_eq!(answer.header("connection"), Some("close"), "{label}: {all}");
                assert_eq!(rest, "", "{label}");
            }
        }
    }
}

#[test]
fn a_client_that_waits_for_leave_has_it_when_its_body_is_wanted() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = store::with_catalog(directory.path(), "name,price,quantity\nTux,15.99,100\n");
    let config = config.to_str().expect("a path of plain characters");
    let arguments = ["--config", config, "--token", "s3cret"];
    let store = Up::start_with(&directory.path().join("data"), &arguments);
    let body = r#"{"name":"Tux","quantity":1}"#;
    let expects = |first: &str, fields: &str| {
        format!("{first} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n{fields}\r\n")
    };
    for (label, to, head, status) in [
        ("an order", store.front_end, expects("POST /orders", "Content-Length: 27\r\n"), 201),
        ("too long", store.front_end, expects("POST /orders", "Content-Length: 99999999\r\n"), 413),
        (
            "a wrong type",
            store.front_end,
            expects("POST /orders", "Content-Type: text/plain\r\nContent-Length: 27\r\n"),
            415,
        ),
        (
            "a wrong key",
            store.front_end,
            expects("POST /orders", "Idempotency-Key: a b\r\nContent-Length: 27\r\n"),
            400,
        ),
        ("a wrong path", store.front_end, expects("POST /nothing", "Content-Length: 27\r\n"), 404),
        ("a wrong method", store.front_end, expects("PUT /orders", "Content-Length: 27\r\n"), 405),
        ("a body for nothing", store.front_end, expects("GET /products/Tux", "Content-Length: 27\r\n"), 200),
        (
            "no token",
            store.front_end,
            expects("POST /recover", "Content-Type: application/json\r\nContent-Length: 27\r\n"),
            401,
        ),
        (
            "no token at a replica",
            store.orders[&2],
            expects("POST /sync", "Content-Type: application/json\r\nContent-Length: 27\r\n"),
            401,
        ),
        (
            "a wrong type at a replica",
            store.orders[&2],
            expects("POST /sync", "Authorization: Bearer s3cret\r\nContent-Length: 27\r\n"),
            415,
        ),
        (
            "no message at a replica",
            store.orders[&2],
            expects(
                "POST /sync",
                "Authorization: Bearer s3cret\r\nContent-Type: application/json\r\nContent-Length: 27\r\n",
            ),
            400,
        ),
    ] {
        let wanted = [201, 400].contains(&status) && label != "a wrong key";
        let mut stream = http::connect(to).expect("a connection");
        stream.write_all(head.as_bytes()).expect(label);
        if wanted {
            let leave = http::read_response(&mut stream).expect(label);
            assert_eq!((leave.status, leave.headers.len()), (100, 0), "{label}: {leave:?}");
            stream.write_all(body.as_bytes()).expect(label);
        }
        let answer = http::read_response(&mut stream).expect(label);
        assert_eq!(answer.status, status, "{label}: {}", answer.text());
        // Whoever was told to go on may send the next request, others have a body that nobody reads.
        let kept = if wanted { None } else { Some("close") };
        assert_eq!(answer.header("connection"), kept, "{label}");
    }
    // Who does not wait needs no leave.
    let order = expects("POST /orders", "Content-Length: 27\r\n") + body;
    let mut stream = http::connect(store.front_end).expect("a connection");
    stream.write_all(order.as_bytes()).expect("an order is sent");
    assert_eq!(http::read_response(&mut stream).expect("an answer").status, 201);
}

#[test]
fn offers_of_other_protocols_are_not_taken() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    let mut stream = http::connect(store.front_end).expect("a connection");
    for (version, offer, kept) in [
        // As Java's HttpClient begins.
        (
            "1.1",
            "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nUpgrade: h2c\r\n",
            None,
        ),
        ("1.1", "Connection: upgrade\r\n", None),
        ("1.1", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n", None),
        ("1.1", "Upgrade: TLS/1.2\r\n", None),
        ("1.0", "Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n", Some("keep-alive")),
        ("1.1", "Connection: close, Upgrade\r\nUpgrade: h2c\r\n", Some("close")),
    ] {
        for request in [
            format!("GET /products/Tux HTTP/{version}\r\nHost: x\r\n{offer}\r\n"),
            format!("HEAD /products/Tux HTTP/{version}\r\nHost: x\r\n{offer}\r\n"),
        ] {
            if kept == Some("close") && request.starts_with("HEAD") {
                continue;
            }
            stream.write_all(request.as_bytes()).expect("a request is sent");
            let head = request.starts_with("HEAD");
            let answer = if head { read_head(&mut stream) } else { http::read_response(&mut stream) };
            let answer = answer.expect("an answer");
            assert_eq!((answer.status, answer.header("connection")), (200, kept), "{request}");
            assert_eq!(answer.text(), if head { "" } else { TUX }, "{request}");
        }
    }
    assert_eq!(all(&mut stream), b"");
    // An order with an offer is placed as well.
    let mut stream = http::connect(store.front_end).expect("a connection");
    let order = ORDER.request.replace("\r\nIdem", "\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nIdem");
    for _ in 0..2 {
        stream.write_all(order.as_bytes()).expect("an order is sent");
        assert_eq!(http::read_response(&mut stream).expect("an answer").text(), ORDER.body);
    }
}

/// Reads an answer to a HEAD.
fn read_head(stream: &mut TcpStream) -> io::Result<Response> {
    let (mut text, mut byte) = (String::new(), [0]);
    while !text.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        text.push(char::from(byte[0]));
    }
    Ok(take_answer(&mut text.as_str(), true))
}

#[test]
fn head_is_answered_where_get_is_and_405_says_what_is() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Up::start(directory.path());
    http::order(store.front_end, "key-1", "Tux", 1).expect("an answer");
    let (front_end, catalog, leader) = (store.front_end, store.catalog, store.orders[&3]);
    let (read, write) = ("GET, HEAD", "POST");
    for (to, path, allow) in [
        (front_end, "/", read),
        (front_end, "/products", read),
        (front_end, "/products/Tux", read),
        (front_end, "/product/Tux", read),
        (front_end, "/orders", "GET, HEAD, POST"),
        (front_end, "/orders/1", read),
        (front_end, "/leader", read),
        (front_end, "/cache", "GET, HEAD, POST"),
        (front_end, "/healthz", read),
        (front_end, "/backup/stock", read),
        (front_end, "/backup/orders?limit=1", read),
        (front_end, "/order", write),
        (front_end, "/change-view", write),
        (front_end, "/recover", write),
        (front_end, "/recover-catalog", write),
        (catalog, "/healthz", read),
        (catalog, "/products", read),
        (catalog, "/query/Tux", read),
        (catalog, "/buy", write),
        (catalog, "/restock", write),
        (leader, "/healthz", read),
        (leader, "/status", read),
        (leader, "/last", read),
        (leader, "/1", read),
        (leader, "/syncfrom?epoch=1", read),
        (leader, "/orders", write),
        (leader, "/sync", write),
        (leader, "/leader", write),
    ] {
        let refused = http::request(to, "DELETE", path, &[], b"").expect(path);
        assert_eq!((refused.status, refused.header("allow")), (405, Some(allow)), "{path}");
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
