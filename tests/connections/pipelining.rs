//! Requests that follow each other on one connection.

use std::io::Write;

use serde_json::json;

use crate::exchange::{said, take_answer};
use crate::requests::{
    ASKED, CLOSE, EMPTY_LINE, GET, HEAD, OLD, OLD_KEPT, ORDER, ORDER_IN_CHUNKS, REFUSED, Told, WITH_BODY,
    WITH_CHUNKS,
};
use crate::support::http;
use crate::support::store::Up;

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
