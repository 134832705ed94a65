//! The order service: replicas of one order book, one of which leads.
//!
//! From the top down: [`actor`] receives messages; [`desk`] places orders ([`placing`] decides);
//! [`replication`] is what the desk needs of a replicated book; [`leader`] is the replication in use;
//! [`writer`] puts what waits into one transaction of the [`book`].

mod actor;
pub mod book;
mod desk;
mod leader;
pub mod messages;
mod placing;
mod replication;
mod writer;

use std::time::Duration;

pub use actor::{OrderReplica, start};

use crate::domain::ReplicaId;

/// How one order replica runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderConfig {
    /// Its id.
    pub id: ReplicaId,
    /// The ids of all replicas, this one included.
    pub replicas: Vec<ReplicaId>,
    /// The front-ends; the first is the view service.
    pub front_ends: Vec<u8>,
    /// How long one call to another service may take.
    pub call_limit: Duration,
    /// How long a follower may leave the leader without a confirmation before the leader asks to drop it.
    pub drop_after: Duration,
    /// How long to wait before something that failed is tried again.
    pub retry_every: Duration,
    /// How many calls may be under way at once.
    pub max_calls: usize,
}

/// The file of one replica's book.
pub const BOOK_FILE: &str = "book.redb";

/// Whose data a book is, as its file says.
#[must_use]
pub fn book_owner(id: ReplicaId) -> String {
    format!("order replica {id}")
}
