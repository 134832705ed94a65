//! What is said on a connection, byte by byte.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::support::http::{self, Response};

/// Everything that the store says until it ends the connection.
pub fn all(stream: &mut TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    said
}

/// What the store says to these bytes, after which nothing more comes.
pub fn said(to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = http::connect(to).expect("a connection");
    stream.write_all(bytes).expect("it is sent");
    stream.shutdown(Shutdown::Write).expect("no more is sent");
    String::from_utf8_lossy(&all(&mut stream)).into_owned()
}

/// Takes one answer off the front of a text; one to a HEAD has no body.
pub fn take_answer(text: &mut &str, head: bool) -> Response {
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

/// Reads an answer to a HEAD.
pub fn read_head(stream: &mut TcpStream) -> io::Result<Response> {
    let (mut text, mut byte) = (String::new(), [0]);
    while !text.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        text.push(char::from(byte[0]));
    }
    Ok(take_answer(&mut text.as_str(), true))
}

pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
