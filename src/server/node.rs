//! Runs one actor on a thread of its own, until it is stopped or its disk fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use actix::{Actor, Arbiter};
use futures_util::future;
use tokio::sync::{Notify, oneshot};
use toystore_actors::host::{Host, Node};
use toystore_actors::net::NodeId;
use toystore_actors::storage::OpenError;

use super::actor_handle::ActorHandle;
use crate::advice::NotStarted;
use crate::console::failure::Failure;
use crate::files::label;
use crate::process::panics;
use crate::server::host::Environment;
use crate::server::metrics::NodeMetrics;

/// Jobs of one node that may block on the disk at once. A node commits one at a time; the rest are reads.
const DISK_THREADS: usize = 8;

/// A running node.
pub struct RunningNode {
    id: NodeId,
    stop: Arc<Notify>,
    gone: oneshot::Receiver<()>,
    arbiter: Arbiter,
    metrics: Arc<NodeMetrics>,
}

impl RunningNode {
    /// Which node it is.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// What is counted of it.
    pub fn metrics(&self) -> &Arc<NodeMetrics> {
        &self.metrics
    }

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
    environment: &Environment,
    id: NodeId,
    start: impl FnOnce(Host) -> Result<(Node<A>, T), OpenError> + Send + 'static,
) -> Result<(RunningNode, ActorHandle<A>, T), NotStarted>
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
    let (environment, signal) = (environment.clone(), stop.clone());
    let (metrics, limit_answers) = NodeMetrics::new(id);
    let counted = metrics.clone();
    arbiter.spawn_fn(move || {
        let opened = open(&environment, id, &counted, &signal, start);
        let reply = opened.map(|(node, rest)| {
            let actor = ActorHandle { addr: node.addr, bridge: node.bridge };
            let run = match &environment.interposer {
                Some(between) => between.run(id, node.run),
                None => node.run,
            };
            let answering = actix::spawn(limit_answers.answer(node.gauges));
            actix::spawn(async move {
                let stopped = pin!(signal.notified());
                future::select(run, stopped).await;
                answering.abort();
                let _ = gone_tx.send(());
            });
            (actor, rest)
        });
        // Whoever started it has given up; there is nobody to tell.
        let _ = opened_tx.send(reply);
    });
    match opened.await {
        Ok(Ok((actor, rest))) => Ok((RunningNode { id, stop, gone, arbiter, metrics }, actor, rest)),
        Ok(Err(why)) => Err(why),
        Err(_) => Err(could_not(&"its thread ended")),
    }
}

fn open<A: Actor, T>(
    environment: &Environment,
    id: NodeId,
    metrics: &NodeMetrics,
    stop: &Arc<Notify>,
    start: impl FnOnce(Host) -> Result<(Node<A>, T), OpenError>,
) -> Result<(Node<A>, T), NotStarted> {
    let signal = stop.clone();
    let host = environment.host(id, metrics, move || signal.notify_one()).map_err(NotStarted::Directory)?;
    let opened = panics::contained(|| catch_unwind(AssertUnwindSafe(|| start(host))));
    opened.unwrap_or_else(|_| Err(nonsense(environment, id))).map_err(NotStarted::File)
}

/// The actor could not be made of what its file holds. (What the panic said is in the log.)
fn nonsense(environment: &Environment, id: NodeId) -> OpenError {
    OpenError::Damaged {
        file: environment.data.join(label(id)).display().to_string(),
        why: "what it holds makes no sense; TOYSTORE_LOG=debug says more".into(),
    }
}
