//! Hunts the planted bugs: each is run until a check catches it.
//!
//! Most are left to chance. For those whose story chance does not tell often enough there is a scenario, under the
//! bug's name in `configs/sim/bugs/` or one of `configs/sim/memory/`, which must run well without the bug.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use toystore_actors::bugs::Bug;

use crate::faults;
use crate::report::Outcome;
use crate::run::{FIRED, run};
use crate::scenario::{Scenario, Setup};

macro_rules! directed {
    ($($bug:ident $file:literal)*) => {
        &[$((Bug::$bug, include_str!(concat!("../../configs/sim/", $file, ".toml")))),*]
    };
}

/// The scenarios that are there for one bug each.
const DIRECTED: &[(Bug, &str)] = directed! {
    EpochNotSaved "bugs/epoch-not-saved"
    FetchDoesNotFence "bugs/fetch-does-not-fence"
    TermKept "bugs/term-kept"
    OwnLengthConfirmed "bugs/own-length-confirmed"
    JoinerNotWaitedFor "bugs/joiner-not-waited-for"
    AddedTooEarly "bugs/added-too-early"
    JoinerUncounted "bugs/joiner-uncounted"
    UnreachedCounted "bugs/unreached-counted"
    LookupsSeeTail "bugs/lookups-see-tail"
    FillJoinedLate "bugs/fill-joined-late"
    NoDriftMargin "bugs/no-drift-margin"
    LeaseFromAnswer "bugs/lease-from-answer"
    ViewToldUnsaved "bugs/view-told-unsaved"
    StaleViewChange "bugs/stale-view-change"
    ChunkTakenForEnd "bugs/chunk-taken-for-end"
    NewestRefusalForgotten "bugs/newest-refusal-forgotten"
    StrangerHeard "bugs/stranger-heard"
    ReceiverUnchecked "bugs/receiver-unchecked"
    NumberNamesMember "memory/leader-wiped"
    AnyRunConfirms "bugs/any-run-confirms"
    UnconfiguredSkipped "bugs/unconfigured-skipped"
    OneAnswerIsEnough "bugs/one-answer-is-enough"
    UnfitLeads "memory/replica-copied"
    UnfitChosenAgain "memory/replica-copied"
    ShortMemorySells "memory/catalog-of-yesterday"
};

/// With how many seeds a scenario is tried.
const SCENARIO_SEEDS: u64 = 100;

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
            let broken = |outcome: &Outcome| scenario.broken(outcome).first().copied();
            search(&mut hunt, from, SCENARIO_SEEDS.min(seeds), jobs, like, broken);
        }
        None => {
            let allowed = faults::all();
            let about_memory = bug.rule().starts_with('M');
            let drawn = |seed| {
                let drawn = if about_memory { losing(seed, &allowed) } else { Setup::draw(seed, &allowed) };
                Setup { bug: Some(bug), ..drawn }
            };
            let broken = |outcome: &Outcome| outcome.violations.first().map(|violation| violation.promise);
            search(&mut hunt, first, seeds, jobs, drawn, broken);
        }
    }
    hunt.took = began.elapsed();
    hunt
}

/// The run of the first seed, counted from a place of its own, in which a memory is to be lost: most lose none.
fn losing(place: u64, allowed: &BTreeSet<&'static str>) -> Setup {
    let mut seed = place.wrapping_mul(64);
    loop {
        let setup = Setup::draw(seed, allowed);
        if setup.schedule.iter().any(|timed| faults::MEMORY_KINDS.contains(&timed.fault.kind()))
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
    broken: impl Fn(&Outcome) -> Option<&'static str>,
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
    fn take(&mut self, setup: Setup, outcome: &Outcome, broken: &impl Fn(&Outcome) -> Option<&'static str>) {
        let fired = outcome.counts.get(FIRED).copied().unwrap_or(0);
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

impl fmt::Display for Hunt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, rule) = (self.bug.name(), self.bug.rule());
        let by = self.caught.as_ref().map_or("NOT CAUGHT", |catch| catch.promise);
        let of = if directed(self.bug).is_some() { " of its scenario" } else { "" };
        let after = format!("{} seed{}{of}", self.runs, if self.runs == 1 { "" } else { "s" });
        write!(f, "| {name} | {rule} | {by} | {after} | {:.1} | {} |", self.took.as_secs_f64(), self.fired)
    }
}
