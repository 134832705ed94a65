//! The same seed gives the same run: to the last event and message, on any thread and in any process.

use std::process::Command;

use toystore_sim::faults::FaultKind;
use toystore_sim::plan::Setup;
use toystore_sim::run::run;

/// Two hundred with `TOYSTORE_SIM_SEEDS=200`; fewer by default, because debug builds are slow.
fn seeds() -> std::ops::RangeInclusive<u64> {
    let seeds = std::env::var("TOYSTORE_SIM_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    1..=seeds.unwrap_or(8)
}

fn hashes() -> Vec<u64> {
    seeds().map(|seed| run(Setup::draw(seed, &FaultKind::all()), false).hash).collect()
}

#[test]
fn two_threads_and_two_processes_see_the_same_runs() {
    #[allow(clippy::disallowed_methods, reason = "this is to see that another thread changes nothing")]
    let other_thread = std::thread::spawn(hashes);
    let here = hashes();
    assert_eq!(here, other_thread.join().expect("the other thread ends"), "two threads differ");

    let last = seeds().end().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_toystore-sim"))
        .args(["run", "--seeds", &last, "--jobs", "2", "--broken", &last, "--hashes"])
        .output()
        .expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout);
    for (seed, hash) in seeds().zip(here) {
        let line = format!("seed {seed} trace {hash:016x}");
        assert!(text.lines().any(|found| found == line), "another process has another trace of seed {seed}");
    }
}
