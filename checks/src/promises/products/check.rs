//! Product queries are linearizable, also those that a cache answers.

use std::collections::BTreeMap;

use toystore_actors::domain::ProductName;
use toystore_actors::domain::ProductSeed;

use super::search::{StockVerdict, search};
use super::step::{OrderNumbers, resets, steps};
use crate::data::{History, Invocation, Operation, Promise, Response, StoreAudit, Violation};
use crate::time::seconds;

const PROMISE: Promise = Promise::LinearizableQueries;

/// Checks every product.
pub(crate) fn check(
    history: &History,
    audit: &StoreAudit,
    products: &[ProductSeed],
    restock_to: u64,
    undecided: &mut u64,
) -> Option<Violation> {
    let catalog: Vec<_> = products.iter().map(|product| product.name.clone()).collect();
    let initial: BTreeMap<_, _> =
        products.iter().map(|product| (product.name.clone(), product.quantity)).collect();
    let entries = audit.books.values().flatten();
    let ordered: OrderNumbers<'_> = entries.filter_map(|entry| Some((entry.key()?, entry.number))).collect();
    for (name, stock) in &initial {
        let steps = steps(history, name, &ordered);
        let resets = resets(history, name);
        match search(&steps, &resets, *stock, restock_to) {
            StockVerdict::Fits => {}
            StockVerdict::Undecided => *undecided += 1,
            StockVerdict::Broken(facts) => {
                let began = format!("{name} began with {stock} pieces");
                return Some(Violation::new(PROMISE, [vec![began], facts].concat()));
            }
        }
    }
    let found = history.operations.iter().find_map(|operation| existence(operation, &initial));
    found.or_else(|| history.operations.iter().find_map(|operation| sequence(operation, &catalog)))
}

/// A list has the products that follow one another in the catalog, from the one on that was asked for.
fn sequence(operation: &Operation, catalog: &[ProductName]) -> Option<Violation> {
    let (after, limit) = match &operation.invocation {
        Invocation::List => (&None, catalog.len()),
        Invocation::ListPage { after, limit } => (after, usize::try_from(*limit).unwrap_or(usize::MAX)),
        _ => return None,
    };
    let place = |name: &ProductName| catalog.iter().position(|product| product == name);
    let first = match after {
        None => Some(0),
        Some(name) => place(name).map(|place| place + 1),
    };
    let right = match (&operation.response, first) {
        (Response::Products { products }, Some(first)) => {
            products.iter().map(|product| &product.name).eq(catalog.iter().skip(first).take(limit))
        }
        (told, first) => *told == Response::Unknown || (*told == Response::UnknownProduct && first.is_none()),
    };
    if right {
        return None;
    }
    let fact = format!(
        "client {}: {:?} was answered {:?}",
        operation.client, operation.invocation, operation.response
    );
    Some(Violation::new(PROMISE, [fact]))
}

/// What is there is found, what is not is not.
fn existence(operation: &Operation, initial: &BTreeMap<ProductName, u64>) -> Option<Violation> {
    let (name, there) = told_of(operation)?;
    (there != initial.contains_key(name)).then(|| contradicts(operation))
}

/// Of which product an operation was told whether it is there.
pub(crate) fn told_of(operation: &Operation) -> Option<(&ProductName, bool)> {
    match (&operation.invocation, &operation.response) {
        (Invocation::Query { name }, Response::Product { product }) => Some((name, product.is_some())),
        (Invocation::Place { name, .. }, Response::UnknownProduct) => Some((name, false)),
        (Invocation::Place { name, .. }, Response::Placed { .. }) => Some((name, true)),
        _ => None,
    }
}

/// An answer contradicts what there is.
pub(crate) fn contradicts(operation: &Operation) -> Violation {
    let fact = format!(
        "client {} at {}: {:?} was answered {:?}",
        operation.client,
        seconds(operation.returned),
        operation.invocation,
        operation.response
    );
    Violation::new(PROMISE, [fact])
}
