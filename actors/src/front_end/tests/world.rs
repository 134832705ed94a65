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
use futures_util::future::LocalBoxFuture;
use parking_lot::Mutex;
use redb::StorageBackend;

use super::peers::Peers;
use crate::clock::{Clock, Timestamp};
use crate::domain::{Epoch, FrontEndId, OrderNumber, ProductName, Quantity, ReplicaId, RequestId, View};
use crate::front_end::{FrontEnd, FrontEndConfig, Limits, start};
use crate::host::Host;
use crate::messages::front_end::{OrderError, PlaceOrder, QueryProduct};
use crate::messages::view_service::{ChangeView, GetView, InSyncChange};
use crate::net::{Identity, Net, NodeId, Rpc};
use crate::probe::{Event, EventKind, Probe};
use crate::storage::{Job, Sizes, Storage};

pub const MS: Duration = Duration::from_millis(1);

const ME: FrontEndId = FrontEndId::new(1);

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
        let config = FrontEndConfig {
            number: ME,
            replicas: [1, 2, 3].map(ReplicaId::new).to_vec(),
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
            peers: Rc::default(),
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
        let me = NodeId::FrontEnd(ME);
        let replicas = self.config.replicas.iter().copied().map(NodeId::Order);
        let everyone: Vec<_> = replicas.chain([me, NodeId::Catalog]).collect();
        let identity = Arc::new(Identity::new(me, everyone));
        let host = Host {
            id: me,
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

    /// Places an order under this request id; its number.
    pub fn order(&self, key: &str) -> impl Future<Output = Result<u64, OrderError>> + use<> {
        let placed = self.ask(order(key));
        async move { placed.await.map(OrderNumber::get) }
    }

    /// Waits, at most 10 s, until a replica leads; returns the view.
    pub async fn led_by(&self, leader: u8) -> Seen {
        for _ in 0..1000 {
            let view = self.ask(GetView {}).await;
            if let Some(view) = view.filter(|view| view.leader == ReplicaId::new(leader)) {
                return seen(&view);
            }
            tokio::time::sleep(10 * MS).await;
        }
        panic!("{leader} never led: {:?}", self.events.0.borrow());
    }

    /// Asks to change the in-sync set, for a leader of the current front-end's view of this epoch.
    pub async fn change(&self, epoch: u64, leader: u8, change: InSyncChange) -> Option<Seen> {
        let ask = self.change_of(epoch, leader, change).await;
        self.ask(ask).await.map(|view| seen(&view))
    }

    pub async fn change_of(&self, epoch: u64, leader: u8, change: InSyncChange) -> ChangeView {
        let by = self.ask(GetView {}).await.expect("a view").by;
        ChangeView { by, epoch: Epoch::new(epoch), leader: ReplicaId::new(leader), change }
    }

    pub fn saw(&self, kind: EventKind) -> bool {
        self.events.0.borrow().iter().any(|event| event.kind() == kind)
    }
}

/// What a test says of a view: its epoch, its leader, who is in sync.
pub type Seen = (u64, u8, Vec<u8>);

fn seen(view: &View) -> Seen {
    (view.epoch.get(), view.leader.get(), view.in_sync.ids().map(ReplicaId::get).collect())
}

pub fn toy() -> ProductName {
    ProductName::new("Tux").expect("valid")
}

fn order(key: &str) -> PlaceOrder {
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
