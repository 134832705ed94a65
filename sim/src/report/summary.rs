//! What many runs together did, for a person.

use std::fmt::Write;
use std::time::Duration;

use toystore_checks::time::{Nanos, seconds};

use crate::coverage::{Counts, Observation};
use crate::outcome::RunOutcome;

/// From so many seeds on, a rare state that was never reached is an error.
const ENOUGH_SEEDS: u64 = 1000;

/// What many runs together did.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many ended.
    pub runs: u64,
    /// How many broke a promise.
    pub broken: u64,
    virtual_nanos: u128,
    recoveries: Vec<(Nanos, u64)>,
    counts: Counts,
}

impl Summary {
    /// Adds a run.
    pub fn add(&mut self, outcome: &RunOutcome) {
        self.runs += 1;
        self.broken += u64::from(!outcome.violations.is_empty());
        self.recoveries.push((outcome.recovery_nanos, outcome.seed));
        self.virtual_nanos += u128::from(outcome.virtual_nanos);
        self.counts.add_all(&outcome.counts);
    }

    /// The rare states that no run reached.
    #[must_use]
    pub fn never_seen(&self) -> Vec<&'static str> {
        self.counts.never_seen().map(Observation::name).collect()
    }

    /// Whether there were enough runs, and they proved less than they seem to.
    #[must_use]
    pub fn proves_too_little(&self) -> bool {
        self.runs >= ENOUGH_SEEDS && !self.never_seen().is_empty()
    }

    /// The summary, in lines.
    #[must_use]
    pub fn text(&self, took: Duration) -> String {
        let mut text = String::new();
        for (what, count) in self.counts.by_name() {
            let _ = writeln!(text, "{count:>12}  {what}");
        }
        if self.proves_too_little() {
            let _ = writeln!(text, "NEVER SEEN: {}", self.never_seen().join(", "));
        }
        let mut recoveries = self.recoveries.clone();
        recoveries.sort_unstable();
        if let (Some((slowest, seed)), Some((median, _))) =
            (recoveries.last(), recoveries.get(recoveries.len() / 2))
        {
            let (median, slowest) = (seconds(*median), seconds(*slowest));
            let _ = writeln!(
                text,
                "in sync and selling after all healed: {median} in the median, {slowest} at most (seed {seed})"
            );
        }
        #[allow(clippy::cast_precision_loss, reason = "for people")]
        let (simulated, runs, real) =
            (self.virtual_nanos as f64 / 1e9, self.runs as f64, took.as_secs_f64().max(1e-9));
        let _ = writeln!(
            text,
            "{} runs, {} broke a promise; {simulated:.0} virtual seconds in {real:.1} s: {:.0} times real time, {:.1} runs a second",
            self.runs,
            self.broken,
            simulated / real,
            runs / real,
        );
        text
    }
}
