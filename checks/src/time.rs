//! Points and spans of virtual time, and how a person reads them.

use std::time::Duration;

/// A point in virtual time, in nanoseconds since the world began.
pub type Nanos = u64;

/// A virtual millisecond.
pub const MILLI: Nanos = 1_000_000;

/// A span as virtual nanoseconds; what does not fit is longer than any run.
#[must_use]
pub fn nanos(span: Duration) -> Nanos {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// Virtual seconds, to the millisecond, for people.
#[must_use]
pub fn seconds(at: Nanos) -> String {
    format!("{}.{:03} s", at / 1_000_000_000, at / MILLI % 1000)
}
