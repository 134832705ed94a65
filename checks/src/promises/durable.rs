//! No acknowledged order is ever lost: each replica's book holds it, under its number.

use toystore_actors::domain::{Entry, Order, Purchase};

use super::orders::found;
use crate::data::{History, Invocation, Operation, Promise, Response, StoreAudit, Violation, entry_of};
use crate::time::seconds;

const PROMISE: Promise = Promise::AcknowledgedKept;

pub(super) fn check(history: &History, audit: &StoreAudit) -> Option<Violation> {
    history
        .operations
        .iter()
        .find_map(|operation| acknowledged(operation, audit).or_else(|| shown(operation, audit)))
}

/// What anybody was shown is in the book: lookups never see what is not acknowledged.
fn shown(operation: &Operation, audit: &StoreAudit) -> Option<Violation> {
    let (id, book) = audit.books.first_key_value()?;
    let orders = book.len() as u64;
    found(&operation.response).iter().find_map(|order| {
        not_as_shown(operation, order, &format!("order-{id}"), entry_of(book, order.number), orders)
    })
}

/// An order that somebody was shown is not what somebody's book of so many orders has under its number.
pub(crate) fn not_as_shown(
    operation: &Operation,
    order: &Order,
    holder: &str,
    entry: Option<&Entry>,
    orders: u64,
) -> Option<Violation> {
    let held = entry.and_then(Entry::order);
    if held.is_some_and(|held| (&held.name, held.quantity) == (&order.name, order.quantity)) {
        return None;
    }
    let (quantity, name, number) = (order.quantity, &order.name, order.number);
    let at = seconds(operation.returned);
    let facts = [
        format!("client {} was shown {quantity} of {name} as order {number} at {at}", operation.client),
        format!("it is not in the book of {holder}, which holds {orders} orders"),
    ];
    Some(Violation::new(PROMISE, facts))
}

fn acknowledged(operation: &Operation, audit: &StoreAudit) -> Option<Violation> {
    let Response::Placed { number } = operation.response else { return None };
    audit.books.iter().find_map(|(id, book)| {
        not_as_acknowledged(operation, &format!("order-{id}"), entry_of(book, number), book.len() as u64)
    })
}

/// An order that was acknowledged is not what somebody's book of so many orders has under its number.
pub(crate) fn not_as_acknowledged(
    operation: &Operation,
    holder: &str,
    entry: Option<&Entry>,
    orders: u64,
) -> Option<Violation> {
    let (Invocation::Place { key, name, quantity }, Response::Placed { number }) =
        (&operation.invocation, &operation.response)
    else {
        return None;
    };
    let same = |purchase: &Purchase| {
        purchase.key == *key && purchase.name == *name && purchase.quantity == *quantity
    };
    if entry.and_then(|entry| entry.purchase.as_ref()).is_some_and(same) {
        return None;
    }
    let acknowledged = format!(
        "order {number} ({quantity} of {name}, key {key}) acknowledged to client {} at {}",
        operation.client,
        seconds(operation.returned)
    );
    let there = match entry {
        Some(Entry { purchase: Some(purchase), epoch, .. }) => format!(
            "{holder} holds {} of {}, key {}, epoch {epoch}, under that number",
            purchase.quantity, purchase.name, purchase.key
        ),
        Some(Entry { purchase: None, epoch, .. }) => {
            format!("{holder} says that it was lost in epoch {epoch}")
        }
        None => format!("{holder} holds {orders} orders"),
    };
    Some(Violation::new(PROMISE, [acknowledged, there]))
}
