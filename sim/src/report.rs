//! What a run ended with, for a person.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::clock::Nanos;
use crate::trace::Line;

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
    /// The trace, if it was recorded.
    pub lines: Vec<Line>,
}
