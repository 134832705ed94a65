//! No acknowledged order is ever lost: each replica's book holds it, under its number. The same for an order
//! that a lookup found: only acknowledged ones may be found.

use toystore_actors::domain::OrderNumber;

use crate::audit::Audit;
use crate::history::{Asked, History, Operation, Told};
use crate::report::{Violation, seconds};

pub(super) fn check(history: &History, audit: &Audit) -> Option<Violation> {
    for operation in &history.operations {
        let Some((number, told)) = told(operation) else { continue };
        for (id, book) in &audit.books {
            let entry = usize::try_from(number).ok().and_then(|number| book.get(number.wrapping_sub(1)));
            let held = entry.is_some_and(|entry| match (&operation.asked, &operation.told) {
                (Asked::Place { key, name, quantity }, _) => {
                    let purchase = &entry.purchase;
                    purchase.key == *key && purchase.name == *name && purchase.quantity == *quantity
                }
                (_, Told::Found { order }) => order.as_ref() == Some(&entry.order()),
                _ => true,
            });
            if !held {
                let there = match entry {
                    Some(entry) => format!(
                        "order-{id} holds {} of {}, key {}, epoch {}, under that number",
                        entry.purchase.quantity, entry.purchase.name, entry.purchase.key, entry.epoch
                    ),
                    None => format!("order-{id} holds {} orders", book.len()),
                };
                return Some(Violation::new("no acknowledged order is lost", [told, there]));
            }
        }
    }
    None
}

/// The number of an order that a shopper was told of, and what it was told.
fn told(operation: &Operation) -> Option<(OrderNumber, String)> {
    let (client, at) = (operation.client, seconds(operation.returned));
    match (&operation.asked, &operation.told) {
        (Asked::Place { key, name, quantity }, Told::Placed { number }) => Some((
            *number,
            format!(
                "order {number} ({quantity} of {name}, key {key}) acknowledged to client {client} at {at}"
            ),
        )),
        (_, Told::Found { order: Some(order) }) => Some((
            order.number,
            format!(
                "order {} ({} of {}) found by client {client} at {at}",
                order.number, order.quantity, order.name
            ),
        )),
        _ => None,
    }
}
