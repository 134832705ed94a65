//! No oversell: the catalog's books add up, and it sold exactly what the order book holds.

use std::collections::BTreeMap;

use crate::audit::Audit;
use crate::report::Violation;
use crate::scenario::Setup;

const PROMISE: &str = "no oversell";

/// A `rebuilt` catalog has forgotten restocks: it may have sold more than it ever had.
pub(super) fn check(setup: &Setup, audit: &Audit, rebuilt: bool) -> Option<Violation> {
    let (id, book) = audit.books.first_key_value()?;
    let mut ordered = BTreeMap::new();
    for entry in book {
        *ordered.entry(&entry.purchase.name).or_insert(0) += u64::from(entry.purchase.quantity.get());
    }
    for (place, item) in audit.items.iter().enumerate() {
        let name = &item.name;
        let (came, went) = (item.initial + item.restocked, item.sold + item.quantity);
        if came > went || came < went && !rebuilt {
            return Some(Violation::new(
                PROMISE,
                [format!("the catalog's books of {name} do not add up: {item:?}")],
            ));
        }
        if setup.stock.get(place).is_some_and(|initial| *initial != item.initial) {
            return Some(Violation::new(PROMISE, [format!("{name} began with another stock: {item:?}")]));
        }
        let ordered = ordered.remove(name).unwrap_or(0);
        if ordered != item.sold {
            let facts = [
                format!("the catalog sold {} of {name}", item.sold),
                format!("the book of order-{id} holds {ordered} of them"),
            ];
            return Some(Violation::new(PROMISE, facts));
        }
    }
    ordered.first_key_value().map(|(name, pieces)| {
        Violation::new(
            PROMISE,
            [format!("the book of order-{id} holds {pieces} of {name}, which the catalog does not have")],
        )
    })
}
