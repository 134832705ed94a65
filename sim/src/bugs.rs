//! Hunts the planted bugs: each is run until a check catches it.
//!
//! Most are left to chance. For those whose story chance does not tell often enough there is a scenario,
//! under the bug's name in `configs/sim/bugs/`, which must run well without the bug.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use toystore_actors::bugs::Bug;

use crate::faults::KINDS;
use crate::report::Outcome;
use crate::run::{FIRED, run};
use crate::scenario::{Scenario, Setup};

/// The scenarios that are there for one bug each.
const DIRECTED: &[(Bug, &str)] = &[];

/// What is above a table of [`Hunt`]s.
pub const HEADING: &str = "\
| bug | rule | caught by | after | seconds | fired |
|---|---|---|---:|---:|---:|";

/// Finds a bug by its name.
///
/// # Errors
/// When there is none of that name.
pub fn parse(name: &str) -> Result<Bug, String> {
    let found = Bug::ALL.iter().copied().find(|bug| bug.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = Bug::ALL.iter().map(|bug| bug.name()).collect();
        format!("there are {}", names.join(", "))
    })
}

/// A bug by its name, in files.
pub(crate) mod by_name {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use toystore_actors::bugs::Bug;

    #[allow(clippy::ref_option, reason = "serde wants it like this")]
    pub(crate) fn serialize<S: Serializer>(bug: &Option<Bug>, serializer: S) -> Result<S::Ok, S::Error> {
        bug.map(Bug::name).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Bug>, D::Error> {
        let name: Option<String> = Option::deserialize(deserializer)?;
        name.map(|name| super::parse(&name)).transpose().map_err(serde::de::Error::custom)
    }
}

/// The scenario for a bug, if there is one.
///
/// # Panics
/// When the file, which is part of the program, is no scenario; a test reads them all.
#[must_use]
pub fn directed(bug: Bug) -> Option<Scenario> {
    let (_, text) = DIRECTED.iter().find(|(of, _)| *of == bug)?;
    Some(Scenario::parse(text).expect("a test reads every scenario"))
}

/// What caught a bug.
#[derive(Debug, Clone)]
pub struct Catch {
    /// The promise that broke.
    pub promise: &'static str,
    /// The seed; none if it was the bug's own scenario.
    pub seed: Option<u64>,
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
            let setup = Setup { bug: Some(bug), ..scenario.setup };
            let outcome = run(setup.clone(), false);
            hunt.take(setup, &outcome, None);
        }
        None => by_chance(&mut hunt, first, seeds, jobs),
    }
    hunt.took = began.elapsed();
    hunt
}

fn by_chance(hunt: &mut Hunt, first: u64, seeds: u64, jobs: usize) {
    let (bug, allowed) = (hunt.bug, KINDS.into());
    let next = AtomicU64::new(0);
    let (tx, rx) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (tx, next, allowed) = (tx.clone(), &next, &allowed);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= seeds {
                        return;
                    }
                    let setup = Setup { bug: Some(bug), ..Setup::draw(first.wrapping_add(index), allowed) };
                    if tx.send((setup.clone(), run(setup, false))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tx);
        for (setup, outcome) in &rx {
            hunt.take(setup, &outcome, Some(outcome.seed));
            if hunt.caught.is_some() {
                next.store(seeds, Ordering::Relaxed);
            }
        }
    });
}

impl Hunt {
    /// A run counts as a catch only if the bug did something in it and all is well without the bug: else it
    /// broke for another reason.
    fn take(&mut self, setup: Setup, outcome: &Outcome, seed: Option<u64>) {
        let fired = outcome.counts.get(FIRED).copied().unwrap_or(0);
        self.runs += 1;
        self.fired += fired;
        if let Some(violation) = outcome.violations.first()
            && fired > 0
            && self.caught.is_none()
            && run(Setup { bug: None, ..setup }, false).violations.is_empty()
        {
            self.caught = Some(Catch { promise: violation.promise, seed });
        }
    }
}

impl fmt::Display for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, rule) = (self.bug.name(), self.bug.rule());
        let by = self.caught.as_ref().map_or("NOT CAUGHT", |catch| catch.promise);
        let after = match &self.caught {
            Some(Catch { seed: None, .. }) => "its scenario".to_owned(),
            Some(Catch { seed: Some(_), .. }) if self.runs == 1 => "1 seed".to_owned(),
            Some(Catch { seed: Some(_), .. }) | None => format!("{} seeds", self.runs),
        };
        write!(f, "| {name} | {rule} | {by} | {after} | {:.1} | {} |", self.took.as_secs_f64(), self.fired)
    }
}
