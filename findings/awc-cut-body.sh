#!/usr/bin/env bash
# awc 3.11.0, the HTTP client of actix-web, gives a body for whole whose connection ended, in an orderly way, before its end: before the last
# chunk, and also before as many bytes as Content-Length says. A proxy that stops or a service that is killed while it answers ends its connections so. RFC 9112, 8: such a
# message is incomplete and must not be taken for whole.
#
# Guess before it was run: an error of the payload in both cases.
# Seen: the part that arrived, as a success. The caller has to compare Content-Length with what it got, and to look at the content of what
# came in chunks (JSON that ends, a length of its own).
#
# Needs cargo and crates.io. Exits with 0 if it is still so, 1 if it changed, 2 if it could not be run.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "cut"
version = "0.0.0"
edition = "2021"

[dependencies]
actix-rt = "=2.15.0"
awc = { version = "=3.11.0", default-features = false }
TOML
cat > src/main.rs <<'RUST'
use std::io::{Read, Write};
use std::net::TcpListener;

/// Answers one request with these bytes and ends the connection in an orderly way.
fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        stream.write_all(bytes).unwrap();
    });
    format!("http://{address}/")
}

#[actix_rt::main]
async fn main() {
    let rows: [(&str, &[u8]); 3] = [
        ("whole, in chunks", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"),
        ("cut, in chunks", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"),
        ("cut, of known length", b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nhello"),
    ];
    for (name, answer) in rows {
        let mut response = awc::Client::default().get(answering(answer)).send().await.unwrap();
        match response.body().await {
            Ok(body) => println!("{name}: {:?}", String::from_utf8_lossy(&body)),
            Err(error) => println!("{name}: error: {error}"),
        }
    }
}
RUST
cargo run --quiet > seen 2> log || { cat log >&2; exit 2; }
cat seen
cat > expected <<'SEEN'
whole, in chunks: "hello world"
cut, in chunks: "hello"
cut, of known length: "hello"
SEEN
diff expected seen >&2 && echo "as described"
