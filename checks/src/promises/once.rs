//! Exactly once: one key makes at most one order, what was refused makes none, and numbers have no gaps.

use std::collections::BTreeMap;

use crate::data::{History, Invocation, Operation, Promise, Response, StoreAudit, Violation};
use crate::time::seconds;
use toystore_actors::domain::{Entry, OrderNumber, RequestId};

const PROMISE: Promise = Promise::ExactlyOnce;

pub(super) fn check(history: &History, audit: &StoreAudit) -> Option<Violation> {
    let (id, book) = audit.books.first_key_value()?;
    let mut keys = BTreeMap::new();
    let asked = asked(history);
    let forgotten = history.rebuilds.iter().map(|rebuild| rebuild.at).max().unwrap_or(0);
    for (entry, expected) in book.iter().zip(OrderNumber::new(1).onward()) {
        if entry.number != expected {
            return Some(out_of_place(&format!("order-{id}"), entry, expected));
        }
        let Some(key) = entry.key() else { continue };
        if let Some(before) = keys.insert(key, entry.number) {
            return Some(made_twice(&format!("order-{id}"), key, before, entry.number));
        }
        // A catalog that was rebuilt has forgotten its refusals; a late copy of the request may buy.
        if let Some(operation) = asked.get(key)
            && operation.returned >= forgotten
            && let Some(found) = made_though_refused(operation, key, &format!("order-{id}"), entry.number)
        {
            return Some(found);
        }
    }
    None
}

/// A number is not in its place in somebody's book.
pub(crate) fn out_of_place(holder: &str, entry: &Entry, expected: OrderNumber) -> Violation {
    let fact = format!("in the book of {holder}, {} stands in place {expected}", entry.number);
    Violation::new(PROMISE, [fact])
}

/// One key made two orders in somebody's book.
pub(crate) fn made_twice(
    holder: &str,
    key: &RequestId,
    before: OrderNumber,
    again: OrderNumber,
) -> Violation {
    Violation::new(PROMISE, [format!("in the book of {holder}, key {key} made orders {before} and {again}")])
}

/// What an operation was told is not in somebody's book, if it was a refusal: and it is.
pub(crate) fn made_though_refused(
    operation: &Operation,
    key: &RequestId,
    holder: &str,
    number: OrderNumber,
) -> Option<Violation> {
    let told = refused(&operation.response)?;
    let at = seconds(operation.returned);
    let facts = [
        format!("client {} was told at {at} of key {key}: {told}", operation.client),
        format!("the book of {holder} holds it as order {number}"),
    ];
    Some(Violation::new(PROMISE, facts))
}

fn asked(history: &History) -> BTreeMap<&RequestId, &Operation> {
    let places = history.operations.iter().filter_map(|operation| match &operation.invocation {
        Invocation::Place { key, .. } => Some((key, operation)),
        _ => None,
    });
    places.collect()
}

fn refused(told: &Response) -> Option<String> {
    match told {
        Response::NotEnough { left } => Some(format!("not enough in stock, {left} left")),
        Response::UnknownProduct => Some("no such product".to_owned()),
        Response::KeyReused => Some("the key belongs to another order".to_owned()),
        _ => None,
    }
}
