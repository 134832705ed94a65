//! Every scenario that comes with the store: it takes place as its story says, and every promise is kept.

use std::fs;
use std::path::Path;

use toystore_actors::probe::{EventKind, Limit, ReplicaEventKind};
use toystore_sim::coverage::Observation;
use toystore_sim::faults::FaultKind;
use toystore_sim::plan::{Scenario, Setup};
use toystore_sim::report::facts;
use toystore_sim::run::run;

#[test]
fn every_scenario_ends_well() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs/sim");
    // Those that are there to catch one planted bug each tell a story that the store must survive, too.
    let all = [directory.clone(), directory.join("bugs"), directory.join("memory")];
    let entries = all.iter().flat_map(|directory| fs::read_dir(directory).expect("the scenarios are there"));
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 20, "only {} scenarios", files.len());
    for file in files {
        let text = fs::read_to_string(&file).expect("it can be read");
        let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let outcome = run(scenario.setup.clone(), false);
        let unmet = scenario.unmet(&outcome);
        assert!(unmet.is_empty(), "{}: {}\n{}", file.display(), unmet.join("; "), facts(&outcome));
    }
}

/// What is kept of a shortened run is the run.
#[test]
fn a_run_survives_being_written_and_read() {
    let kinds = FaultKind::all();
    for seed in 1..50 {
        let setup = Setup::draw(seed, &kinds);
        let text = Scenario::text("any", &setup).expect("it can be written");
        let read = Scenario::parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        assert_eq!(read.setup, setup, "seed {seed}");
    }
}

#[test]
fn mistakes_in_a_scenario_are_named() {
    for (text, named) in [
        ("title = 'x'", "seed"),
        ("title = 'x'\nseed = 1\nanything = 2", "anything"),
        ("title = 'x'\nseed = 1\n[setup]\nclinets = 2", "clinets"),
        ("title = 'x'\nseed = 1\n[[fault]]\nat_ms = 1\nkind = 'crsh'", "crsh"),
        ("title = 'x'\nseed = 1\nmust_see = ['TakeovrBegan']", "TakeovrBegan"),
        ("title = 'x'\nseed = 1\n[at_most]\nTakeovrBegan = 1", "TakeovrBegan"),
        (
            "title = 'x'\nseed = 1\n[[fault]]\nat_ms = 1\nkind = 'crash-at'\nnode = 'catalog'\nevent = 'Restokked'\ndown_ms = 1",
            "Restokked",
        ),
        (
            "title = 'x'\nseed = 1\n[[fault]]\nat_ms = 1\nkind = 'pause'\nnode = 'order-x'\nfor_ms = 1",
            "order-x",
        ),
        (
            "title = 'x'\nseed = 1\n[setup]\nreplicas = [1]\n[[fault]]\nat_ms = 1\nkind = 'pause'\nnode = 'order-2'\nfor_ms = 1",
            "order-2",
        ),
        (
            "title = 'x'\nseed = 1\n[[fault]]\nat_ms = 1\nkind = 'crash-all'\ndown_ms = 1\nsilent = true",
            "silent",
        ),
    ] {
        let error = Scenario::parse(text).expect_err(text).to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
}

/// A leader that gives fewer entries than were asked for is not taken to have given its last: who rejoins would else
/// be waited for while it lacks most of the book.
#[test]
fn who_catches_up_goes_on_when_a_chunk_is_shorter_than_asked_for() {
    let text = include_str!("../../configs/sim/follower-rejoins.toml");
    let mut setup = Scenario::parse(text).expect("it is one").setup;
    (setup.sizes.fetch_entries, setup.sizes.chunk_entries) = (8, 3);
    let outcome = run(setup, false);
    assert_eq!(outcome.violations, []);
    let count = |what: Observation| outcome.counts.of(what);
    let chunks = count(EventKind::Replica(ReplicaEventKind::CaughtUp).into());
    assert!(chunks > 5, "{chunks} chunks");
    assert!(count(Limit::ChunkEntries.into()) > 5);
}
