//! The purchases, by their numbers: 1, 2, 3, … in the order in which they were made (rule M5).
//!
//! A purchase becomes the order of the same number. Those whose orders are acknowledged are *settled*, and of them
//! only the count is kept; the rest are here, for whichever leader has to complete them. So the catalog is a
//! second memory beside the replicas': it can complete every book that has what is settled (rule M4).

use std::collections::{BTreeMap, VecDeque};

use crate::domain::{OrderNumber, RequestId, SoldPurchase};
use crate::messages::catalog::Sale;

/// How much is settled, and every purchase that is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Purchases {
    settled: OrderNumber,
    /// Numbered from `settled + 1` on.
    unsettled: VecDeque<SoldPurchase>,
    numbers: BTreeMap<RequestId, OrderNumber>,
}

impl Purchases {
    /// Purchases up to `settled` are acknowledged orders; `unsettled` are those that follow.
    pub fn new(settled: OrderNumber, unsettled: Vec<SoldPurchase>) -> Purchases {
        let numbered = (settled + 1).onward().zip(&unsettled);
        let numbers = numbered.map(|(number, sold)| (sold.purchase.key.clone(), number)).collect();
        Purchases { settled, numbers, unsettled: unsettled.into() }
    }

    /// Up to this number they are settled.
    pub fn settled(&self) -> OrderNumber {
        self.settled
    }

    /// The number of the last one; 0 before the first.
    pub fn last(&self) -> OrderNumber {
        self.settled + self.unsettled.len() as u64
    }

    /// What was sold under this request id, as it was told, unless it is settled (rule C8).
    pub fn sale(&self, key: &RequestId) -> Option<Sale> {
        let number = *self.numbers.get(key)?;
        let place = usize::try_from(number.since(self.settled + 1)).ok()?;
        let receipt = self.unsettled.get(place)?.receipt;
        Some(Sale::Sold { number, receipt })
    }

    /// Those that are not settled, in the order of their numbers.
    pub fn unsettled(&self) -> impl Iterator<Item = &SoldPurchase> {
        self.unsettled.iter()
    }

    /// Adds the next one.
    pub fn push(&mut self, sold: SoldPurchase) {
        self.numbers.insert(sold.purchase.key.clone(), self.last() + 1);
        self.unsettled.push_back(sold);
    }

    /// Those up to this number are acknowledged orders.
    pub fn settle(&mut self, through: OrderNumber) {
        while self.settled < through
            && let Some(settled) = self.unsettled.pop_front()
        {
            self.numbers.remove(&settled.purchase.key);
            self.settled = self.settled + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProductName, Purchase, Quantity, Receipt, UnixMillis};

    fn key(text: &str) -> RequestId {
        RequestId::new(text).expect("valid")
    }

    /// Sold for so many cents.
    fn sold(text: &str, price_cents: u64) -> SoldPurchase {
        let name = ProductName::new("Tux").expect("valid");
        let purchase = Purchase { key: key(text), name, quantity: Quantity::new(1).expect("valid") };
        let receipt = Some(Receipt { price_cents, sold_at: UnixMillis::new(4) });
        SoldPurchase { purchase, receipt }
    }

    /// Rules M5 and C8.
    #[test]
    fn purchases_keep_their_numbers_until_they_are_settled() {
        let mut purchases = Purchases::new(OrderNumber::new(7), vec![sold("h", 80), sold("i", 90)]);
        purchases.push(sold("j", 100));
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
            let told = |number: u64| {
                let receipt = sold("k", number * 10).receipt;
                Sale::Sold { number: OrderNumber::new(number), receipt }
            };
            let found = ["h", "i", "j"].map(|text| purchases.sale(&key(text)));
            assert_eq!(found, numbers.map(|number: Option<u64>| number.map(told)), "settled up to {settle}");
            assert_eq!(purchases.unsettled().count() as u64, 10 - settled, "settled up to {settle}");
        }
    }
}
