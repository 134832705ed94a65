//! What the operations of a history did to one product's stock, or saw of it.

use std::collections::BTreeMap;

use toystore_actors::domain::{OrderNumber, Product, ProductName, Quantity, RequestId};

use crate::data::{CatalogRebuild, History, Invocation, Operation, Response};
use crate::time::{Nanos, seconds};

/// What an operation does to one product's stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockEffect {
    /// So many pieces are gone.
    Sell(u64),
    /// So many pieces were there.
    See(u64),
}

/// One operation, as one product's stock sees it.
#[derive(Debug, Clone)]
pub struct StockStep {
    /// What it did.
    pub effect: StockEffect,
    /// Not before then.
    pub from: Nanos,
    /// No later than then; the end of all time for what may never have happened.
    pub until: Nanos,
    /// The order that it became, of a sale.
    pub number: Option<OrderNumber>,
    /// For the report.
    pub what: String,
}

/// From then on there are so many pieces: what the orders up to that number have left.
#[derive(Debug, Clone, Copy)]
pub struct StockReset {
    /// When.
    pub at: Nanos,
    /// So many pieces.
    pub pieces: u64,
    /// The last order that is counted.
    pub through: OrderNumber,
}

/// The orders in the books by their keys, which tell what became of those whose outcome their shopper does not know.
pub(super) type OrderNumbers<'a> = BTreeMap<&'a RequestId, OrderNumber>;

/// What is left of a product after each time that the catalog was rebuilt.
pub(super) fn resets(history: &History, name: &ProductName) -> Vec<StockReset> {
    let reset = |rebuild: &CatalogRebuild| {
        let pieces = rebuild.stock.get(name).copied().unwrap_or(0);
        StockReset { at: rebuild.at, pieces, through: rebuild.through }
    };
    history.rebuilds.iter().map(reset).collect()
}

pub(super) fn steps(history: &History, name: &ProductName, ordered: &OrderNumbers<'_>) -> Vec<StockStep> {
    let mut steps = Vec::new();
    let rebuilt = history.rebuilds.iter().map(|rebuild| rebuild.at).max().unwrap_or(0);
    for operation in &history.operations {
        if let Invocation::Place { name: of, quantity, key } = &operation.invocation
            && of == name
        {
            let number = ordered.get(key).copied();
            match &operation.response {
                Response::Placed { number } => steps.push(bought(operation, *quantity, key, *number)),
                // What a catalog sold that has forgotten it since is in no book, but was seen to be gone.
                Response::Unknown if number.is_some() || operation.invoked < rebuilt => {
                    let how = ", unknowingly";
                    steps.push(perhaps_bought(operation, *quantity, key, number, how));
                }
                // It has also forgotten its refusals: a late copy of the request bought.
                Response::NotEnough { .. } if number.is_some() && operation.returned < rebuilt => {
                    let how = ", although it was refused before";
                    steps.push(perhaps_bought(operation, *quantity, key, number, how));
                }
                _ => {}
            }
        }
        steps.extend(sights(operation).filter(|(of, _)| *of == name).map(|(_, step)| step));
    }
    steps
}

fn step(operation: &Operation, effect: StockEffect, what: &str) -> StockStep {
    let (from, until) = (operation.invoked, operation.returned);
    let what = format!("client {} from {} to {}: {what}", operation.client, seconds(from), seconds(until));
    StockStep { effect, from, until, number: None, what }
}

/// An order was acknowledged: its pieces are gone.
pub(crate) fn bought(
    operation: &Operation,
    quantity: Quantity,
    key: &RequestId,
    number: OrderNumber,
) -> StockStep {
    let what = format!("bought {quantity} (key {key}, order {number})");
    let effect = StockEffect::Sell(u64::from(quantity.get()));
    StockStep { number: Some(number), ..step(operation, effect, &what) }
}

/// An order of which nobody was told that it was placed: its pieces may be gone, and may go at any time.
pub(crate) fn perhaps_bought(
    operation: &Operation,
    quantity: Quantity,
    key: &RequestId,
    number: Option<OrderNumber>,
    how: &str,
) -> StockStep {
    let what = format!("bought {quantity} (key {key}){how}");
    let effect = StockEffect::Sell(u64::from(quantity.get()));
    StockStep { number, until: Nanos::MAX, ..step(operation, effect, &what) }
}

/// What an operation was told of products' stock.
pub(crate) fn sights(operation: &Operation) -> impl Iterator<Item = (&ProductName, StockStep)> {
    let refused = match (&operation.invocation, &operation.response) {
        (Invocation::Place { name, quantity, key }, Response::NotEnough { left }) => {
            let what = format!("could not buy {quantity} (key {key}): {left} left");
            Some((name, step(operation, StockEffect::See(*left), &what)))
        }
        _ => None,
    };
    let (seen, suffix): (&[Product], _) = match (&operation.invocation, &operation.response) {
        (Invocation::Query { .. }, Response::Product { product }) => (product.as_slice(), ""),
        (Invocation::List | Invocation::ListPage { .. }, Response::Products { products }) => {
            (products, ", in the list")
        }
        _ => (&[], ""),
    };
    let seen = seen.iter().map(move |product| {
        let what = format!("saw {} in stock{suffix}", product.quantity);
        (&product.name, step(operation, StockEffect::See(product.quantity), &what))
    });
    refused.into_iter().chain(seen)
}
