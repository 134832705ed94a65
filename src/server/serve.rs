//! `toystore serve`: one service of the store in a process of its own.

use std::net::SocketAddr;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use toystore_actors::net::NodeId;

use crate::advice::{self, NamedStore};
use crate::config::{Config, ServiceFlags, StoreFlags, list};
use crate::console::failure::{COULD_NOT_RUN, Failure};
use crate::console::logging;
use crate::console::result::say;
use crate::files::{Directory, label};
use crate::process::file_limits::outlive_file_size_limit;
use crate::process::stop::{Draining, stopped};
use crate::process::surroundings;
use crate::server::host::{Addresses, Environment, EventLog, SystemClock};
use crate::server::service::{self, BoundService};
use crate::server::transport::{Remote, RemoteLinks};

/// The services that a process can run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ServiceKind {
    /// What shoppers talk to, the cache, and the view of who leads
    FrontEnd,
    /// Products and stock
    Catalog,
    /// One replica of the order book
    Order,
}

/// What the command line says. A single service has to know where the others are.
#[derive(Debug, clap::Args)]
#[command(mut_arg("config", |config| config.required(true).help("The configuration that lists all services")))]
pub struct Args {
    /// The service to run
    service: ServiceKind,

    /// Which of several, by its id in the configuration
    #[arg(long, value_name = "N")]
    id: Option<u8>,

    #[command(flatten)]
    store: StoreFlags,

    #[command(flatten)]
    flags: ServiceFlags,

    /// Listen here instead of at the address that its peers use; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", env = "TOYSTORE_LISTEN")]
    listen: Option<SocketAddr>,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let store = NamedStore::of(&args.store);
    let config = args.store.load_for(&args.flags)?;
    logging::start(config.log_format, logging::TURNING_POINTS);
    outlive_file_size_limit();
    surroundings::check()?;
    config.findable()?;
    let id = which(&config, args.service, args.id)?;
    let first_products = if id == NodeId::Catalog { service::first_products(&config)? } else { None };
    let listen = args.listen.unwrap_or(config.addresses[&id]);
    let bound = BoundService::new(&config, id, listen)?;
    let line = bound.line();
    let opening = Directory::prepare(&config.data.join(label(id))).map_err(Failure::CouldNotRun)?;
    if id == NodeId::Catalog {
        advice::catalog_is_gone(&config, &store, advice::FIRST_START)
            .iter()
            .for_each(|gone| logging::tell(NodeId::Catalog, gone));
    }
    let environment = environment(&config);
    let opened = service::open(&environment, &config, bound, first_products).await;
    let opened = opened.map_err(|why| advice::failure(id, why, &store))?;
    drop(opening);
    say(&[line]);
    let serving = opened.serve(&config)?;
    // Only a front-end has a balancer in front of it.
    let drain = if matches!(id, NodeId::FrontEnd(_)) { config.http.drain } else { Duration::ZERO };
    stopped(drain, &environment.draining).await;
    service::stop(vec![serving]).await;
    Ok(ExitCode::SUCCESS)
}

/// Finds the service in the configuration.
fn which(config: &Config, kind: ServiceKind, id: Option<u8>) -> Result<NodeId, Failure> {
    match (kind, id) {
        (ServiceKind::Catalog, None) => Ok(NodeId::Catalog),
        (ServiceKind::Catalog, Some(_)) => Err(Failure::Usage("there is one catalog; leave --id out".into())),
        (ServiceKind::FrontEnd, None) => Ok(NodeId::FrontEnd(config.front_end)),
        (ServiceKind::FrontEnd, Some(id)) => config.front_end(id).map(NodeId::FrontEnd),
        (ServiceKind::Order, Some(id)) => config.replica(id).map(NodeId::Order),
        (ServiceKind::Order, None) => match config.replicas().as_slice() {
            [only] => Ok(NodeId::Order(*only)),
            several => Err(Failure::Usage(format!("say which one with --id: {}", list(several)))),
        },
    }
}

/// The peers are other processes. A node whose disk failed has nothing left to do here.
fn environment(config: &Config) -> Environment {
    let remote = Remote { addresses: config.addresses.clone(), token: config.token.clone() };
    Environment {
        data: config.data.clone(),
        configured: config.addresses.keys().copied().collect(),
        links: Arc::new(RemoteLinks(Arc::new(remote))),
        clock: Arc::new(SystemClock::default()),
        draining: Draining::default(),
        addresses: Addresses::configured(&config.addresses),
        events: EventLog::default(),
        on_failure: Arc::new(|id, failure| {
            let _ = Failure::CouldNotRun(format!("{} stopped: {failure}", label(id))).report();
            process::exit(i32::from(COULD_NOT_RUN));
        }),
        front_door: None,
        interposer: None,
    }
}
