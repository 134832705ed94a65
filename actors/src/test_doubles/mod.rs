//! A host for an actor under test: virtual time, files in memory, and events that are kept.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test double is a host: it is where the actors' time and files come from"
)]

mod clock;
mod disk;
mod events;
mod host;
mod runtime;
mod transport;

pub use clock::{VirtualClock, WALL};
pub use disk::MemoryDisk;
pub use host::TestHost;
pub use runtime::{on_virtual_time, run_node};
pub use transport::NobodyListens;
