//! Placing and looking up orders is linearizable.
//!
//! Orders have numbers, which are their order: so there is nothing to search. The points at which they took
//! place ascend with the numbers exactly if no order was acknowledged, or found by a lookup, before one of a
//! lower number was asked for. A lookup that finds an order took place after that order's point; one that finds
//! none, before it and so before those of all higher numbers.

use std::collections::BTreeMap;

use super::told::FirstTold;
use crate::data::{History, Invocation, Operation, Promise, Response, Violation};
use crate::time::seconds;
use toystore_actors::domain::{Order, OrderNumber};

const PROMISE: Promise = Promise::LinearizableOrders;

pub(super) fn check(history: &History) -> Result<(), Violation> {
    let placed = placed(history)?;
    let told = told(history);
    for (number, operation) in &placed {
        in_order(*number, operation, &told)?;
    }
    for operation in &history.operations {
        lookup(operation, &told)?;
        for found in found(&operation.response) {
            if let Some(placed) = placed.get(&found.number) {
                same(operation, found, placed)?;
            }
        }
    }
    Ok(())
}

/// No order of a higher number was told of before this one was asked for.
pub(crate) fn in_order(number: OrderNumber, placed: &Operation, told: &FirstTold) -> Result<(), Violation> {
    match told.from(number + 1) {
        Some((later, returned)) if returned < placed.invoked => Err(Violation::new(
            PROMISE,
            [
                format!("order {later} was acknowledged or found at {}", seconds(returned)),
                format!("order {number} was first asked for at {}", seconds(placed.invoked)),
            ],
        )),
        _ => Ok(()),
    }
}

/// Who looks for an order that somebody was told of before finds it, and no page has a gap.
pub(crate) fn lookup(operation: &Operation, told: &FirstTold) -> Result<(), Violation> {
    match (&operation.invocation, &operation.response) {
        (Invocation::Find { number }, Response::Found { order: None }) => missing(operation, *number, told),
        (Invocation::Page { after, limit }, Response::Orders { orders }) => {
            page(operation, *after, *limit, orders)?;
            if orders.len() < usize::try_from(*limit).unwrap_or(usize::MAX) {
                missing(operation, *after + (orders.len() as u64 + 1), told)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The orders that an answer shows.
pub(crate) fn found(told: &Response) -> &[Order] {
    match told {
        Response::Found { order: Some(order) } => std::slice::from_ref(order),
        Response::Orders { orders } => orders,
        _ => &[],
    }
}

/// A page has no gaps and no more than was asked for.
fn page(operation: &Operation, after: OrderNumber, limit: u32, orders: &[Order]) -> Result<(), Violation> {
    let gapless = orders.iter().zip((after + 1).onward()).all(|(order, number)| order.number == number);
    if gapless && orders.len() as u64 <= u64::from(limit) {
        return Ok(());
    }
    let numbers: Vec<_> = orders.iter().map(|order| order.number).collect();
    let fact = format!(
        "client {} asked at {} for {limit} orders after {after} and got {numbers:?}",
        operation.client,
        seconds(operation.invoked)
    );
    Err(Violation::new(PROMISE, [fact]))
}

fn placed(history: &History) -> Result<BTreeMap<OrderNumber, &Operation>, Violation> {
    let mut placed: BTreeMap<OrderNumber, &Operation> = BTreeMap::new();
    for operation in &history.operations {
        if let (Invocation::Place { .. }, Response::Placed { number }) =
            (&operation.invocation, &operation.response)
            && let Some(before) = placed.insert(*number, operation)
        {
            return Err(given_twice(*number, before, operation));
        }
    }
    Ok(placed)
}

/// One number was given to two orders.
pub(crate) fn given_twice(number: OrderNumber, before: &Operation, again: &Operation) -> Violation {
    let told = |operation: &Operation| {
        let at = seconds(operation.returned);
        format!("order {number} acknowledged at {at}: {:?}", operation.invocation)
    };
    Violation::new(Promise::ExactlyOnce, [told(before), told(again)])
}

fn told(history: &History) -> FirstTold {
    let mut told = FirstTold::default();
    for operation in &history.operations {
        numbers(&operation.response).for_each(|number| told.tell(number, operation.returned));
    }
    told
}

/// The numbers that an answer tells.
fn numbers(told: &Response) -> impl Iterator<Item = OrderNumber> {
    let placed = match told {
        Response::Placed { number } => Some(*number),
        _ => None,
    };
    placed.into_iter().chain(found(told).iter().map(|order| order.number))
}

/// The highest number that an answer tells.
pub(crate) fn highest(told: &Response) -> Option<OrderNumber> {
    numbers(told).max()
}

fn missing(operation: &Operation, number: OrderNumber, told: &FirstTold) -> Result<(), Violation> {
    match told.from(number) {
        Some((later, returned)) if returned < operation.invoked => Err(Violation::new(
            PROMISE,
            [
                format!("order {later} was acknowledged or found at {}", seconds(returned)),
                format!(
                    "client {} looked for order {number} at {} and was told that there is none",
                    operation.client,
                    seconds(operation.invoked)
                ),
            ],
        )),
        _ => Ok(()),
    }
}

/// What is found under a number is what was acknowledged under it, and not before it was asked for.
pub(crate) fn same(operation: &Operation, found: &Order, placed: &Operation) -> Result<(), Violation> {
    let Invocation::Place { name, quantity, .. } = &placed.invocation else { return Ok(()) };
    if found.name != *name || found.quantity != *quantity {
        let facts = [
            format!("order {} was acknowledged as {quantity} of {name}", found.number),
            format!("client {} found {found:?} at {}", operation.client, seconds(operation.returned)),
        ];
        return Err(Violation::new(PROMISE, facts));
    }
    if operation.returned < placed.invoked {
        let facts = [
            format!("order {} was first asked for at {}", found.number, seconds(placed.invoked)),
            format!("client {} found it before, at {}", operation.client, seconds(operation.returned)),
        ];
        return Err(Violation::new(PROMISE, facts));
    }
    Ok(())
}
