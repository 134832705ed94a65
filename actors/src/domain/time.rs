//! Points in time as people tell them.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z by some machine's wall clock, which may be wrong, and may jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// So many milliseconds since then.
    #[must_use]
    pub const fn new(millis: u64) -> UnixMillis {
        UnixMillis(millis)
    }

    /// How many milliseconds.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}
