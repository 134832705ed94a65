//! Hunts a planted bug: it is run until a check catches it.
//!
//! Most are left to chance. For those whose story chance does not tell often enough there is a scenario, under the
//! bug's name in `configs/sim/bugs/` or one of `configs/sim/memory/`, which must run well without the bug.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use toystore_actors::bugs::Bug;
use toystore_checks::data::Promise;

use super::scenarios::directed;
use crate::coverage::Occurrence;
use crate::faults::FaultKind;
use crate::outcome::RunOutcome;
use crate::plan::Setup;
use crate::run::run;

/// With how many seeds a scenario is tried.
const SCENARIO_SEEDS: u64 = 100;

/// What caught a bug.
#[derive(Debug, Clone)]
pub struct Catch {
    /// The promise that broke.
    pub promise: Promise,
    /// The seed.
    pub seed: u64,
}

/// What became of the hunt for one bug.
#[derive(Debug, Clone)]
pub struct Hunt {
    /// The bug.
    pub bug: Bug,
    /// How it was caught, if it was.
    pub caught: Option<Catch>,
    /// How many runs it took.
    pub runs: u64,
    /// How long it took.
    pub took: Duration,
    /// How often the bug made a difference, in all runs.
    pub fired: u64,
}

/// Runs a bug until it is caught: in its scenario if there is one, else with one seed after the other.
#[must_use]
pub fn hunt(bug: Bug, first: u64, seeds: u64, jobs: usize) -> Hunt {
    #[expect(clippy::disallowed_methods, reason = "the table says how long a person waits for it")]
    let began = Instant::now();
    let mut hunt = Hunt { bug, caught: None, runs: 0, took: Duration::ZERO, fired: 0 };
    match directed(bug) {
        Some(scenario) => {
            // The story is the same with another seed, only its timing is not.
            let from = scenario.setup.seed;
            let like = |seed| Setup { seed, bug: Some(bug), ..scenario.setup.clone() };
            let broken = |outcome: &RunOutcome| scenario.broken(outcome).first().copied();
            search(&mut hunt, from, SCENARIO_SEEDS.min(seeds), jobs, like, broken);
        }
        None => {
            let allowed = FaultKind::all();
            let about_memory = bug.rule().starts_with('M');
            let drawn = |seed| {
                let drawn = if about_memory { losing(seed, &allowed) } else { Setup::draw(seed, &allowed) };
                Setup { bug: Some(bug), ..drawn }
            };
            let broken = |outcome: &RunOutcome| outcome.violations.first().map(|violation| violation.promise);
            search(&mut hunt, first, seeds, jobs, drawn, broken);
        }
    }
    hunt.took = began.elapsed();
    hunt
}

/// The run of the first seed, counted from a place of its own, in which a memory is to be lost: most lose none.
fn losing(place: u64, allowed: &BTreeSet<FaultKind>) -> Setup {
    let mut seed = place.wrapping_mul(64);
    loop {
        let setup = Setup::draw(seed, allowed);
        if setup.schedule.iter().any(|timed| FaultKind::OF_MEMORY.contains(&timed.fault.kind()))
            || seed % 64 == 63
        {
            return setup;
        }
        seed += 1;
    }
}

fn search(
    hunt: &mut Hunt,
    first: u64,
    seeds: u64,
    jobs: usize,
    setup: impl Fn(u64) -> Setup + Sync,
    broken: impl Fn(&RunOutcome) -> Option<Promise>,
) {
    let next = AtomicU64::new(0);
    let (tx, rx) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (tx, next, setup) = (tx.clone(), &next, &setup);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= seeds {
                        return;
                    }
                    let setup = setup(first.wrapping_add(index));
                    if tx.send((setup.clone(), run(setup, false))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tx);
        for (setup, outcome) in &rx {
            hunt.take(setup, &outcome, &broken);
            if hunt.caught.is_some() {
                next.store(seeds, Ordering::Relaxed);
            }
        }
    });
}

impl Hunt {
    /// A run counts as a catch only if the bug did something in it and all is well without the bug: else it
    /// broke for another reason.
    fn take(&mut self, setup: Setup, outcome: &RunOutcome, broken: &impl Fn(&RunOutcome) -> Option<Promise>) {
        let fired = outcome.counts.of(Occurrence::BugFired.into());
        self.runs += 1;
        self.fired += fired;
        if let Some(promise) = broken(outcome)
            && fired > 0
            && self.caught.is_none()
            && broken(&run(Setup { bug: None, ..setup }, false)).is_none()
        {
            self.caught = Some(Catch { promise, seed: outcome.seed });
        }
    }
}
