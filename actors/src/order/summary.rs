//! What is known of a book without reading it.

use crate::domain::{Epoch, Line, Position, View};

/// What is known of a book without reading it: kept in memory, returned by every transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BookSummary {
    /// The newest view heard of.
    pub view: Option<View>,
    /// The last entry.
    pub last: Position,
    /// All runs of this file.
    pub line: Line,
}

impl BookSummary {
    /// The epoch of the newest view.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.view.as_ref().map_or(Epoch::NONE, |view| view.epoch)
    }
}
