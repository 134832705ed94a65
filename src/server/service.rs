//! Puts a service together: its socket, its actor on a thread of its own, its routes.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use futures_util::future::join_all;
use tokio::task::JoinHandle;
use toystore_actors::catalog;
use toystore_actors::domain::{FrontEndId, ReplicaId};
use toystore_actors::front_end::{self, FrontEnd};
use toystore_actors::net::{Bridge, NodeId};
use toystore_actors::order;

use super::actor_handle::ActorHandle;
use super::cluster::Watch;
use super::host::{Environment, Hold};
use super::http::listen::{Listener, ServerSettings, ServerSize};
use super::http::public::FrontEndState;
use super::live::Hub;
use super::metrics::{self, Exposition};
use super::node::{self, RunningNode};
use super::{http, settings};
use crate::advice::NotStarted;
use crate::config::{Config, PlacedStatus, ReadProducts};
use crate::console::failure::Failure;
use crate::files::label;
use crate::process::file_limits::raise_file_limit;

/// Connections of a service that only the others, and a few people, talk to.
const INTERNAL_CONNECTIONS: usize = 4096;

/// One of so many connections of shoppers may be a stream of events, so that there is room for requests.
const STREAMS_PART: usize = 4;

/// Files that are not shoppers' connections: data files, sockets to peers, the runtime's own.
const RESERVED_FILES: u64 = 1024;

/// A service whose address is taken and that does nothing yet.
#[derive(Debug)]
pub struct BoundService {
    id: NodeId,
    listener: Listener,
}

impl BoundService {
    /// Takes the address of a service: the one configured, or another.
    ///
    /// # Errors
    /// When the address is taken, or open to strangers without a token.
    pub fn new(config: &Config, id: NodeId, listen: SocketAddr) -> Result<BoundService, Failure> {
        let label = label(id);
        config.guard(&label, listen)?;
        Ok(BoundService { id, listener: http::listen::bind(&label, listen)? })
    }

    /// The node that is to run.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The line that tells where it listens.
    pub fn line(&self) -> String {
        format!("{} http://{}", label(self.id), self.listener.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.address
    }
}

/// What is answered at which path.
pub type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// A service whose files are open and whose actor runs; over HTTP nobody is answered yet.
pub struct OpenedService {
    /// The node, as its peers know it.
    pub id: NodeId,
    /// The way in for peers in this process.
    pub bridge: Arc<Bridge>,
    /// The way to the front-end's actor, if it is that.
    pub front_end: Option<ActorHandle<FrontEnd>>,
    watch: Option<Watch>,
    running: RunningNode,
    listener: Listener,
    size: ServerSize,
    hold: Hold,
    routes: Routes,
}

impl fmt::Debug for OpenedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedService").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Opens a service's files and starts its actor. `first_products` are those of a first start, if they were read already.
///
/// # Errors
/// When its files cannot be opened; each error names the file. The address is then free again.
pub async fn open(
    environment: &Environment,
    config: &Config,
    bound: BoundService,
    first_products: Option<ReadProducts>,
) -> Result<OpenedService, NotStarted> {
    let BoundService { id, listener } = bound;
    let opened = match id {
        NodeId::Catalog => open_catalog(environment, config, listener, first_products).await?,
        NodeId::Order(replica) => open_replica(environment, config, listener, replica).await?,
        NodeId::FrontEnd(number) => open_front_end(environment, config, listener, number).await?,
    };
    let gate = environment.interposer.as_ref().and_then(|between| between.gate(id));
    Ok(OpenedService { hold: Hold(gate), ..opened })
}

async fn open_catalog(
    environment: &Environment,
    config: &Config,
    listener: Listener,
    first_products: Option<ReadProducts>,
) -> Result<OpenedService, NotStarted> {
    let id = NodeId::Catalog;
    let (settings, config) = (settings::of(config).catalog(), config.clone());
    let start = move |host| {
        let products = first_products.map_or_else(|| config.products(), Into::into);
        Ok((catalog::start(host, settings, &products)?, ()))
    };
    let (running, actor, ()) = node::start(environment, id, start).await?;
    let bridge = actor.bridge.clone();
    let events = environment.events.clone();
    let exposition = exposition(environment, &running, &bridge, metrics::of_catalog(actor.clone()));
    let routes: Routes = Arc::new(move |config| {
        http::routes::catalog(&actor, &events, config);
        http::routes::metrics(&exposition, config);
    });
    Ok(internal((id, bridge), running, listener, routes))
}

async fn open_replica(
    environment: &Environment,
    config: &Config,
    listener: Listener,
    replica: ReplicaId,
) -> Result<OpenedService, NotStarted> {
    let id = NodeId::Order(replica);
    let (settings, replicas) = (settings::of(config).order(replica), config.replicas());
    let start = move |host| Ok((order::start(host, settings)?, ()));
    let (running, actor, ()) = node::start(environment, id, start).await?;
    let bridge = actor.bridge.clone();
    let events = environment.events.clone();
    let ask = metrics::of_replica(actor.clone(), replicas);
    let exposition = exposition(environment, &running, &bridge, ask);
    let routes: Routes = Arc::new(move |config| {
        http::routes::replica(&actor, &events, config);
        http::routes::metrics(&exposition, config);
    });
    Ok(internal((id, bridge), running, listener, routes))
}

async fn open_front_end(
    environment: &Environment,
    config: &Config,
    listener: Listener,
    number: FrontEndId,
) -> Result<OpenedService, NotStarted> {
    let id = NodeId::FrontEnd(number);
    let settings = settings::of(config).front_end();
    let start = move |host| {
        let started = front_end::start(host, settings)?;
        Ok((started.node, started.cache))
    };
    let (running, actor, cache) = node::start(environment, id, start).await?;
    let placed = match config.http.placed {
        PlacedStatus::Created => StatusCode::CREATED,
        PlacedStatus::Ok => StatusCode::OK,
    };
    let (clock, draining) = (environment.clock.clone(), environment.draining.clone());
    let (links, configured) = (environment.links.clone(), environment.configured.clone());
    let stopped = Box::new(move || links.stopped(&configured));
    let watch = Watch {
        me: id,
        actor: actor.clone(),
        cache: cache.clone(),
        events: environment.events.clone(),
        addresses: environment.addresses.clone(),
        token: config.token.clone(),
        cluster: Arc::default(),
        hub: Hub::new(shoppers() / STREAMS_PART),
        draining: draining.clone(),
    };
    let looked_at = (watch.cluster.clone(), watch.hub.clone());
    let bridge = actor.bridge.clone();
    let state = FrontEndState::new(actor.clone(), cache.clone(), clock, draining, placed, stopped, looked_at);
    let ask = metrics::of_front_end(actor.clone(), cache, state.requests().clone(), config.replicas());
    let exposition = exposition(environment, &running, &bridge, ask);
    let state = Data::new(state.judged_by(environment.front_door.clone()));
    let routes: Routes = Arc::new(move |config| {
        http::routes::front_end(&state, config);
        http::routes::metrics(&exposition, config);
    });
    let size = ServerSize { workers: 2, connections: shoppers() };
    Ok(OpenedService {
        id,
        bridge,
        front_end: Some(actor),
        watch: Some(watch),
        running,
        listener,
        size,
        hold: Hold(None),
        routes,
    })
}

/// A service that only the others, and a few people, talk to.
fn internal(
    (id, bridge): (NodeId, Arc<Bridge>),
    running: RunningNode,
    listener: Listener,
    routes: Routes,
) -> OpenedService {
    let (size, hold) = (internal_size(), Hold(None));
    OpenedService { id, bridge, front_end: None, watch: None, running, listener, size, hold, routes }
}

/// What a service tells a monitoring system.
fn exposition(
    environment: &Environment,
    running: &RunningNode,
    bridge: &Arc<Bridge>,
    ask: metrics::Ask,
) -> Data<Exposition> {
    let directory = environment.data.join(label(running.id()));
    Data::new(Exposition { node: running.metrics().clone(), bridge: bridge.clone(), directory, ask })
}

/// Reads the products of a first start before it makes anything; `None` if the catalog has its file.
///
/// # Errors
/// [`Failure::Usage`] with the file, the line and what is expected there.
pub fn first_products(config: &Config) -> Result<Option<ReadProducts>, Failure> {
    if config.data.join(label(NodeId::Catalog)).join(catalog::FILE).exists() {
        return Ok(None);
    }
    config.first_products().map(Some)
}

/// Of a server that only the other services, and a few people, talk to.
fn internal_size() -> ServerSize {
    ServerSize { workers: 1, connections: INTERNAL_CONNECTIONS.min(shoppers()) }
}

/// For how many connections of shoppers the files are enough.
fn shoppers() -> usize {
    usize::try_from(raise_file_limit().saturating_sub(RESERVED_FILES).clamp(64, 50_000)).unwrap_or(64)
}

/// A service that answers.
pub struct ServingService {
    /// The node, as its peers know it.
    pub id: NodeId,
    running: RunningNode,
    server: ServerHandle,
    watching: Option<Watching>,
}

/// Those who look on, and the task that tells them.
struct Watching {
    hub: Hub,
    task: JoinHandle<()>,
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.hub.close();
        self.task.abort();
    }
}

impl OpenedService {
    /// Who looks on, at a front-end.
    pub fn hub(&self) -> Option<Hub> {
        self.watch.as_ref().map(|watch| watch.hub.clone())
    }

    /// The same, with other paths before its own.
    #[must_use]
    pub fn with_routes(self, others: Routes) -> OpenedService {
        let own = self.routes;
        let routes: Routes = Arc::new(move |config| {
            others(config);
            own(config);
        });
        OpenedService { routes, ..self }
    }

    /// Starts to answer over HTTP.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn serve(self, config: &Config) -> Result<ServingService, Failure> {
        let OpenedService { id, watch, running, listener, size, hold, routes, .. } = self;
        let settings = ServerSettings { size, keep_alive: config.http.keep_alive, hold };
        let start = || -> io::Result<Server> {
            http::listen::start(listener, settings, config.token.clone(), move |config| routes(config))
        };
        let server =
            start().map_err(|error| Failure::CouldNotRun(format!("{} cannot answer: {error}", label(id))))?;
        let handle = server.handle();
        actix::spawn(async move {
            if let Err(error) = server.await {
                log::error!(node:% = id; "{} does not answer requests any more, so restart it: {error}", label(id));
            }
        });
        let watching =
            watch.map(|watch| Watching { hub: watch.hub.clone(), task: actix::spawn(watch.for_ever()) });
        Ok(ServingService { id, running, server: handle, watching })
    }
}

impl ServingService {
    /// Takes it down in the middle of whatever it does: its address is closed, and its connections break. Its disk and its
    /// network must be detached before, or the node would use them a last time (`toystore_actors::host::Node::run`).
    pub async fn crash(self) {
        self.server.stop(false).await;
        self.running.stop().await;
    }
}

/// Lets what is under way end, then takes everything down, in the order given.
pub async fn stop(mut services: Vec<ServingService>) {
    // A stream is never done: the server would wait for it.
    services.iter_mut().for_each(|service| drop(service.watching.take()));
    join_all(services.iter().map(|service| service.server.stop(true))).await;
    for service in services {
        service.running.stop().await;
    }
}
