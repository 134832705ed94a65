//! A small HTTP client that can also say what no decent client would.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use super::PATIENCE;

/// An answer, as read from the socket.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; panics if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }

    /// What is under `data` in the body.
    pub fn data(&self) -> Value {
        self.json()["data"].clone()
    }
}

/// `GET path`.
pub fn get(to: SocketAddr, path: &str) -> io::Result<Response> {
    request(to, "GET", path, &[], b"")
}

/// `POST path` with a JSON body.
pub fn post(to: SocketAddr, path: &str, json: &str) -> io::Result<Response> {
    request(to, "POST", path, &[("Content-Type", "application/json")], json.as_bytes())
}

/// Places an order under a request id. A broken connection is an error: the outcome is then unknown.
pub fn order(to: SocketAddr, key: &str, name: &str, quantity: u64) -> io::Result<Response> {
    let body = serde_json::json!({ "name": name, "quantity": quantity }).to_string();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    request(to, "POST", "/orders", &headers, body.as_bytes())
}

/// One request on a connection of its own.
pub fn request(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Response> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    raw(to, &bytes)
}

/// Sends these bytes and reads the answer to them.
pub fn raw(to: SocketAddr, bytes: &[u8]) -> io::Result<Response> {
    let mut stream = connect(to)?;
    stream.write_all(bytes)?;
    read_response(&mut stream)
}

/// A connection that gives up waiting when the tests' patience ends.
pub fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, Duration::from_secs(10))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads one answer; a body of known length does not wait for the connection's end.
pub fn read_response(stream: &mut TcpStream) -> io::Result<Response> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        read_more(stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| io::Error::other(format!("not an HTTP answer: {head:?}")))?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let mut response = Response { status, headers, body: Vec::new() };
    let length = response.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + length {
        read_more(stream, &mut bytes)?;
    }
    response.body = bytes[head_end..head_end + length].to_vec();
    Ok(response)
}

fn read_more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 8192];
    match stream.read(&mut chunk) {
        Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection ended before the answer")),
        Ok(read) => {
            bytes.extend_from_slice(&chunk[..read]);
            Ok(())
        }
        // A read with a time limit is interrupted when the machine or a debugger stops this process for a
        // moment.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        Err(error) => Err(error),
    }
}
