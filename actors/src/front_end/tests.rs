//! The whole actor on virtual time, among peers that do as they are told.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, System};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{self, LocalBoxFuture};
use parking_lot::Mutex;
use redb::StorageBackend;

use super::messages::*;
use super::{FrontEnd, FrontEndConfig, start};
use crate::catalog::messages::{Answer, List, Query, Refusal};
use crate::clock::{Clock, Timestamp};
use crate::domain::{Position, Product, ProductName, Quantity, ReplicaId, RequestId, View};
use crate::host::Host;
use crate::net::{Net, NetError, NodeId, Rpc, Transport, decode, encode};
use crate::order::messages::{
    Announce, Lookup, NotServing, Place, PlaceError, Placed, ReplicaStatus, Role, Status,
};
use crate::probe::{Event, Probe};
use crate::storage::{Job, Storage};

const MS: Duration = Duration::from_millis(1);

/// Virtual time.
#[derive(Debug)]
struct VirtualClock(tokio::time::Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.elapsed().as_nanos() as u64)
    }
    fn sleep(&self, span: Duration) -> LocalBoxFuture<'static, ()> {
        tokio::time::sleep(span).boxed_local()
    }
}

/// A disk in memory that outlives the actor, and fails when it is told to.
#[derive(Debug, Clone, Default)]
struct Disk {
    files: Arc<Mutex<BTreeMap<String, Arc<Mutex<Vec<u8>>>>>>,
    broken: Arc<Mutex<bool>>,
}

#[derive(Debug)]
struct OpenFile(Arc<Mutex<Vec<u8>>>, Arc<Mutex<bool>>);

impl Storage for Disk {
    fn describe(&self, file: &str) -> String {
        file.into()
    }
    fn exists(&self, file: &str) -> io::Result<bool> {
        Ok(self.files.lock().contains_key(file))
    }
    fn open(&self, file: &str) -> io::Result<Box<dyn StorageBackend>> {
        let bytes = self.files.lock().entry(file.into()).or_default().clone();
        Ok(Box::new(OpenFile(bytes, self.broken.clone())))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut files = self.files.lock();
        let file = files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        files.insert(to.into(), file);
        Ok(())
    }
    fn remove(&self, file: &str) -> io::Result<()> {
        self.files.lock().remove(file);
        Ok(())
    }
    fn run(&self, job: Job) -> LocalBoxFuture<'static, ()> {
        async move {
            tokio::time::sleep(MS).await;
            job();
        }
        .boxed_local()
    }
    fn cache_bytes(&self) -> usize {
        1 << 20
    }
}

impl StorageBackend for OpenFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().len() as u64)
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = offset as usize;
        out.copy_from_slice(&self.0.lock()[offset..offset + out.len()]);
        Ok(())
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().resize(len as usize, 0);
        Ok(())
    }
    fn sync_data(&self) -> io::Result<()> {
        if *self.1.lock() { Err(io::Error::other("the disk broke")) } else { Ok(()) }
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = offset as usize;
        self.0.lock()[offset..offset + data.len()].copy_from_slice(data);
        Ok(())
    }
}

/// One scripted replica.
struct Replica {
    up: bool,
    /// Its process runs, but it answers nothing.
    frozen: bool,
    /// As leader, it takes over for ever.
    slow: bool,
    role: Role,
    view: Option<View>,
    orders: BTreeMap<RequestId, u64>,
    /// What it answers to the next orders instead of placing them.
    answers: Vec<Result<Placed, PlaceError>>,
}

impl Replica {
    fn status(&self, id: ReplicaId) -> ReplicaStatus {
        let epoch = self.view.as_ref().map_or(0, |view| view.epoch);
        let last = Position::default();
        ReplicaStatus { id, role: self.role, epoch, last, acknowledged: 0, view: self.view.clone() }
    }

    fn adopt(&mut self, id: ReplicaId, view: View) {
        if self.view.as_ref().is_none_or(|held| held.epoch < view.epoch) {
            self.role = match view.leader == id {
                true if self.slow => Role::TakingOver,
                true => Role::Leader,
                false => Role::Follower,
            };
            self.view = Some(view);
        }
    }

    fn place(&mut self, ask: &Place) -> Result<Placed, PlaceError> {
        let current = self.view.as_ref().map_or(0, |view| view.epoch);
        if self.role != Role::Leader || ask.epoch != current {
            let why = NotServing::NotLeader { named: ask.epoch, current };
            return Err(PlaceError::NotServing(why));
        }
        if let Some(answer) = self.answers.pop() {
            return answer;
        }
        let next = self.orders.len() as u64 + 1;
        Ok(Placed { number: *self.orders.entry(ask.purchase.key.clone()).or_insert(next) })
    }
}

/// What the peers do, and what they were asked.
struct Peers {
    replicas: RefCell<BTreeMap<ReplicaId, Replica>>,
    quantity: Cell<u64>,
    cacheable: Cell<bool>,
    /// How long the catalog takes.
    catalog_delay: Cell<Duration>,
    catalog_starting: Cell<bool>,
    queries: Cell<u64>,
    /// Every order that reached a replica: which replica, which key.
    placed: RefCell<Vec<(ReplicaId, RequestId)>>,
}

impl Transport for Rc<Peers> {
    fn call(
        &self,
        to: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let peers = self.clone();
        async move {
            tokio::time::sleep(MS).await;
            let answer = match to {
                NodeId::Catalog => peers.catalog(name, &body).await,
                NodeId::Order(id) => peers.replica(id, name, &body).await,
                NodeId::FrontEnd(_) => return Err(NetError::Refused),
            }?;
            tokio::time::sleep(MS).await;
            Ok(answer)
        }
        .boxed_local()
    }
}

fn read<M: Rpc>(body: &[u8]) -> M {
    decode(body).expect("a well-formed message")
}

impl Peers {
    async fn catalog(&self, name: &str, body: &[u8]) -> Result<Bytes, NetError> {
        if self.catalog_starting.get() {
            return Ok(encode(&Err::<Answer, _>(Refusal::Starting)));
        }
        match name {
            Query::NAME => {
                let query: Query = read(body);
                self.queries.set(self.queries.get() + 1);
                let quantity = self.quantity.get();
                let cacheable = self.cacheable.get() && query.front_end.is_some();
                tokio::time::sleep(self.catalog_delay.get()).await;
                let product = Some(Product { name: query.name, price_cents: 1599, quantity });
                Ok(encode(&Ok::<_, Refusal>(Answer { product, cacheable })))
            }
            List::NAME => Ok(encode(&Ok::<_, Refusal>(Vec::<Product>::new()))),
            other => panic!("the front-end sent {other} to the catalog"),
        }
    }

    async fn replica(&self, id: ReplicaId, name: &str, body: &[u8]) -> Result<Bytes, NetError> {
        if !self.replicas.borrow()[&id].up {
            return Err(NetError::Refused);
        }
        while self.replicas.borrow()[&id].frozen {
            tokio::time::sleep(MS).await;
        }
        let mut replicas = self.replicas.borrow_mut();
        let replica = replicas.get_mut(&id).expect("one of the three");
        match name {
            Status::NAME => Ok(encode(&replica.status(id))),
            Announce::NAME => {
                replica.adopt(id, read::<Announce>(body).view);
                Ok(encode(&replica.status(id)))
            }
            Place::NAME => {
                let ask: Place = read(body);
                self.placed.borrow_mut().push((id, ask.purchase.key.clone()));
                Ok(encode(&replica.place(&ask)))
            }
            Lookup::NAME => Ok(encode(&Ok::<Option<crate::domain::Order>, NotServing>(None))),
            other => panic!("the front-end sent {other} to a replica"),
        }
    }

    fn with(&self, id: ReplicaId, change: impl FnOnce(&mut Replica)) {
        change(self.replicas.borrow_mut().get_mut(&id).expect("one of the three"));
    }
}

/// Keeps all events.
#[derive(Default)]
struct Events(RefCell<Vec<Event>>);

impl Probe for Events {
    fn record(&self, _: NodeId, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}

/// A front-end and its peers.
struct World {
    peers: Rc<Peers>,
    disk: Disk,
    events: Rc<Events>,
    failures: Rc<Cell<usize>>,
    config: FrontEndConfig,
    addr: Option<Addr<FrontEnd>>,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl World {
    fn new() -> World {
        let replica = || Replica {
            up: true,
            frozen: false,
            slow: false,
            role: Role::Follower,
            view: None,
            orders: BTreeMap::new(),
            answers: Vec::new(),
        };
        let peers = Peers {
            replicas: RefCell::new((1..=3).map(|id| (id, replica())).collect()),
            quantity: Cell::new(100),
            cacheable: Cell::new(true),
            catalog_delay: Cell::new(10 * MS),
            catalog_starting: Cell::new(false),
            queries: Cell::new(0),
            placed: RefCell::default(),
        };
        let config = FrontEndConfig {
            number: 1,
            replicas: vec![1, 2, 3],
            cache_capacity: 10,
            lease: 2000 * MS,
            heartbeat: 200 * MS,
            suspect_after: 600 * MS,
            call_limit: 1000 * MS,
            deadline: 5000 * MS,
            max_calls: 100,
            render: |product| Bytes::from(product.quantity.to_string()),
            force_view: false,
        };
        World {
            peers: Rc::new(peers),
            disk: Disk::default(),
            events: Rc::default(),
            failures: Rc::default(),
            config,
            addr: None,
            running: None,
        }
    }

    fn start(&mut self) {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock(tokio::time::Instant::now()));
        let failures = self.failures.clone();
        let host = Host {
            id: NodeId::FrontEnd(1),
            net: Net::new(Rc::new(self.peers.clone()), clock.clone()),
            storage: Rc::new(self.disk.clone()),
            clock,
            seed: 1,
            probe: self.events.clone(),
            on_failure: Rc::new(move |_, _| failures.set(failures.get() + 1)),
        };
        let started = start(host, self.config.clone()).expect("the file opens");
        self.addr = Some(started.node.addr);
        self.running = Some(tokio::task::spawn_local(started.node.run));
    }

    async fn kill(&mut self) {
        let running = self.running.take().expect("it runs");
        running.abort();
        // The abort is what is waited for.
        let _ = running.await;
    }

    fn ask<M: Rpc>(&self, message: M) -> impl Future<Output = M::Reply> + use<M>
    where
        FrontEnd: actix::Handler<M>,
        <FrontEnd as actix::Actor>::Context: actix::dev::ToEnvelope<FrontEnd, M>,
    {
        let answer = self.addr.as_ref().expect("started").send(message);
        async move { answer.await.expect("the actor runs") }
    }

    async fn quantity(&self) -> u64 {
        let found = self.ask(QueryProduct { name: toy() }).await;
        found.expect("an answer").expect("there is one").quantity
    }

    /// Waits, at most 10 s, until a replica leads; returns the view.
    async fn led_by(&self, leader: ReplicaId) -> View {
        for _ in 0..1000 {
            let view = self.ask(GetView {}).await;
            if let Some(view) = view.filter(|view| view.leader == leader) {
                return view;
            }
            tokio::time::sleep(10 * MS).await;
        }
        panic!("{leader} never led: {:?}", self.events.0.borrow());
    }

    fn saw(&self, what: impl Fn(&Event) -> bool) -> bool {
        self.events.0.borrow().iter().any(what)
    }
}

fn toy() -> ProductName {
    ProductName::new("Tux").expect("valid")
}

fn order(key: &str) -> PlaceOrder {
    let key = Some(RequestId::new(key).expect("valid"));
    PlaceOrder { key, name: toy(), quantity: Quantity::new(2).expect("valid") }
}

/// Runs a flow on virtual time.
fn flow<F: Future<Output = ()>>(run: impl FnOnce() -> F) {
    System::with_tokio_rt(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime")
    })
    .block_on(async {
        let limit = Duration::from_secs(120);
        tokio::time::timeout(limit, run()).await.expect("the flow ends");
    });
}

#[test]
fn concurrent_misses_make_one_catalog_request() {
    flow(|| async {
        let mut world = World::new();
        world.start();
        let answers = future::join_all((0..20).map(|_| world.quantity())).await;
        assert_eq!(answers, [100; 20]);
        assert_eq!(world.peers.queries.get(), 1);
        assert_eq!(world.quantity().await, 100);
        assert_eq!(world.peers.queries.get(), 1, "a hit");
        tokio::time::sleep(2000 * MS).await;
        world.peers.quantity.set(98);
        assert_eq!(world.quantity().await, 98, "the lease has run out");
    });
}

#[test]
fn an_invalidation_voids_the_fill_under_way() {
    flow(|| async {
        let mut world = World::new();
        world.start();
        let early = world.quantity();
        let later = async {
            tokio::time::sleep(5 * MS).await;
            world.ask(Invalidate { products: vec![toy()] }).await;
            world.peers.quantity.set(98);
            world.quantity().await
        };
        assert_eq!(future::join(early, later).await, (100, 98));
        assert_eq!(world.peers.queries.get(), 2);
        assert!(world.saw(|event| matches!(event, Event::StaleFillDropped { .. })));
        assert_eq!(world.quantity().await, 98);
        assert_eq!(world.peers.queries.get(), 2, "the second fill is cached");
    });
}

#[test]
fn a_late_query_gets_no_earlier_answer_with_the_cache_off_either() {
    flow(|| async {
        let mut world = World::new();
        world.config.cache_capacity = 0;
        world.start();
        let early = world.quantity();
        let later = async {
            tokio::time::sleep(5 * MS).await;
            world.peers.quantity.set(98);
            future::join(world.quantity(), world.quantity()).await
        };
        assert_eq!(future::join(early, later).await, (100, (98, 98)));
        assert_eq!(world.peers.queries.get(), 2, "the late ones share theirs");
    });
}

#[test]
fn a_starting_catalog_is_asked_again_until_the_deadline() {
    flow(|| async {
        let mut world = World::new();
        world.peers.catalog_starting.set(true);
        world.start();
        let heal = async {
            tokio::time::sleep(2000 * MS).await;
            world.peers.catalog_starting.set(false);
        };
        assert_eq!(future::join(world.quantity(), heal).await.0, 100);
        world.ask(Invalidate { products: vec![] }).await;
        world.peers.catalog_starting.set(true);
        let began = tokio::time::Instant::now();
        assert!(world.ask(QueryProduct { name: toy() }).await.is_err());
        assert!(world.ask(ListProducts {}).await.is_err());
        assert_eq!(began.elapsed().as_secs(), 10);
    });
}

#[test]
fn the_first_view_waits_for_every_replica_and_a_restart_for_the_highest() {
    flow(|| async {
        let mut world = World::new();
        world.peers.with(2, |replica| replica.up = false);
        world.start();
        tokio::time::sleep(3000 * MS).await;
        assert_eq!(world.ask(GetView {}).await, None);
        let readiness = world.ask(GetReadiness {}).await;
        assert_eq!((readiness.ready, readiness.waiting_for), (false, vec![NodeId::Order(2)]));
        world.peers.with(2, |replica| replica.up = true);
        let first = View { epoch: 1, leader: 3, in_sync: vec![1, 2, 3] };
        assert_eq!(world.led_by(3).await, first);
        assert_eq!(world.ask(PlaceOrder { key: None, ..order("k") }).await, Ok(1));
        let readiness = world.ask(GetReadiness {}).await;
        assert!(readiness.ready, "{readiness:?}");

        world.kill().await;
        world.peers.with(3, |replica| replica.up = false);
        world.start();
        assert_eq!(world.led_by(2).await, View { epoch: 2, leader: 2, in_sync: vec![1, 2, 3] });
        world.kill().await;
        world.peers.with(3, |replica| replica.up = true);
        world.start();
        assert_eq!(world.led_by(3).await.epoch, 3);
    });
}

#[test]
fn an_order_goes_on_through_a_new_leader_under_the_same_key() {
    // How the leader fails; how long the order may take at most.
    for (case, fail, limit) in [
        ("crash", (|replica| replica.up = false) as fn(&mut Replica), 300),
        ("freeze", |replica| replica.frozen = true, 1500),
        ("restart", |replica| replica.role = Role::Follower, 300),
    ] {
        flow(|| async {
            let mut world = World::new();
            world.start();
            world.led_by(3).await;
            assert_eq!(world.ask(order("first")).await, Ok(1));
            world.peers.with(3, fail);
            if case != "restart" {
                // What was replicated, the next leader has.
                world.peers.with(2, |replica| {
                    replica.orders.insert(RequestId::new("first").expect("valid"), 1);
                });
            }
            let began = tokio::time::Instant::now();
            let twice = future::join(world.ask(order("k")), world.ask(order("k"))).await;
            assert_eq!(twice, (Ok(2), Ok(2)), "{case}");
            assert!(began.elapsed() < limit * MS, "{case} took {:?}", began.elapsed());
            let keys: BTreeSet<_> =
                world.peers.placed.borrow().iter().map(|(_, key)| key.to_string()).collect();
            assert_eq!(keys, BTreeSet::from(["first".into(), "k".into()]), "{case}");
            assert!(world.saw(|event| matches!(event, Event::OrderRetried { .. })), "{case}");
            let leader = if case == "restart" { 3 } else { 2 };
            assert_eq!(world.led_by(leader).await.epoch, 2, "{case}");
        });
    }
}

#[test]
fn the_no_of_an_old_epoch_is_not_passed_on() {
    flow(|| async {
        let mut world = World::new();
        world.start();
        let view = world.led_by(3).await;
        let not_enough = |epoch| Err(PlaceError::NotEnough { left: 1, epoch });
        world.peers.with(3, |replica| replica.answers = vec![not_enough(view.epoch - 1)]);
        assert_eq!(world.ask(order("a")).await, Ok(1));
        world.peers.with(3, |replica| replica.answers = vec![not_enough(view.epoch)]);
        assert_eq!(world.ask(order("b")).await, Err(OrderError::NotEnough { left: 1 }));
        let overloaded = Err(PlaceError::NotServing(NotServing::Overloaded));
        world.peers.with(3, |replica| replica.answers = vec![overloaded]);
        let began = tokio::time::Instant::now();
        assert!(matches!(world.ask(order("c")).await, Err(OrderError::Unavailable(_))));
        assert!(began.elapsed() < 10 * MS);
    });
}

#[test]
fn a_leader_changes_its_in_sync_set_and_nobody_else_does() {
    flow(|| async {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        let ask = |epoch, leader, change| world.ask(ChangeView { epoch, leader, change });
        let smaller = Some(View { epoch: 2, leader: 3, in_sync: vec![2, 3] });
        assert_eq!(ask(1, 3, Change::Drop(1)).await, smaller);
        assert_eq!(ask(1, 3, Change::Drop(2)).await, smaller, "of another epoch");
        assert_eq!(ask(2, 2, Change::Drop(3)).await, smaller, "not the leader");
        // Two at once: the second comes too late.
        let both = future::join(ask(2, 3, Change::Drop(1)), ask(2, 3, Change::Add(1))).await;
        let bumped = Some(View { epoch: 3, leader: 3, in_sync: vec![2, 3] });
        assert_eq!(both, (bumped.clone(), bumped));
        tokio::time::sleep(500 * MS).await;
        assert_eq!(world.peers.replicas.borrow()[&1].view.as_ref().map(|view| view.epoch), Some(3));
        // The one that was dropped is never chosen.
        world.peers.with(3, |replica| replica.up = false);
        world.peers.with(2, |replica| replica.up = false);
        tokio::time::sleep(5000 * MS).await;
        let readiness = world.ask(GetReadiness {}).await;
        assert_eq!(readiness.waiting_for, [NodeId::Order(2), NodeId::Order(3)], "{}", readiness.why);
        world.peers.with(2, |replica| replica.up = true);
        assert_eq!(world.led_by(2).await, View { epoch: 4, leader: 2, in_sync: vec![2, 3] });
    });
}

#[test]
fn a_front_end_that_lost_its_file_goes_on_from_the_newest_view_of_all() {
    flow(|| async {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        world.ask(ChangeView { epoch: 1, leader: 3, change: Change::Drop(1) }).await;
        tokio::time::sleep(500 * MS).await;
        let copy = world.disk.files.lock()["front-end.redb"].lock().clone();
        world.ask(ChangeView { epoch: 2, leader: 3, change: Change::Drop(2) }).await;
        tokio::time::sleep(500 * MS).await;
        world.kill().await;

        world.disk.files.lock().clear();
        world.peers.with(1, |replica| replica.up = false);
        world.start();
        tokio::time::sleep(5000 * MS).await;
        assert_eq!(world.ask(GetView {}).await, None);
        world.peers.with(1, |replica| replica.up = true);
        assert_eq!(world.led_by(3).await, View { epoch: 4, leader: 3, in_sync: vec![3] });
        world.kill().await;

        // An old copy of the file is as good as none.
        *world.disk.files.lock()["front-end.redb"].lock() = copy;
        world.start();
        tokio::time::sleep(3000 * MS).await;
        assert_eq!(world.led_by(3).await, View { epoch: 5, leader: 3, in_sync: vec![3] });

        world.kill().await;
        world.disk.files.lock().clear();
        world.config.force_view = true;
        world.peers.with(1, |replica| replica.up = false);
        world.start();
        assert_eq!(world.led_by(3).await, View { epoch: 6, leader: 3, in_sync: vec![3] });
    });
}

#[test]
fn without_a_leader_that_serves_orders_end_at_their_deadline() {
    flow(|| async {
        let mut world = World::new();
        world.config.max_calls = 3;
        for id in 1..=3 {
            world.peers.with(id, |replica| replica.slow = true);
        }
        world.start();
        world.led_by(3).await;
        let began = tokio::time::Instant::now();
        let waiting: Vec<_> = (0..5).map(|index| world.ask(order(&index.to_string()))).collect();
        let mut spans = Vec::new();
        for answer in waiting {
            assert!(matches!(answer.await, Err(OrderError::Unavailable(_))));
            spans.push(began.elapsed().as_millis() >= 5000);
        }
        assert!(spans[0], "the first waits until its deadline");
        assert_eq!(world.peers.placed.borrow().len(), 0, "nobody asks a leader that does not serve");
        // The places of those that ended are free again.
        let began = tokio::time::Instant::now();
        assert!(world.ask(FindOrder { number: 1 }).await.is_err());
        assert_eq!(began.elapsed().as_millis(), 5000);
        let readiness = world.ask(GetReadiness {}).await;
        assert_eq!(readiness.waiting_for, [NodeId::Order(3)], "{}", readiness.why);
    });
}

#[test]
fn after_a_disk_failure_nothing_is_answered() {
    flow(|| async {
        let mut world = World::new();
        world.start();
        world.led_by(3).await;
        *world.disk.broken.lock() = true;
        let ask = ChangeView { epoch: 1, leader: 3, change: Change::Drop(1) };
        let answer = world.addr.as_ref().expect("started").send(ask).await;
        assert!(answer.is_err(), "{answer:?}");
        assert_eq!(world.failures.get(), 1);
        assert!(world.saw(|event| matches!(event, Event::DiskFailed { .. })));
        for id in 1..=3 {
            assert_eq!(world.peers.replicas.borrow()[&id].view.as_ref().map(|view| view.epoch), Some(1));
        }
    });
}
