//! Connections that do not behave: what they are answered, and that they harm nobody.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use serde_json::json;
use support::http::{self, Response};
use support::store::Up;

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
