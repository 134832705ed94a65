//! A price that somebody has seen, or that was imported, is never followed by the one before.
//!
//! Each toy gets one other price at most. So from the first that is certain of it on, whoever asks has to be shown it, whatever is
//! cached.

use crate::data::{History, Operation, Promise, Repricing, Response, Violation};
use crate::time::{Nanos, seconds};
use toystore_actors::domain::ProductSeed;
use toystore_actors::domain::{Product, ProductName};

const PROMISE: Promise = Promise::PricesAdvance;

/// Checks every product. Not where the catalog's memory became another: with it went its prices.
pub(super) fn check(history: &History, products: &[ProductSeed]) -> Option<Violation> {
    if !history.rebuilds.is_empty() {
        return None;
    }
    products.iter().find_map(|product| {
        let repricing = history.repricings.iter().find(|repricing| repricing.name == product.name);
        one(&sightings(history, &product.name), product.price_cents, repricing)
    })
}

/// Who saw which price, and in which time.
pub(crate) struct Sighting {
    pub(crate) client: u8,
    pub(crate) price_cents: u64,
    pub(crate) from: Nanos,
    pub(crate) until: Nanos,
}

impl Sighting {
    /// An operation saw a product.
    pub(crate) fn new(operation: &Operation, product: &Product) -> Sighting {
        let (from, until) = (operation.invoked, operation.returned);
        Sighting { client: operation.client, price_cents: product.price_cents, from, until }
    }
}

fn sightings(history: &History, name: &ProductName) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    for operation in &history.operations {
        let seen = shown(&operation.response).iter().filter(|product| product.name == *name);
        sightings.extend(seen.map(|product| Sighting::new(operation, product)));
    }
    sightings
}

/// The products that an answer shows.
pub(crate) fn shown(told: &Response) -> &[Product] {
    match told {
        Response::Product { product } => product.as_slice(),
        Response::Products { products } => products,
        _ => &[],
    }
}

/// What was seen of one toy that cost so much before it was given another price.
pub(crate) fn one(sightings: &[Sighting], before: u64, repricing: Option<&Repricing>) -> Option<Violation> {
    let after = repricing.map(|repricing| repricing.price_cents);
    let seen_new = sightings.iter().filter(|seen| Some(seen.price_cents) == after).map(|seen| seen.until);
    let certain = seen_new.chain(repricing.and_then(|repricing| repricing.imported)).min();
    let wrong = sightings.iter().find(|seen| {
        if Some(seen.price_cents) == after {
            repricing.is_some_and(|repricing| seen.until < repricing.invoked)
        } else {
            seen.price_cents != before || certain.is_some_and(|certain| seen.from > certain)
        }
    })?;
    let mut facts = vec![format!(
        "client {} from {} to {}: saw a price of {} cents",
        wrong.client,
        seconds(wrong.from),
        seconds(wrong.until),
        wrong.price_cents
    )];
    facts.extend(repricing.map(|repricing| {
        format!(
            "{} was {before}, and {} was asked for at {}",
            repricing.name,
            repricing.price_cents,
            seconds(repricing.invoked)
        )
    }));
    facts.extend(certain.map(|certain| format!("it was certain at {}", seconds(certain))));
    Some(Violation::new(PROMISE, facts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_does_not_go_back() {
        let seen = |price_cents, from, until| Sighting { client: 1, price_cents, from, until };
        let repriced = |imported| {
            let name = ProductName::new("toy-0").expect("a name");
            Some(Repricing { name, price_cents: 9, invoked: 10, imported })
        };
        for (case, repricing, sightings, well) in [
            ("never changed", None, vec![seen(5, 0, 1), seen(5, 30, 31)], true),
            ("another price", None, vec![seen(6, 0, 1)], false),
            ("while it changes, either", repriced(Some(20)), vec![seen(9, 11, 12), seen(5, 11, 12)], true),
            ("before it was asked for", repriced(Some(20)), vec![seen(9, 5, 6)], false),
            ("the old one after the import", repriced(Some(20)), vec![seen(5, 21, 22)], false),
            (
                "the old one, asked for before the import's end",
                repriced(Some(20)),
                vec![seen(5, 19, 40)],
                true,
            ),
            ("the old one after the new one", repriced(None), vec![seen(9, 11, 12), seen(5, 13, 14)], false),
            ("the new one, late", repriced(None), vec![seen(5, 30, 31), seen(9, 50, 52)], true),
        ] {
            assert_eq!(one(&sightings, 5, repricing.as_ref()).is_none(), well, "{case}");
        }
    }
}
