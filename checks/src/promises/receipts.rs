//! What an order was sold for, and when, is told alike by everyone for ever, and was so while it was under way (rule C8).
//!
//! The time is that of the catalog's wall clock, wrong as that may be: no other node's.

use std::collections::BTreeMap;

use toystore_actors::domain::{
    Entry, OrderNumber, ProductName, ProductSeed, Purchase, Receipt, RequestId, UnixMillis,
};

use super::orders::found;
use crate::data::{History, Invocation, Operation, Promise, Response, StoreAudit, Violation, entry_of};
use crate::time::{Nanos, seconds};

const PROMISE: Promise = Promise::ReceiptsKept;

/// Nobody was shown an order with another receipt than somebody else.
pub(super) fn check_shown(history: &History) -> Option<Violation> {
    let mut first: BTreeMap<OrderNumber, (&Operation, Option<Receipt>)> = BTreeMap::new();
    for operation in &history.operations {
        for order in found(&operation.response) {
            let (before, receipt) = *first.entry(order.number).or_insert((operation, order.receipt));
            if receipt != order.receipt {
                let facts =
                    [shown(before, order.number, receipt), shown(operation, order.number, order.receipt)];
                return Some(Violation::new(PROMISE, facts));
            }
        }
    }
    None
}

/// What was shown is in the book; and all that is there was sold while it was under way, at a price that its product had in
/// that time. `wall` is what the catalog's wall clock shows.
pub(super) fn check(
    history: &History,
    audit: &StoreAudit,
    products: &[ProductSeed],
    wall: impl Fn(Nanos) -> UnixMillis,
) -> Option<Violation> {
    let (_, book) = audit.books.first_key_value()?;
    let differs = history.operations.iter().find_map(|operation| differs(operation, book));
    let under_way = under_way(history);
    differs.or_else(|| {
        book.iter().find_map(|entry| {
            let Purchase { key, name, .. } = entry.purchase.as_ref()?;
            let (from, until) = under_way.get(key).copied().unwrap_or((0, Nanos::MAX));
            let wrong = match entry.receipt {
                None => "has no receipt".to_owned(),
                Some(receipt) => wrong_price(history, products, name, receipt, (from, until))
                    .or_else(|| wrong_time(receipt, wall(from), wall(until)))?,
            };
            let facts = [format!("order {} {wrong}", entry.number), span(key, from, until)];
            Some(Violation::new(PROMISE, facts))
        })
    })
}

/// An order that was shown otherwise than it is in the book.
fn differs(operation: &Operation, book: &[Entry]) -> Option<Violation> {
    let other = |number| entry_of(book, number).map(|entry| entry.receipt);
    let order = found(&operation.response)
        .iter()
        .find(|order| other(order.number).is_some_and(|receipt| receipt != order.receipt))?;
    let held = other(order.number).flatten();
    let facts =
        [shown(operation, order.number, order.receipt), format!("in the book it is {}", receipt_text(held))];
    Some(Violation::new(PROMISE, facts))
}

/// From when until when each order was under way. Whoever was told nothing may have bought at any time since.
fn under_way(history: &History) -> BTreeMap<&RequestId, (Nanos, Nanos)> {
    let places = history.operations.iter().filter_map(|operation| {
        let Invocation::Place { key, .. } = &operation.invocation else { return None };
        let until = match operation.response {
            Response::Placed { .. } => operation.returned,
            _ => Nanos::MAX,
        };
        Some((key, (operation.invoked, until)))
    });
    places.collect()
}

/// A price that the product did not have between the two times.
fn wrong_price(
    history: &History,
    products: &[ProductSeed],
    name: &ProductName,
    receipt: Receipt,
    (from, until): (Nanos, Nanos),
) -> Option<String> {
    let first = products.iter().find(|product| product.name == *name).map(|product| product.price_cents);
    let repricing = history.repricings.iter().find(|repricing| repricing.name == *name);
    let imported = repricing.and_then(|repricing| repricing.imported);
    // With the catalog's memory went its prices.
    let had_first = imported.is_none_or(|imported| from <= imported) || !history.rebuilds.is_empty();
    let before = first.filter(|_| had_first);
    let after =
        repricing.filter(|repricing| repricing.invoked <= until).map(|repricing| repricing.price_cents);
    let price = receipt.price_cents;
    (![before, after].contains(&Some(price)))
        .then(|| format!("was sold at {price} cents, and {name} cost {before:?} or {after:?} then"))
}

/// A time that the catalog's clock did not show between these two.
fn wrong_time(receipt: Receipt, from: UnixMillis, until: UnixMillis) -> Option<String> {
    let (at, from, until) = (receipt.sold_at.get(), from.get(), until.get());
    (!(from..=until).contains(&at)).then(|| {
        format!(
            "was sold at {at}, and the catalog's clock went from {from} to {until} while it was under way"
        )
    })
}

fn span(key: &RequestId, from: Nanos, until: Nanos) -> String {
    match until {
        Nanos::MAX => format!("key {key} was asked for at {}, and nobody was told of it", seconds(from)),
        until => format!("key {key} was under way from {} to {}", seconds(from), seconds(until)),
    }
}

fn shown(operation: &Operation, number: OrderNumber, receipt: Option<Receipt>) -> String {
    let (client, at) = (operation.client, seconds(operation.returned));
    format!("client {client} was shown order {number} at {at}: {}", receipt_text(receipt))
}

fn receipt_text(receipt: Option<Receipt>) -> String {
    match receipt {
        Some(Receipt { price_cents, sold_at }) => format!("{price_cents} cents, at {}", sold_at.get()),
        None => "no receipt".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Order, Quantity};

    use super::*;
    use crate::data::{CatalogRebuild, Repricing};
    use crate::examples::{epoch, order_number, replica};

    fn toy() -> ProductName {
        ProductName::new("toy-0").expect("valid")
    }

    fn key() -> RequestId {
        RequestId::new("a").expect("valid")
    }

    fn receipt(price_cents: u64, sold_at: u64) -> Option<Receipt> {
        Some(Receipt { price_cents, sold_at: UnixMillis::new(sold_at) })
    }

    /// A store whose only book has order 1 with this receipt.
    fn audit(receipt: Option<Receipt>) -> StoreAudit {
        let purchase = Some(Purchase { key: key(), name: toy(), quantity: Quantity::new(1).expect("valid") });
        let entry = Entry { number: order_number(1), epoch: epoch(1), purchase, receipt };
        StoreAudit { books: [(replica(1), vec![entry])].into_iter().collect(), ..StoreAudit::default() }
    }

    fn found(receipt: Option<Receipt>) -> Operation {
        let number = order_number(1);
        let order = Order { number, name: toy(), quantity: Quantity::new(1).expect("valid"), receipt };
        let (invocation, response) = (Invocation::Find { number }, Response::Found { order: Some(order) });
        Operation { client: 2, invocation, invoked: 80, returned: 90, response }
    }

    /// Placed between 20 and 30.
    fn placed(response: Response) -> Operation {
        let invocation =
            Invocation::Place { key: key(), name: toy(), quantity: Quantity::new(1).expect("valid") };
        Operation { client: 1, invocation, invoked: 20, returned: 30, response }
    }

    #[test]
    fn an_order_is_shown_alike_and_as_it_is_in_the_book() {
        for (case, shown, broken, differs) in [
            ("as it is", vec![receipt(5, 25), receipt(5, 25)], false, false),
            ("another price", vec![receipt(5, 25), receipt(6, 25)], true, true),
            ("another time", vec![receipt(5, 26), receipt(5, 25)], true, true),
            ("nothing at first", vec![None, receipt(5, 25)], true, true),
            ("alike, and not as in the book", vec![receipt(5, 26), receipt(5, 26)], false, true),
        ] {
            let operations = shown.into_iter().map(found).collect();
            let history = History { operations, ..History::default() };
            assert_eq!(check_shown(&history).is_some(), broken, "{case}");
            let products = [ProductSeed { name: toy(), price_cents: 5, quantity: 9 }];
            let found = check(&history, &audit(receipt(5, 25)), &products, UnixMillis::new);
            assert_eq!(found.is_some(), differs, "{case}");
        }
    }

    #[test]
    fn price_and_time_are_those_of_a_moment_in_which_it_was_under_way() {
        let placed_as_1 = || placed(Response::Placed { number: order_number(1) });
        let unknown = || placed(Response::Unknown);
        let repriced = |invoked, imported| Some(Repricing { name: toy(), price_cents: 9, invoked, imported });
        let rebuild = || CatalogRebuild { at: 15, through: order_number(0), stock: BTreeMap::new() };
        for (case, operation, repricing, rebuilt, receipt, well) in [
            ("sold while it was under way", placed_as_1(), None, false, receipt(5, 25), true),
            ("no receipt", placed_as_1(), None, false, None, false),
            ("another price", placed_as_1(), None, false, receipt(9, 25), false),
            ("too early", placed_as_1(), None, false, receipt(5, 19), false),
            ("too late", placed_as_1(), None, false, receipt(5, 31), false),
            ("late, and nobody was told", unknown(), None, false, receipt(5, 31), true),
            ("while it changes, the old", placed_as_1(), repriced(10, Some(25)), false, receipt(5, 25), true),
            ("while it changes, the new", placed_as_1(), repriced(10, Some(25)), false, receipt(9, 25), true),
            (
                "the old one, changed before",
                placed_as_1(),
                repriced(10, Some(19)),
                false,
                receipt(5, 25),
                false,
            ),
            (
                "the old one, perhaps not changed",
                placed_as_1(),
                repriced(10, None),
                false,
                receipt(5, 25),
                true,
            ),
            ("the old one, forgotten", placed_as_1(), repriced(10, Some(19)), true, receipt(5, 25), true),
            (
                "the new one, not asked for",
                placed_as_1(),
                repriced(31, Some(40)),
                false,
                receipt(9, 25),
                false,
            ),
            (
                "the new one, and nobody was told",
                unknown(),
                repriced(31, Some(40)),
                false,
                receipt(9, 45),
                true,
            ),
        ] {
            let history = History {
                operations: vec![operation],
                repricings: repricing.into_iter().collect(),
                rebuilds: if rebuilt { vec![rebuild()] } else { Vec::new() },
            };
            let products = [ProductSeed { name: toy(), price_cents: 5, quantity: 9 }];
            let found = check(&history, &audit(receipt), &products, UnixMillis::new);
            assert_eq!(found.is_none(), well, "{case}: {found:?}");
        }
    }
}
