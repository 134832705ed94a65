//! What a call costs on its way into an actor's mailbox and back.
//!
//! `cargo bench --package toystore-actors --bench mailbox`

#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench measures real time")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::{Actor, Arbiter, Context, Handler, Message, System};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use serde::{Deserialize, Serialize};
use toystore_actors::net::{Bridge, Identity, NodeId, Rpc, encode};

/// Answers the number that it is asked.
struct Echo;

impl Actor for Echo {
    type Context = Context<Self>;
}

#[derive(Serialize, Deserialize)]
struct Number(u64);

impl Message for Number {
    type Result = u64;
}

impl Rpc for Number {
    const NAME: &'static str = "number";
    type Reply = u64;
}

impl Handler<Number> for Echo {
    type Result = u64;

    fn handle(&mut self, number: Number, _: &mut Context<Self>) -> u64 {
        number.0
    }
}

/// The time of so many calls, one after the other.
async fn one_by_one(iterations: u64, call: impl AsyncFn(u64)) -> Duration {
    let start = Instant::now();
    for number in 0..iterations {
        call(number).await;
    }
    start.elapsed()
}

fn round_trip(criterion: &mut Criterion) {
    let system = System::new();
    // As in the store, where every actor has a thread of its own.
    let elsewhere = Arbiter::new();
    let (near, far) =
        system.block_on(async { (Echo.start(), Echo::start_in_arbiter(&elsewhere.handle(), |_| Echo)) });
    let mut group = criterion.benchmark_group("mailbox round trip");
    for (thread, echo) in [("same thread", near), ("other thread", far)] {
        group.bench_function(format!("send, {thread}"), |bencher| {
            bencher.iter_custom(|iterations| {
                system.block_on(one_by_one(iterations, async |number| {
                    black_box(echo.send(Number(number)).await).expect("it runs");
                }))
            });
        });
        let me = NodeId::Catalog;
        let identity = Arc::new(Identity::new(me, []));
        let body: Bytes = encode(&(identity.envelope(me), Number(7)));
        let bridge = Bridge::new(identity, 1).route::<Number, _>(&echo);
        group.bench_function(format!("bridge, {thread}"), |bencher| {
            bencher.iter_custom(|iterations| {
                system.block_on(one_by_one(iterations, async |_| {
                    let reply = bridge.dispatch(Number::NAME, body.clone()).await;
                    black_box(reply).expect("it runs");
                }))
            });
        });
    }
    group.finish();
    elsewhere.stop();
    elsewhere.join().expect("it does not panic");
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30).measurement_time(Duration::from_secs(2));
    targets = round_trip
}
criterion_main!(benches);
