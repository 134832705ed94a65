//! Purchases, orders, and the entries of the book that they become.

use serde::{Deserialize, Serialize};

use super::ids::{Epoch, OrderNumber};
use super::text::{ProductName, Quantity, RequestId};

/// What one order bought, without its place in the book: what the catalog sold under one request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The request that bought it.
    pub key: RequestId,
    pub name: ProductName,
    pub quantity: Quantity,
}

/// An order as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub number: OrderNumber,
    pub name: ProductName,
    pub quantity: Quantity,
}

/// One entry of the replicated order book: a purchase, its number, and the epoch of the leader that
/// appended it. Two books that hold the same (number, epoch) hold the same entry there and the same
/// entries before it (Raft's log matching property: Ongaro and Ousterhout 2014, §5.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub number: OrderNumber,
    /// The epoch in which a leader appended it.
    pub epoch: Epoch,
    /// What was bought, under which request; `None` says that the order of this number is lost: an operator went on
    /// without the replica that alone had it, and its number is not given again.
    pub purchase: Option<Purchase>,
}

impl Entry {
    /// The order as a client sees it; `None` if it is lost.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        let Purchase { name, quantity, .. } = self.purchase.as_ref()?;
        Some(Order { number: self.number, name: name.clone(), quantity: *quantity })
    }

    /// The request that made it; `None` if it is lost.
    #[must_use]
    pub fn key(&self) -> Option<&RequestId> {
        self.purchase.as_ref().map(|purchase| &purchase.key)
    }
}

/// Where a book ends, or a place in it: the number of an entry and the epoch it was appended in.
/// The empty book ends at number 0, epoch 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Position {
    /// Number of the entry; 0 is the place before the first.
    pub number: OrderNumber,
    pub epoch: Epoch,
}
