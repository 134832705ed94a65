//! What is measured: how long something took, and how much it was.

use std::time::Duration;

/// Something that happens too often to be told each time, and that one wants to know the sizes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// A replica committed orders to its book, in one transaction.
    OrdersCommitted {
        /// With the sync, and with the wait for a thread of the disk.
        took: Duration,
        orders: usize,
    },
    /// The catalog committed what a group of calls changed, in one transaction.
    GroupCommitted {
        /// With the sync, and with the wait for a thread of the disk.
        took: Duration,
        /// Those that changed nothing included.
        calls: usize,
    },
}
