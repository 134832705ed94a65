//! A place where books differ, and what each of them holds there.

use toystore_actors::domain::{Entry, OrderNumber, Purchase, Receipt};

use crate::console::price::Price;
use crate::console::utc;

/// The first place where books differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The order's number.
    pub number: OrderNumber,
    /// What each book holds there, in the books' order; `None` for one that ends before.
    pub entries: Vec<Option<Entry>>,
}

/// What an order's line ends in: for how much, and when; nothing if that is not known.
fn sold(receipt: Option<Receipt>) -> String {
    let told = |Receipt { price_cents, sold_at }| {
        format!(", at {} each, {}", Price(price_cents.into()), utc::of_unix_millis(sold_at.get()))
    };
    receipt.map(told).unwrap_or_default()
}

impl Difference {
    /// What the books of these names hold there, a line for each.
    pub fn lines(&self, names: &[String]) -> Vec<String> {
        let held = |entry: &Option<Entry>| match entry {
            Some(Entry { epoch, purchase: Some(purchase), receipt, .. }) => {
                let Purchase { key, name, quantity } = purchase;
                format!("{quantity} × {name}, epoch {epoch}, key {key}{}", sold(*receipt))
            }
            Some(Entry { epoch, purchase: None, .. }) => format!("an order that is lost, epoch {epoch}"),
            None => "nothing".to_owned(),
        };
        names.iter().zip(&self.entries).map(|(name, entry)| format!("{name}: {}", held(entry))).collect()
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Epoch, ProductName, Quantity, RequestId, UnixMillis};

    use super::*;

    #[test]
    fn each_book_has_a_line() {
        let (number, epoch) = (OrderNumber::new(1), Epoch::new(2));
        let bought = |receipt| {
            let (key, name) = (RequestId::new("a").unwrap(), ProductName::new("Tux").unwrap());
            let purchase = Some(Purchase { key, name, quantity: Quantity::new(2).unwrap() });
            Some(Entry { number, epoch, purchase, receipt })
        };
        let receipt = Receipt { price_cents: 1599, sold_at: UnixMillis::new(1_795_867_200_000) };
        let entries = vec![bought(Some(receipt)), bought(None), Some(Entry::lost(number, epoch)), None];
        assert_eq!(
            Difference { number, entries }.lines(&["one", "two", "three", "four"].map(str::to_owned)),
            [
                "one: 2 × Tux, epoch 2, key a, at 15.99 each, 2026-11-28T12:00:00.000Z",
                "two: 2 × Tux, epoch 2, key a",
                "three: an order that is lost, epoch 2",
                "four: nothing",
            ]
        );
    }
}
