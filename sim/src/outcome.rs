//! What one run ended with.

use serde::Serialize;
use toystore_checks::data::{History, StoreAudit, Violation};
use toystore_checks::time::Nanos;

use crate::coverage::Counts;

/// What one run ended with.
#[derive(Debug, Clone, Default)]
pub struct RunOutcome {
    /// Its seed.
    pub seed: u64,
    /// What broke; nothing, if all is well.
    pub violations: Vec<Violation>,
    /// The hash of its trace.
    pub hash: u64,
    /// How much virtual time passed.
    pub virtual_nanos: Nanos,
    /// What was seen, how often.
    pub counts: Counts,
    /// How long it took, after all healed, until all were in sync and an order succeeded.
    pub recovery_nanos: Nanos,
    /// What the shoppers were told.
    pub history: History,
    /// What was on the disks, if it came to rest.
    pub audit: Option<StoreAudit>,
    /// The trace, if it was recorded.
    pub lines: Vec<TraceLine>,
}

/// One line of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceLine {
    /// When, in virtual nanoseconds.
    pub at: Nanos,
    /// At which process; none for what concerns the world.
    pub node: Option<String>,
    /// What.
    pub text: String,
}
