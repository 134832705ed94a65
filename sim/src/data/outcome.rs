//! What one run ended with.

use super::history::History;
use super::trace_line::TraceLine;
use super::violation::Violation;
use crate::coverage::Counts;
use crate::time::Nanos;

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
    /// The trace, if it was recorded.
    pub lines: Vec<TraceLine>,
}
