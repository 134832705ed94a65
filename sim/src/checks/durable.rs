//! No acknowledged order is ever lost: each replica's book holds it, under its number.

use crate::audit::Audit;
use crate::history::{Asked, History, Told};
use crate::report::{Violation, seconds};

pub(super) fn check(history: &History, audit: &Audit) -> Option<Violation> {
    for operation in &history.operations {
        let (Asked::Place { key, name, quantity }, Told::Placed { number }) =
            (&operation.asked, &operation.told)
        else {
            continue;
        };
        for (id, book) in &audit.books {
            let entry = usize::try_from(*number).ok().and_then(|number| book.get(number.wrapping_sub(1)));
            let held = entry.is_some_and(|entry| {
                entry.purchase.key == *key
                    && entry.purchase.name == *name
                    && entry.purchase.quantity == *quantity
            });
            if !held {
                let acknowledged = format!(
                    "order {number} ({quantity} of {name}, key {key}) acknowledged to client {} at {}",
                    operation.client,
                    seconds(operation.returned)
                );
                let there = match entry {
                    Some(entry) => format!(
                        "order-{id} holds {} of {}, key {}, epoch {}, under that number",
                        entry.purchase.quantity, entry.purchase.name, entry.purchase.key, entry.epoch
                    ),
                    None => format!("order-{id} holds {} orders", book.len()),
                };
                return Some(Violation::new("no acknowledged order is lost", [acknowledged, there]));
            }
        }
    }
    None
}
