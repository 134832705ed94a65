//! Answers that nobody takes.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::exchange::is_timeout;
use crate::requests::GET;
use crate::support::store::{self, Up};
use crate::support::{PATIENCE, http};

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
    // Then their connections are closed, and what was not taken is not kept.
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
fn who_asks_and_never_listens_is_cut_off() {
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
