//! The order service: replicas of one order book, one of which leads: primary and backups under a view service, with the
//! epochs and the log matching of Raft (docs/protocol.md has the rules, and where each is enforced).
//!
//! From the top down: [`actor`] receives messages; [`pipeline`] turns requests into orders; [`replica`] adopts views, sends
//! the book and catches up; both only do what [`rules`] decide, which know nothing of waiting, sending or disks;
//! [`writer`] puts what waits into one transaction of the [`book`].

mod actor;
pub mod book;
mod config;
mod pipeline;
mod replica;
mod rules;
mod summary;
mod writer;

pub use actor::{OrderReplica, start};
pub use book::restore;
pub use config::{BOOK_FILE, Limits, OrderConfig, book_owner};
