//! Puts a service together: its socket, its actor on a thread of its own, its routes.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::{Server, ServerHandle};
use actix_web::http::StatusCode;
use actix_web::web::{Data, ServiceConfig};
use futures_util::future::join_all;
use toystore_actors::catalog::{self, CatalogConfig};
use toystore_actors::front_end::{self, FrontEnd, FrontEndConfig};
use toystore_actors::net::{Bridge, NodeId};
use toystore_actors::order::{self, OrderConfig};

use crate::advice::NotStarted;
use crate::config::Config;
use crate::console::failure::Failure;
use crate::files::label;
use crate::process::file_limits::raise_file_limit;
use crate::server::host::World;
use crate::server::http;
use crate::server::http::listen::{Listener, Settings, Size};
use crate::server::http::public::Front;
use crate::server::node::{self, Door, Running};

/// Connections of a service that only the others, and a few people, talk to.
const INTERNAL_CONNECTIONS: usize = 4096;

/// Files that are not shoppers' connections: data files, sockets to peers, the runtime's own.
const RESERVED_FILES: u64 = 1024;

/// A service whose address is taken and that does nothing yet.
#[derive(Debug)]
pub struct Bound {
    id: NodeId,
    listener: Listener,
}

impl Bound {
    /// Takes the address of a service: the one configured, or another.
    ///
    /// # Errors
    /// When the address is taken, or open to strangers without a token.
    pub fn new(config: &Config, id: NodeId, listen: SocketAddr) -> Result<Bound, Failure> {
        let label = label(id);
        config.guard(&label, listen)?;
        Ok(Bound { id, listener: http::listen::bind(&label, listen)? })
    }

    /// Which service.
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

type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// A service whose files are open and whose actor runs; over HTTP nobody is answered yet.
pub struct Opened {
    /// Which.
    pub id: NodeId,
    /// The way in for peers in this process.
    pub bridge: Arc<Bridge>,
    /// The front-end's own door.
    pub front_end: Option<Door<FrontEnd>>,
    running: Running,
    listener: Listener,
    size: Size,
    routes: Routes,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Opens a service's files and starts its actor.
///
/// # Errors
/// When its files cannot be opened; each error names the file. The address is then free again.
pub async fn open(world: &World, config: &Config, bound: Bound) -> Result<Opened, NotStarted> {
    let Bound { id, listener } = bound;
    let internal = Size { workers: 1, connections: INTERNAL_CONNECTIONS.min(shoppers()) };
    match id {
        NodeId::Catalog => {
            let (settings, config) = (catalog_settings(config), config.clone());
            let start = move |host| Ok((catalog::start(host, settings, &config.products())?, ()));
            let (running, door, ()) = node::start(world, id, start).await?;
            let bridge = door.bridge.clone();
            let routes: Routes = Arc::new(move |config| http::routes::catalog(&door, config));
            Ok(Opened { id, bridge, front_end: None, running, listener, size: internal, routes })
        }
        NodeId::Order(replica) => {
            let settings = order_settings(config, replica);
            let (running, door, ()) =
                node::start(world, id, move |host| Ok((order::start(host, settings)?, ()))).await?;
            let bridge = door.bridge.clone();
            let routes: Routes = Arc::new(move |config| http::routes::replica(&door, config));
            Ok(Opened { id, bridge, front_end: None, running, listener, size: internal, routes })
        }
        NodeId::FrontEnd(number) => {
            let settings = front_end_settings(config, number);
            let (running, door, cache) = node::start(world, id, move |host| {
                let started = front_end::start(host, settings)?;
                Ok((started.node, started.cache))
            })
            .await?;
            let placed = StatusCode::from_u16(config.http.placed).unwrap_or(StatusCode::CREATED);
            let (clock, leaving) = (world.clock.clone(), world.leaving.clone());
            let (links, configured) = (world.links.clone(), world.configured.clone());
            let stopped = Box::new(move || links.stopped(&configured));
            let front = Data::new(Front::new(door.clone(), cache, clock, leaving, placed, stopped));
            let routes: Routes = Arc::new(move |config| http::routes::front_end(&front, config));
            let bridge = door.bridge.clone();
            let size = Size { workers: 2, connections: shoppers() };
            Ok(Opened { id, bridge, front_end: Some(door), running, listener, size, routes })
        }
    }
}

/// Before a first start makes anything: refuses products that could not be imported.
///
/// # Errors
/// [`Failure::Usage`] with the file, the line and what is expected there.
pub fn check_products(config: &Config) -> Result<(), Failure> {
    if config.data.join(label(NodeId::Catalog)).join(catalog::FILE).exists() {
        return Ok(());
    }
    (config.products().read)().map(|_| ()).map_err(Failure::Usage)
}

/// How the catalog works, by the configuration.
pub fn catalog_settings(config: &Config) -> CatalogConfig {
    CatalogConfig {
        front_ends: config.front_ends(),
        lease: config.cache.lease,
        drift_percent: config.cache.drift_percent,
        restock_every: config.restock.every,
        restock_to: config.restock.to,
        call_limit: config.timing.call_limit,
        max_calls: config.max_calls,
        refusals: catalog::REFUSALS,
    }
}

/// How an order replica works, by the configuration.
pub fn order_settings(config: &Config, id: u8) -> OrderConfig {
    OrderConfig {
        id,
        replicas: config.replicas(),
        front_ends: config.front_ends(),
        call_limit: config.timing.call_limit,
        drop_after: config.timing.drop_after,
        retry_every: config.timing.retry_every,
        max_calls: config.max_calls,
        limits: order::Limits::default(),
    }
}

/// How a front-end works, by the configuration.
pub fn front_end_settings(config: &Config, number: u8) -> FrontEndConfig {
    FrontEndConfig {
        number,
        replicas: config.replicas(),
        cache_capacity: config.cache.capacity,
        lease: config.cache.lease,
        heartbeat: config.timing.heartbeat,
        suspect_after: config.timing.suspect_after,
        call_limit: config.timing.call_limit,
        deadline: config.timing.order_deadline,
        max_calls: config.max_calls,
        max_requests: config.max_calls,
        limits: front_end::Limits::default(),
        render: http::render_product,
    }
}

/// For how many connections of shoppers the files are enough.
fn shoppers() -> usize {
    usize::try_from(raise_file_limit().saturating_sub(RESERVED_FILES).clamp(64, 50_000)).unwrap_or(64)
}

/// A service that answers.
pub struct Serving {
    /// Which.
    pub id: NodeId,
    running: Running,
    server: ServerHandle,
}

impl Opened {
    /// Starts to answer over HTTP.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn serve(self, config: &Config) -> Result<Serving, Failure> {
        let Opened { id, running, listener, size, routes, .. } = self;
        let settings = Settings { size, keep_alive: config.http.keep_alive };
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
        Ok(Serving { id, running, server: handle })
    }
}

/// Lets what is under way end, then takes everything down, in the order given.
pub async fn stop(services: Vec<Serving>) {
    join_all(services.iter().map(|service| service.server.stop(true))).await;
    for service in services {
        service.running.stop().await;
    }
}
