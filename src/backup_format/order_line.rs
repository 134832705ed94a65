//! A line of `orders.jsonl`.

use serde::{Deserialize, Serialize};
use toystore_actors::domain::{
    Entry, Epoch, OrderNumber, Position, ProductName, Purchase, Quantity, Receipt, RequestId, SoldPurchase,
    UnixMillis,
};

/// The longest line: with the longest key and name, each character of them escaped, it is a third of this.
pub const LINE_BYTES: u64 = 4096;

/// A line of `orders.jsonl`: an order, or its number and epoch and that it is lost.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    number: OrderNumber,
    epoch: Epoch,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<RequestId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<ProductName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quantity: Option<Quantity>,
    /// The price of one piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price_cents: Option<u64>,
    /// When it was sold, in milliseconds since 1970. Price and time are there together, or neither is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sold_at_ms: Option<UnixMillis>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
}

impl From<&Entry> for OrderLine {
    fn from(entry: &Entry) -> OrderLine {
        let Entry { number, epoch, purchase, receipt } = entry.clone();
        let lost = purchase.is_none();
        let bought = purchase.map(|Purchase { key, name, quantity }| (key, (name, quantity))).unzip();
        let (key, (name, quantity)) = (bought.0, bought.1.unzip());
        let (price_cents, sold_at_ms) =
            receipt.map(|Receipt { price_cents, sold_at }| (price_cents, sold_at)).unzip();
        OrderLine { number, epoch, key, name, quantity, price_cents, sold_at_ms, lost }
    }
}

impl OrderLine {
    /// `None` if it is neither an order nor a lost one.
    pub fn entry(self) -> Option<Entry> {
        let OrderLine { number, epoch, key, name, quantity, price_cents, sold_at_ms, lost } = self;
        let receipt = match (price_cents, sold_at_ms) {
            (Some(price_cents), Some(sold_at)) => Some(Receipt { price_cents, sold_at }),
            (None, None) => None,
            _ => return None,
        };
        match (key, name, quantity, lost) {
            (Some(key), Some(name), Some(quantity), false) => {
                let purchase = Purchase { key, name, quantity };
                Some(Entry::of(number, epoch, SoldPurchase { purchase, receipt }))
            }
            (None, None, None, true) if receipt.is_none() => Some(Entry::lost(number, epoch)),
            _ => None,
        }
    }
}

/// Whether an entry may come after that place.
pub fn follows(last: Position, entry: &Entry) -> bool {
    entry.number == last.number + 1 && entry.epoch >= last.epoch
}
