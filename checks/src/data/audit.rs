//! What is on the disks, as facts.

use std::collections::BTreeMap;

use toystore_actors::catalog::stock::Item;
use toystore_actors::domain::{Entry, OrderNumber, ReplicaId, SoldPurchase};

/// What is on the disks.
#[derive(Debug, Clone, Default)]
pub struct StoreAudit {
    /// The replicas' books.
    pub books: BTreeMap<ReplicaId, Vec<Entry>>,
    /// The catalog's.
    pub items: Vec<Item>,
    /// Purchases without a settlement.
    pub unsettled: Vec<SoldPurchase>,
}

/// The entry of a number in a book.
#[must_use]
pub fn entry_of(book: &[Entry], number: OrderNumber) -> Option<&Entry> {
    let place = number.get().checked_sub(1)?;
    book.get(usize::try_from(place).ok()?)
}
