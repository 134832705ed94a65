//! What the shoppers asked and were told, with the times: all that the checks may believe.

use std::collections::BTreeMap;

use toystore_actors::domain::{Order, OrderNumber, Product, ProductName, Quantity, ReplicaId, RequestId};

use crate::time::Nanos;

/// What a shopper asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages' own fields")]
pub enum Invocation {
    /// An order, under one key; all attempts together are one operation.
    Place { key: RequestId, name: ProductName, quantity: Quantity },
    /// An order under a key that was acknowledged before: the same order, or another, which is to be refused.
    Again { key: RequestId, name: ProductName, quantity: Quantity },
    /// A product.
    Query { name: ProductName },
    /// All products.
    List,
    /// Products in the catalog's order, so many at most.
    ListPage { after: Option<ProductName>, limit: u32 },
    /// An order.
    Find { number: OrderNumber },
    /// An order, from one replica's own book, which may lag behind.
    FindAt { replica: ReplicaId, number: OrderNumber },
    /// Orders after a number, so many at most.
    Page { after: OrderNumber, limit: u32 },
}

/// What a shopper was told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the messages' own fields")]
pub enum Response {
    /// The order was placed.
    Placed { number: OrderNumber },
    /// It was not: there was not enough.
    NotEnough { left: u64 },
    /// It was not: the key belongs to another order.
    KeyReused,
    /// There is no such product.
    UnknownProduct,
    /// The product, or none of that name.
    Product { product: Option<Product> },
    /// All products.
    Products { products: Vec<Product> },
    /// The order, or none of that number.
    Found { order: Option<Order> },
    /// The orders.
    Orders { orders: Vec<Order> },
    /// Nothing certain: it may have happened, or may yet.
    Unknown,
}

/// One thing that a shopper did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Which shopper.
    pub client: u8,
    /// What it asked.
    pub invocation: Invocation,
    /// When it first asked, in virtual nanoseconds.
    pub invoked: Nanos,
    /// When it knew the answer; when it gave up, for one that is unknown.
    pub returned: Nanos,
    /// What it was told.
    pub response: Response,
}

/// The catalog's memory became that of the order book, or of a file without its newest restocks: what it knew besides, restocks
/// and refusals, is forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRebuild {
    /// When, in virtual nanoseconds.
    pub at: Nanos,
    /// The last order that the book held.
    pub through: OrderNumber,
    /// What is in stock of each product since.
    pub stock: BTreeMap<ProductName, u64>,
}

/// A toy was given another price, for the only time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repricing {
    /// Which.
    pub name: ProductName,
    /// The price, in cents.
    pub price_cents: u64,
    /// When that was first asked for, in virtual nanoseconds.
    pub invoked: Nanos,
    /// When it was known to be done, if ever.
    pub imported: Option<Nanos>,
}

/// All that the shoppers did, in the order of the answers.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The operations that have ended.
    pub operations: Vec<Operation>,
    /// When the catalog's memory became another: an operator had it made anew, or its file is older by some restocks.
    pub rebuilds: Vec<CatalogRebuild>,
    /// Prices that were changed meanwhile.
    pub repricings: Vec<Repricing>,
}

impl History {
    /// The longest time without an answer that an order was placed, between the run's beginning and `until`.
    #[must_use]
    pub fn longest_silence(&self, until: Nanos) -> Nanos {
        let placed = |operation: &&Operation| {
            operation.returned < until
                && matches!(operation.invocation, Invocation::Place { .. })
                && matches!(operation.response, Response::Placed { .. })
        };
        let mut at: Vec<_> =
            self.operations.iter().filter(placed).map(|operation| operation.returned).collect();
        at.sort_unstable();
        at.push(until);
        let before = std::iter::once(0).chain(at.iter().copied());
        before.zip(&at).map(|(before, after)| after - before).max().unwrap_or(until)
    }
}
