//! What the order book costs on disk: appending to it, opening it, and sending it to a replica that has
//! nothing yet.
//!
//! `cargo bench --package toystore --bench book`

mod rig;

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix::System;
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use rig::{Rig, until};
use toystore::files::{Directory, label};
use toystore::server::actor_handle::ActorHandle;
use toystore_actors::catalog::Catalog;
use toystore_actors::domain::{
    Entry, Epoch, OrderNumber, ProductName, Purchase, Quantity, Receipt, ReplicaId, RequestId, Run, StoreId,
    Term, UnixMillis, View,
};
use toystore_actors::messages::catalog::{Leadership, Rebuild, Register};
use toystore_actors::messages::order::{Announce, Role, Status};
use toystore_actors::net::NodeId;
use toystore_actors::order::book::{Write, apply, convert, read};
use toystore_actors::order::{BOOK_FILE, book_owner};
use toystore_actors::storage::{DataFile, journal_of};

/// The replica that has the orders, and the one that is to get them.
const LEADER: ReplicaId = ReplicaId::new(3);
const NEW: ReplicaId = ReplicaId::new(1);

/// The store, and the run of the front-end that is played.
const STORE: StoreId = StoreId::new(1);
const BY: Run = Run::new(1);

/// Lengths of a book that is opened or caught up with.
const LENGTHS: [u64; 3] = [10_000, 100_000, 1_000_000];

/// How many orders are written at once where the writing is not what is measured.
const STEP: u64 = 10_000;

fn entry(number: OrderNumber) -> Entry {
    let purchase = Purchase {
        // Ascending, as the request ids are that the front-end makes.
        key: RequestId::new(format!("{:032x}", number.get())).expect("a key"),
        name: ProductName::new("Tux").expect("a name"),
        quantity: Quantity::new(1).expect("a quantity"),
    };
    let receipt =
        Some(Receipt { price_cents: 1599, sold_at: UnixMillis::new(1_795_867_200_000 + number.get()) });
    Entry { number, epoch: Epoch::new(1), purchase: Some(purchase), receipt }
}

fn entries(after: u64, count: u64) -> Write {
    Write::Append((after + 1..=after + count).map(|number| entry(OrderNumber::new(number))).collect())
}

/// Opens a replica's book as the replica does when it starts.
fn open(data: &Path, replica: ReplicaId) -> DataFile {
    let directory = Directory::new(data.join(label(NodeId::Order(replica)))).expect("a directory");
    let book = DataFile::open(Rc::new(directory), BOOK_FILE, &book_owner(replica), convert).expect("a book");
    book.load(read::summary).expect("its end");
    book
}

fn append(book: &DataFile, write: Write) {
    book.load(|database| apply(database, &[write])).expect("it is written");
}

fn appending(criterion: &mut Criterion) {
    let data = rig::on_disk();
    let book = open(data.path(), LEADER);
    let mut group = group(criterion, "log append");
    let last = Cell::new(0);
    for batch in [1, 10, 100, 1000] {
        group.throughput(Throughput::Elements(batch));
        group.bench_function(BenchmarkId::new("batch", batch), |bencher| {
            bencher.iter_custom(|iterations| {
                let appended = |_| {
                    let write = entries(last.replace(last.get() + batch), batch);
                    let start = Instant::now();
                    append(&book, write);
                    start.elapsed()
                };
                (0..iterations).map(appended).sum()
            });
        });
    }
}

/// Opens a book that was closed, and one whose replica was killed: a copy of an open file and its journal.
fn restart(group: &mut BenchmarkGroup<'_, WallTime>, data: &Path, length: u64) {
    group.bench_function(BenchmarkId::new("after a stop", length), |bencher| {
        bencher.iter_custom(|iterations| {
            let opened = |_| {
                let start = Instant::now();
                let book = open(data, LEADER);
                let taken = start.elapsed();
                drop(book);
                taken
            };
            (0..iterations).map(opened).sum()
        });
    });
    let killed = rig::on_disk();
    let place = label(NodeId::Order(LEADER));
    fs::create_dir(killed.path().join(&place)).expect("a directory");
    let copy = || {
        let book = open(data, LEADER);
        // The file is marked as open once it was written to.
        append(&book, Write::SaveView(view(1, Run::new(1))));
        for file in [BOOK_FILE.to_owned(), journal_of(BOOK_FILE)] {
            let file = Path::new(&place).join(file);
            fs::copy(data.join(&file), killed.path().join(&file)).expect("a copy");
        }
    };
    group.bench_function(BenchmarkId::new("after a kill", length), |bencher| {
        bencher.iter_custom(|iterations| {
            let opened = |_| {
                copy();
                let start = Instant::now();
                drop(open(killed.path(), LEADER));
                start.elapsed()
            };
            (0..iterations).map(opened).sum()
        });
    });
}

/// The view of a front-end that is played, whose only member is this run of the leader.
fn view(epoch: u64, run: Run) -> View {
    let line = [BY].into_iter().collect();
    View {
        store: STORE,
        by: BY,
        line,
        epoch: Epoch::new(epoch),
        leader: LEADER,
        in_sync: [(LEADER, run)].into_iter().collect(),
    }
}

/// Lets a new catalog know that it has sold what a book holds, or it would sell nothing to its leader.
async fn remember(catalog: &ActorHandle<Catalog>, length: u64) {
    let line = [BY].into_iter().collect();
    let register =
        Register { store: STORE, run: BY, line, epoch: Epoch::NONE, orders: Some(OrderNumber::NONE) };
    until(async || catalog.ask(register.clone()).await.is_ok()).await;
    let (epoch, last) = (Epoch::new(1), OrderNumber::new(length));
    let leader = Leadership { term: Term::begun_in(epoch), epoch, by: BY, last };
    let rebuild = Rebuild { store: STORE, leader, sold: Vec::new() };
    until(async || catalog.ask(rebuild.clone()).await.is_ok_and(|rebuilt| rebuilt.is_ok())).await;
}

/// A leader with a long book, and a replica that starts with none: the time until that one has all of it on
/// disk. The view service is played, so that the replica stays one that is not in sync.
fn catch_up(group: &mut BenchmarkGroup<'_, WallTime>, data: &Path, length: u64) {
    let system = System::new();
    let mut rig = Rig::new(data);
    let (leader, run) = system.block_on(async {
        let catalog = rig.catalog().await;
        let leader = rig.replica(LEADER).await;
        remember(&catalog, length).await;
        let run = leader.ask(Status {}).await.expect("the leader runs").run;
        (leader, run)
    });
    // A later epoch: the replica of the turn before is not counted any more.
    let mut epoch = 1;
    let mut lead = async || {
        epoch += 1;
        let view = view(epoch, run);
        leader.ask(Announce { view }).await.expect("the leader runs");
        until(async || leader.ask(Status {}).await.is_ok_and(|status| status.role == Role::Leader)).await;
    };
    group.throughput(Throughput::Elements(length));
    group.bench_function(BenchmarkId::new("orders", length), |bencher| {
        bencher.iter_custom(|iterations| {
            let mut taken = Duration::ZERO;
            system.block_on(async {
                for _ in 0..iterations {
                    lead().await;
                    let start = Instant::now();
                    let new = rig.replica(NEW).await;
                    let has_all = |last: OrderNumber| last.get() == length;
                    until(async || new.ask(Status {}).await.is_ok_and(|status| has_all(status.last.number)))
                        .await;
                    taken += start.elapsed();
                    rig.stop(NodeId::Order(NEW)).await;
                    fs::remove_dir_all(data.join(label(NodeId::Order(NEW)))).expect("it is closed");
                }
            });
            taken
        });
    });
    system.block_on(rig.stop_all());
}

fn long_books(criterion: &mut Criterion) {
    for length in LENGTHS {
        let data = rig::on_disk();
        let book = open(data.path(), LEADER);
        for after in (0..length).step_by(STEP as usize) {
            append(&book, entries(after, STEP));
        }
        drop(book);
        restart(&mut group(criterion, "restart"), data.path(), length);
        catch_up(&mut group(criterion, "catch-up"), data.path(), length);
    }
}

fn group<'c>(criterion: &'c mut Criterion, what: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = criterion.benchmark_group(what);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_secs(2));
    group
}

criterion_group!(benches, appending, long_books);
criterion_main!(benches);
