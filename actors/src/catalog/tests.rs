//! The whole actor on virtual time, with files in memory and front-ends that confirm, stay silent or refuse.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix::Addr;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use redb::backends::InMemoryBackend;
use redb::{Builder, StorageBackend};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep};

use super::messages::{Answer, Buy, List, Query, Refusal, Restock, Sale, Unsettled};
use super::stock::{Audit, audit};
use super::*;
use crate::clock::{Clock, Timestamp};
use crate::domain::{Purchase, Quantity, RequestId};
use crate::front_end::messages::Invalidate;
use crate::host::{Failure, Host};
use crate::net::{Net, NetError, NodeId, Rpc, Transport, decode, encode};
use crate::probe::{Event, Probe};
use crate::storage::{Job, Storage};

const LEASE: Duration = Duration::from_secs(2);
const TERM: Duration = Duration::from_millis(2200);
const DISK: Duration = Duration::from_millis(3);
const TICK: Duration = Duration::from_millis(1);

#[derive(Debug)]
struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(0) + self.0.elapsed()
    }

    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()> {
        Box::pin(sleep(span))
    }
}

/// Files in memory, and a switch that makes every write fail.
#[derive(Default)]
struct Disk {
    files: RefCell<BTreeMap<String, File>>,
    full: Arc<AtomicBool>,
}

#[derive(Clone, Debug)]
struct File {
    content: Arc<Mutex<InMemoryBackend>>,
    full: Arc<AtomicBool>,
}

impl File {
    fn with<T>(&self, work: impl FnOnce(&InMemoryBackend) -> io::Result<T>) -> io::Result<T> {
        work(&self.content.lock().expect("no test panics while it holds the file"))
    }

    fn writable(&self) -> io::Result<()> {
        match self.full.load(Ordering::Relaxed) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl StorageBackend for File {
    fn len(&self) -> io::Result<u64> {
        self.with(|file| file.len())
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.with(|file| file.read(offset, out))
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.writable().and_then(|()| self.with(|file| file.set_len(len)))
    }
    fn sync_data(&self) -> io::Result<()> {
        self.writable().and_then(|()| self.with(|file| file.sync_data()))
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.writable().and_then(|()| self.with(|file| file.write(offset, data)))
    }
}

impl Storage for Disk {
    fn describe(&self, file: &str) -> String {
        file.into()
    }
    fn exists(&self, file: &str) -> io::Result<bool> {
        Ok(self.files.borrow().contains_key(file))
    }
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        let mut files = self.files.borrow_mut();
        let file = files.entry(file.into()).or_insert_with(|| File {
            content: Arc::new(Mutex::new(InMemoryBackend::new())),
            full: self.full.clone(),
        });
        Ok(Box::new(file.clone()))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let file = self.files.borrow_mut().remove(from).ok_or(io::ErrorKind::NotFound)?;
        self.files.borrow_mut().insert(to.into(), file);
        Ok(())
    }
    fn remove(&self, file: &str) -> io::Result<()> {
        self.files.borrow_mut().remove(file);
        Ok(())
    }
    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        Box::pin(async move {
            sleep(DISK).await;
            job();
        })
    }
    fn cache_bytes(&self) -> usize {
        1 << 20
    }
}

/// How the front-ends take an invalidation.
#[derive(Debug, Clone, Copy)]
enum Habit {
    ConfirmsAfter(Duration),
    IsSilent,
    Refuses,
}

/// All front-ends: they behave alike, and note each call with the time at which it came.
struct FrontEnds {
    habit: Cell<Habit>,
    calls: RefCell<Vec<(Duration, NodeId, String)>>,
    start: Instant,
}

impl Transport for FrontEnds {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        assert_eq!(name, Invalidate::NAME);
        let products = decode::<Invalidate>(&body).expect("a well-formed call").products;
        let products: Vec<_> = products.iter().map(ToString::to_string).collect();
        self.calls.borrow_mut().push((self.start.elapsed(), to, products.join(" ")));
        let habit = self.habit.get();
        Box::pin(async move {
            match habit {
                Habit::ConfirmsAfter(delay) => {
                    sleep(delay).await;
                    Ok(encode(&()))
                }
                Habit::IsSilent => std::future::pending().await,
                Habit::Refuses => Err(NetError::Refused),
            }
        })
    }
}

#[derive(Default)]
struct Notes(RefCell<Vec<Event>>);

impl Probe for Notes {
    fn record(&self, _: NodeId, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}

struct World {
    disk: Rc<Disk>,
    front_ends: Rc<FrontEnds>,
    notes: Rc<Notes>,
    failures: Rc<RefCell<Vec<Failure>>>,
    config: CatalogConfig,
    running: Option<(Addr<Catalog>, JoinHandle<()>)>,
}

/// Runs a test in a world of its own, whose front-ends confirm at once.
fn simulate(test: impl AsyncFnOnce(World)) {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime")
    };
    actix::System::with_tokio_rt(runtime).block_on(async {
        let seed = |text, quantity| ProductSeed { name: name(text), price_cents: 1599, quantity };
        let config = CatalogConfig {
            front_ends: vec![1, 2],
            lease: LEASE,
            drift_percent: 10,
            restock_every: Duration::ZERO,
            restock_to: 100,
            call_limit: Duration::from_millis(500),
            max_calls: 64,
            products: vec![seed("Tux", 10), seed("Yak", 0), seed("Elephant", 5), seed("Tux", 99)],
        };
        let front_ends = FrontEnds {
            habit: Cell::new(Habit::ConfirmsAfter(TICK)),
            calls: RefCell::default(),
            start: Instant::now(),
        };
        test(World {
            disk: Rc::default(),
            front_ends: Rc::new(front_ends),
            notes: Rc::default(),
            failures: Rc::default(),
            config,
            running: None,
        })
        .await;
    });
}

impl World {
    fn start(&mut self) {
        let clock = Arc::new(VirtualClock(self.front_ends.start));
        let failures = self.failures.clone();
        let host = Host {
            id: NodeId::Catalog,
            net: Net::new(self.front_ends.clone(), clock.clone()),
            storage: self.disk.clone(),
            clock,
            seed: 0,
            probe: self.notes.clone(),
            on_failure: Rc::new(move |_, failure| failures.borrow_mut().push(failure)),
        };
        let node = start(host, self.config.clone()).expect("the catalog starts");
        self.running = Some((node.addr.clone(), tokio::task::spawn_local(node.run)));
    }

    /// Starts the catalog, waits until it serves, and forgets what was noted.
    async fn serve(&mut self) {
        self.start();
        while self.list().await.is_err() {
            sleep(TICK).await;
        }
        self.front_ends.calls.borrow_mut().clear();
        self.notes.0.borrow_mut().clear();
    }

    async fn crash(&mut self) {
        if let Some((_, run)) = self.running.take() {
            run.abort();
            assert!(run.await.is_err(), "it was still running");
        }
    }

    fn addr(&self) -> Addr<Catalog> {
        self.running.as_ref().expect("the catalog was started").0.clone()
    }

    async fn query(&self, text: &str, front_end: u8) -> Result<(u64, bool), Refusal> {
        let query = Query { name: name(text), front_end: Some(front_end) };
        let answer = self.addr().send(query).await.expect("an answer");
        answer.map(|Answer { product, cacheable }| (product.expect("it is there").quantity, cacheable))
    }

    async fn list(&self) -> Result<Vec<u64>, Refusal> {
        let products = self.addr().send(List {}).await.expect("an answer");
        products.map(|products| products.iter().map(|product| product.quantity).collect())
    }

    /// Sends a message and does not wait; the answer comes with the time at which it came.
    fn send<M: Rpc>(&self, message: M) -> JoinHandle<(Option<M::Reply>, Duration)>
    where
        Catalog: actix::Handler<M>,
    {
        let (addr, start) = (self.addr(), self.front_ends.start);
        tokio::task::spawn_local(async move { (addr.send(message).await.ok(), start.elapsed()) })
    }

    fn now(&self) -> Duration {
        self.front_ends.start.elapsed()
    }

    fn events(&self) -> Vec<Event> {
        self.notes.0.take()
    }

    fn calls(&self) -> Vec<(Duration, NodeId, String)> {
        self.front_ends.calls.take()
    }

    /// The books on the disk of a stopped catalog.
    fn audit(&self) -> Audit {
        let storage: Rc<dyn Storage> = self.disk.clone();
        let file = DataFile::open(storage, FILE, OWNER).expect("the file opens");
        let books = file.load(audit).expect("it can be read");
        assert!(books.items.iter().all(super::stock::Item::adds_up), "{books:?}");
        books
    }
}

fn name(text: &str) -> ProductName {
    ProductName::new(text).expect("a valid name")
}

fn buy(reign: u64, batch: u64, purchases: &[(&str, &str, u64)]) -> Buy {
    let purchases = purchases.iter().map(|&(key, product, pieces)| Purchase {
        key: RequestId::new(key).expect("a valid key"),
        name: name(product),
        quantity: Quantity::new(pieces).expect("a valid quantity"),
    });
    Buy { reign, batch, purchases: purchases.collect(), settled: Vec::new() }
}

async fn done<T>(call: JoinHandle<(Option<T>, Duration)>) -> (Option<T>, Duration) {
    call.await.expect("no task panics")
}

#[test]
fn a_starting_catalog_refuses_everything_until_no_cache_can_be_older() {
    let check = |habit, confirmed, earliest, latest| {
        simulate(async move |mut world: World| {
            world.front_ends.habit.set(habit);
            world.start();
            assert_eq!(world.query("Tux", 1).await, Err(Refusal::Starting));
            assert_eq!(done(world.send(buy(1, 1, &[]))).await.0, Some(Err(Refusal::Starting)));
            assert_eq!(done(world.send(Unsettled { reign: 1 })).await.0, Some(Err(Refusal::Starting)));
            assert_eq!(done(world.send(Restock {})).await.0, Some(Err(Refusal::Starting)));
            while world.list().await.is_err() {
                sleep(TICK).await;
            }
            let ready_at = world.now();
            assert!(ready_at >= earliest && ready_at <= latest, "{habit:?}: ready at {ready_at:?}");
            assert_eq!(world.events(), [Event::CatalogReady { confirmed }], "{habit:?}");
            assert!(world.calls().iter().all(|(_, _, products)| products.is_empty()), "drop everything");
        });
    };
    check(Habit::ConfirmsAfter(TICK * 100), true, TICK * 100, TICK * 103);
    check(Habit::IsSilent, false, TERM, TERM + TICK * 3);
    check(Habit::Refuses, false, TERM, TERM + TICK * 3);
}

#[test]
fn a_change_is_visible_when_every_holder_has_dropped_it() {
    simulate(async |mut world: World| {
        world.serve().await;
        world.front_ends.habit.set(Habit::ConfirmsAfter(TICK * 100));
        assert_eq!(world.query("Tux", 1).await, Ok((10, true)));
        assert_eq!(world.query("Elephant", 2).await, Ok((5, true)));
        assert_eq!(world.query("Tux", 9).await, Ok((10, false)), "no configured front-end");
        let begun = world.now();
        let sold = world.send(buy(1, 1, &[("a", "Tux", 4), ("b", "Yak", 1)]));

        sleep(TICK * 50).await;
        assert_eq!(world.query("Tux", 2).await, Ok((10, false)), "it is about to change");
        assert_eq!(world.query("Yak", 2).await, Ok((0, true)), "it was refused and stays as it is");
        assert_eq!(world.list().await, Ok(vec![10, 0, 5]));
        assert!(!sold.is_finished());

        let (answer, at) = done(sold).await;
        assert_eq!(answer, Some(Ok(vec![Sale::Sold, Sale::NotEnough { left: 0 }])));
        assert_eq!((at - begun).as_millis() / 10, 10, "at the confirmation");
        assert_eq!(world.query("Tux", 1).await, Ok((6, true)));
        let calls: Vec<_> = world.calls().into_iter().map(|(_, to, products)| (to, products)).collect();
        assert_eq!(calls, [(NodeId::FrontEnd(1), "Tux".to_owned())], "the one holder");
        let visible = Event::GroupVisible { products: vec![name("Tux")], waited_for_lease: false };
        assert_eq!(world.events(), [visible]);
    });
}

#[test]
fn a_change_waits_for_the_lease_of_a_holder_that_does_not_answer() {
    for habit in [Habit::IsSilent, Habit::Refuses] {
        simulate(async move |mut world: World| {
            world.serve().await;
            world.front_ends.habit.set(habit);
            assert_eq!(world.query("Tux", 1).await, Ok((10, true)));
            let granted = world.now();
            sleep(TICK * 1000).await;
            let (answer, at) = done(world.send(buy(1, 1, &[("a", "Tux", 4)]))).await;
            assert_eq!(answer, Some(Ok(vec![Sale::Sold])));
            let waited = at - granted;
            assert!(waited >= TERM && waited < TERM + TICK * 10, "{habit:?}: {waited:?}");
            let calls = world.calls().len();
            assert!((2..=30).contains(&calls), "{habit:?}: repeated while the lease lasts, {calls} times");
            let visible = Event::GroupVisible { products: vec![name("Tux")], waited_for_lease: true };
            assert_eq!(world.events(), [visible]);

            let begun = world.now();
            let (_, at) = done(world.send(buy(1, 2, &[("b", "Tux", 1)]))).await;
            assert!(at - begun < TICK * 10, "nobody holds it any more");
        });
    }
}

#[test]
fn an_invalidation_that_failed_is_sent_again() {
    simulate(async |mut world: World| {
        world.serve().await;
        world.front_ends.habit.set(Habit::IsSilent);
        assert_eq!(world.query("Tux", 1).await, Ok((10, true)));
        let begun = world.now();
        let sold = world.send(buy(1, 1, &[("a", "Tux", 4)]));
        sleep(TICK * 200).await;
        world.front_ends.habit.set(Habit::ConfirmsAfter(TICK));
        let (_, at) = done(sold).await;
        let waited = at - begun;
        assert!(waited > TICK * 500 && waited < TICK * 600, "after the limit of a call: {waited:?}");
    });
}

#[test]
fn nothing_is_told_about_a_change_before_it_is_visible() {
    simulate(async |mut world: World| {
        world.serve().await;
        world.front_ends.habit.set(Habit::IsSilent);
        assert_eq!(world.query("Tux", 1).await, Ok((10, true)));
        let first = world.send(buy(1, 1, &[("a", "Tux", 4)]));
        sleep(TICK * 20).await;
        let repeated = world.send(buy(1, 1, &[("a", "Tux", 4)]));
        let inherited = world.send(Unsettled { reign: 2 });
        let late = world.send(buy(1, 2, &[("b", "Tux", 1)]));
        let refused = world.send(buy(2, 1, &[("c", "Tux", 7)]));
        sleep(LEASE).await;
        let waiting = [first.is_finished(), repeated.is_finished(), refused.is_finished()];
        assert_eq!((waiting, inherited.is_finished()), ([false; 3], false));

        assert_eq!(done(first).await.0, Some(Ok(vec![Sale::Sold])));
        assert_eq!(done(repeated).await.0, Some(Ok(vec![Sale::Sold])));
        let keys = done(inherited).await.0.expect("an answer").expect("the newest reign");
        assert_eq!(keys.iter().map(|purchase| purchase.key.as_str()).collect::<Vec<_>>(), ["a"]);
        assert_eq!(done(late).await.0, Some(Err(Refusal::Superseded { reign: 2, batch: 0 })));
        assert_eq!(done(refused).await.0, Some(Ok(vec![Sale::NotEnough { left: 6 }])));
        assert_eq!(world.list().await, Ok(vec![6, 0, 5]));
        let events = world.events();
        assert!(events.contains(&Event::BatchRepeated { reign: 1, batch: 1 }), "{events:?}");
        assert!(events.contains(&Event::BatchRefused { reign: 1, batch: 2 }), "{events:?}");
    });
}

#[test]
fn a_catalog_goes_on_where_it_crashed() {
    simulate(async |mut world: World| {
        world.serve().await;
        let answer =
            done(world.send(buy(3, 5, &[("a", "Tux", 4), ("b", "Yak", 1), ("c", "Gnu", 1)]))).await.0;
        world.crash().await;
        let books = world.audit();
        assert_eq!((books.reign, books.batch, books.unsettled.len()), (3, 5, 1));
        assert_eq!(books.items.len(), 3, "a repeated name is imported once");
        world.config.products.clear();

        world.serve().await;
        assert_eq!(world.list().await, Ok(vec![6, 0, 5]));
        let repeated = done(world.send(buy(3, 5, &[("a", "Tux", 4)]))).await.0;
        assert_eq!(repeated, answer, "the stored answer");
        assert_eq!(
            done(world.send(buy(2, 9, &[("x", "Tux", 1)]))).await.0,
            Some(Err(Refusal::Superseded { reign: 3, batch: 5 }))
        );
        let again = buy(4, 1, &[("a", "Tux", 4)]);
        assert_eq!(done(world.send(again)).await.0, Some(Ok(vec![Sale::Sold])), "the key is sold already");
        let settled = Buy { settled: vec![RequestId::new("a").expect("a valid key")], ..buy(4, 2, &[]) };
        assert_eq!(done(world.send(settled)).await.0, Some(Ok(vec![])));
        world.crash().await;
        let books = world.audit();
        assert_eq!((books.reign, books.batch, books.unsettled.len()), (4, 2, 0));
        assert_eq!((books.items[0].sold, books.items[0].quantity), (4, 6));
    });
}

#[test]
fn a_crash_in_the_middle_of_a_group_leaves_all_or_nothing() {
    for (wait, left) in [(Duration::ZERO, 10), (DISK + TICK * 2, 6)] {
        simulate(async move |mut world: World| {
            world.serve().await;
            world.front_ends.habit.set(Habit::IsSilent);
            assert_eq!(world.query("Tux", 1).await, Ok((10, true)));
            let sold = world.send(buy(1, 1, &[("a", "Tux", 4)]));
            tokio::task::yield_now().await;
            advance(wait).await;
            tokio::task::yield_now().await;
            world.crash().await;
            assert_eq!(done(sold).await.0, None, "not known");
            let books = world.audit();
            assert_eq!(books.items[0].quantity, left);
            assert_eq!(books.unsettled.len() as u64, u64::from(left == 6));
            assert_eq!(books.batch, u64::from(left == 6));
        });
    }
}

#[test]
fn what_is_out_of_stock_is_restocked_on_demand_and_in_intervals() {
    simulate(async |mut world: World| {
        world.serve().await;
        assert_eq!(world.query("Yak", 1).await, Ok((0, true)));
        assert_eq!(done(world.send(Restock {})).await.0, Some(Ok(vec![name("Yak")])));
        assert_eq!(world.query("Yak", 1).await, Ok((100, true)));
        assert_eq!(world.calls().len(), 1, "the holder was told");
        assert_eq!(done(world.send(Restock {})).await.0, Some(Ok(vec![])));
        assert!(world.events().contains(&Event::Restocked { products: vec![name("Yak")] }));
    });
    simulate(async |mut world: World| {
        world.config.restock_every = Duration::from_secs(10);
        world.serve().await;
        assert_eq!(done(world.send(buy(1, 1, &[("a", "Tux", 10)]))).await.0, Some(Ok(vec![Sale::Sold])));
        sleep(Duration::from_secs(9)).await;
        assert_eq!(world.list().await, Ok(vec![0, 0, 5]));
        sleep(Duration::from_secs(2)).await;
        assert_eq!(world.list().await, Ok(vec![100, 100, 5]));
        world.crash().await;
        assert_eq!(world.audit().items[0].restocked, 100);
    });
}

#[test]
fn a_catalog_whose_disk_fails_stops_and_acknowledges_nothing() {
    simulate(async |mut world: World| {
        world.serve().await;
        world.disk.full.store(true, Ordering::Relaxed);
        let sold = world.send(buy(1, 1, &[("a", "Tux", 4)]));
        let waits = world.send(buy(1, 2, &[("b", "Tux", 4)]));
        assert_eq!(done(sold).await.0, None);
        assert_eq!(done(waits).await.0, None);
        assert_eq!(done(world.send(List {})).await.0, None);
        assert_eq!(world.failures.borrow().len(), 1);
        assert!(matches!(world.events()[..], [Event::DiskFailed { .. }]));
        let (_, run) = world.running.take().expect("it was started");
        run.await.expect("it ended by itself");
        world.disk.full.store(false, Ordering::Relaxed);
        world.serve().await;
        assert_eq!(world.list().await, Ok(vec![10, 0, 5]));
    });
}

#[test]
fn calls_that_nobody_waits_for_do_not_fill_the_queue() {
    simulate(async |mut world: World| {
        world.config.max_calls = 4;
        world.serve().await;
        world.front_ends.habit.set(Habit::IsSilent);
        assert_eq!(world.query("Tux", 1).await, Ok((10, true)));
        let first = world.send(buy(1, 1, &[("a", "Tux", 1)]));
        sleep(TICK).await;
        for _ in 0..100 {
            let given_up = world.send(Restock {});
            sleep(TICK).await;
            given_up.abort();
        }
        let live: Vec<_> = (0..4).map(|_| world.send(Unsettled { reign: 1 })).collect();
        sleep(TICK).await;
        let too_many = world.send(Unsettled { reign: 1 });
        assert_eq!(done(too_many).await.0, None, "turned away at once");
        assert_eq!(done(first).await.0, Some(Ok(vec![Sale::Sold])));
        for call in live {
            assert!(matches!(done(call).await.0, Some(Ok(_))));
        }
    });
}

#[test]
fn books_that_do_not_add_up_are_not_opened() {
    let database = Builder::new().create_with_backend(InMemoryBackend::new()).expect("a database");
    assert_eq!(audit(&database).expect("readable"), Audit::default(), "nothing was imported");
    let seed = ProductSeed { name: name("Tux"), price_cents: 1, quantity: 10 };
    let stock = ledger::load(&database, std::slice::from_ref(&seed)).expect("imported");
    assert_eq!(ledger::load(&database, &[]).expect("read"), stock, "imported once");

    let mut item = audit(&database).expect("readable").items.remove(0);
    item.quantity = 11;
    let changes = super::stock::Changes { items: BTreeMap::from([(0, item)]), ..Default::default() };
    ledger::commit(&database, &changes).expect("saved");
    assert!(ledger::load(&database, &[seed]).is_err());
    assert!(!audit(&database).expect("an audit reads them all the same").items[0].adds_up());
}
