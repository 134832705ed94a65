//! No oversell: the catalog's books add up, and it sold exactly what the order book holds.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use toystore_actors::catalog::stock::Item;
use toystore_actors::domain::ProductSeed;

use crate::data::{Promise, StoreAudit, Violation};

const PROMISE: Promise = Promise::NoOversell;

pub(super) fn check(catalog: &[ProductSeed], audit: &StoreAudit) -> Option<Violation> {
    let (id, book) = audit.books.first_key_value()?;
    let mut ordered = BTreeMap::new();
    for purchase in book.iter().filter_map(|entry| entry.purchase.as_ref()) {
        *ordered.entry(&purchase.name).or_insert(0) += u64::from(purchase.quantity.get());
    }
    let holder = format!("order-{id}");
    for (place, item) in audit.items.iter().enumerate() {
        let initial = catalog.get(place).map(|product| product.quantity);
        let ordered = ordered.remove(&item.name).unwrap_or(0);
        let found = off(item, initial, &holder, ordered..=ordered);
        if found.is_some() {
            return found;
        }
    }
    ordered.first_key_value().map(|(name, pieces)| {
        Violation::new(
            PROMISE,
            [format!("the book of order-{id} holds {pieces} of {name}, which the catalog does not have")],
        )
    })
}

/// The books of a product that began with so many pieces, and of which somebody's order book holds so many, or not fewer
/// and not more.
pub(crate) fn off(
    item: &Item,
    initial: Option<u64>,
    holder: &str,
    ordered: RangeInclusive<u64>,
) -> Option<Violation> {
    let name = &item.name;
    if item.initial + item.restocked != item.sold + item.quantity {
        return Some(Violation::new(
            PROMISE,
            [format!("the catalog's books of {name} do not add up: {item:?}")],
        ));
    }
    if initial.is_some_and(|initial| initial != item.initial) {
        return Some(Violation::new(PROMISE, [format!("{name} began with another stock: {item:?}")]));
    }
    if ordered.contains(&item.sold) {
        return None;
    }
    let (least, most) = ordered.into_inner();
    let holds = match (least, most) {
        (least, most) if least == most => least.to_string(),
        (least, u64::MAX) => format!("at least {least}"),
        (_, most) => format!("at most {most}"),
    };
    let facts = [
        format!("the catalog sold {} of {name}", item.sold),
        format!("the book of {holder} holds {holds} of them"),
    ];
    Some(Violation::new(PROMISE, facts))
}
