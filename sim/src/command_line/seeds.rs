//! `run`: many seeds.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use super::args::RunArgs;
use super::error::CouldNotRun;
use super::files::keep_history;
use super::progress::progress;
use super::replay::with_bug;
use crate::faults::FaultKind;
use crate::outcome::RunOutcome;
use crate::plan::{Scenario, Setup};
use crate::report::{self, Summary};
use crate::run::{run, shrink};

/// How many runs may be spent on shortening one fault schedule.
const SHRINK_RUNS: usize = 300;

/// Runs the seeds; whether all is well.
pub(super) fn run_seeds(args: &RunArgs) -> Result<bool, CouldNotRun> {
    #[allow(clippy::disallowed_methods, reason = "this measures real time")]
    let began = Instant::now();
    let allowed = args.faults.allowed();
    let bar = progress(args.seeds, "seeds");
    let mut summary = Summary::default();
    let mut kept = Ok(());
    each_seed(args, &allowed, |outcome| {
        summary.add(&outcome);
        if kept.is_ok() {
            let setup = Setup::draw(outcome.seed, &allowed);
            let histories = args.histories.as_deref();
            kept = keep_history(histories, &format!("seed-{}", outcome.seed), &setup, &outcome);
        }
        bar.inc(1);
        bar.suspend(|| {
            if args.hashes {
                println!("seed {} trace {:016x}", outcome.seed, outcome.hash);
            }
            if !outcome.violations.is_empty() {
                broken_seed(args, &allowed, &outcome);
            }
        });
        summary.broken < args.broken.max(1) && kept.is_ok()
    });
    bar.finish_and_clear();
    print!("{}", summary.text(began.elapsed()));
    // Where not everything may go wrong, or a bug is planted, not every state can be expected.
    let all = args.faults.faults.is_none() && args.bug.is_none();
    kept.map(|()| summary.broken == 0 && !(all && summary.proves_too_little()))
}

/// Runs the seeds, several at once, and hands over what each ended with until that says to stop.
fn each_seed(args: &RunArgs, allowed: &BTreeSet<FaultKind>, mut ended: impl FnMut(RunOutcome) -> bool) {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let (tx, rx) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            let (tx, next, stop) = (tx.clone(), &next, &stop);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= args.seeds || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let seed = args.seed.wrapping_add(index);
                    let setup = Setup { bug: args.bug, ..Setup::draw(seed, allowed) };
                    if tx.send(run(setup, false)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tx);
        for outcome in &rx {
            if !ended(outcome) {
                stop.store(true, Ordering::Relaxed);
                break;
            }
        }
    });
}

fn broken_seed(args: &RunArgs, allowed: &BTreeSet<FaultKind>, outcome: &RunOutcome) {
    let setup = Setup { bug: args.bug, ..Setup::draw(outcome.seed, allowed) };
    let shrunk = if args.no_shrink { None } else { shrink(&setup, SHRINK_RUNS) };
    let command = format!("toystore-sim replay {}{}", outcome.seed, args.faults.option());
    let command = with_bug(command, args.bug);
    println!("{}", report::failure(outcome, &command, shrunk.as_ref().map(|shrunk| (&setup, shrunk))));
    if let (Some(directory), Some(shrunk)) = (&args.save, &shrunk) {
        let file = directory.join(format!("seed-{}.toml", outcome.seed));
        let promise =
            shrunk.outcome.violations.first().map_or("nothing", |violation| violation.promise.name());
        let text = Scenario::text(&format!("seed {} breaks: {promise}", outcome.seed), &shrunk.setup);
        let saved = text.map_err(|error| error.to_string());
        match saved.and_then(|text| fs::write(&file, text).map_err(|error| error.to_string())) {
            Ok(()) => println!("  the shortest: toystore-sim replay --scenario {}\n", file.display()),
            Err(error) => eprintln!("cannot write {}: {error}", file.display()),
        }
    }
}
