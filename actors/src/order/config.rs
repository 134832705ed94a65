//! How an order replica runs.

use std::time::Duration;

use crate::domain::{FrontEndId, ReplicaId};

/// How one order replica runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderConfig {
    /// Its id.
    pub id: ReplicaId,
    /// The ids of all replicas, this one included.
    pub replicas: Vec<ReplicaId>,
    /// The front-end whose view service says who leads.
    pub front_end: FrontEndId,
    /// How long one call to another service may take.
    pub call_limit: Duration,
    /// How long a follower may leave the leader without a confirmation before the leader asks to drop it.
    pub drop_after: Duration,
    /// How long to wait before something that failed is tried again.
    pub retry_every: Duration,
    /// How many calls may be under way at once.
    pub max_calls: usize,
    /// How much it does at a time.
    pub limits: Limits,
}

/// How much an order replica does at a time, and how much it keeps in memory. Each is 1 at least. Only a simulator
/// has a reason to set them otherwise: what comes behind a limit is to be seen at work, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries in one message to a follower; 1024 with the longest names and keys are about 250 KB.
    pub sync_entries: usize,
    /// Entries that a replica which catches up asks for at a time.
    pub fetch_entries: u32,
    /// Entries that one who catches up is given at a time, whatever is asked for.
    pub chunk_entries: u32,
    /// Purchases in one batch for the catalog; it bounds the size of a message and of a transaction.
    pub batch: usize,
    /// Refused request ids that a leader remembers. Rule C3 asks for all of a term; after so many further refusals
    /// a late copy of a refused request may find the product restocked. Nobody waits for that answer any more.
    pub refusals: usize,
    /// Orders in one page, whatever is asked for.
    pub page: u32,
    /// Reads of the book that may be under way at once. A thousand lookups must not stand in the disk's line before
    /// one sync.
    pub readers: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            sync_entries: 1024,
            fetch_entries: 16_384,
            chunk_entries: 16_384,
            batch: 1024,
            refusals: 65_536,
            page: 1000,
            readers: 4,
        }
    }
}

/// The file of one replica's book.
pub const BOOK_FILE: &str = "book.redb";

/// Whose data a book is, as its file says.
#[must_use]
pub fn book_owner(id: ReplicaId) -> String {
    format!("order replica {id}")
}
