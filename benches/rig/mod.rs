//! The store's services in this process, as `toystore up` runs them: the same actors, threads, files and
//! bridges, on the built-in configuration. Only the sockets are missing.

#![allow(dead_code, reason = "each bench uses its part of it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use tempfile::TempDir;
use toystore::config::{Config, Overrides};
use toystore::process::stop::Draining;
use toystore::server::actor_handle::ActorHandle;
use toystore::server::host::{Addresses, Environment, EventLog, SystemClock};
use toystore::server::node::{self, RunningNode};
use toystore::server::settings;
use toystore::server::transport::Registry;
use toystore_actors::catalog::{self, Catalog, Source};
use toystore_actors::domain::ReplicaId;
use toystore_actors::front_end::{self, Cache, FrontEnd};
use toystore_actors::host::{Host, Node};
use toystore_actors::messages::front_end::GetReadiness;
use toystore_actors::net::NodeId;
use toystore_actors::order::{self, OrderReplica};
use toystore_actors::storage::OpenError;

/// More of each product than any bench buys.
const PLENTY: u64 = 1 << 50;

/// A directory on a real disk, where a sync costs what it costs.
pub fn on_disk() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory for the bench")
}

/// A directory whose files are memory, which has no sync; `None` where the system has no such place.
pub fn in_memory() -> Option<TempDir> {
    tempfile::tempdir_in("/dev/shm").ok()
}

/// Looks again and again until it is so.
pub async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Services that reach each other.
pub struct Rig {
    config: Config,
    /// What they run on.
    pub environment: Environment,
    registry: Registry,
    running: BTreeMap<NodeId, RunningNode>,
}

impl Rig {
    /// Nothing runs yet; the files are in `data`.
    pub fn new(data: &Path) -> Rig {
        let overrides = Overrides { data: Some(data.to_owned()), ..Overrides::default() };
        let config = Config::load(None, &overrides).expect("the built-in configuration");
        let registry = Registry::default();
        let environment = Environment {
            data: data.to_owned(),
            configured: config.addresses.keys().copied().collect(),
            links: Arc::new(registry.clone()),
            clock: Arc::new(SystemClock::default()),
            draining: Draining::default(),
            addresses: Addresses::configured(&config.addresses),
            events: EventLog::default(),
            on_failure: Arc::new(|id, failure| {
                eprintln!("{id} failed: {failure}");
                process::exit(1);
            }),
            front_door: None,
            interposer: None,
        };
        Rig { config, environment, registry, running: BTreeMap::new() }
    }

    /// Starts the catalog.
    pub async fn catalog(&mut self) -> ActorHandle<Catalog> {
        let settings = settings::of(&self.config).catalog();
        let mut products = (self.config.products().read)().expect("the built-in catalog");
        for product in &mut products {
            product.quantity = PLENTY;
        }
        let start = move |host| Ok((catalog::start(host, settings, &Source::of(products))?, ()));
        self.start(NodeId::Catalog, start).await.0
    }

    /// Starts an order replica.
    pub async fn replica(&mut self, id: ReplicaId) -> ActorHandle<OrderReplica> {
        let settings = settings::of(&self.config).order(id);
        self.start(NodeId::Order(id), move |host| Ok((order::start(host, settings)?, ()))).await.0
    }

    /// Starts the front-end.
    pub async fn front_end(&mut self) -> (ActorHandle<FrontEnd>, Arc<Cache>) {
        let number = self.config.front_end;
        let settings = settings::of(&self.config).front_end();
        let start = move |host| {
            let started = front_end::start(host, settings)?;
            Ok((started.node, started.cache))
        };
        self.start(NodeId::FrontEnd(number), start).await
    }

    /// Starts all five, and waits until orders can be placed: before that the catalog shows nothing, either.
    pub async fn store(&mut self) -> (ActorHandle<FrontEnd>, Arc<Cache>) {
        self.catalog().await;
        for id in self.config.replicas() {
            self.replica(id).await;
        }
        let (actor, cache) = self.front_end().await;
        until(async || actor.ask(GetReadiness {}).await.is_ok_and(|readiness| readiness.ready)).await;
        (actor, cache)
    }

    async fn start<A: Actor, T: Send + 'static>(
        &mut self,
        id: NodeId,
        start: impl FnOnce(Host) -> Result<(Node<A>, T), OpenError> + Send + 'static,
    ) -> (ActorHandle<A>, T) {
        let started = node::start(&self.environment, id, start).await;
        let (running, actor, rest) = started.unwrap_or_else(|failure| panic!("{failure}"));
        self.registry.insert(id, actor.bridge.clone());
        self.running.insert(id, running);
        (actor, rest)
    }

    /// Stops a service and waits until its files are closed.
    pub async fn stop(&mut self, id: NodeId) {
        self.registry.remove(id);
        if let Some(running) = self.running.remove(&id) {
            running.stop().await;
        }
    }

    /// Stops all that run, the front-end first.
    pub async fn stop_all(&mut self) {
        while let Some(id) = self.running.keys().next().copied() {
            self.stop(id).await;
        }
    }
}
