//! What one simulated run costs: three replicas, five shoppers, 60 virtual seconds, faults on.

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use toystore_sim::faults::KINDS;
use toystore_sim::run::run;
use toystore_sim::scenario::Setup;

fn default_run(criterion: &mut Criterion) {
    let allowed: BTreeSet<&str> = KINDS.into();
    let setup = (1..).map(|seed| Setup::draw(seed, &allowed));
    let setup = setup.into_iter().find(|setup| {
        setup.replicas.len() == 3 && setup.clients == 5 && setup.faults_ms == 40_000 && setup.think_ms == 500
    });
    let setup = setup.expect("one seed in a hundred draws these sizes");
    let mut group = criterion.benchmark_group("simulation");
    group.sample_size(20);
    group.bench_function(format!("seed {}, 60 virtual seconds", setup.seed), |bencher| {
        bencher.iter(|| black_box(run(setup.clone(), false)));
    });
    group.finish();
}

criterion_group!(benches, default_run);
criterion_main!(benches);
