//! A simulated run's history in the format of the file.

use toystore_actors::domain;
use toystore_actors::messages::front_end::OrderError;
use toystore_checks::data::{CatalogRebuild, History, Invocation, Operation, Response};

use super::format::{
    HistoryFile, HistoryLine, LineCall, LineOrder, LineOutcome, LineProduct, Opening, StockAfterRebuild,
    StockLeft,
};
use crate::plan::Setup;
use crate::plan::products::products;

impl HistoryFile {
    /// A simulated run's history.
    #[must_use]
    pub fn simulated(setup: &Setup, history: &History) -> HistoryFile {
        let products = products(setup).into_iter();
        let initial = products.map(|seed| (seed.name.to_string(), seed.quantity)).collect();
        let rebuilt = history.rebuilds.iter().map(StockAfterRebuild::from).collect();
        let opening = Some(Opening { initial, restock_to: setup.restock_to, rebuilt });
        HistoryFile { opening, operations: history.operations.iter().map(HistoryLine::from).collect() }
    }
}

impl From<&CatalogRebuild> for StockAfterRebuild {
    fn from(rebuild: &CatalogRebuild) -> StockAfterRebuild {
        let stock = rebuild.stock.iter().map(|(name, pieces)| (name.to_string(), *pieces)).collect();
        StockAfterRebuild { at_ns: rebuild.at, stock }
    }
}

impl From<&Operation> for HistoryLine {
    fn from(operation: &Operation) -> HistoryLine {
        let key = match &operation.invocation {
            Invocation::Place { key, .. } | Invocation::Again { key, .. } => Some(key.to_string()),
            _ => None,
        };
        HistoryLine {
            client: u32::from(operation.client),
            call: LineCall::from(&operation.invocation),
            key,
            invoked_ns: operation.invoked,
            returned_ns: operation.returned,
            attempts: None,
            outcome: LineOutcome::from(&operation.response),
        }
    }
}

impl From<&Invocation> for LineCall {
    fn from(invocation: &Invocation) -> LineCall {
        match invocation {
            Invocation::Place { name, quantity, .. } => {
                LineCall::Order { name: name.to_string(), quantity: u64::from(quantity.get()) }
            }
            Invocation::Again { name, quantity, .. } => {
                LineCall::Repeat { name: name.to_string(), quantity: u64::from(quantity.get()) }
            }
            Invocation::Query { name } => LineCall::Query { name: name.to_string() },
            Invocation::List => LineCall::List {},
            Invocation::ListPage { after, limit } => {
                LineCall::ListPage { after: after.as_ref().map(ToString::to_string), limit: *limit }
            }
            Invocation::Find { number } => LineCall::Lookup { number: number.get() },
            Invocation::FindAt { replica, number } => {
                LineCall::LookupAt { replica: replica.get(), number: number.get() }
            }
            Invocation::Page { after, limit } => LineCall::Page { after: after.get(), limit: *limit },
        }
    }
}

impl From<&Response> for LineOutcome {
    fn from(response: &Response) -> LineOutcome {
        match response {
            Response::Placed { number } => LineOutcome::Placed(number.get()),
            Response::NotEnough { left } => LineOutcome::OutOfStock(StockLeft(Some(*left))),
            Response::KeyReused => LineOutcome::Refused(OrderError::KeyReused.to_string()),
            Response::UnknownProduct => LineOutcome::Refused(OrderError::UnknownProduct.to_string()),
            Response::Product { product: Some(product) } => LineOutcome::Product(product.into()),
            Response::Found { order: Some(order) } => LineOutcome::Order(order.into()),
            Response::Product { product: None } | Response::Found { order: None } => LineOutcome::Absent,
            Response::Products { products } => {
                LineOutcome::Products(products.iter().map(LineProduct::from).collect())
            }
            Response::Orders { orders } => LineOutcome::Orders(orders.iter().map(LineOrder::from).collect()),
            Response::Unknown => LineOutcome::Unknown,
        }
    }
}

impl From<&domain::Product> for LineProduct {
    fn from(product: &domain::Product) -> LineProduct {
        let (whole, cents) = (product.price_cents / 100, product.price_cents % 100);
        let price = format!("{whole}.{cents:02}").parse().expect("digits with a point are a number");
        LineProduct { name: product.name.to_string(), price, quantity: product.quantity }
    }
}

impl From<&domain::Order> for LineOrder {
    fn from(order: &domain::Order) -> LineOrder {
        LineOrder {
            number: order.number.get(),
            name: order.name.to_string(),
            quantity: u64::from(order.quantity.get()),
        }
    }
}
