//! A fault at its time: of these a schedule is made, which is drawn before a run begins.
//!
//! The schedule is explicit so that it can be printed, written into a scenario file, and shortened until only the faults
//! that matter are left.

use serde::{Deserialize, Serialize};

use super::fault::Fault;

/// A fault and when it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduledFault {
    /// Virtual milliseconds after the world began.
    pub at_ms: u64,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}
