//! A stream of events, read as a browser reads it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{PATIENCE, http};

/// One open stream.
pub struct Stream {
    socket: TcpStream,
    text: String,
    /// The head of the answer.
    pub head: String,
}

/// What came on a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: u64,
    pub name: String,
    pub data: Value,
}

impl Stream {
    pub fn open(to: SocketAddr, topics: &str) -> Stream {
        let mut socket = http::connect(to).expect("a connection");
        write!(socket, "GET /events?topics={topics} HTTP/1.1\r\nHost: x\r\n\r\n").expect("it is sent");
        let mut stream = Stream { socket, text: String::new(), head: String::new() };
        while !stream.text.contains("\r\n\r\n") {
            assert!(stream.more().expect("an answer") > 0, "no head: {}", stream.text);
        }
        let (head, rest) = stream.text.split_once("\r\n\r\n").expect("it has one");
        (stream.head, stream.text) = (head.to_lowercase(), rest.to_owned());
        stream
    }

    fn more(&mut self) -> io::Result<usize> {
        let mut bytes = [0; 16 << 10];
        let read = self.socket.read(&mut bytes)?;
        self.text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        Ok(read)
    }

    /// The next event; `None` when the stream has ended in an orderly way. Chunks of one event each are what the store
    /// sends, so that their frames need not be taken apart.
    pub fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                if let Some(event) = event(&block) {
                    return Some(event);
                }
            } else if self.text.ends_with("0\r\n\r\n") {
                // The last chunk; the connection stays for other requests.
                return None;
            } else if self.more().expect("the stream goes on or ends well") == 0 {
                return None;
            }
        }
    }

    /// The next event of that name for which `wanted` holds.
    pub fn until(&mut self, what: &str, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut last = Value::Null;
        while Instant::now() < deadline {
            let event = self.next().unwrap_or_else(|| panic!("the stream ended before {what}"));
            if event.name == name && wanted(&event.data) {
                return event.data;
            }
            if event.name == name {
                last = event.data;
            }
        }
        panic!("no {what}; the last {name} was {last}")
    }

    /// Waits until the other side ends it, and says how long that took.
    pub fn ends(&mut self) -> Duration {
        let began = Instant::now();
        while self.next().is_some() {}
        began.elapsed()
    }
}

fn event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).expect("JSON");
    let id = field("id").expect("each event has an id").parse().expect("a number");
    Some(Event { id, name: field("event").expect("a name").to_owned(), data })
}
