//! Checks the catalog's books: that each product's stock adds up, and that what was sold is what was ordered.

use std::collections::BTreeMap;

use toystore_actors::catalog::stock::Item;
use toystore_actors::domain::{ProductName, SoldPurchase};

/// A catalog's books beside what was ordered.
#[derive(Debug)]
pub struct Stock {
    /// The products in the catalog's order.
    pub items: Vec<Item>,
    /// Pieces of each product that the order book holds; `None` if no book could be read.
    pub ordered: Option<BTreeMap<ProductName, u64>>,
    /// Purchases that have not become an order yet: a leader will complete them.
    pub pending: Vec<SoldPurchase>,
}

impl Stock {
    /// All that is wrong, a sentence each. A purchase is a promise: what was sold and not ordered yet must be
    /// among the pending purchases, no more and no less.
    pub fn faults(&self) -> Vec<String> {
        let mut faults: Vec<_> =
            self.items.iter().filter(|item| !item.adds_up()).map(does_not_add_up).collect();
        let Some(mut promised) = self.promised() else { return faults };
        for item in &self.items {
            let promised = promised.remove(&item.name).unwrap_or_default();
            if promised != item.sold {
                faults.push(format!(
                    "{}: the catalog sold {}, but {promised} were ordered or wait to be",
                    item.name, item.sold
                ));
            }
        }
        for (name, pieces) in promised {
            faults.push(format!("{name}: {pieces} were ordered, but the catalog has no such product"));
        }
        faults
    }

    /// Whether there are orders that the catalog knows nothing of.
    pub fn is_behind(&self) -> bool {
        let sold: BTreeMap<_, _> = self.items.iter().map(|item| (&item.name, item.sold)).collect();
        let is_more = |(name, pieces): (&_, &u64)| *pieces > sold.get(name).copied().unwrap_or(0);
        self.promised().is_some_and(|promised| promised.iter().any(is_more))
    }

    /// Pieces of each product that are ordered, or that an order is owed for.
    fn promised(&self) -> Option<BTreeMap<ProductName, u64>> {
        let mut promised = self.ordered.clone()?;
        for SoldPurchase { purchase, .. } in &self.pending {
            *promised.entry(purchase.name.clone()).or_default() += u64::from(purchase.quantity.get());
        }
        Some(promised)
    }
}

fn does_not_add_up(item: &Item) -> String {
    format!(
        "{}: {} at first + {} restocked − {} sold is not the {} in stock",
        item.name, item.initial, item.restocked, item.sold, item.quantity
    )
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Purchase, Quantity, RequestId};

    use super::*;

    fn name(text: &str) -> ProductName {
        ProductName::new(text).unwrap()
    }

    #[test]
    fn what_was_sold_must_be_ordered_or_pending() {
        // Initial, restocked, sold, in stock; pieces ordered; pieces pending; how many faults.
        for (item, ordered, pending, faults) in [
            ([100, 0, 0, 100], &[][..], &[][..], 0),
            ([100, 0, 5, 95], &[("Tux", 5)], &[], 0),
            ([100, 0, 5, 95], &[("Tux", 3)], &[2], 0),
            ([100, 200, 250, 50], &[("Tux", 250)], &[], 0),
            ([100, 0, 5, 95], &[("Tux", 3)], &[], 1),
            ([100, 0, 5, 95], &[("Tux", 6)], &[], 1),
            ([100, 0, 5, 95], &[("Tux", 5)], &[1], 1),
            ([100, 0, 5, 96], &[("Tux", 5)], &[], 1),
            ([100, 0, 5, 96], &[("Tux", 4)], &[], 2),
            ([100, 0, 5, 95], &[("Tux", 5), ("Gnu", 1)], &[], 1),
        ] {
            let [initial, restocked, sold, quantity] = item;
            let waiting = |pieces: &u64| {
                let (key, quantity) = (RequestId::new("k").unwrap(), Quantity::new(*pieces).unwrap());
                SoldPurchase { purchase: Purchase { key, name: name("Tux"), quantity }, receipt: None }
            };
            let stock = Stock {
                items: vec![Item { name: name("Tux"), price_cents: 1, initial, restocked, sold, quantity }],
                ordered: Some(ordered.iter().map(|(product, pieces)| (name(product), *pieces)).collect()),
                pending: pending.iter().map(waiting).collect(),
            };
            assert_eq!(stock.faults().len(), faults, "{item:?} {ordered:?} {pending:?}");
        }
    }
}
