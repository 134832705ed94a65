//! Points and spans of virtual time, and how a person reads them.

use std::time::Duration;

use toystore_actors::domain::UnixMillis;

/// A point in virtual time, in nanoseconds since the world began.
pub type Nanos = u64;

/// A virtual millisecond.
pub const MILLI: Nanos = 1_000_000;

/// A span as virtual nanoseconds; what does not fit is longer than any run.
#[must_use]
pub fn nanos(span: Duration) -> Nanos {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

/// When every world begins, as its wall clocks would show it if they were right: 2026-01-01T00:00:00Z.
const BEGINNING: u64 = 1_767_225_600_000;

/// How a node's clocks are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockSetting {
    /// What its clock shows when the world begins.
    pub origin: Nanos,
    /// By how many millionths it is fast.
    pub drift_ppm: i64,
    /// By how many milliseconds its wall clock is ahead when the world begins.
    pub wall_ahead_ms: u64,
}

impl ClockSetting {
    /// How fast it is, in millionths of virtual time.
    #[must_use]
    pub fn rate(self) -> i128 {
        1_000_000 + i128::from(self.drift_ppm)
    }

    /// How much of its own time has passed when the world is so old.
    #[must_use]
    pub fn passed(self, at: Nanos) -> Nanos {
        u64::try_from(i128::from(at) * self.rate() / 1_000_000).unwrap_or(u64::MAX)
    }

    /// What its wall clock shows then. It drifts as the node's other clock does.
    #[must_use]
    pub fn wall(self, at: Nanos) -> UnixMillis {
        UnixMillis::new(BEGINNING + self.wall_ahead_ms + self.passed(at) / MILLI)
    }
}

/// Virtual seconds, to the millisecond, for people.
#[must_use]
pub fn seconds(at: Nanos) -> String {
    format!("{}.{:03} s", at / 1_000_000_000, at / MILLI % 1000)
}
