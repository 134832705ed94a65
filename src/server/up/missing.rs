//! The order replicas that `up` runs without, because their files were damaged when it started or failed since, and
//! how each comes back while the store runs: once its files are set aside, it is opened anew and joins.

use std::path::PathBuf;

use toystore_actors::domain::ReplicaId;
use toystore_actors::net::NodeId;
use toystore_actors::order::BOOK_FILE;

use super::store::LocalStore;
use crate::advice::{self, NotStarted};
use crate::console::logging;
use crate::console::result::say;
use crate::files::{Directory, label};
use crate::server::service::{BoundService, ServingService};

/// An order replica that the store does without.
#[derive(Debug)]
pub struct MissingReplica {
    replica: ReplicaId,
    book: PathBuf,
    /// What was said about it last.
    said: String,
}

impl MissingReplica {
    /// Says which replica did not start, why, and what helps.
    pub fn new(store: &LocalStore, replica: ReplicaId, why: &NotStarted) -> MissingReplica {
        let mut missing = MissingReplica::stopped(store, replica);
        missing.say(advice::sentence(missing.id(), why, &store.named));
        missing
    }

    /// One that ran; why it does not any more was said.
    pub fn stopped(store: &LocalStore, replica: ReplicaId) -> MissingReplica {
        let book = store.config.data.join(label(NodeId::Order(replica))).join(BOOK_FILE);
        MissingReplica { replica, book, said: String::new() }
    }

    /// Why it does not run, as it was said.
    pub fn why(&self) -> &str {
        &self.said
    }

    /// Which it is.
    pub fn id(&self) -> NodeId {
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
    pub async fn start(&mut self, store: &LocalStore) -> Option<ServingService> {
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

    async fn try_start(&self, store: &LocalStore) -> Result<Option<ServingService>, NotStarted> {
        // Whoever sets files aside, or starts a store, is soon done; the next look comes after that.
        let directory = store.config.data.join(label(self.id()));
        let opening = Directory::prepare_now(&directory).map_err(NotStarted::Directory)?;
        if opening.is_none() || !self.is_set_aside() {
            return Ok(None);
        }
        let bound = BoundService::new(&store.config, self.id(), store.listen[&self.id()])?;
        let line = bound.line();
        let opened = store.open(bound, None).await?;
        say(&[line]);
        Ok(Some(opened.serve(&store.config)?))
    }
}
