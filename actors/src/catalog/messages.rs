//! What the catalog is asked, and what it answers.

use serde::{Deserialize, Serialize};

use crate::domain::{Epoch, Product, ProductName, Purchase, RequestId};
use crate::net::rpcs;

/// One product, please. Asked by a front-end, the answer may be a lease on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// The product's name.
    pub name: ProductName,
    /// Which front-end would cache the answer; `None` for one that does not cache.
    #[serde(default)]
    pub front_end: Option<u8>,
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The product; `None` if the catalog has none of that name.
    pub product: Option<Product>,
    /// Whether the front-end may cache it, for the lease's time counted from before it sent the query.
    pub cacheable: bool,
}

/// The whole catalog, in its order, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {}

/// One batch of a leader: sells what is bought, and forgets the purchases that have become acknowledged
/// orders. Either list may be empty. A batch is answered the same however often it is repeated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buy {
    /// The epoch in which this leader took over.
    pub reign: Epoch,
    /// Numbers the batches of a reign: 1, 2, 3, …; one is in flight at a time.
    pub batch: u64,
    /// What to sell. A request id appears at most once.
    pub purchases: Vec<Purchase>,
    /// Request ids whose orders are acknowledged.
    pub settled: Vec<RequestId>,
}

/// What became of one purchase of a batch, in the batch's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sale {
    /// Sold: it will become exactly one order.
    Sold,
    /// There are only `left` in stock; nothing was sold.
    NotEnough {
        /// Pieces in stock when it was refused.
        left: u64,
    },
    /// There is no such product.
    UnknownProduct,
}

/// Raises the fence to this reign, and asks for the purchases that have not been settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsettled {
    /// The epoch in which this leader took over.
    pub reign: Epoch,
}

/// Restocks what is out of stock, now instead of at the next interval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restock {}

/// Why the catalog did nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// A newer leader has been here, or this batch was followed by a later one.
    #[error("a newer reign ({reign}) or batch ({batch}) has been here")]
    Superseded {
        /// The newest reign seen.
        reign: Epoch,
        /// Its newest batch.
        batch: u64,
    },
    /// It has just started, and front-ends may still hold what they cached before. It will answer soon.
    #[error("the catalog has just started and waits for caches to be dropped")]
    Starting,
}

rpcs! {
    Query, "query" => Result<Answer, Refusal>;
    List, "list" => Result<Vec<Product>, Refusal>;
    Buy, "buy" => Result<Vec<Sale>, Refusal>;
    Unsettled, "unsettled" => Result<Vec<Purchase>, Refusal>;
    Restock, "restock" => Result<Vec<ProductName>, Refusal>;
}
