//! What is in stock, what was sold but has not become an acknowledged order, and how a group of calls
//! changes both.
//!
//! Nothing here waits: a draft decides the calls of one group in their order, each against what those
//! before it left, and ends as changes, which are then saved, and shown, as one.

use std::collections::{BTreeMap, BTreeSet};

use super::fence::{Admission, Fence};
use super::leases::Place;
pub use super::ledger::{Audit, audit};
use super::messages::{Buy, Refusal, Sale};
use super::refusals::Refusals;
use crate::bugs::{Bug, planted};
use crate::domain::{Epoch, Product, ProductName, Purchase, RequestId};
use crate::probe::Event;

/// One product with its books: `initial + restocked - sold = quantity`, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name, unique in the catalog.
    pub name: ProductName,
    /// Price of one piece, in cents.
    pub price_cents: u64,
    /// Pieces at the import.
    pub initial: u64,
    /// Pieces that all restocks brought.
    pub restocked: u64,
    /// Pieces that all purchases took.
    pub sold: u64,
    /// Pieces in stock.
    pub quantity: u64,
}

impl Item {
    /// Whether what came in, less what was sold, is what is there.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        u128::from(self.initial) + u128::from(self.restocked)
            == u128::from(self.sold) + u128::from(self.quantity)
    }

    /// Takes pieces out, if there are enough.
    fn sell(&mut self, pieces: u64) -> Sale {
        let more_than_there_is = || planted(Bug::Oversell).then_some(0);
        match self.quantity.checked_sub(pieces).or_else(more_than_there_is) {
            Some(left) => {
                self.quantity = left;
                self.sold += pieces;
                Sale::Sold
            }
            None => Sale::NotEnough { left: self.quantity },
        }
    }

    /// Fills up what is out of stock. False if there is nothing to do, or if so many pieces have come in
    /// already that they could no longer be counted.
    fn restock(&mut self, to: u64) -> bool {
        let counted = self.initial.checked_add(self.restocked).and_then(|came_in| came_in.checked_add(to));
        if self.quantity > 0 || to == 0 || counted.is_none() {
            return false;
        }
        self.restocked += to;
        self.quantity = to;
        true
    }

    fn product(&self) -> Product {
        Product { name: self.name.clone(), price_cents: self.price_cents, quantity: self.quantity }
    }
}

/// All that the catalog keeps on its disk, as of the last group that became visible.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stock {
    items: Vec<Item>,
    places: BTreeMap<ProductName, Place>,
    unsettled: BTreeMap<RequestId, Purchase>,
    fence: Fence,
    refusals: Refusals,
}

impl Stock {
    pub(super) fn new(items: Vec<Item>, unsettled: Vec<Purchase>, fence: Fence, refusals: Refusals) -> Stock {
        let places = items.iter().enumerate().map(|(place, item)| (item.name.clone(), place)).collect();
        let unsettled = unsettled.into_iter().map(|purchase| (purchase.key.clone(), purchase)).collect();
        Stock { items, places, unsettled, fence, refusals }
    }

    pub(super) fn place(&self, name: &ProductName) -> Option<Place> {
        self.places.get(name).copied()
    }

    pub(super) fn product(&self, place: Place) -> Product {
        self.items[place].product()
    }

    pub(super) fn products(&self) -> Vec<Product> {
        self.items.iter().map(Item::product).collect()
    }

    pub(super) fn names<'a>(&self, places: impl IntoIterator<Item = &'a Place>) -> Vec<ProductName> {
        places.into_iter().map(|&place| self.items[place].name.clone()).collect()
    }

    /// Takes in the changes that a draft of this very stock ended as.
    pub(super) fn apply(&mut self, changes: &Changes) {
        for (place, item) in &changes.items {
            self.items[*place] = item.clone();
        }
        for (key, purchase) in &changes.unsettled {
            match purchase {
                Some(purchase) => self.unsettled.insert(key.clone(), purchase.clone()),
                None => self.unsettled.remove(key),
            };
        }
        if let Some(fence) = &changes.fence {
            self.fence = fence.clone();
        }
        for (key, left) in &changes.refused {
            self.refusals.keep(key.clone(), *left);
        }
    }
}

/// What a group changes, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Changes {
    /// The products that it changes, as they will be.
    pub(super) items: BTreeMap<Place, Item>,
    /// The purchases that it adds, and `None` for those that it settles.
    pub(super) unsettled: BTreeMap<RequestId, Option<Purchase>>,
    /// The fence, if it moves.
    pub(super) fence: Option<Fence>,
    /// Who is refused for lack of stock, and how many pieces are left.
    pub(super) refused: BTreeMap<RequestId, u64>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        *self == Changes::default()
    }

    /// The products whose stock changes; what is cached of these must go.
    pub(super) fn products(&self) -> BTreeSet<Place> {
        self.items.keys().copied().collect()
    }
}

/// A group being decided, over the stock that is visible.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    stock: &'a Stock,
    changes: Changes,
    events: Vec<Event>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(stock: &'a Stock) -> Draft<'a> {
        Draft { stock, changes: Changes::default(), events: Vec::new() }
    }

    /// Decides one batch of a leader: sells each purchase whole or not at all, and forgets what is settled.
    pub(super) fn buy(&mut self, buy: &Buy) -> Result<Vec<Sale>, Refusal> {
        let Buy { reign, batch, .. } = *buy;
        match self.fence().batch(reign, batch) {
            Admission::Refused(refusal) => {
                self.events.push(Event::BatchRefused { reign, batch });
                return Err(refusal);
            }
            Admission::Repeated(answer) => {
                self.events.push(Event::BatchRepeated { reign, batch });
                return Ok(answer);
            }
            Admission::Fresh => {}
        }
        // Sales come first: a key that is bought and settled by the same batch is then not sold once more.
        let answer: Vec<Sale> = buy.purchases.iter().map(|purchase| self.sell(purchase)).collect();
        for key in &buy.settled {
            self.settle(key);
        }
        self.changes.fence = Some(Fence { reign, batch, answer: answer.clone() });
        Ok(answer)
    }

    /// Starts a reign, and tells it what its predecessors bought and did not settle.
    pub(super) fn unsettled(&mut self, reign: Epoch) -> Result<Vec<Purchase>, Refusal> {
        if let Some(raised) = self.fence().raise(reign)?
            && !planted(Bug::FetchDoesNotFence)
        {
            self.changes.fence = Some(raised);
        }
        let mut unsettled = self.stock.unsettled.clone();
        for (key, purchase) in &self.changes.unsettled {
            match purchase {
                Some(purchase) => unsettled.insert(key.clone(), purchase.clone()),
                None => unsettled.remove(key),
            };
        }
        Ok(unsettled.into_values().collect())
    }

    /// Fills up what is out of stock; the names of what it filled up.
    pub(super) fn restock(&mut self, to: u64) -> Vec<ProductName> {
        let mut restocked = Vec::new();
        for place in 0..self.stock.items.len() {
            let mut item = self.item(place).clone();
            if item.restock(to) {
                restocked.push(item.name.clone());
                self.changes.items.insert(place, item);
            }
        }
        if !restocked.is_empty() {
            self.events.push(Event::Restocked { products: restocked.clone() });
        }
        restocked
    }

    /// What is to be saved and shown, and what is then to be told.
    pub(super) fn finish(self) -> (Changes, Vec<Event>) {
        (self.changes, self.events)
    }

    fn sell(&mut self, purchase: &Purchase) -> Sale {
        if self.is_unsettled(&purchase.key) {
            return Sale::Sold;
        }
        let Some(place) = self.stock.place(&purchase.name) else {
            return Sale::UnknownProduct;
        };
        if let Some(left) = self.refused(&purchase.key)
            && !planted(Bug::RefusalForgotten)
        {
            return Sale::NotEnough { left };
        }
        let mut item = self.item(place).clone();
        let sale = item.sell(u64::from(purchase.quantity.get()));
        match sale {
            Sale::Sold => {
                self.changes.items.insert(place, item);
                self.changes.unsettled.insert(purchase.key.clone(), Some(purchase.clone()));
            }
            Sale::NotEnough { left } => {
                self.changes.refused.insert(purchase.key.clone(), left);
            }
            Sale::UnknownProduct => {}
        }
        sale
    }

    /// How many pieces were left when this request was refused, if it was (rule C3).
    fn refused(&self, key: &RequestId) -> Option<u64> {
        self.changes.refused.get(key).copied().or_else(|| self.stock.refusals.left(key))
    }

    fn settle(&mut self, key: &RequestId) {
        if self.stock.unsettled.contains_key(key) {
            self.changes.unsettled.insert(key.clone(), None);
        } else {
            self.changes.unsettled.remove(key);
        }
    }

    fn is_unsettled(&self, key: &RequestId) -> bool {
        match self.changes.unsettled.get(key) {
            Some(change) => change.is_some(),
            None => self.stock.unsettled.contains_key(key),
        }
    }

    fn item(&self, place: Place) -> &Item {
        self.changes.items.get(&place).unwrap_or(&self.stock.items[place])
    }

    fn fence(&self) -> &Fence {
        self.changes.fence.as_ref().unwrap_or(&self.stock.fence)
    }
}

#[cfg(test)]
mod tests;
