//! A run that broke a promise, for a person.

use std::fmt::Write;

use toystore_checks::time::{MILLI, seconds};

use crate::outcome::RunOutcome;
use crate::plan::Setup;
use crate::run::Shrunk;

/// The commit that this program was built from.
pub const COMMIT: &str = env!("TOYSTORE_COMMIT");

/// What broke, and the facts.
#[must_use]
pub fn facts(outcome: &RunOutcome) -> String {
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
pub fn failure(outcome: &RunOutcome, replay: &str, shrunk: Option<(&Setup, &Shrunk)>) -> String {
    let mut text = format!("seed {}, commit {COMMIT}, at {}\n", outcome.seed, seconds(outcome.virtual_nanos));
    text += &facts(outcome);
    let _ = writeln!(text, "  see it happen: {replay}");
    if let Some((original, shrunk)) = shrunk {
        let (from, to) = (original.schedule.len(), shrunk.setup.schedule.len());
        let _ = writeln!(text, "  {to} of the {from} faults are enough ({} runs tried):", shrunk.runs);
        for timed in &shrunk.setup.schedule {
            let _ = writeln!(text, "    {timed}");
        }
        let _ = writeln!(text, "    {:>10}  all heals", seconds(shrunk.setup.faults_ms * MILLI));
        let _ = writeln!(text, "  with these faults only, {} clients:", shrunk.setup.clients);
        text += &facts(&shrunk.outcome);
    }
    text
}
