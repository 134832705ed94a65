//! Peers that do as they are told.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{self, LocalBoxFuture};

use super::world::MS;
use crate::domain::{
    Epoch, Order, OrderNumber, Position, Product, Purchase, ReplicaId, RequestId, Run, Term, View,
};
use crate::messages::catalog::{List, Query, QueryReply, Recall, Recalled, Refusal, Register, Registered};
use crate::messages::order::{
    Announce, Lookup, NotServing, Place, PlaceError, Placed, ReplicaStatus, Role, Status,
};
use crate::net::{NetError, NodeId, Rpc, Transport, decode, encode, open};

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
        let epoch = self.epoch();
        let (last, acknowledged) = (Position::default(), OrderNumber::NONE);
        let (run, line) = (*self.runs.last().expect("it runs"), self.runs.iter().copied().collect());
        let (role, view) = (self.role, self.view.clone());
        ReplicaStatus { id, run, line, role, epoch, last, acknowledged, view, hindered: None }
    }

    fn epoch(&self) -> Epoch {
        self.view.as_ref().map_or(Epoch::NONE, |view| view.epoch)
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
        let current = self.epoch();
        if self.role != Role::Leader || epoch != current {
            let why = NotServing::NotLeader { named: epoch, current };
            return Err(PlaceError::NotServing(why));
        }
        if let Some(answer) = self.answers.pop() {
            return answer;
        }
        let next = self.orders.len() as u64 + 1;
        let number = *self.orders.entry(purchase.key.clone()).or_insert(next);
        Ok(Placed { number: OrderNumber::new(number) })
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

impl Default for Peers {
    /// Three replicas without a view, and a catalog that answers.
    fn default() -> Peers {
        let replica = |id: u8| Replica {
            up: true,
            runs: vec![Run::new(u64::from(id) * 10)],
            frozen: false,
            deaf: 0,
            slow: false,
            role: Role::Follower,
            view: None,
            orders: BTreeMap::new(),
            answers: Vec::new(),
        };
        Peers {
            replicas: RefCell::new((1..=3).map(|id| (ReplicaId::new(id), replica(id))).collect()),
            quantity: Cell::new(100),
            cacheable: Cell::new(true),
            catalog_delay: Cell::new(10 * MS),
            catalog_starting: Cell::new(false),
            queries: Cell::new(0),
            placed: RefCell::default(),
        }
    }
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
            return Ok(encode(&Err::<QueryReply, _>(Refusal::Starting)));
        }
        match name {
            Query::NAME => {
                let query: Query = read(body);
                self.queries.set(self.queries.get() + 1);
                let quantity = self.quantity.get();
                let cacheable = self.cacheable.get() && query.front_end.is_some();
                tokio::time::sleep(self.catalog_delay.get()).await;
                let product = Some(Product { name: query.name, price_cents: 1599, quantity });
                Ok(encode(&Ok::<_, Refusal>(QueryReply { product, cacheable })))
            }
            // It knows of no other front-end.
            Recall::NAME => Ok(encode(&Recalled {
                store: None,
                term: Term::default(),
                settled: OrderNumber::NONE,
                purchases: OrderNumber::NONE,
            })),
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
            Lookup::NAME => Ok(encode(&Ok::<Option<Order>, NotServing>(None))),
            other => panic!("the front-end sent {other} to a replica"),
        }
    }

    fn lost(&self, id: ReplicaId) -> bool {
        let mut lost = false;
        self.with(id.get(), |replica| {
            lost = replica.deaf > 0;
            replica.deaf = replica.deaf.saturating_sub(1);
        });
        lost
    }

    pub fn with(&self, id: u8, change: impl FnOnce(&mut Replica)) {
        change(self.replicas.borrow_mut().get_mut(&ReplicaId::new(id)).expect("one of the three"));
    }

    /// The epoch that a replica has heard of last; 0 for none.
    pub fn epoch(&self, id: u8) -> u64 {
        self.replicas.borrow()[&ReplicaId::new(id)].epoch().get()
    }
}
