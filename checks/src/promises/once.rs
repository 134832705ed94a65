//! Exactly once: one key makes at most one order, what was refused makes none, and numbers have no gaps.

use std::collections::BTreeMap;

use crate::data::{History, Invocation, Operation, Promise, Response, StoreAudit, Violation};
use crate::time::seconds;
use toystore_actors::domain::{OrderNumber, RequestId};

const PROMISE: Promise = Promise::ExactlyOnce;

pub(super) fn check(history: &History, audit: &StoreAudit) -> Option<Violation> {
    let (id, book) = audit.books.first_key_value()?;
    let mut keys = BTreeMap::new();
    let asked = asked(history);
    let forgotten = history.rebuilds.iter().map(|rebuild| rebuild.at).max().unwrap_or(0);
    for (entry, expected) in book.iter().zip(OrderNumber::new(1).onward()) {
        if entry.number != expected {
            let facts = [format!("in the book of order-{id}, {} stands in place {expected}", entry.number)];
            return Some(Violation::new(PROMISE, facts));
        }
        let Some(key) = entry.key() else { continue };
        if let Some(before) = keys.insert(key, entry.number) {
            let facts =
                [format!("in the book of order-{id}, key {key} made orders {before} and {}", entry.number)];
            return Some(Violation::new(PROMISE, facts));
        }
        // A catalog that was rebuilt has forgotten its refusals; a late copy of the request may buy.
        if let Some(operation) = asked.get(key)
            && operation.returned >= forgotten
            && let Some(told) = refused(&operation.response)
        {
            let facts = [
                format!(
                    "client {} was told at {} of key {key}: {told}",
                    operation.client,
                    seconds(operation.returned)
                ),
                format!("the book of order-{id} holds it as order {}", entry.number),
            ];
            return Some(Violation::new(PROMISE, facts));
        }
    }
    None
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
