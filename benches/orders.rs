//! What orders cost from a message to the front-end to the acknowledgement and back: catalog, three replicas and
//! front-end in one process. A batch is so many orders placed at once, of which the store makes groups as it
//! pleases; the time is that until the last is acknowledged.
//!
//! `cargo bench --package toystore --bench orders`

mod rig;

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use actix::System;
use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use rig::Rig;
use toystore::server::actor_handle::ActorHandle;
use toystore_actors::domain::{ProductName, Quantity, RequestId};
use toystore_actors::front_end::FrontEnd;
use toystore_actors::messages::front_end::PlaceOrder;

/// The built-in catalog has them.
const TOYS: [&str; 4] = ["Tux", "Elephant", "Fox", "Python"];

/// Places an order under a request id of its own.
async fn place(actor: &ActorHandle<FrontEnd>, turn: u64) {
    // Ascending, as those are that begin with the time.
    let message = PlaceOrder {
        key: RequestId::new(format!("{turn:032x}")).expect("a key"),
        name: ProductName::new(TOYS[turn as usize % TOYS.len()]).expect("a name"),
        quantity: Quantity::new(1).expect("a quantity"),
    };
    actor.ask(message).await.expect("the front-end runs").expect("the order is placed");
}

fn orders(criterion: &mut Criterion, what: &str, data: &Path) {
    let system = System::new();
    let mut rig = Rig::new(data);
    let (actor, _) = system.block_on(rig.store());
    let turn = Cell::new(0);
    let mut group = criterion.benchmark_group(format!("orders {what}"));
    group.sampling_mode(SamplingMode::Flat);
    for batch in [1, 10, 100, 1000] {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::new("at once", batch), |bencher| {
            bencher.iter_custom(|iterations| {
                let start = Instant::now();
                system.block_on(async {
                    for _ in 0..iterations {
                        let first = turn.replace(turn.get() + batch);
                        join_all((first..first + batch).map(|turn| place(&actor, turn))).await;
                    }
                });
                start.elapsed()
            });
        });
    }
    group.finish();
    system.block_on(rig.stop_all());
}

fn in_memory(criterion: &mut Criterion) {
    match rig::in_memory() {
        Some(data) => orders(criterion, "in memory", data.path()),
        None => eprintln!("orders in memory: there is no /dev/shm here"),
    }
}

fn with_fsync(criterion: &mut Criterion) {
    orders(criterion, "with fsync", rig::on_disk().path());
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3));
    targets = in_memory, with_fsync
}
criterion_main!(benches);
