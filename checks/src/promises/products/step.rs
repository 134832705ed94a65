//! What the operations of a history did to one product's stock, or saw of it.

use std::collections::BTreeMap;

use toystore_actors::domain::{OrderNumber, ProductName, RequestId};

use crate::data::{CatalogRebuild, History, Invocation, Response};
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
        let mut push = |effect, until, what: String| {
            let who = format!(
                "client {} from {} to {}: {what}",
                operation.client,
                seconds(operation.invoked),
                seconds(operation.returned)
            );
            let number = match (&operation.invocation, &operation.response) {
                (_, Response::Placed { number }) => Some(*number),
                (Invocation::Place { key, .. }, _) => ordered.get(key).copied(),
                _ => None,
            };
            steps.push(StockStep { effect, from: operation.invoked, until, number, what: who });
        };
        match (&operation.invocation, &operation.response) {
            (Invocation::Place { name: of, quantity, key }, Response::Placed { number }) if of == name => {
                let what = format!("bought {quantity} (key {key}, order {number})");
                push(StockEffect::Sell(u64::from(quantity.get())), operation.returned, what);
            }
            // What a catalog sold that has forgotten it since is in no book, but was seen to be gone.
            (Invocation::Place { name: of, quantity, key }, Response::Unknown)
                if of == name && (ordered.contains_key(key) || operation.invoked < rebuilt) =>
            {
                push(
                    StockEffect::Sell(u64::from(quantity.get())),
                    Nanos::MAX,
                    format!("bought {quantity} (key {key}), unknowingly"),
                );
            }
            (Invocation::Place { name: of, quantity, key }, Response::NotEnough { left }) if of == name => {
                push(
                    StockEffect::See(*left),
                    operation.returned,
                    format!("could not buy {quantity} (key {key}): {left} left"),
                );
                // It has also forgotten its refusals: a late copy of the request bought.
                if ordered.contains_key(key) && operation.returned < rebuilt {
                    let what = format!("bought {quantity} (key {key}), although it was refused before");
                    push(StockEffect::Sell(u64::from(quantity.get())), Nanos::MAX, what);
                }
            }
            (Invocation::Query { name: of }, Response::Product { product: Some(product) }) if of == name => {
                push(
                    StockEffect::See(product.quantity),
                    operation.returned,
                    format!("saw {} in stock", product.quantity),
                );
            }
            (Invocation::List | Invocation::ListPage { .. }, Response::Products { products }) => {
                for product in products.iter().filter(|product| product.name == *name) {
                    push(
                        StockEffect::See(product.quantity),
                        operation.returned,
                        format!("saw {} in stock, in the list", product.quantity),
                    );
                }
            }
            _ => {}
        }
    }
    steps
}
