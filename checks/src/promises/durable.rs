//! No acknowledged order is ever lost: each replica's book holds it, under its number.

use toystore_actors::domain::{Entry, Purchase};

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
    let missing = found(&operation.response).iter().find(|order| {
        let entry = entry_of(book, order.number);
        entry.and_then(Entry::order).as_ref() != Some(*order)
    })?;
    let facts = [
        format!(
            "client {} was shown {} of {} as order {} at {}",
            operation.client,
            missing.quantity,
            missing.name,
            missing.number,
            seconds(operation.returned)
        ),
        format!("it is not in the book of order-{id}, which holds {} orders", book.len()),
    ];
    Some(Violation::new(PROMISE, facts))
}

fn acknowledged(operation: &Operation, audit: &StoreAudit) -> Option<Violation> {
    let (Invocation::Place { key, name, quantity }, Response::Placed { number }) =
        (&operation.invocation, &operation.response)
    else {
        return None;
    };
    for (id, book) in &audit.books {
        let entry = entry_of(book, *number);
        let same = |purchase: &Purchase| {
            purchase.key == *key && purchase.name == *name && purchase.quantity == *quantity
        };
        if entry.and_then(|entry| entry.purchase.as_ref()).is_some_and(same) {
            continue;
        }
        let acknowledged = format!(
            "order {number} ({quantity} of {name}, key {key}) acknowledged to client {} at {}",
            operation.client,
            seconds(operation.returned)
        );
        let there = match entry {
            Some(Entry { purchase: Some(purchase), epoch, .. }) => format!(
                "order-{id} holds {} of {}, key {}, epoch {epoch}, under that number",
                purchase.quantity, purchase.name, purchase.key
            ),
            Some(Entry { purchase: None, epoch, .. }) => {
                format!("order-{id} says that it was lost in epoch {epoch}")
            }
            None => format!("order-{id} holds {} orders", book.len()),
        };
        return Some(Violation::new(PROMISE, [acknowledged, there]));
    }
    None
}
