//! Finds the shortest fault schedule that still breaks the same promise.
//!
//! Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002): leave
//! out ever smaller parts of the schedule, and keep what still fails. Then everything else that makes a run
//! hard to read is tried without: loss, duplicates, drift, shoppers.

use toystore_checks::data::Promise;

use super::runner::run;
use crate::faults::ScheduledFault;
use crate::outcome::RunOutcome;
use crate::plan::Setup;

/// A run that breaks a promise, and how it was shortened.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The shortest run that was found.
    pub setup: Setup,
    /// What it breaks.
    pub outcome: RunOutcome,
    /// How many runs it took.
    pub runs: usize,
}

struct Shrinker {
    promise: Promise,
    best: Shrunk,
    budget: usize,
}

/// Shortens a run that breaks a promise, in at most `budget` further runs. `None` if it breaks none.
#[must_use]
pub fn shrink(setup: &Setup, budget: usize) -> Option<Shrunk> {
    let outcome = run(setup.clone(), false);
    let promise = outcome.violations.first()?.promise;
    let best = Shrunk { setup: setup.clone(), outcome, runs: 1 };
    let mut shrinker = Shrinker { promise, best, budget };
    shrinker.shorten_schedule();
    shrinker.simplify();
    shrinker.shorten_schedule();
    shrinker.end_early();
    Some(shrinker.best)
}

impl Shrinker {
    /// Keeps a run if it still breaks the promise.
    fn attempt(&mut self, setup: Setup) -> bool {
        if self.best.runs > self.budget {
            return false;
        }
        self.best.runs += 1;
        let outcome = run(setup.clone(), false);
        let fails = outcome.violations.iter().any(|violation| violation.promise == self.promise);
        if fails {
            self.best.setup = setup;
            self.best.outcome = outcome;
        }
        fails
    }

    fn shorten_schedule(&mut self) {
        let mut parts = 2;
        while !self.best.setup.schedule.is_empty() {
            let length = self.best.setup.schedule.len();
            let size = length.div_ceil(parts);
            let shorter = (0..length).step_by(size).any(|from| {
                let mut schedule: Vec<ScheduledFault> = self.best.setup.schedule.clone();
                schedule.drain(from..(from + size).min(length));
                self.attempt(Setup { schedule, ..self.best.setup.clone() })
            });
            if shorter {
                parts = (parts - 1).max(2);
            } else if size == 1 {
                return;
            } else {
                parts = (parts * 2).min(length);
            }
        }
    }

    fn simplify(&mut self) {
        let calmer: [fn(&mut Setup); 8] = [
            |setup| setup.loss_permille = 0,
            |setup| setup.duplicate_permille = 0,
            |setup| setup.reorder = false,
            |setup| setup.drift_ppm.clear(),
            |setup| setup.clients = 1,
            |setup| setup.clients = setup.clients.min(2),
            |setup| setup.clients = setup.clients.div_ceil(2),
            |setup| setup.stock.truncate(1),
        ];
        for calm in calmer {
            let mut setup = self.best.setup.clone();
            calm(&mut setup);
            if setup != self.best.setup {
                self.attempt(setup);
            }
        }
    }

    /// Lets all heal soon after the last fault.
    fn end_early(&mut self) {
        let last = self
            .best
            .setup
            .schedule
            .last()
            .map_or(0, |timed| timed.at_ms + timed.fault.lasts_ms().unwrap_or(0));
        for faults_ms in [last + 500, last + 5_000] {
            if faults_ms < self.best.setup.faults_ms
                && self.attempt(Setup { faults_ms, ..self.best.setup.clone() })
            {
                return;
            }
        }
    }
}
