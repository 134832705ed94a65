//! What all services of one process have in common.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use toystore_actors::net::NodeId;

use crate::advice::{self, NamedStore, NotStarted};
use crate::config::{Config, ReadProducts};
use crate::console::logging;
use crate::files::label;
use crate::process::stop::Draining;
use crate::server::host::{Addresses, Environment, EventLog, SystemClock};
use crate::server::service::{self, BoundService, OpenedService};
use crate::server::transport::Registry;

/// A whole store in this process.
pub struct LocalStore {
    /// The configuration, with what the command line puts over it.
    pub config: Config,
    /// The store as a person names it, for the commands that are told.
    pub named: NamedStore,
    /// Where each service listens.
    pub listen: BTreeMap<NodeId, SocketAddr>,
    /// The ways from one to the other.
    pub registry: Registry,
    /// What each is made from.
    pub environment: Environment,
}

impl LocalStore {
    /// Opens a service, and lets the others reach it.
    ///
    /// # Errors
    /// See [`service::open`].
    pub async fn open(
        &self,
        bound: BoundService,
        first_products: Option<ReadProducts>,
    ) -> Result<OpenedService, NotStarted> {
        self.environment.addresses.listens(bound.id(), bound.address());
        let opened = service::open(&self.environment, &self.config, bound, first_products).await?;
        self.registry.insert(opened.id, opened.bridge.clone());
        Ok(opened)
    }
}

/// All nodes reach each other through the registry. One whose disk fails leaves it; the others go on.
pub fn environment(
    config: &Config,
    registry: &Registry,
    named: &NamedStore,
    failed: UnboundedSender<NodeId>,
) -> Environment {
    let (nodes, named) = (registry.clone(), named.clone());
    Environment {
        data: config.data.clone(),
        configured: config.addresses.keys().copied().collect(),
        links: Arc::new(registry.clone()),
        clock: Arc::new(SystemClock::default()),
        draining: Draining::default(),
        addresses: Addresses::configured(&config.addresses),
        events: EventLog::default(),
        on_failure: Arc::new(move |id, failure| {
            nodes.remove(id);
            let help = advice::after_failure(id, &named);
            let others = if matches!(id, NodeId::Order(_)) { "; the other services go on" } else { "" };
            logging::tell(id, &format!("{} stopped: {failure}{others}{help}", label(id)));
            // Nobody hears it when the store is being stopped.
            let _ = failed.send(id);
        }),
        front_door: None,
        interposer: None,
    }
}
