//! What the black-box tests share: real processes of the real binary, real sockets, real signals.
//!
//! Nothing here sleeps for a guessed time: whatever takes a while is polled, with a deadline.

#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(missing_docs, reason = "this is compiled into each test, not documented for a library's users")]

pub mod http;
pub mod process;
pub mod store;

use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that has no limit of its own. Generous: the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Polls until `probe` gives a value, and panics with `what` when `limit` has passed.
pub fn eventually<T>(limit: Duration, what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = probe() {
            return value;
        }
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
