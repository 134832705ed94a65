//! A front-end on virtual time, among peers that do as they are told.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Addr;
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use tokio::task::JoinHandle;

use super::peers::Peers;
use crate::clock::Clock;
use crate::domain::{
    Epoch, FrontEndId, Line, OrderNumber, Product, ProductName, Quantity, ReplicaId, RequestId, View,
};
use crate::front_end::file::owner;
use crate::front_end::{Cache, FILE, FrontEnd, FrontEndConfig, Limits, start};
use crate::messages::front_end::{OrderError, PlaceOrder, QueryProduct, Unavailable};
use crate::messages::view_service::{ChangeView, GetView, InSyncChange};
use crate::net::{Bridge, NetError, NodeId, Rpc, Transport};
use crate::probe::EventKind;
use crate::storage::{DataFile, same_tables};
use crate::test_doubles::{TestHost, run_node};
use crate::view_service;

pub const MS: Duration = Duration::from_millis(1);

const ME: FrontEndId = FrontEndId::new(1);

/// A front-end and its peers.
pub struct World {
    pub peers: Rc<Peers>,
    pub host: TestHost,
    pub config: FrontEndConfig,
    pub addr: Option<Addr<FrontEnd>>,
    cache: Option<Arc<Cache>>,
    bridge: Option<Arc<Bridge>>,
    running: Option<JoinHandle<()>>,
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
            host: TestHost::new(),
            config,
            addr: None,
            cache: None,
            bridge: None,
            running: None,
        }
    }

    pub fn start(&mut self) {
        let me = NodeId::FrontEnd(ME);
        let replicas = self.config.replicas.iter().copied().map(NodeId::Order);
        let everyone: Vec<_> = replicas.chain([me, NodeId::Catalog]).collect();
        let host = self.host.host(me, everyone, Rc::new(self.peers.clone()));
        let started = start(host, self.config.clone()).expect("the file opens");
        (self.cache, self.bridge) = (Some(started.cache), Some(started.node.bridge.clone()));
        let (addr, running) = run_node(started.node);
        (self.addr, self.running) = (Some(addr), Some(running));
    }

    pub async fn kill(&mut self) {
        let running = self.running.take().expect("it runs");
        running.abort();
        // The abort is what is waited for.
        let _ = running.await;
    }

    /// The runs in its file, which nobody has open.
    pub fn line_in_file(&self) -> Line {
        let storage = self.host.host(NodeId::FrontEnd(ME), [], Rc::new(self.peers.clone())).storage;
        let file = DataFile::open(storage, FILE, &owner(ME), same_tables).expect("it opens");
        file.load(view_service::load).expect("it is whole").line
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
        let cache = self.cache.as_ref().expect("started");
        if let Some(product) = cache.product(toy().as_str(), self.host.clock.now()) {
            return product.quantity;
        }
        let found = self.ask(QueryProduct { name: toy() }).await;
        found.expect("an answer").expect("there is one").quantity
    }

    /// Asks for a product as a call from elsewhere does, through the bridge.
    pub async fn query_from_elsewhere(
        &self,
        name: ProductName,
    ) -> Result<Result<Option<Product>, Unavailable>, NetError> {
        let bridge = self.bridge.clone().expect("started");
        let client = self.host.host(NodeId::Catalog, [], Rc::new(ToBridge(bridge)));
        client.net.send(NodeId::FrontEnd(ME), &QueryProduct { name }, self.config.call_limit).await
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
        panic!("{leader} never led: {:?}", self.host.events.take());
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
        self.host.events.take().iter().any(|event| event.kind() == kind)
    }
}

/// The network to one node.
struct ToBridge(Arc<Bridge>);

impl Transport for ToBridge {
    fn call(
        &self,
        _: NodeId,
        name: &'static str,
        body: Bytes,
    ) -> LocalBoxFuture<'static, Result<Bytes, NetError>> {
        let bridge = self.0.clone();
        Box::pin(async move { Ok(bridge.dispatch(name, body).await?) })
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
