//! One catalog on virtual time and files in memory, among front-ends that confirm, stay silent or refuse.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use actix::Addr;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::super::convert::convert;
use super::super::item::Item;
use super::super::ledger::{Audit, audit};
use super::super::{Catalog, CatalogConfig, FILE, OWNER, Source, start};
use crate::domain::{
    Epoch, FrontEndId, Line, OrderNumber, ProductName, ProductSeed, Purchase, Quantity, ReplicaId, RequestId,
    Run, StoreId, Term,
};
use crate::messages::catalog::{
    Buy, Leadership, List, Query, QueryReply, Refusal, Register, Registered, TakeOver,
};
use crate::messages::front_end::Invalidate;
use crate::messages::view_service::{Vouch, Vouched};
use crate::net::{NetError, NodeId, Rpc, Transport, decode, encode, open};
use crate::probe::Event;
use crate::storage::DataFile;
use crate::test_doubles::{TestHost, VirtualClock, on_virtual_time, run_node};

pub(super) const LEASE: Duration = Duration::from_secs(2);
pub(super) const COUNTED_LEASE: Duration = Duration::from_millis(2200);
pub(super) const TICK: Duration = Duration::from_millis(1);

const EVERYONE: [NodeId; 5] = [
    NodeId::FrontEnd(FrontEndId::new(1)),
    NodeId::FrontEnd(FrontEndId::new(2)),
    NodeId::Order(ReplicaId::new(1)),
    NodeId::Order(ReplicaId::new(2)),
    NodeId::Order(ReplicaId::new(3)),
];

/// How the front-ends take an invalidation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Habit {
    ConfirmsAfter(Duration),
    IsSilent,
    Refuses,
}

/// All front-ends: they behave alike, and note each call with the time at which it came.
pub(super) struct FrontEnds {
    pub(super) habit: Cell<Habit>,
    pub(super) calls: RefCell<Vec<(Duration, NodeId, String)>>,
    pub(super) clock: VirtualClock,
}

impl Transport for FrontEnds {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        if name == Vouch::NAME {
            return Box::pin(async { Ok(encode(&None::<Vouched>)) });
        }
        assert_eq!(name, Invalidate::NAME);
        let (_, body) = open(&body).expect("an envelope");
        let products = decode::<Invalidate>(&body).expect("a well-formed call").products;
        let products: Vec<_> = products.iter().map(ToString::to_string).collect();
        self.calls.borrow_mut().push((self.clock.elapsed(), to, products.join(" ")));
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

pub(super) struct Fixture {
    pub(super) host: TestHost,
    pub(super) front_ends: Rc<FrontEnds>,
    pub(super) config: CatalogConfig,
    products: Source,
    pub(super) running: Option<(Addr<Catalog>, JoinHandle<()>)>,
    /// The front-end's epoch: 0 before the store was founded. It is high enough for every term of a test.
    epoch: Cell<Epoch>,
}

/// Runs a test with a catalog that has not started, whose front-ends confirm at once.
pub(super) fn simulate(test: impl AsyncFnOnce(Fixture)) {
    on_virtual_time(async || {
        let seed = |text, quantity| ProductSeed { name: name(text), price_cents: 1599, quantity };
        let config = CatalogConfig {
            front_ends: vec![FrontEndId::new(1), FrontEndId::new(2)],
            lease: LEASE,
            drift_percent: 10,
            restock_every: Duration::ZERO,
            restock_to: 100,
            call_limit: Duration::from_millis(500),
            max_calls: 64,
            refusals: 100,
        };
        let products = vec![seed("Tux", 10), seed("Yak", 0), seed("Elephant", 5), seed("Tux", 99)];
        let host = TestHost::new();
        let front_ends = FrontEnds {
            habit: Cell::new(Habit::ConfirmsAfter(TICK)),
            calls: RefCell::default(),
            clock: host.clock,
        };
        test(Fixture {
            host,
            front_ends: Rc::new(front_ends),
            config,
            products: Source::of(products),
            running: None,
            epoch: Cell::new(Epoch::NONE),
        })
        .await;
    });
}

impl Fixture {
    pub(super) fn start(&mut self) {
        let host = self.host.host(NodeId::Catalog, EVERYONE, self.front_ends.clone());
        let node = start(host, self.config.clone(), &self.products).expect("the catalog starts");
        self.running = Some(run_node(node));
    }

    /// Makes the front-end's run known.
    pub(super) async fn register(&self) {
        let epoch = self.epoch.replace(Epoch::new(1000));
        let register =
            Register { store: STORE, run: BY, line: line(), epoch, orders: Some(OrderNumber::NONE) };
        assert_eq!(self.addr().send(register).await, Ok(Registered::Welcome));
    }

    /// Starts the catalog, waits until it serves, and forgets what was noted.
    pub(super) async fn serve(&mut self) {
        self.start();
        self.register().await;
        while self.list().await.is_err() {
            sleep(TICK).await;
        }
        self.front_ends.calls.borrow_mut().clear();
        self.host.events.take();
    }

    pub(super) async fn crash(&mut self) {
        if let Some((_, run)) = self.running.take() {
            run.abort();
            assert!(run.await.is_err(), "it was still running");
            assert!(!self.host.disk.is_open(FILE), "a crash closes the file, or nobody could open it again");
        }
    }

    fn addr(&self) -> Addr<Catalog> {
        self.running.as_ref().expect("the catalog was started").0.clone()
    }

    pub(super) async fn query(&self, text: &str, front_end: u8) -> Result<(u64, bool), Refusal> {
        let query = Query { name: name(text), front_end: Some(FrontEndId::new(front_end)) };
        let answer = self.addr().send(query).await.expect("an answer");
        answer.map(|QueryReply { product, cacheable }| (product.expect("it is there").quantity, cacheable))
    }

    pub(super) async fn list(&self) -> Result<Vec<u64>, Refusal> {
        let products = self.addr().send(List { after: None, limit: 10 }).await.expect("an answer");
        products.map(|products| {
            products.expect("it begins with the first").iter().map(|product| product.quantity).collect()
        })
    }

    /// Sends a message and does not wait; the answer comes with the time at which it came.
    pub(super) fn send<M: Rpc>(&self, message: M) -> JoinHandle<(Option<M::Reply>, Duration)>
    where
        Catalog: actix::Handler<M>,
    {
        let (addr, clock) = (self.addr(), self.host.clock);
        tokio::task::spawn_local(async move { (addr.send(message).await.ok(), clock.elapsed()) })
    }

    pub(super) fn now(&self) -> Duration {
        self.host.clock.elapsed()
    }

    pub(super) fn events(&self) -> Vec<Event> {
        self.host.events.take()
    }

    pub(super) fn calls(&self) -> Vec<(Duration, NodeId, String)> {
        self.front_ends.calls.take()
    }

    /// The books on the disk of a stopped catalog.
    pub(super) fn audit(&self) -> Audit {
        let file =
            DataFile::open(Rc::new(self.host.disk.clone()), FILE, OWNER, convert).expect("the file opens");
        let books = file.load(audit).expect("it can be read");
        assert!(books.items.iter().all(Item::adds_up), "{books:?}");
        books
    }
}

pub(super) fn name(text: &str) -> ProductName {
    ProductName::new(text).expect("a valid name")
}

pub(super) fn buy(term: u64, batch: u64, purchases: &[(&str, &str, u64)]) -> Buy {
    let purchases = purchases.iter().map(|&(key, product, pieces)| Purchase {
        key: RequestId::new(key).expect("a valid key"),
        name: name(product),
        quantity: Quantity::new(pieces).expect("a valid quantity"),
    });
    Buy { leader: leader(term), batch, purchases: purchases.collect(), settled: OrderNumber::NONE }
}

const STORE: StoreId = StoreId::new(1);
const BY: Run = Run::new(1);

fn line() -> Line {
    [BY].into_iter().collect()
}

fn leader(term: u64) -> Leadership {
    Leadership { term: Term::new(term), epoch: Epoch::new(term.max(1000)), by: BY, last: OrderNumber::NONE }
}

pub(super) fn take_over(term: u64) -> TakeOver {
    TakeOver { leader: leader(term), line: line() }
}

pub(super) async fn done<T>(call: JoinHandle<(Option<T>, Duration)>) -> (Option<T>, Duration) {
    call.await.expect("no task panics")
}
