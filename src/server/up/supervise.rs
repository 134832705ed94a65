//! Keeps a store running until it is told to stop.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::mpsc::UnboundedReceiver;
use toystore_actors::net::NodeId;

use super::missing::MissingReplica;
use super::store::LocalStore;
use crate::console::failure::Failure;
use crate::files::label;
use crate::process::stop::stopped;
use crate::server::service::{self, ServingService};

/// How often it is looked whether a replica's files were set aside.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Waits until the store is told to stop, and meanwhile starts the missing replicas that can be. `failed` names the
/// services whose disk failed.
///
/// # Errors
/// When what is left of the store cannot sell anything any more.
pub async fn until_stopped(
    store: &LocalStore,
    mut missing: Vec<MissingReplica>,
    mut failed: UnboundedReceiver<NodeId>,
    serving: &mut Vec<ServingService>,
) -> Result<(), Failure> {
    let mut stop = pin!(stopped(store.config.http.drain, &store.environment.draining));
    loop {
        let pause = pin!(next(&mut failed, !missing.is_empty()));
        let Either::Right((stopped, _)) = select(stop.as_mut(), pause).await else {
            return Ok(());
        };
        if let Some(id @ (NodeId::Catalog | NodeId::FrontEnd(_))) = stopped {
            return Err(Failure::CouldNotRun(format!(
                "the store stops: nothing is sold without its {}",
                label(id)
            )));
        }
        // Nothing from here on is dropped when the store is told to stop: a node that was half started would not
        // be stopped.
        if let Some(id @ NodeId::Order(replica)) = stopped {
            service::stop(serving.extract_if(.., |service| service.id == id).collect()).await;
            missing.push(MissingReplica::stopped(store, replica));
        }
        let mut still = Vec::new();
        for mut replica in missing {
            match replica.start(store).await {
                Some(started) => serving.push(started),
                None => still.push(replica),
            }
        }
        missing = still;
        if missing.len() == store.config.replicas().len() {
            let why = "the store stops: no order replica is left that could take an order";
            return Err(Failure::CouldNotRun(why.into()));
        }
    }
}

/// The next service that failed; `None` when it is time to look after the missing ones.
async fn next(failed: &mut UnboundedReceiver<NodeId>, missing: bool) -> Option<NodeId> {
    if missing {
        tokio::time::timeout(LOOK_EVERY, failed.recv()).await.ok().flatten()
    } else {
        failed.recv().await
    }
}
