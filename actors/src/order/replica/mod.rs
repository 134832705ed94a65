//! One replica of the book: what it does with views, with a leader's messages and with those who join, and how a leader
//! sends its book. [`super::rules`] decide; what is here waits, sends and writes.

mod following;
mod operator;
mod rejoin;
#[allow(clippy::module_inception, reason = "the room is named after what its first file holds")]
mod replica;
mod replicator;
mod views;

pub use replica::{Leading, Replica};
