//! Runs one actor on a thread of its own, until it is stopped or its disk fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use actix::{Actor, Addr, Arbiter};
use futures_util::future;
use tokio::sync::{Notify, oneshot};
use toystore_actors::host::{Host, Node};
use toystore_actors::net::{Bridge, BridgeError, NodeId, Rpc};
use toystore_actors::storage::OpenError;

use crate::advice::NotStarted;
use crate::console::failure::Failure;
use crate::files::label;
use crate::process::panics;
use crate::server::host::World;

/// Jobs of one node that may block on the disk at once. A node commits one at a time; the rest are reads.
const DISK_THREADS: usize = 8;

/// The way into a running actor, from any thread.
pub struct Door<A: Actor> {
    /// Its mailbox.
    pub addr: Addr<A>,
    /// Its encoded messages, and its limit of calls under way.
    pub bridge: Arc<Bridge>,
}

impl<A: Actor> Clone for Door<A> {
    fn clone(&self) -> Self {
        Door { addr: self.addr.clone(), bridge: self.bridge.clone() }
    }
}

impl<A: Actor> Door<A> {
    /// Asks the actor, under its limit of calls under way.
    ///
    /// # Errors
    /// When it has too much to do, or has stopped.
    pub async fn ask<M>(&self, message: M) -> Result<M::Reply, BridgeError>
    where
        M: Rpc,
        A: actix::Handler<M>,
        A::Context: actix::dev::ToEnvelope<A, M>,
    {
        self.bridge.send(&self.addr, message).await
    }
}

/// A running node.
pub struct Running {
    id: NodeId,
    stop: Arc<Notify>,
    gone: oneshot::Receiver<()>,
    arbiter: Arbiter,
}

impl Running {
    /// Takes the actor down and waits until its files are closed.
    pub async fn stop(self) {
        self.stop.notify_one();
        // An error means that it is gone already.
        let _ = self.gone.await;
        self.arbiter.stop();
        if self.arbiter.join().is_err() {
            log::warn!(node:% = self.id; "the thread of {} panicked while it was stopped", self.id);
        }
    }
}

/// Starts a node. `start` opens its files and makes the actor, on the node's own thread; what it returns
/// beside the actor is handed back.
///
/// # Errors
/// When its files cannot be opened, or the system gives it no thread.
pub async fn start<A, T>(
    world: &World,
    id: NodeId,
    start: impl FnOnce(Host) -> Result<(Node<A>, T), OpenError> + Send + 'static,
) -> Result<(Running, Door<A>, T), NotStarted>
where
    A: Actor + 'static,
    T: Send + 'static,
{
    let could_not = |what: &dyn std::fmt::Display| {
        NotStarted::Other(Failure::CouldNotRun(format!("cannot start {id}: {what}")))
    };
    let arbiter = Arbiter::try_with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(DISK_THREADS)
            .thread_name("storage")
            .build()
    })
    .map_err(|error| could_not(&error))?;
    let stop = Arc::new(Notify::new());
    let (opened_tx, opened) = oneshot::channel();
    let (gone_tx, gone) = oneshot::channel();
    let (world, signal) = (world.clone(), stop.clone());
    arbiter.spawn_fn(move || {
        let opened = open(&world, id, &signal, start);
        let reply = opened.map(|(node, rest)| {
            let door = Door { addr: node.addr, bridge: node.bridge };
            let run = node.run;
            actix::spawn(async move {
                let stopped = pin!(signal.notified());
                future::select(run, stopped).await;
                let _ = gone_tx.send(());
            });
            (door, rest)
        });
        // Whoever started it has given up; there is nobody to tell.
        let _ = opened_tx.send(reply);
    });
    match opened.await {
        Ok(Ok((door, rest))) => Ok((Running { id, stop, gone, arbiter }, door, rest)),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(could_not(&"its thread ended")),
    }
}

fn open<A: Actor, T>(
    world: &World,
    id: NodeId,
    stop: &Arc<Notify>,
    start: impl FnOnce(Host) -> Result<(Node<A>, T), OpenError>,
) -> Result<(Node<A>, T), NotStarted> {
    let signal = stop.clone();
    let host = world.host(id, move || signal.notify_one()).map_err(NotStarted::Directory)?;
    let opened = panics::contained(|| catch_unwind(AssertUnwindSafe(|| start(host))));
    opened.unwrap_or_else(|_| Err(nonsense(world, id))).map_err(NotStarted::File)
}

/// The actor could not be made of what its file holds. (What the panic said is in the log.)
fn nonsense(world: &World, id: NodeId) -> OpenError {
    OpenError::Damaged {
        file: world.data.join(label(id)).display().to_string(),
        why: "what it holds makes no sense; TOYSTORE_LOG=debug says more".into(),
    }
}
