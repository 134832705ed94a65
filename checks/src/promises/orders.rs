//! Placing and looking up orders is linearizable.
//!
//! Orders have numbers, which are their order: so there is nothing to search. The points at which they took
//! place ascend with the numbers exactly if no order was acknowledged, or found by a lookup, before one of a
//! lower number was asked for. A lookup that finds an order took place after that order's point; one that finds
//! none, before it and so before those of all higher numbers.

use std::collections::BTreeMap;

use crate::data::{History, Invocation, Operation, Promise, Response, Violation};
use crate::time::{Nanos, seconds};
use toystore_actors::domain::{Order, OrderNumber, ProductName, Quantity};

const PROMISE: Promise = Promise::LinearizableOrders;

struct AcknowledgedOrder<'h> {
    operation: &'h Operation,
    name: &'h ProductName,
    quantity: Quantity,
}

pub(super) fn check(history: &History) -> Result<(), Violation> {
    let placed = placed(history)?;
    let done_before = earliest_from(history);
    for (number, order) in &placed {
        if let Some((later, returned)) = done_before.range(*number + 1..).next().map(|(_, found)| *found)
            && returned < order.operation.invoked
        {
            return Err(Violation::new(
                PROMISE,
                [
                    format!("order {later} was acknowledged or found at {}", seconds(returned)),
                    format!("order {number} was first asked for at {}", seconds(order.operation.invoked)),
                ],
            ));
        }
    }
    for operation in &history.operations {
        match (&operation.invocation, &operation.response) {
            (Invocation::Find { number }, Response::Found { order: None }) => {
                missing(operation, *number, &done_before)?
            }
            (Invocation::Page { after, limit }, Response::Orders { orders }) => {
                page(operation, *after, *limit, orders)?;
                if orders.len() < usize::try_from(*limit).unwrap_or(usize::MAX) {
                    missing(operation, *after + (orders.len() as u64 + 1), &done_before)?;
                }
            }
            _ => {}
        }
        for found in found(&operation.response) {
            if let Some(placed) = placed.get(&found.number) {
                same(operation, found, placed)?;
            }
        }
    }
    Ok(())
}

/// The orders that an answer shows.
pub(super) fn found(told: &Response) -> &[Order] {
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

fn placed(history: &History) -> Result<BTreeMap<OrderNumber, AcknowledgedOrder<'_>>, Violation> {
    let mut placed: BTreeMap<OrderNumber, AcknowledgedOrder<'_>> = BTreeMap::new();
    for operation in &history.operations {
        if let (Invocation::Place { name, quantity, key }, Response::Placed { number }) =
            (&operation.invocation, &operation.response)
            && let Some(before) =
                placed.insert(*number, AcknowledgedOrder { operation, name, quantity: *quantity })
        {
            let facts = [
                format!(
                    "order {number} acknowledged at {}: {:?}",
                    seconds(before.operation.returned),
                    before.operation.invocation
                ),
                format!("order {number} acknowledged at {}: key {key}", seconds(operation.returned)),
            ];
            return Err(Violation::new(Promise::ExactlyOnce, facts));
        }
    }
    Ok(placed)
}

/// For each number that anybody was told, the order of that number or a higher one that was told of first.
fn earliest_from(history: &History) -> BTreeMap<OrderNumber, (OrderNumber, Nanos)> {
    let mut told: BTreeMap<OrderNumber, Nanos> = BTreeMap::new();
    for operation in &history.operations {
        let placed = match &operation.response {
            Response::Placed { number } => Some(*number),
            _ => None,
        };
        for number in placed.into_iter().chain(found(&operation.response).iter().map(|order| order.number)) {
            let first = told.entry(number).or_insert(Nanos::MAX);
            *first = operation.returned.min(*first);
        }
    }
    let mut earliest = BTreeMap::new();
    let mut best: Option<(OrderNumber, Nanos)> = None;
    for (number, returned) in told.iter().rev() {
        let this = (*number, *returned);
        best = Some(best.filter(|best| best.1 <= this.1).unwrap_or(this));
        earliest.extend(best.map(|best| (*number, best)));
    }
    earliest
}

fn missing(
    operation: &Operation,
    number: OrderNumber,
    done_before: &BTreeMap<OrderNumber, (OrderNumber, Nanos)>,
) -> Result<(), Violation> {
    match done_before.range(number..).next() {
        Some((_, (later, returned))) if *returned < operation.invoked => Err(Violation::new(
            PROMISE,
            [
                format!("order {later} was acknowledged or found at {}", seconds(*returned)),
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

fn same(operation: &Operation, found: &Order, placed: &AcknowledgedOrder<'_>) -> Result<(), Violation> {
    if found.name != *placed.name || found.quantity != placed.quantity {
        let facts = [
            format!("order {} was acknowledged as {} of {}", found.number, placed.quantity, placed.name),
            format!("client {} found {found:?} at {}", operation.client, seconds(operation.returned)),
        ];
        return Err(Violation::new(PROMISE, facts));
    }
    if operation.returned < placed.operation.invoked {
        let facts = [
            format!("order {} was first asked for at {}", found.number, seconds(placed.operation.invoked)),
            format!("client {} found it before, at {}", operation.client, seconds(operation.returned)),
        ];
        return Err(Violation::new(PROMISE, facts));
    }
    Ok(())
}
