//! What is read of a running store, to be compared with what its shoppers were told.

use toystore_actors::domain::{Entry, OrderNumber, ReplicaId};
use toystore_actors::messages::catalog::Stocked;

use crate::time::Nanos;

/// Acknowledged entries of the leader's book, as read from the front-end: linearizable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookPage {
    /// When it was asked for.
    pub asked: Nanos,
    /// When it was there.
    pub answered: Nanos,
    /// The entries after this one.
    pub after: OrderNumber,
    /// They have no gaps.
    pub entries: Vec<Entry>,
    /// All orders up to this one are acknowledged.
    pub acknowledged: OrderNumber,
}

/// Entries of one replica's own book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaPage {
    /// Whose.
    pub replica: ReplicaId,
    /// Whether it is in sync, as the view says that was current before and after.
    pub in_sync: bool,
    /// Whether no order was under way for so long that everyone in sync has heard of all.
    pub at_rest: bool,
    /// The entries after this one.
    pub after: OrderNumber,
    /// They have no gaps.
    pub entries: Vec<Entry>,
    /// Whether the book ends with them.
    pub ends: bool,
}

/// Products, as the catalog counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryPage {
    /// When it was asked for.
    pub asked: Nanos,
    /// When it was there.
    pub answered: Nanos,
    /// The products.
    pub products: Vec<Stocked>,
}
