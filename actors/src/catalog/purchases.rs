//! The purchases, by their numbers: 1, 2, 3, … in the order in which they were made (rule M5).
//!
//! A purchase becomes the order of the same number. Those whose orders are acknowledged are *settled*, and of them
//! only the count is kept; the rest are here, for whichever leader has to complete them. So the catalog is a
//! second memory beside the replicas': it can complete every book that has what is settled (rule M4).

use std::collections::{BTreeMap, VecDeque};

use crate::domain::{OrderNumber, Purchase, RequestId};

/// How much is settled, and every purchase that is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purchases {
    settled: OrderNumber,
    /// Numbered from `settled + 1` on.
    unsettled: VecDeque<Purchase>,
    numbers: BTreeMap<RequestId, OrderNumber>,
}

impl Purchases {
    /// Purchases up to `settled` are acknowledged orders; `unsettled` are those that follow.
    pub fn new(settled: OrderNumber, unsettled: Vec<Purchase>) -> Purchases {
        let numbers =
            (settled + 1).onward().zip(&unsettled).map(|(number, purchase)| (purchase.key.clone(), number));
        Purchases { settled, numbers: numbers.collect(), unsettled: unsettled.into() }
    }

    /// Up to this number they are settled.
    pub fn settled(&self) -> OrderNumber {
        self.settled
    }

    /// The number of the last one; 0 before the first.
    pub fn last(&self) -> OrderNumber {
        self.settled + self.unsettled.len() as u64
    }

    /// The number of the purchase under this request id, unless it is settled.
    pub fn number(&self, key: &RequestId) -> Option<OrderNumber> {
        self.numbers.get(key).copied()
    }

    /// Those that are not settled, in the order of their numbers.
    pub fn unsettled(&self) -> impl Iterator<Item = &Purchase> {
        self.unsettled.iter()
    }

    /// Adds the next one.
    pub fn push(&mut self, purchase: Purchase) {
        self.numbers.insert(purchase.key.clone(), self.last() + 1);
        self.unsettled.push_back(purchase);
    }

    /// Those up to this number are acknowledged orders.
    pub fn settle(&mut self, through: OrderNumber) {
        while self.settled < through
            && let Some(settled) = self.unsettled.pop_front()
        {
            self.numbers.remove(&settled.key);
            self.settled = self.settled + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProductName, Quantity};

    fn purchase(key: &str) -> Purchase {
        Purchase {
            key: RequestId::new(key).expect("valid"),
            name: ProductName::new("Tux").expect("valid"),
            quantity: Quantity::new(1).expect("valid"),
        }
    }

    /// Rule M5.
    #[test]
    fn purchases_keep_their_numbers_until_they_are_settled() {
        let mut purchases = Purchases::new(OrderNumber::new(7), vec![purchase("h"), purchase("i")]);
        purchases.push(purchase("j"));
        for (settle, settled, numbers) in [
            (0, 7, [Some(8), Some(9), Some(10)]),
            (8, 8, [None, Some(9), Some(10)]),
            (5, 8, [None, Some(9), Some(10)]),
            (99, 10, [None, None, None]),
        ] {
            purchases.settle(OrderNumber::new(settle));
            assert_eq!(
                (purchases.settled().get(), purchases.last().get()),
                (settled, 10),
                "settled up to {settle}"
            );
            let found = ["h", "i", "j"].map(|key| purchases.number(&purchase(key).key).map(OrderNumber::get));
            assert_eq!(found, numbers, "settled up to {settle}");
            assert_eq!(purchases.unsettled().count() as u64, 10 - settled, "settled up to {settle}");
        }
    }
}
