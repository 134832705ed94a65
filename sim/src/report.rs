//! What a run ended with, for a person.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::clock::Nanos;
use crate::coverage::must_be_seen;
use crate::history::History;
use crate::scenario::Setup;
use crate::shrink::Shrunk;
use crate::trace::Line;

/// The commit that this program was built from.
pub const COMMIT: &str = env!("TOYSTORE_COMMIT");

/// From so many seeds on, a rare state that was never reached is an error.
const ENOUGH_SEEDS: u64 = 1000;

/// A broken promise, and the facts that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which promise.
    pub promise: &'static str,
    /// Why it is broken.
    pub facts: Vec<String>,
}

impl Violation {
    /// A broken promise.
    pub fn new(promise: &'static str, facts: impl IntoIterator<Item = String>) -> Violation {
        Violation { promise, facts: facts.into_iter().collect() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.facts.join("; "))
    }
}

/// Virtual seconds, to the millisecond, for people.
#[must_use]
pub fn seconds(at: Nanos) -> String {
    format!("{}.{:03} s", at / 1_000_000_000, at / 1_000_000 % 1000)
}

/// What one run ended with.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What broke; nothing, if all is well.
    pub violations: Vec<Violation>,
    /// The hash of its trace.
    pub hash: u64,
    /// How much virtual time passed.
    pub virtual_nanos: Nanos,
    /// What was seen, how often.
    pub counts: BTreeMap<String, u64>,
    /// How long it took, after all healed, until all were in sync and an order succeeded.
    pub recovery_nanos: Nanos,
    /// What the shoppers were told.
    pub history: History,
    /// The trace, if it was recorded.
    pub lines: Vec<Line>,
}

/// What broke, and the facts.
#[must_use]
pub fn facts(outcome: &Outcome) -> String {
    let mut text = String::new();
    for violation in &outcome.violations {
        let _ = writeln!(text, "  broken: {}", violation.promise);
        for fact in &violation.facts {
            let _ = writeln!(text, "    - {fact}");
        }
    }
    text
}

/// The whole report of a run that broke a promise.
#[must_use]
pub fn failure(outcome: &Outcome, replay: &str, shrunk: Option<(&Setup, &Shrunk)>) -> String {
    let mut text = format!("seed {}, commit {COMMIT}, at {}\n", outcome.seed, seconds(outcome.virtual_nanos));
    text += &facts(outcome);
    let _ = writeln!(text, "  see it happen: {replay}");
    if let Some((original, shrunk)) = shrunk {
        let (from, to) = (original.schedule.len(), shrunk.setup.schedule.len());
        let _ = writeln!(text, "  {to} of the {from} faults are enough ({} runs tried):", shrunk.runs);
        for timed in &shrunk.setup.schedule {
            let _ = writeln!(text, "    {timed}");
        }
        let _ = writeln!(text, "    {:>10}  all heals", seconds(shrunk.setup.faults_ms * 1_000_000));
        let _ = writeln!(text, "  with these faults only, {} clients:", shrunk.setup.clients);
        text += &facts(&shrunk.outcome);
    }
    text
}

/// What many runs together did.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many ended.
    pub runs: u64,
    /// How many broke a promise.
    pub broken: u64,
    virtual_nanos: u128,
    recoveries: Vec<(Nanos, u64)>,
    counts: BTreeMap<String, u64>,
}

impl Summary {
    /// Adds a run.
    pub fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.broken += u64::from(!outcome.violations.is_empty());
        self.recoveries.push((outcome.recovery_nanos, outcome.seed));
        self.virtual_nanos += u128::from(outcome.virtual_nanos);
        for (what, count) in &outcome.counts {
            *self.counts.entry(what.clone()).or_default() += count;
        }
    }

    /// The rare states that no run reached.
    #[must_use]
    pub fn never_seen(&self) -> Vec<&'static str> {
        let seen = |what: &&str| self.counts.get(*what).is_some_and(|count| *count > 0);
        must_be_seen().filter(|what| !seen(what)).collect()
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
        for (what, count) in &self.counts {
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
