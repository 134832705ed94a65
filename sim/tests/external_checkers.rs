//! The checkers that nobody here wrote notice what is planted, from what shoppers were told alone.

use toystore_actors::bugs::Bug;
use toystore_sim::external_checkers::{Finding, judge};
use toystore_sim::faults::FaultKind;
use toystore_sim::history_file::HistoryFile;
use toystore_sim::plan::Setup;
use toystore_sim::run::run;

/// A planted bug shows within so many seeds.
const SEEDS: u64 = 80;

fn broken(bug: Option<Bug>, seed: u64) -> bool {
    let setup = Setup { bug, ..Setup::draw(seed, &FaultKind::all()) };
    let outcome = run(setup.clone(), false);
    let reports = judge(&HistoryFile::simulated(&setup, &outcome.history), Some(setup.restock_to));
    reports.iter().any(|report| matches!(report.finding, Finding::Broken(_)))
}

#[test]
fn the_external_checkers_notice_planted_bugs_and_nothing_else() {
    // The second needs a crash within a millisecond; to find the seed is not what is tested here.
    for (bug, first) in [
        (Bug::LeaseIgnored, 1),
        (Bug::DuplicateAnsweredEarly, 104),
        (Bug::NoDeduplication, 1),
        (Bug::Oversell, 1),
    ] {
        let seed = (first..first + SEEDS).find(|seed| broken(Some(bug), *seed));
        let seed = seed.unwrap_or_else(|| panic!("{} was not noticed in {SEEDS} seeds", bug.name()));
        assert!(!broken(None, seed), "seed {seed} without {}", bug.name());
    }
}
