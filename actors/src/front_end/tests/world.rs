//! A front-end on virtual time, among peers that do as they are told.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::{Addr, System};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{self, LocalBoxFuture};
use parking_lot::Mutex;
use redb::StorageBackend;

use crate::clock::{Clock, Timestamp};
use crate::domain::{
    Epoch, Position, Product, ProductName, Purchase, Quantity, ReplicaId, RequestId, Run, View,
};
use crate::front_end::{FrontEnd, FrontEndConfig, Limits, start};
use crate::host::Host;
use crate::messages::catalog::{Answer, List, Query, Refusal, Register, Registered};
use crate::messages::front_end::{PlaceOrder, QueryProduct};
use crate::messages::order::{
    Announce, Lookup, NotServing, Place, PlaceError, Placed, ReplicaStatus, Role, Status,
};
use crate::messages::view_service::{ChangeView, GetView, InSyncChange};
use crate::net::{Identity, Net, NetError, NodeId, Rpc, Transport, decode, encode, open};
use crate::probe::{Event, Probe};
use crate::storage::{Job, Sizes, Storage};

pub const MS: Duration = Duration::from_millis(1);

const EVERYONE: [NodeId; 5] =
    [NodeId::FrontEnd(1), NodeId::Catalog, NodeId::Order(1), NodeId::Order(2), NodeId::Order(3)];

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

type Content = Arc<Mutex<Vec<u8>>>;

/// A disk in memory that outlives the actor, and fails when it is told to.
#[derive(Debug, Clone, Default)]
pub struct Disk {
    pub files: Arc<Mutex<BTreeMap<String, Content>>>,
    pub broken: Arc<Mutex<bool>>,
}

#[derive(Debug)]
struct OpenFile(Content, Arc<Mutex<bool>>);

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
    fn random(&self) -> io::Result<u64> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        Ok(NUMBERS.fetch_add(1, Ordering::Relaxed))
    }

    fn sizes(&self) -> Sizes {
        Sizes { cache_bytes: 1 << 20, journal_bytes: 64 << 10, ..Sizes::default() }
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
pub struct Replica {
    pub up: bool,
    /// The runs of its file.
    pub runs: Vec<Run>,
    /// Its process runs, but it answers nothing.
    pub frozen: bool,
    /// So many announcements to it will be lost.
    pub deaf: u32,
    /// As leader, it takes over for ever.
    pub slow: bool,
    pub role: Role,
    pub view: Option<View>,
    pub orders: BTreeMap<RequestId, u64>,
    /// What it answers to the next orders instead of placing them.
    pub answers: Vec<Result<Placed, PlaceError>>,
}

impl Replica {
    fn status(&self, id: ReplicaId) -> ReplicaStatus {
        let epoch = self.view.as_ref().map_or(0, |view| view.epoch);
        let last = Position::default();
        let (run, line) = (*self.runs.last().expect("it runs"), self.runs.iter().copied().collect());
        let (role, view) = (self.role, self.view.clone());
        ReplicaStatus { id, run, line, role, epoch, last, acknowledged: 0, view, hindered: None }
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

    fn place(&mut self, epoch: Epoch, purchase: &Purchase) -> Result<Placed, PlaceError> {
        let current = self.view.as_ref().map_or(0, |view| view.epoch);
        if self.role != Role::Leader || epoch != current {
            let why = NotServing::NotLeader { named: epoch, current };
            return Err(PlaceError::NotServing(why));
        }
        if let Some(answer) = self.answers.pop() {
            return answer;
        }
        let next = self.orders.len() as u64 + 1;
        Ok(Placed { number: *self.orders.entry(purchase.key.clone()).or_insert(next) })
    }
}

/// What the peers do, and what they were asked.
pub struct Peers {
    pub replicas: RefCell<BTreeMap<ReplicaId, Replica>>,
    pub quantity: Cell<u64>,
    pub cacheable: Cell<bool>,
    /// How long the catalog takes.
    pub catalog_delay: Cell<Duration>,
    pub catalog_starting: Cell<bool>,
    pub queries: Cell<u64>,
    /// Every order that reached a replica: which replica, which key.
    pub placed: RefCell<Vec<(ReplicaId, RequestId)>>,
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
            let (_, body) = open(&body).expect("an envelope");
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
        if name == Register::NAME {
            return Ok(encode(&Registered::Welcome));
        }
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
            List::NAME => Ok(encode(&Ok::<_, Refusal>(Some(Vec::<Product>::new())))),
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
        if name == Announce::NAME && self.lost(id) {
            return future::pending().await;
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
                let answers = ask.purchases.iter().map(|purchase| {
                    self.placed.borrow_mut().push((id, purchase.key.clone()));
                    replica.place(ask.epoch, purchase)
                });
                Ok(encode(&answers.collect::<Vec<_>>()))
            }
            Lookup::NAME => Ok(encode(&Ok::<Option<crate::domain::Order>, NotServing>(None))),
            other => panic!("the front-end sent {other} to a replica"),
        }
    }

    fn lost(&self, id: ReplicaId) -> bool {
        let mut lost = false;
        self.with(id, |replica| {
            lost = replica.deaf > 0;
            replica.deaf = replica.deaf.saturating_sub(1);
        });
        lost
    }

    pub fn with(&self, id: ReplicaId, change: impl FnOnce(&mut Replica)) {
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
pub struct World {
    pub peers: Rc<Peers>,
    pub disk: Disk,
    events: Rc<Events>,
    pub failures: Rc<Cell<usize>>,
    pub config: FrontEndConfig,
    pub addr: Option<Addr<FrontEnd>>,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl World {
    pub fn new() -> World {
        let replica = |id: u64| Replica {
            up: true,
            runs: vec![Run::new(id * 10)],
            frozen: false,
            deaf: 0,
            slow: false,
            role: Role::Follower,
            view: None,
            orders: BTreeMap::new(),
            answers: Vec::new(),
        };
        let peers = Peers {
            replicas: RefCell::new((1..=3).map(|id| (id, replica(id.into()))).collect()),
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
            max_requests: 100,
            limits: Limits::default(),
            render: |product| Bytes::from(product.quantity.to_string()),
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

    pub fn start(&mut self) {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock(tokio::time::Instant::now()));
        let failures = self.failures.clone();
        let identity = Arc::new(Identity::new(NodeId::FrontEnd(1), EVERYONE));
        let host = Host {
            id: NodeId::FrontEnd(1),
            identity: identity.clone(),
            net: Net::new(identity, Rc::new(self.peers.clone()), clock.clone()),
            storage: Rc::new(self.disk.clone()),
            clock,
            probe: self.events.clone(),
            on_failure: Rc::new(move |_, _| failures.set(failures.get() + 1)),
        };
        let started = start(host, self.config.clone()).expect("the file opens");
        self.addr = Some(started.node.addr);
        self.running = Some(tokio::task::spawn_local(started.node.run));
    }

    pub async fn kill(&mut self) {
        let running = self.running.take().expect("it runs");
        running.abort();
        // The abort is what is waited for.
        let _ = running.await;
    }

    pub fn ask<M: Rpc>(&self, message: M) -> impl Future<Output = M::Reply> + use<M>
    where
        FrontEnd: actix::Handler<M>,
        <FrontEnd as actix::Actor>::Context: actix::dev::ToEnvelope<FrontEnd, M>,
    {
        let answer = self.addr.as_ref().expect("started").send(message);
        async move { answer.await.expect("the actor runs") }
    }

    pub async fn quantity(&self) -> u64 {
        let found = self.ask(QueryProduct { name: toy() }).await;
        found.expect("an answer").expect("there is one").quantity
    }

    /// Waits, at most 10 s, until a replica leads; returns the view.
    pub async fn led_by(&self, leader: ReplicaId) -> View {
        for _ in 0..1000 {
            let view = self.ask(GetView {}).await;
            if let Some(view) = view.filter(|view| view.leader == leader) {
                return view;
            }
            tokio::time::sleep(10 * MS).await;
        }
        panic!("{leader} never led: {:?}", self.events.0.borrow());
    }

    /// Asks to change the in-sync set, for a leader of the current front-end's view of this epoch.
    pub async fn change(&self, epoch: Epoch, leader: ReplicaId, change: Change) -> Option<Seen> {
        let by = self.ask(GetView {}).await.expect("a view").by;
        self.ask(ChangeView { by, epoch, leader, change }).await.map(|view| seen(&view))
    }

    pub fn saw(&self, what: impl Fn(&Event) -> bool) -> bool {
        self.events.0.borrow().iter().any(what)
    }
}

/// What a test says of a view: its epoch, its leader, who is in sync.
pub type Seen = (Epoch, ReplicaId, Vec<ReplicaId>);

pub fn seen(view: &View) -> Seen {
    (view.epoch, view.leader, view.in_sync.ids().collect())
}

pub fn toy() -> ProductName {
    ProductName::new("Tux").expect("valid")
}

pub fn order(key: &str) -> PlaceOrder {
    let key = RequestId::new(key).expect("valid");
    PlaceOrder { key, name: toy(), quantity: Quantity::new(2).expect("valid") }
}

/// Runs a flow on virtual time.
pub fn flow<F: Future<Output = ()>>(run: impl FnOnce() -> F) {
    System::with_tokio_rt(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime")
    })
    .block_on(async {
        let limit = Duration::from_secs(120);
        tokio::time::timeout(limit, run()).await.expect("the flow ends");
    });
}
