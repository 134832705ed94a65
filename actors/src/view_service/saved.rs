//! What a front-end's file holds.

use serde::{Deserialize, Serialize};

use crate::domain::{Line, StoreId, View};

/// What a front-end's file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Saved {
    /// All runs of the file.
    pub line: Line,
    /// The store that it began to found or belongs to; `None` for a new file.
    pub store: Option<StoreId>,
    /// The current view; `None` before the first.
    pub view: Option<View>,
}
