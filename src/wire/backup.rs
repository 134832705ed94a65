//! What the front-end gives to `toystore backup`, page by page.

use serde::{Deserialize, Serialize};
use toystore_actors::domain::{Entry, Epoch, OrderNumber, StoreId};

/// Where the book is.
pub const ORDERS: &str = "/backup/orders";

/// Where the products are.
pub const STOCK: &str = "/backup/stock";

/// Entries in one page, at most.
pub const MAX_PAGE: u32 = 4096;

/// After which entry the page begins: its number, and its epoch, by which the book is known to be the same still.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyQuery {
    /// 0 for the whole book.
    #[serde(default)]
    pub after: OrderNumber,
    /// 0 for the whole book.
    #[serde(default)]
    pub after_epoch: Epoch,
    /// How many entries at most.
    pub limit: u32,
}

/// Acknowledged orders, with all that a replica keeps of them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Whose they are.
    pub store: StoreId,
    /// All orders up to this number are acknowledged; the page may end before, or not have been able to reach it.
    pub acknowledged: OrderNumber,
    /// Without gaps.
    pub entries: Vec<Entry>,
}
