//! What the front-end is asked by shoppers and by the catalog, and what it answers.

use serde::{Deserialize, Serialize};

use super::catalog::{Changed, Changes, Import, Imported, Stocked};
use crate::domain::{
    Entry, Order, OrderNumber, Position, Product, ProductName, Quantity, RequestId, StoreId,
};
use crate::net::{NodeId, rpcs};

/// The answer is not known, or not now: ask again, an order under the same request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{why}")]
pub struct Unavailable {
    /// What is being waited for, for a person.
    pub why: String,
    /// Whether anybody was asked, who may have acted on it.
    pub asked: bool,
}

/// One product that the cache did not hold when the query came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryProduct {
    pub name: ProductName,
}

/// Products in the catalog's order. The answer is `None` if there is no product of the name to begin after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListProducts {
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`super::catalog::MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// Products in the catalog's order whose name has this text in it, in capitals or not; otherwise as [`ListProducts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchProducts {
    /// What the name has to contain.
    pub text: String,
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`super::catalog::MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// Which products are others than they were? For whoever shows them. Asked once: the next time comes soon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchProducts {
    /// What the catalog is asked.
    pub changes: Changes,
}

/// Takes in products, for an operator. Repeated until the catalog answers: the second time it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportProducts {
    /// What the catalog is told.
    pub import: Import,
}

/// Places an order: once, however often it is repeated under one request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceOrder {
    /// The request id: the shopper's own, or drawn for one who sent none.
    pub key: RequestId,
    pub name: ProductName,
    pub quantity: Quantity,
}

/// Why an order was not placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum OrderError {
    /// Final.
    #[error("there is no such product")]
    UnknownProduct,
    /// Final.
    #[error("not enough in stock: {left} left")]
    NotEnough {
        /// Pieces in stock when it was refused.
        left: u64,
    },
    /// Final.
    #[error("the request id was used for another order")]
    KeyReused,
    /// Not known: it may yet be placed, or have been.
    #[error("{0}")]
    Unavailable(Unavailable),
}

impl From<Unavailable> for OrderError {
    fn from(why: Unavailable) -> OrderError {
        OrderError::Unavailable(why)
    }
}

/// One order by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindOrder {
    pub number: OrderNumber,
}

/// Orders by ascending number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListOrders {
    /// Only orders with higher numbers.
    pub after: OrderNumber,
    /// How many at most.
    pub limit: u32,
}

/// Can orders be placed now?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetReadiness {}

/// The answer to [`GetReadiness`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether a leader serves and the catalog answers.
    pub ready: bool,
    /// The services that are waited for.
    pub waiting_for: Vec<NodeId>,
    /// What is being waited for, for a person; empty when ready.
    pub why: String,
}

/// For a backup: what the leader's book has after a place in it. Linearizable, as a lookup is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyBook {
    /// The last entry that the backup has.
    pub after: Position,
    /// How many entries at most.
    pub limit: u32,
}

/// The answer to [`CopyBook`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Copied {
    /// Acknowledged entries; there is none if nothing comes after.
    Entries {
        /// Whose book it is.
        store: StoreId,
        /// All orders up to this number are acknowledged, and have been since before the answer was sent.
        acknowledged: OrderNumber,
        /// Numbered without gaps from the one after the place.
        entries: Vec<Entry>,
    },
    /// The book has another entry at that place: what was copied before is not of this book.
    Diverged,
}

/// For a backup: products with their counts, once the catalog tells them; as [`ListProducts`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyStock {
    /// Only the products that follow this one; `None` to begin with the first.
    pub after: Option<ProductName>,
    /// How many at most; more than [`super::catalog::MAX_PAGE`] counts as that.
    pub limit: u32,
}

/// From the catalog: these products are about to change; drop them, and confirm. No product at all means
/// every one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invalidate {
    /// Products, or none for all.
    pub products: Vec<ProductName>,
}

rpcs! {
    QueryProduct, "query" => Result<Option<Product>, Unavailable>;
    ImportProducts, "import" => Result<Imported, Unavailable>;
    ListProducts, "list" => Result<Option<Vec<Product>>, Unavailable>;
    SearchProducts, "search" => Result<Option<Vec<Product>>, Unavailable>;
    WatchProducts, "watch" => Result<Changed, Unavailable>;
    PlaceOrder, "place" => Result<OrderNumber, OrderError>;
    FindOrder, "find" => Result<Option<Order>, Unavailable>;
    ListOrders, "find-all" => Result<Vec<Order>, Unavailable>;
    GetReadiness, "readiness" => Readiness;
    CopyBook, "copy-book" => Result<Copied, Unavailable>;
    CopyStock, "copy-stock" => Result<Option<Vec<Stocked>>, Unavailable>;
    Invalidate, "cache" => ();
}
