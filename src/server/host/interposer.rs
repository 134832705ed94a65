//! What can be put between the nodes of this process and the machine.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::LocalBoxFuture;
use toystore_actors::net::{NodeId, Transport};
use toystore_actors::storage::Storage;

/// Stands between a node and the machine. A store that is meant to work has none: the lab breaks things with it. All
/// but [`Interposer::gate`] is called on the node's own thread, when the node is made.
pub trait Interposer: Send + Sync {
    /// What the node has for its files.
    fn storage(&self, node: NodeId, files: Rc<dyn Storage>) -> Rc<dyn Storage>;

    /// What carries the node's calls.
    fn transport(&self, node: NodeId, transport: Rc<dyn Transport>) -> Rc<dyn Transport>;

    /// What is polled instead of the node's actor.
    fn run(&self, node: NodeId, actor: LocalBoxFuture<'static, ()>) -> LocalBoxFuture<'static, ()>;

    /// What holds up the connections of those who ask the node over HTTP, if anything may.
    fn gate(&self, node: NodeId) -> Option<Arc<dyn Gate>>;
}

/// What holds a server's connections up, if anything may.
#[derive(Clone)]
pub struct Hold(pub Option<Arc<dyn Gate>>);

impl Hold {
    /// Ready while nothing holds them up.
    pub fn poll_open(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_ref().map_or(Poll::Ready(()), |gate| gate.poll_open(cx))
    }
}

/// Holds connections up: nothing is read from them or written to them while it is shut.
pub trait Gate: Send + Sync {
    /// Ready while it is open; whoever is told to wait is woken when it opens.
    fn poll_open(&self, cx: &mut Context<'_>) -> Poll<()>;
}
