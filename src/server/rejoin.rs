//! The order replicas that `up` runs without, because their files were damaged when it started or failed since, and
//! how each comes back while the store runs: once its files are set aside, it is opened anew and joins.

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::mpsc::UnboundedReceiver;
use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_actors::order::BOOK_FILE;

use crate::advice;
use crate::advice::NotStarted;
use crate::console::failure::Failure;
use crate::console::logging;
use crate::console::result::say;
use crate::files::{Directory, label};
use crate::process::stop::stopped;
use crate::server::services::{self, Bound, Serving};
use crate::server::up::Store;

/// How often it is looked whether a replica's files were set aside.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// An order replica that the store does without.
#[derive(Debug)]
pub struct Missing {
    replica: ReplicaId,
    book: PathBuf,
    /// What was said about it last.
    said: String,
}

impl Missing {
    /// Says which replica did not start, why, and what helps.
    pub fn new(store: &Store, replica: ReplicaId, why: &NotStarted) -> Missing {
        let mut missing = Missing::stopped(store, replica);
        missing.say(advice::sentence(missing.id(), why, &store.named));
        missing
    }

    /// One that ran; why it does not any more was said.
    fn stopped(store: &Store, replica: ReplicaId) -> Missing {
        let book = store.config.data.join(label(NodeId::Order(replica))).join(BOOK_FILE);
        Missing { replica, book, said: String::new() }
    }

    fn id(&self) -> NodeId {
        NodeId::Order(self.replica)
    }

    /// Says it, unless it was said already.
    fn say(&mut self, why: String) {
        if why != self.said {
            logging::tell(self.id(), &format!("the store runs without {}: {why}", self.id()));
            self.said = why;
        }
    }

    /// Nothing is opened in the place of a file that is there: whether it still is what it was, nobody knows.
    fn is_set_aside(&self) -> bool {
        self.book.try_exists().is_ok_and(|exists| !exists)
    }

    /// Starts it if its files were set aside. `None` while they are there, or it does not start.
    async fn start(&mut self, store: &Store) -> Option<Serving> {
        if !self.is_set_aside() {
            return None;
        }
        match self.try_start(store).await {
            Ok(started) => started,
            Err(why) => {
                self.say(advice::sentence(self.id(), &why, &store.named));
                None
            }
        }
    }

    async fn try_start(&self, store: &Store) -> Result<Option<Serving>, NotStarted> {
        // Whoever sets files aside, or starts a store, is soon done; the next look comes after that.
        let directory = store.config.data.join(label(self.id()));
        let opening = Directory::prepare_now(&directory).map_err(NotStarted::Directory)?;
        if opening.is_none() || !self.is_set_aside() {
            return Ok(None);
        }
        let bound = Bound::new(&store.config, self.id(), store.listen[&self.id()])?;
        let line = bound.line();
        let opened = store.open(bound).await?;
        say(&[line]);
        Ok(Some(opened.serve(&store.config)?))
    }
}

/// Waits until the store is told to stop, and meanwhile starts the missing replicas that can be. `failed` names the
/// services whose disk failed.
///
/// # Errors
/// When what is left of the store cannot sell anything any more.
pub async fn until_stopped(
    store: &Store,
    mut missing: Vec<Missing>,
    mut failed: UnboundedReceiver<NodeId>,
    serving: &mut Vec<Serving>,
) -> Result<(), Failure> {
    let mut stop = pin!(stopped(store.config.http.drain, &store.world.leaving));
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
            services::stop(serving.extract_if(.., |service| service.id == id).collect()).await;
            missing.push(Missing::stopped(store, replica));
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
