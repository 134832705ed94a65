//! Purchases, orders, and the entries of the book that they become.

use serde::{Deserialize, Serialize};

use super::ids::{Epoch, OrderNumber};
use super::text::{ProductName, Quantity, RequestId};
use super::time::UnixMillis;

/// What one request buys: what the catalog sells under its id, and what its order is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// The request that bought it.
    pub key: RequestId,
    pub name: ProductName,
    pub quantity: Quantity,
}

/// For how much something was sold, and when. The catalog decides both with the number of the purchase, and they never
/// change (rule C8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The price of one piece, in cents.
    pub price_cents: u64,
    /// By the catalog's wall clock: for people. Nothing is decided by it.
    pub sold_at: UnixMillis,
}

impl Receipt {
    /// What so many pieces cost together, in cents.
    #[must_use]
    pub fn total_cents(self, quantity: Quantity) -> u128 {
        u128::from(self.price_cents) * u128::from(quantity.get())
    }
}

/// A purchase that the catalog has sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldPurchase {
    pub purchase: Purchase,
    /// `None` if it was sold before there were receipts.
    pub receipt: Option<Receipt>,
}

/// An order as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub number: OrderNumber,
    pub name: ProductName,
    pub quantity: Quantity,
    /// `None` if it was placed before there were receipts.
    pub receipt: Option<Receipt>,
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
    /// For how much it was sold, and when; `None` if it was placed before there were receipts, or is lost.
    pub receipt: Option<Receipt>,
}

impl Entry {
    /// What a leader appends: a purchase that was sold.
    #[must_use]
    pub fn of(number: OrderNumber, epoch: Epoch, sold: SoldPurchase) -> Entry {
        let SoldPurchase { purchase, receipt } = sold;
        Entry { number, epoch, purchase: Some(purchase), receipt }
    }

    /// The number of an order that is lost.
    #[must_use]
    pub fn lost(number: OrderNumber, epoch: Epoch) -> Entry {
        Entry { number, epoch, purchase: None, receipt: None }
    }

    /// Whether it is the order of what was sold.
    #[must_use]
    pub fn is_of(&self, sold: &SoldPurchase) -> bool {
        self.purchase.as_ref() == Some(&sold.purchase) && self.receipt == sold.receipt
    }

    /// The order as a client sees it; `None` if it is lost.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        let Purchase { name, quantity, .. } = self.purchase.as_ref()?;
        Some(Order { number: self.number, name: name.clone(), quantity: *quantity, receipt: self.receipt })
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
