//! What one default run costs: three replicas, catalog, front-end, five shoppers, sixty virtual seconds, faults on.
//!
//! The goal is 60 ms of one core, a thousand times real time: `cargo bench --package toystore-sim`.

use criterion::{Criterion, criterion_group, criterion_main};
use toystore_actors::domain::ReplicaId;
use toystore_sim::faults::FaultKind;
use toystore_sim::plan::Setup;
use toystore_sim::run::run;

/// The default run of a seed: its faults, on a cluster whose size does not vary.
fn setup(seed: u64) -> Setup {
    let drawn = Setup::draw(seed, &FaultKind::all());
    let schedule = drawn.schedule.into_iter().filter(|timed| timed.at_ms < 55_000).collect::<Vec<_>>();
    let mut setup = Setup::draw(2, &FaultKind::all());
    setup.seed = seed;
    setup.replicas = (1..=3).map(ReplicaId::new).collect();
    setup.clients = 5;
    setup.think_ms = 500;
    setup.order_percent = 50;
    setup.stock = vec![20; 4];
    setup.faults_ms = 59_000;
    let nodes = setup.nodes();
    setup.schedule = schedule;
    setup.schedule.retain(|timed| timed.fault.nodes().iter().all(|node| nodes.contains(node)));
    setup
}

fn default_run(criterion: &mut Criterion) {
    let mut seeds = (1..).map(setup);
    criterion.bench_function("default run, 60 virtual seconds", |bencher| {
        bencher.iter(|| {
            let outcome = run(seeds.next().expect("seeds do not end"), false);
            assert!(outcome.violations.is_empty(), "seed {} breaks a promise", outcome.seed);
        });
    });
}

criterion_group!(benches, default_run);
criterion_main!(benches);
