//! No oversell: the catalog's books add up, and it sold exactly what the order book holds.

use std::collections::BTreeMap;

use toystore_actors::domain::ProductSeed;

use crate::data::{Promise, StoreAudit, Violation};

const PROMISE: Promise = Promise::NoOversell;

pub(super) fn check(catalog: &[ProductSeed], audit: &StoreAudit) -> Option<Violation> {
    let (id, book) = audit.books.first_key_value()?;
    let mut ordered = BTreeMap::new();
    for purchase in book.iter().filter_map(|entry| entry.purchase.as_ref()) {
        *ordered.entry(&purchase.name).or_insert(0) += u64::from(purchase.quantity.get());
    }
    for (place, item) in audit.items.iter().enumerate() {
        let name = &item.name;
        if item.initial + item.restocked != item.sold + item.quantity {
            return Some(Violation::new(
                PROMISE,
                [format!("the catalog's books of {name} do not add up: {item:?}")],
            ));
        }
        if catalog.get(place).is_some_and(|product| product.quantity != item.initial) {
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
