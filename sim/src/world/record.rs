//! What is written down of a run while it goes on: the trace, what the shoppers saw, what was counted, what broke.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use toystore_checks::data::{History, StoreAudit, Violation};
use toystore_checks::time::Nanos;

use super::note::TraceNote;
use super::trace::Trace;
use crate::coverage::{Counts, Observation};
use crate::platform::process::ProcessId;
use crate::platform::timeline::Timeline;

/// What is written down of a run.
#[derive(Debug)]
pub struct RunRecord {
    timeline: Arc<Timeline>,
    /// What happened.
    pub trace: RefCell<Trace>,
    /// What the shoppers saw.
    pub history: RefCell<History>,
    counts: RefCell<Counts>,
    violations: RefCell<Vec<Violation>>,
    finished: Cell<bool>,
    recovery: Cell<Nanos>,
    /// What is on the disks once the world has come to rest.
    pub audit: RefCell<Option<StoreAudit>>,
}

impl RunRecord {
    /// Nothing was written down yet.
    #[must_use]
    pub fn new(timeline: Arc<Timeline>, trace: Trace) -> RunRecord {
        RunRecord {
            timeline,
            trace: RefCell::new(trace),
            history: RefCell::default(),
            counts: RefCell::default(),
            violations: RefCell::default(),
            finished: Cell::new(false),
            recovery: Cell::new(0),
            audit: RefCell::default(),
        }
    }

    /// Notes in the trace what happens at a process, or in the world.
    pub fn note(&self, at: Option<ProcessId>, note: &TraceNote<'_>) {
        self.trace.borrow_mut().note(self.timeline.now(), at, note);
    }

    /// Counts what was seen.
    pub fn count(&self, what: impl Into<Observation>) {
        self.counts.borrow_mut().add(what.into(), 1);
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.borrow().clone()
    }

    /// A promise broke; the run ends.
    pub fn broken(&self, violation: Violation) {
        self.note(None, &TraceNote::Broken(&violation));
        self.violations.borrow_mut().push(violation);
        self.finish();
    }

    /// What broke.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.violations.borrow().clone()
    }

    /// Adds facts to the first promise that broke, if one did.
    pub fn explain(&self, facts: Vec<String>) {
        if let Some(first) = self.violations.borrow_mut().first_mut() {
            first.facts.extend(facts);
        }
    }

    /// Ends the run.
    pub fn finish(&self) {
        self.finished.set(true);
    }

    /// Whether the run is over: its course has come to its end, or a promise broke.
    #[must_use]
    pub fn finished(&self) -> bool {
        self.finished.get()
    }

    /// The store has recovered from all that happened to it, this long after all healed.
    pub fn recovered(&self, after: Nanos) {
        self.recovery.set(after);
    }

    /// See [`RunRecord::recovered`].
    #[must_use]
    pub fn recovery(&self) -> Nanos {
        self.recovery.get()
    }
}
