//! A line of `orders.jsonl`.

use serde::{Deserialize, Serialize};
use toystore_actors::domain::{
    Entry, Epoch, OrderNumber, Position, ProductName, Purchase, Quantity, RequestId,
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
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
}

impl From<&Entry> for OrderLine {
    fn from(entry: &Entry) -> OrderLine {
        let (number, epoch) = (entry.number, entry.epoch);
        match entry.purchase.clone() {
            Some(Purchase { key, name, quantity }) => {
                let (key, name, quantity) = (Some(key), Some(name), Some(quantity));
                OrderLine { number, epoch, key, name, quantity, lost: false }
            }
            None => OrderLine { number, epoch, key: None, name: None, quantity: None, lost: true },
        }
    }
}

impl OrderLine {
    /// `None` if it is neither an order nor a lost one.
    pub fn entry(self) -> Option<Entry> {
        let OrderLine { number, epoch, key, name, quantity, lost } = self;
        let purchase = match (key, name, quantity, lost) {
            (Some(key), Some(name), Some(quantity), false) => Some(Purchase { key, name, quantity }),
            (None, None, None, true) => None,
            _ => return None,
        };
        Some(Entry { number, epoch, purchase })
    }
}

/// Whether an entry may come after that place.
pub fn follows(last: Position, entry: &Entry) -> bool {
    entry.number == last.number + 1 && entry.epoch >= last.epoch
}
