//! What is in stock, what was sold but has not become an acknowledged order, and how a group of calls
//! changes both.
//!
//! Nothing here waits: a [`Draft`] decides the calls of one group in their order, each against what those
//! before it left, and ends as [`Changes`], which are then saved, and shown, as one.

use std::collections::{BTreeMap, BTreeSet};

use super::fence::{Admission, Fence};
use super::leases::Place;
pub use super::ledger::{Audit, audit};
use super::messages::{Buy, Refusal, Sale};
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
        match self.quantity.checked_sub(pieces) {
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
}

impl Stock {
    pub(super) fn new(items: Vec<Item>, unsettled: Vec<Purchase>, fence: Fence) -> Stock {
        let places = items.iter().enumerate().map(|(place, item)| (item.name.clone(), place)).collect();
        let unsettled = unsettled.into_iter().map(|purchase| (purchase.key.clone(), purchase)).collect();
        Stock { items, places, unsettled, fence }
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
        if let Some(raised) = self.fence().raise(reign)? {
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
        let mut item = self.item(place).clone();
        let sale = item.sell(u64::from(purchase.quantity.get()));
        if sale == Sale::Sold {
            self.changes.items.insert(place, item);
            self.changes.unsettled.insert(purchase.key.clone(), Some(purchase.clone()));
        }
        sale
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
mod tests {
    use super::*;
    use crate::domain::Quantity;
    use Sale::{NotEnough, Sold, UnknownProduct};

    fn name(text: &str) -> ProductName {
        ProductName::new(text).expect("a valid name")
    }

    fn key(text: &str) -> RequestId {
        RequestId::new(text).expect("a valid key")
    }

    fn item(text: &str, quantity: u64) -> Item {
        Item { name: name(text), price_cents: 1599, initial: quantity, restocked: 0, sold: 0, quantity }
    }

    fn purchase((id, product, pieces): (&str, &str, u64)) -> Purchase {
        let quantity = Quantity::new(pieces).expect("a valid quantity");
        Purchase { key: key(id), name: name(product), quantity }
    }

    /// Tux 10, Yak 0, Elephant 3; "old" is unsettled; batch 2 of reign 4 was the last.
    fn stock() -> Stock {
        let mut elephant = item("Elephant", 5);
        elephant.sold = 2;
        elephant.quantity = 3;
        let fence = Fence { reign: 4, batch: 2, answer: vec![Sold] };
        Stock::new(
            vec![item("Tux", 10), item("Yak", 0), elephant],
            vec![purchase(("old", "Elephant", 2))],
            fence,
        )
    }

    enum Step {
        Buy(u64, u64, &'static [(&'static str, &'static str, u64)], &'static [&'static str]),
        Unsettled(u64),
        Restock,
    }
    use Step::{Buy as B, Restock as R, Unsettled as U};

    /// Runs the steps as one group and says how each was answered, what is left of each product afterwards,
    /// and which purchases are unsettled.
    fn check(what: &str, steps: &[Step], answers: &[&str], left: [u64; 3], unsettled: &str) {
        let mut stock = stock();
        let mut draft = Draft::new(&stock);
        let keys = |purchases: Vec<Purchase>| {
            let keys: Vec<_> = purchases.iter().map(|purchase| purchase.key.to_string()).collect();
            keys.join(" ")
        };
        let got: Vec<String> = steps
            .iter()
            .map(|step| match step {
                B(reign, batch, purchases, settled) => {
                    let buy = Buy {
                        reign: *reign,
                        batch: *batch,
                        purchases: purchases.iter().copied().map(purchase).collect(),
                        settled: settled.iter().map(|text| key(text)).collect(),
                    };
                    match draft.buy(&buy) {
                        Ok(sales) => sales.into_iter().map(short).collect::<Vec<_>>().join(" "),
                        Err(_) => "refused".into(),
                    }
                }
                U(reign) => draft.unsettled(*reign).map_or_else(|_| "refused".into(), keys),
                R => draft.restock(100).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            })
            .collect();
        assert_eq!(got, answers, "{what}");
        let (changes, _) = draft.finish();
        stock.apply(&changes);
        assert_eq!(
            stock.products().iter().map(|product| product.quantity).collect::<Vec<_>>(),
            left,
            "{what}"
        );
        assert_eq!(keys(stock.unsettled.values().cloned().collect()), unsettled, "{what}");
        assert!(stock.items.iter().all(Item::adds_up), "{what}");
    }

    fn short(sale: Sale) -> String {
        match sale {
            Sold => "sold".into(),
            NotEnough { left } => format!("left:{left}"),
            UnknownProduct => "unknown".into(),
        }
    }

    #[test]
    fn purchases_are_whole_or_nothing_and_never_below_zero() {
        check("all", &[B(4, 3, &[("a", "Tux", 10)], &[])], &["sold"], [0, 0, 3], "a old");
        check("too many", &[B(4, 3, &[("a", "Tux", 11)], &[])], &["left:10"], [10, 0, 3], "old");
        check("none there", &[B(4, 3, &[("a", "Yak", 1)], &[])], &["left:0"], [10, 0, 3], "old");
        check("unknown", &[B(4, 3, &[("a", "Gnu", 1)], &[])], &["unknown"], [10, 0, 3], "old");
        check(
            "each sees what those before it left",
            &[B(4, 3, &[("a", "Tux", 6), ("b", "Tux", 6), ("c", "Tux", 4), ("d", "Tux", 1)], &[])],
            &["sold left:4 sold left:0"],
            [0, 0, 3],
            "a c old",
        );
    }

    #[test]
    fn a_key_is_sold_once() {
        check("unsettled", &[B(4, 3, &[("old", "Elephant", 2)], &[])], &["sold"], [10, 0, 3], "old");
        check(
            "twice in a batch",
            &[B(4, 3, &[("a", "Tux", 6), ("a", "Tux", 6)], &[])],
            &["sold sold"],
            [4, 0, 3],
            "a old",
        );
        check(
            "by two leaders",
            &[B(4, 3, &[("a", "Tux", 6)], &[]), B(5, 1, &[("a", "Tux", 6)], &[])],
            &["sold", "sold"],
            [4, 0, 3],
            "a old",
        );
        check(
            "settled by the batch that repeats it",
            &[B(4, 3, &[("old", "Elephant", 2)], &["old"])],
            &["sold"],
            [10, 0, 3],
            "",
        );
    }

    #[test]
    fn settled_purchases_are_forgotten() {
        check("old", &[B(4, 3, &[], &["old", "unheard-of"])], &[""], [10, 0, 3], "");
        check(
            "of the same group",
            &[B(4, 3, &[("a", "Tux", 1)], &[]), B(4, 4, &[], &["a"])],
            &["sold", ""],
            [9, 0, 3],
            "old",
        );
    }

    #[test]
    fn a_fence_keeps_out_what_is_older() {
        check("repeated", &[B(4, 2, &[("a", "Tux", 1)], &["old"])], &["sold"], [10, 0, 3], "old");
        check("lower number", &[B(4, 1, &[("a", "Tux", 1)], &[])], &["refused"], [10, 0, 3], "old");
        check("older reign", &[B(3, 9, &[("a", "Tux", 1)], &["old"])], &["refused"], [10, 0, 3], "old");
        check(
            "repeated within the group",
            &[B(4, 3, &[("a", "Tux", 1)], &[]), B(4, 3, &[("a", "Tux", 1)], &[])],
            &["sold", "sold"],
            [9, 0, 3],
            "a old",
        );
        check(
            "a reign that began earlier in the group",
            &[B(4, 3, &[("a", "Tux", 1)], &[]), U(5), B(4, 4, &[("b", "Tux", 1)], &[]), U(4), U(5)],
            &["sold", "a old", "refused", "refused", "a old"],
            [9, 0, 3],
            "a old",
        );
    }

    #[test]
    fn only_what_is_out_of_stock_is_restocked() {
        check("Yak", &[R, R], &["Yak", ""], [10, 100, 3], "old");
        check(
            "sold out in the same group",
            &[B(4, 3, &[("a", "Tux", 10), ("b", "Tux", 1)], &[]), R, B(4, 4, &[("b", "Tux", 1)], &[])],
            &["sold left:0", "Tux Yak", "sold"],
            [99, 100, 3],
            "a b old",
        );
    }

    #[test]
    fn no_count_overflows() {
        let mut item = item("Tux", u64::MAX);
        assert_eq!(item.sell(u64::MAX), Sold);
        assert!(!item.restock(1), "it could not be counted");
        assert!(item.adds_up());
        assert!(!super::Item { initial: 0, sold: 0, ..item }.restock(0), "nothing to restock to");
    }

    #[test]
    fn a_group_that_changes_nothing_says_so() {
        let stock = stock();
        let mut draft = Draft::new(&stock);
        assert!(draft.unsettled(4).is_ok(), "the reign is the current one");
        assert!(draft.unsettled(3).is_err());
        assert!(draft.finish().0.is_empty());
        let mut draft = Draft::new(&stock);
        assert!(draft.unsettled(5).is_ok());
        let (changes, _) = draft.finish();
        assert!(!changes.is_empty() && changes.products().is_empty(), "it changes the fence alone");
    }
}
