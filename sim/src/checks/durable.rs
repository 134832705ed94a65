//! No acknowledged order is ever lost: each replica's book holds it, under its number.

use toystore_actors::domain::{Entry, Purchase};

use super::orders::found;
use crate::audit::Audit;
use crate::history::{Asked, History, Operation, Told};
use crate::report::{Violation, seconds};

const PROMISE: &str = "no acknowledged order is lost";

pub(super) fn check(history: &History, audit: &Audit) -> Option<Violation> {
    history
        .operations
        .iter()
        .find_map(|operation| acknowledged(operation, audit).or_else(|| shown(operation, audit)))
}

/// What anybody was shown is in the book: lookups never see what is not acknowledged.
fn shown(operation: &Operation, audit: &Audit) -> Option<Violation> {
    let (id, book) = audit.books.first_key_value()?;
    let missing = found(&operation.told).iter().find(|order| {
        let entry = usize::try_from(order.number).ok().and_then(|number| book.get(number.wrapping_sub(1)));
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

fn acknowledged(operation: &Operation, audit: &Audit) -> Option<Violation> {
    let (Asked::Place { key, name, quantity }, Told::Placed { number }) = (&operation.asked, &operation.told)
    else {
        return None;
    };
    for (id, book) in &audit.books {
        let entry = usize::try_from(*number).ok().and_then(|number| book.get(number.wrapping_sub(1)));
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
