//! What is in stock, what was sold but has not become an acknowledged order, and how a group of calls
//! changes both.
//!
//! Nothing here waits: a draft decides the calls of one group in their order, each against what those
//! before it left, and ends as changes, which are then saved, and shown, as one.

use std::collections::{BTreeMap, BTreeSet};

use super::fence::{Admission, Fence};
use super::import::Differences;
use super::leases::Place;
pub use super::ledger::{Audit, audit};
use super::memory::{Memory, Seen};
use super::purchases::Purchases;
use super::refusals::Refusals;
use crate::bugs::{catalog as bent, refusals as bent_refusals};
use crate::domain::{
    Digest, Epoch, Line, OrderNumber, Product, ProductName, ProductSeed, Purchase, RequestId, Term,
};
use crate::messages::catalog::{
    Buy, GoOn, Import, Imported, Inheritance, Leadership, Rebuild, Rebuilt, Recalled, Refusal, Register,
    Registered, Sale, Stocked, TakeOver,
};
use crate::probe::CatalogEvent;

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
    /// A product of which nothing was sold.
    pub(super) fn imported(seed: &ProductSeed) -> Item {
        Item {
            name: seed.name.clone(),
            price_cents: seed.price_cents,
            initial: seed.quantity,
            restocked: 0,
            sold: 0,
            quantity: seed.quantity,
        }
    }

    /// A product of which nothing was sold, whatever this says.
    pub(super) fn unsold(stocked: Stocked) -> Item {
        let Stocked { name, price_cents, initial, restocked, sold: _ } = stocked;
        let quantity = initial.saturating_add(restocked);
        Item { name, price_cents, initial, restocked, sold: 0, quantity }
    }

    /// Whether what came in, less what was sold, is what is there.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        u128::from(self.initial) + u128::from(self.restocked)
            == u128::from(self.sold) + u128::from(self.quantity)
    }

    /// Takes pieces out, if there are enough.
    fn sell(&mut self, pieces: u64) -> bool {
        let left = bent::left(self.quantity.checked_sub(pieces));
        if let Some(left) = left {
            self.quantity = left;
            self.sold += pieces;
        }
        left.is_some()
    }

    /// Makes so many pieces the ones that were sold. Returns how many must have been restocked that nobody remembers.
    pub(super) fn recount(&mut self, sold: u64) -> u64 {
        let forgotten = sold.saturating_sub(self.initial.saturating_add(self.restocked));
        self.restocked += forgotten;
        self.sold = sold;
        self.quantity = (self.initial + self.restocked).saturating_sub(sold);
        forgotten
    }

    /// Filled up, if it is out of stock. `None` if there is nothing to do, or if so many pieces have come in already that
    /// they could no longer be counted.
    fn restocked(&self, to: u64) -> Option<Item> {
        if self.quantity > 0 || to == 0 {
            return None;
        }
        self.initial.checked_add(self.restocked)?.checked_add(to)?;
        Some(Item { restocked: self.restocked + to, quantity: to, ..self.clone() })
    }

    fn product(&self) -> Product {
        Product { name: self.name.clone(), price_cents: self.price_cents, quantity: self.quantity }
    }
}

/// All that the catalog keeps on its disk, as of the last group that became visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stock {
    items: Vec<Item>,
    places: BTreeMap<ProductName, Place>,
    purchases: Purchases,
    fence: Fence,
    refusals: Refusals,
    memory: Memory,
}

impl Stock {
    pub(super) fn new(
        items: Vec<Item>,
        purchases: Purchases,
        fence: Fence,
        refusals: Refusals,
        memory: Memory,
    ) -> Stock {
        let places = items.iter().enumerate().map(|(place, item)| (item.name.clone(), place)).collect();
        Stock { items, places, purchases, fence, refusals, memory }
    }

    pub(super) fn place(&self, name: &ProductName) -> Option<Place> {
        self.places.get(name).copied()
    }

    pub(super) fn product(&self, place: Place) -> Product {
        self.items[place].product()
    }

    /// At most `limit` products, from a place on.
    pub(super) fn products(&self, first: Place, limit: usize) -> Vec<Product> {
        self.items.iter().skip(first).take(limit).map(Item::product).collect()
    }

    /// How a file differs from what is here.
    pub(super) fn differences(&self, seeds: &[ProductSeed]) -> Differences {
        Differences::between(seeds, &self.items)
    }

    pub(super) fn inventory(&self, first: Place, limit: usize) -> Vec<Stocked> {
        let stocked = |item: &Item| Stocked {
            name: item.name.clone(),
            price_cents: item.price_cents,
            initial: item.initial,
            restocked: item.restocked,
            sold: item.sold,
        };
        self.items.iter().skip(first).take(limit).map(stocked).collect()
    }

    pub(super) fn names<'a>(&self, places: impl IntoIterator<Item = &'a Place>) -> Vec<ProductName> {
        places.into_iter().map(|&place| self.items[place].name.clone()).collect()
    }

    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    /// What it remembers of the store around it.
    pub(super) fn recall(&self) -> Recalled {
        Recalled {
            store: self.memory.store,
            term: self.fence.term,
            settled: self.purchases.settled(),
            purchases: self.purchases.last(),
        }
    }

    /// Takes in the changes that a draft of this very stock ended as. Whether refusals had to be forgotten for it.
    pub(super) fn apply(&mut self, changes: &Changes) -> bool {
        for (place, item) in &changes.items {
            match self.items.get_mut(*place) {
                Some(before) => *before = item.clone(),
                // What is added is added behind, one place after the other.
                None => {
                    self.places.insert(item.name.clone(), self.items.len());
                    self.items.push(item.clone());
                }
            }
        }
        if changes.rebuilt {
            self.purchases = Purchases::new(changes.settled, Vec::new());
        }
        for purchase in &changes.bought {
            self.purchases.push(purchase.clone());
        }
        if let Some(fence) = &changes.fence {
            self.purchases.settle(changes.settled);
            self.fence = fence.clone();
        }
        let mut full = false;
        for (key, left) in &changes.refused {
            full |= self.refusals.keep(key.clone(), *left);
        }
        if let Some(memory) = changes.memory {
            self.memory = memory;
        }
        full
    }
}

/// What a group changes, in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Changes {
    /// The products that it changes, as they will be.
    pub(super) items: BTreeMap<Place, Item>,
    /// The purchases that it adds, numbered from `first` on.
    pub(super) bought: Vec<Purchase>,
    /// The number of the first of them.
    pub(super) first: OrderNumber,
    /// With a fence: purchases up to this number are settled.
    pub(super) settled: OrderNumber,
    /// All purchases before are forgotten, and those up to `settled` count as settled.
    pub(super) rebuilt: bool,
    /// The fence, if it moves.
    pub(super) fence: Option<Fence>,
    /// Who is refused for lack of stock, and how many pieces are left.
    pub(super) refused: BTreeMap<RequestId, u64>,
    /// What is remembered of the store around, if that changes.
    pub(super) memory: Option<Memory>,
    /// The file that was imported, all of it.
    pub(super) imported: Option<Digest>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
            && self.bought.is_empty()
            && self.fence.is_none()
            && self.refused.is_empty()
            && self.memory.is_none()
            && self.imported.is_none()
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
    /// The epoch of the front-end's view when the catalog started, once that is known.
    floor: Option<Epoch>,
    changes: Changes,
    /// The numbers of what this draft sold.
    numbers: BTreeMap<RequestId, OrderNumber>,
    /// The places of products that this draft adds, behind those that are there.
    added: BTreeMap<ProductName, Place>,
    events: Vec<CatalogEvent>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(stock: &'a Stock, floor: Option<Epoch>) -> Draft<'a> {
        let (first, settled) = (stock.purchases.last() + 1, stock.purchases.settled());
        let changes = Changes { first, settled, ..Changes::default() };
        Draft { stock, floor, changes, numbers: BTreeMap::new(), added: BTreeMap::new(), events: Vec::new() }
    }

    /// Decides one batch of a leader: sells each purchase whole or not at all, and forgets what is settled.
    pub(super) fn buy(&mut self, buy: &Buy) -> Result<Vec<Sale>, Refusal> {
        let (term, batch) = (buy.leader.term, buy.batch);
        let admission = self.fence().batch(term, batch);
        if let Admission::Refused(refusal) = admission {
            self.events.push(CatalogEvent::BatchRefused { term, batch });
            return Err(refusal);
        }
        self.admit(&buy.leader, None)?;
        if let Admission::Repeated(answer) = admission {
            self.events.push(CatalogEvent::BatchRepeated { term, batch });
            return Ok(answer);
        }
        // Sales come first: a key that is bought and settled by the same batch is then not sold once more.
        let answer: Vec<Sale> = buy.purchases.iter().map(|purchase| self.sell(purchase)).collect();
        self.changes.settled = self.changes.settled.max(buy.settled.min(self.last_purchase()));
        self.changes.fence = Some(Fence { term, batch, answer: answer.clone() });
        Ok(answer)
    }

    /// Starts a term, and tells it what its predecessors bought, in the order of its numbers (rules C7, M4, M5).
    pub(super) fn take_over(&mut self, ask: &TakeOver) -> Result<Inheritance, Refusal> {
        let raised = self.fence().raise(ask.leader.term)?;
        self.admit(&ask.leader, Some(&ask.line))?;
        if let Some(raised) = bent::raised(raised) {
            self.changes.fence = Some(raised);
        }
        Ok(Inheritance { settled: self.changes.settled, unsettled: self.unsettled() })
    }

    fn unsettled(&self) -> Vec<Purchase> {
        let before = &self.stock.purchases;
        let numbered = (before.settled() + 1).onward().zip(before.unsettled());
        let numbered = numbered.filter(|_| !self.changes.rebuilt);
        let all = numbered.chain(self.changes.first.onward().zip(&self.changes.bought));
        let unsettled = all.filter(|(number, _)| *number > self.changes.settled);
        unsettled.map(|(_, purchase)| purchase.clone()).collect()
    }

    /// A front-end makes its run known (rule M7).
    pub(super) fn register(&mut self, ask: &Register) -> Registered {
        let (answer, memory) = self.memory().register(ask, self.seen());
        self.remember(memory);
        answer
    }

    /// Whether there are purchases enough for so many orders (rule M9).
    pub(super) fn vouch(&self, orders: OrderNumber) -> Result<(), Refusal> {
        let purchases = self.last_purchase();
        if bent::is_behind(orders > purchases) {
            return Err(Refusal::Behind { purchases, orders });
        }
        Ok(())
    }

    /// The operator's front-end is the newest, and no term before its epoch to come counts. A new file stays one.
    pub(super) fn go_on(&mut self, ask: &GoOn) -> bool {
        let Some((store, _)) = self.memory().store else { return true };
        if store != ask.store {
            return false;
        }
        self.remember(Some(Memory { store: Some((store, ask.run)) }));
        let term = Term::begun_in(ask.epoch.before()).max(self.fence().term);
        self.changes.fence = Some(Fence { term, batch: u64::MAX, answer: Vec::new() });
        true
    }

    /// The front-end's view is by a run that has the one remembered in its line (rule M9).
    pub(super) fn remember(&mut self, memory: Option<Memory>) {
        self.changes.memory = memory.filter(|memory| *memory != self.memory()).or(self.changes.memory);
    }

    /// Takes the leader's book for what was sold, all of it settled.
    pub(super) fn rebuild(&mut self, ask: &Rebuild) -> Result<Rebuilt, Refusal> {
        let leader = &ask.leader;
        self.fence().raise(leader.term)?;
        match self.memory().store {
            Some((store, by)) if store != ask.store || by != leader.by => return Err(Refusal::OutdatedView),
            Some(_) if leader.last <= self.last_purchase() => return Err(Refusal::Whole),
            Some(_) | None => {}
        }
        let mut sold: BTreeMap<_, _> = ask.sold.iter().cloned().collect();
        let (mut restocked, mut stock) = (Vec::new(), Vec::new());
        for place in 0..self.count() {
            let mut item = self.item(place).clone();
            let forgotten = item.recount(sold.remove(&item.name).unwrap_or(0));
            if forgotten > 0 {
                restocked.push((item.name.clone(), forgotten));
            }
            stock.push((item.name.clone(), item.quantity));
            self.changes.items.insert(place, item);
        }
        self.changes.bought.clear();
        self.numbers.clear();
        (self.changes.first, self.changes.settled, self.changes.rebuilt) =
            (leader.last + 1, leader.last, true);
        self.changes.fence = Some(Fence { term: leader.term, batch: 0, answer: Vec::new() });
        self.remember(Some(Memory { store: Some((ask.store, leader.by)) }));
        self.events.push(CatalogEvent::CatalogRebuilt { orders: leader.last, stock });
        Ok(Rebuilt { orders: leader.last, restocked, unknown: sold.into_keys().collect() })
    }

    /// Fills up what is out of stock; the names of what it filled up.
    pub(super) fn restock(&mut self, to: u64) -> Vec<ProductName> {
        let mut restocked = Vec::new();
        for place in 0..self.count() {
            if let Some(item) = self.item(place).restocked(to) {
                restocked.push(item.name.clone());
                self.changes.items.insert(place, item);
            }
        }
        if !restocked.is_empty() {
            self.events.push(CatalogEvent::Restocked { products: restocked.clone() });
        }
        restocked
    }

    /// Takes in what is new, behind what is there, and the prices of what is there; no count.
    pub(super) fn import(&mut self, import: &Import) -> Imported {
        let mut imported = Imported::default();
        for seed in &import.products {
            let Some(place) = self.place(&seed.name) else {
                imported.added += 1;
                let place = self.count();
                self.added.insert(seed.name.clone(), place);
                self.changes.items.insert(place, Item::imported(seed));
                continue;
            };
            let item = self.item(place);
            imported.recounted += u64::from(item.initial != seed.quantity);
            if item.price_cents == seed.price_cents {
                imported.unchanged += 1;
            } else {
                imported.repriced += 1;
                let item = Item { price_cents: seed.price_cents, ..item.clone() };
                self.changes.items.insert(place, item);
            }
        }
        self.changes.imported = import.digest.or(self.changes.imported);
        imported
    }

    /// How many products there are.
    fn count(&self) -> usize {
        self.stock.items.len() + self.added.len()
    }

    fn place(&self, name: &ProductName) -> Option<Place> {
        self.stock.place(name).or_else(|| self.added.get(name).copied())
    }

    /// What is to be saved and shown, and what is then to be told.
    pub(super) fn finish(self) -> (Changes, Vec<CatalogEvent>) {
        (self.changes, self.events)
    }

    fn sell(&mut self, purchase: &Purchase) -> Sale {
        let sold_before = self.numbers.get(&purchase.key).copied();
        if let Some(number) = sold_before.or_else(|| self.stock.purchases.number(&purchase.key)) {
            return Sale::Sold { number };
        }
        let Some(place) = self.place(&purchase.name) else {
            return Sale::UnknownProduct;
        };
        if let Some(left) = bent_refusals::remembered(self.refused(&purchase.key)) {
            return Sale::NotEnough { left };
        }
        let mut item = self.item(place).clone();
        if !item.sell(u64::from(purchase.quantity.get())) {
            self.changes.refused.insert(purchase.key.clone(), item.quantity);
            return Sale::NotEnough { left: item.quantity };
        }
        self.changes.items.insert(place, item);
        let number = self.last_purchase() + 1;
        self.changes.bought.push(purchase.clone());
        self.numbers.insert(purchase.key.clone(), number);
        Sale::Sold { number }
    }

    /// Whether this leader may buy; a newer front-end's run is remembered.
    fn admit(&mut self, leader: &Leadership, line: Option<&Line>) -> Result<(), Refusal> {
        let memory = self.memory();
        let newest = memory.admit(leader, line, self.floor, self.seen())?;
        let store = memory.store.map(|(store, _)| store);
        self.remember(newest.zip(store).map(|(by, store)| Memory { store: Some((store, by)) }));
        Ok(())
    }

    fn seen(&self) -> Seen {
        Seen { term: self.fence().term, purchases: self.last_purchase() }
    }

    fn memory(&self) -> Memory {
        self.changes.memory.unwrap_or(self.stock.memory)
    }

    fn last_purchase(&self) -> OrderNumber {
        self.changes.first - 1 + self.changes.bought.len() as u64
    }

    /// How many pieces were left when this request was refused, if it was (rule C3).
    fn refused(&self, key: &RequestId) -> Option<u64> {
        self.changes.refused.get(key).copied().or_else(|| self.stock.refusals.left(key))
    }

    fn item(&self, place: Place) -> &Item {
        self.changes.items.get(&place).unwrap_or_else(|| &self.stock.items[place])
    }

    fn fence(&self) -> &Fence {
        self.changes.fence.as_ref().unwrap_or(&self.stock.fence)
    }
}

#[cfg(test)]
mod tests;
