//! One line of a trace.

use serde::Serialize;

use crate::time::Nanos;

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
