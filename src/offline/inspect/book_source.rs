//! A book as an inspection reads it.

use toystore_actors::domain::{Entry, OrderNumber, RequestId};
use toystore_actors::order::book::scan::Row;
use toystore_actors::storage::DiskError;

/// A book to read.
pub trait BookSource: Sync {
    /// Shows all entries, in their order.
    fn scan(&self, visit: &mut dyn FnMut(Row<'_>)) -> Result<(), DiskError>;

    /// Shows the whole index of request ids: which id leads to which order. Each id comes once, in any order.
    fn scan_index(&self, visit: &mut dyn FnMut(&str, OrderNumber)) -> Result<(), DiskError>;

    /// The entries after a number, in their order, at most so many.
    fn entries(&self, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError>;

    /// The orders that the index of request ids leads to.
    fn indexed(&self, keys: &[RequestId]) -> Result<Vec<Option<OrderNumber>>, DiskError>;
}
