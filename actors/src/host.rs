//! What an actor is given when it is made, and how it is started and killed.
//!
//! A [`Host`] is all of the world that an actor may touch. Two kinds of hosts exist: the deployed binary,
//! and the simulator. There is no `if simulated` behind this boundary.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, Context};
use futures_util::future::LocalBoxFuture;

use crate::clock::Clock;
use crate::net::{Bridge, Identity, Net, NodeId};
use crate::probe::{Event, Limit, Measure, Probe};
use crate::storage::Storage;

/// The world of one node.
#[derive(Clone)]
pub struct Host {
    pub id: NodeId,
    /// Who it is to its peers. Its `net` and its bridge have the same one, and its actor says to which store it belongs.
    pub identity: Arc<Identity>,
    pub net: Net,
    pub storage: Rc<dyn Storage>,
    pub clock: Arc<dyn Clock>,
    /// Where it tells what it does.
    pub probe: Rc<dyn Probe>,
    /// Called once when the node can no longer keep its promises (its disk failed) and has stopped.
    pub on_failure: Rc<dyn Fn(NodeId, Failure)>,
}

impl Host {
    /// Tells the probe what this node just did.
    pub fn emit(&self, event: impl Into<Event>) {
        self.probe.record(self.id, &event.into());
    }

    /// Tells the probe how long something took.
    pub fn measure(&self, measure: Measure) {
        self.probe.measure(self.id, measure);
    }

    /// Reports that this node stops, and why.
    pub fn fail(&self, why: impl fmt::Display) {
        (self.on_failure)(self.id, Failure(why.to_string()));
    }
}

/// Why a node stopped by itself, as a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An actor ready to run.
pub struct Node<A: Actor> {
    /// Its address, for the typed calls of the host that runs it.
    pub addr: Addr<A>,
    /// The way in for its peers.
    pub bridge: Arc<Bridge>,
    /// The actor itself: state, mailbox and all its futures. The host polls it; **dropping it is the
    /// crash** of this node, at that very point. (Detach the node from the network first, then its disk:
    /// actix polls the future one last time while it drops it.)
    pub run: LocalBoxFuture<'static, ()>,
    /// What it has of that of which it may have so many at once, beside the bridge.
    pub gauges: Vec<Gauge>,
}

/// How many of something there are at a node, and how many there may be.
pub struct Gauge {
    pub what: Limit,
    /// So many may be there at once.
    pub limit: usize,
    now: Box<dyn Fn() -> usize>,
}

impl Gauge {
    /// `now` counts what is there.
    pub fn new(what: Limit, limit: usize, now: impl Fn() -> usize + 'static) -> Gauge {
        Gauge { what, limit, now: Box::new(now) }
    }

    /// How many there are.
    #[must_use]
    pub fn now(&self) -> usize {
        (self.now)()
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {} of {}", self.what, self.now(), self.limit)
    }
}

impl<A: Actor<Context = Context<A>>> Node<A> {
    /// Makes an actor ready to run; `routes` says which messages may reach it from outside.
    pub fn new(actor: A, mailbox: usize, routes: impl FnOnce(&Addr<A>) -> Bridge) -> Node<A> {
        let mut context = Context::new();
        context.set_mailbox_capacity(mailbox);
        let addr = actix::AsyncContext::address(&context);
        let bridge = Arc::new(routes(&addr));
        Node { addr, bridge, run: Box::pin(context.into_future(actor)), gauges: Vec::new() }
    }

    /// The node with these gauges.
    #[must_use]
    pub fn with(self, gauges: Vec<Gauge>) -> Node<A> {
        Node { gauges, ..self }
    }
}
