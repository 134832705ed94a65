//! What became of the keys under which somebody ordered.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use toystore_actors::domain::{OrderNumber, ProductName, Purchase, RequestId};

use crate::data::Operation;
use crate::time::Nanos;

/// So many keys of the newest orders are known: the same key under two numbers is noticed within so many orders.
const MOST_NUMBERED: usize = 1_000_000;

/// So many keys that were refused are known. Fewer than the catalog remembers (`REFUSALS`), within which a refusal is certain.
const MOST_REFUSED: usize = 50_000;

/// So many keys of unknown outcome are known.
const MOST_OPEN: usize = 50_000;

/// An order of which nobody was told what became of it.
#[derive(Debug, Clone)]
pub(super) struct OpenOrder {
    pub(super) purchase: Purchase,
    /// When it was first asked for.
    pub(super) invoked: Nanos,
    /// When somebody was last told that its outcome is unknown.
    pub(super) returned: Nanos,
}

/// What became of keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// A key's digest is enough: two that share one among a million are as likely as a broken computer.
    numbers: BTreeMap<u64, OrderNumber>,
    numbered: VecDeque<u64>,
    refused: BTreeMap<RequestId, Operation>,
    refusals: VecDeque<RequestId>,
    open: BTreeMap<RequestId, Vec<OpenOrder>>,
    opened: VecDeque<RequestId>,
    /// Pieces in open orders.
    pieces: BTreeMap<ProductName, u64>,
}

impl Keys {
    /// The number of a key's order.
    pub(super) fn number(&self, key: &RequestId) -> Option<OrderNumber> {
        self.numbers.get(&digest(key)).copied()
    }

    /// A key has an order.
    pub(super) fn numbered(&mut self, key: &RequestId, number: OrderNumber) {
        let digest = digest(key);
        if self.numbers.insert(digest, number).is_none() {
            self.numbered.push_back(digest);
        }
        if self.numbered.len() > MOST_NUMBERED
            && let Some(oldest) = self.numbered.pop_front()
        {
            self.numbers.remove(&oldest);
        }
    }

    /// What was told when a key was refused.
    pub(super) fn refusal(&self, key: &RequestId) -> Option<&Operation> {
        self.refused.get(key)
    }

    /// A key was refused.
    pub(super) fn refused(&mut self, key: &RequestId, operation: Operation) {
        if self.refused.insert(key.clone(), operation).is_none() {
            self.refusals.push_back(key.clone());
        }
        if self.refusals.len() > MOST_REFUSED
            && let Some(oldest) = self.refusals.pop_front()
        {
            self.refused.remove(&oldest);
        }
    }

    /// The catalog has forgotten all refusals.
    pub(super) fn forget_refusals(&mut self) {
        self.refused.clear();
        self.refusals.clear();
    }

    /// Nobody knows what became of this. True if that is new.
    pub(super) fn left_open(&mut self, purchase: &Purchase, invoked: Nanos, returned: Nanos) -> bool {
        let open = self.open.entry(purchase.key.clone()).or_default();
        if open.is_empty() {
            self.opened.push_back(purchase.key.clone());
        }
        if let Some(known) = open.iter_mut().find(|open| open.purchase == *purchase) {
            known.invoked = known.invoked.min(invoked);
            known.returned = known.returned.max(returned);
            return false;
        }
        open.push(OpenOrder { purchase: purchase.clone(), invoked, returned });
        *self.pieces.entry(purchase.name.clone()).or_insert(0) += u64::from(purchase.quantity.get());
        if self.opened.len() > MOST_OPEN
            && let Some(oldest) = self.opened.pop_front()
        {
            self.close(&oldest);
        }
        true
    }

    /// It is known what became of a key.
    pub(super) fn close(&mut self, key: &RequestId) -> Vec<OpenOrder> {
        let closed = self.open.remove(key).unwrap_or_default();
        for OpenOrder { purchase, .. } in &closed {
            if let Some(pieces) = self.pieces.get_mut(&purchase.name) {
                *pieces = pieces.saturating_sub(u64::from(purchase.quantity.get()));
            }
        }
        closed
    }

    /// Pieces of a product in orders of which nobody knows what became of them.
    pub(super) fn open_pieces(&self, name: &ProductName) -> u64 {
        self.pieces.get(name).copied().unwrap_or(0)
    }

    pub(super) fn kept(&self) -> usize {
        self.numbered.len() + self.refusals.len() + self.opened.len() + self.pieces.len()
    }
}

fn digest(key: &RequestId) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
