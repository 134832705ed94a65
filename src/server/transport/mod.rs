//! The two ways from an actor to its peers: over HTTP, and within one process.

mod local;
mod remote;

pub use self::local::Registry;
pub use self::remote::{Remote, RemoteLinks};
