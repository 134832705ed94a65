//! What is known of a running store so far, as counters and the first broken promises.

use std::collections::BTreeSet;

use serde::Serialize;
use toystore_actors::domain::{OrderNumber, ProductName};

use crate::data::Violation;
use crate::time::Nanos;

/// So many broken promises are kept; the counters go on.
const MOST_VIOLATIONS: usize = 50;

/// So many lost orders are known by number, so that each counts once.
const MOST_LOST: usize = 100_000;

/// What is known of a running store so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Operations that were judged.
    #[serde(rename = "judged")]
    pub operations: u64,
    /// Orders that were acknowledged to somebody.
    pub acknowledged: u64,
    /// Orders that were acknowledged, or shown, and are not where they have to be.
    pub lost: u64,
    /// Orders that share a key or a number, or were made although their shopper was told that they were not.
    pub doubled: u64,
    /// Numbers below the end of the leader's book that have no order.
    pub missing_numbers: u64,
    /// Products whose stock does not add up.
    pub stock_off: u64,
    /// Answers that others contradict: an outdated stock or price, an order that is not found or has too low a number.
    pub stale_reads: u64,
    /// Stretches of time of one product that were too much to search, or which nothing certain came before.
    pub undecided: u64,
    /// Everything that began before then was judged, in nanoseconds since the beginning: whoever shows it knows what time that was.
    #[serde(skip)]
    pub judged_through: Nanos,
    /// The first broken promises.
    pub violations: Vec<Violation>,
}

/// Writes a verdict down, each thing once.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) verdict: Verdict,
    lost: BTreeSet<OrderNumber>,
    off: BTreeSet<ProductName>,
}

impl Findings {
    pub(super) fn lost(&mut self, number: OrderNumber, violation: Violation) {
        if self.lost.len() < MOST_LOST && !self.lost.insert(number) {
            return;
        }
        self.verdict.lost += 1;
        self.keep(violation);
    }

    pub(super) fn doubled(&mut self, violation: Violation) {
        self.verdict.doubled += 1;
        self.keep(violation);
    }

    pub(super) fn missing(&mut self, numbers: u64, violation: Violation) {
        self.verdict.missing_numbers += numbers;
        self.keep(violation);
    }

    pub(super) fn stock_off(&mut self, name: &ProductName, violation: Violation) {
        if self.off.insert(name.clone()) {
            self.verdict.stock_off += 1;
            self.keep(violation);
        }
    }

    pub(super) fn stale(&mut self, violation: Violation) {
        self.verdict.stale_reads += 1;
        self.keep(violation);
    }

    fn keep(&mut self, violation: Violation) {
        let kept = &mut self.verdict.violations;
        if kept.len() < MOST_VIOLATIONS && !kept.contains(&violation) {
            kept.push(violation);
        }
    }
}
