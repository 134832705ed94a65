//! `toystore up`: the whole store in one process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::ExitCode;

use tokio::sync::mpsc;
use toystore_actors::net::NodeId;

use super::announce::announce;
use super::bound::BoundServices;
use super::open::open_all;
use super::store::{LocalStore, environment};
use super::supervise::until_stopped;
use crate::advice::NamedStore;
use crate::config::{Config, ReadProducts, ServiceFlags, StoreFlags};
use crate::console::failure::Failure;
use crate::console::logging;
use crate::console::result::say;
use crate::process::file_limits::outlive_file_size_limit;
use crate::process::surroundings;
use crate::server::service::{self, OpenedService};
use crate::server::transport::Registry;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    store: StoreFlags,

    #[command(flatten)]
    service: ServiceFlags,

    /// Listen on any free ports instead of those configured
    #[arg(long)]
    free_ports: bool,

    /// Let whoever sits at this machine break the store on purpose, by /lab/… at the front-end (docs/lab.md)
    #[arg(long)]
    pub lab: bool,
}

/// A store that is about to be opened: its configuration is read, its addresses are taken.
#[derive(Debug)]
pub struct Prepared {
    /// The configuration, with what the command line puts over it.
    pub config: Config,
    /// The store as a person names it.
    pub named: NamedStore,
    /// Where each service listens if it is started again: an address for which the system picks the port is another then.
    pub listen: BTreeMap<NodeId, SocketAddr>,
    /// The addresses.
    pub bound: BoundServices,
    /// The products of a first start.
    pub first_products: Option<ReadProducts>,
}

impl Prepared {
    /// Reads and checks what the command line says, and starts the log.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn new(args: &Args) -> Result<Prepared, Failure> {
        let mut named = NamedStore::of(&args.store);
        let config = args.store.load_for(&args.service)?;
        if args.lab {
            config.only_here("--lab")?;
        }
        logging::start(config.log_format, logging::WRONG);
        outlive_file_size_limit();
        surroundings::check()?;
        let first_products = service::first_products(&config)?;
        let listen = config.addresses.iter().map(|(&id, &address)| {
            (id, if args.free_ports { SocketAddr::new(address.ip(), 0) } else { address })
        });
        let listen: BTreeMap<NodeId, SocketAddr> = listen.collect();
        let bound = BoundServices::new(&config, &listen)?;
        named.front_end = args.free_ports.then_some(bound.front_end.address());
        Ok(Prepared { config, named, listen, bound, first_products })
    }
}

/// Says where the services listen that could be opened.
pub fn say_addresses(lines: &[(NodeId, String)], opened: &[OpenedService]) {
    let serves = |id| opened.iter().any(|service| service.id == id);
    say(&lines.iter().filter(|(id, _)| serves(*id)).map(|(_, line)| line.clone()).collect::<Vec<_>>());
}

/// Runs the store until it is told to stop.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let Prepared { config, named, listen, bound, first_products } = Prepared::new(&args)?;
    let lines = bound.lines();
    let front_end = bound.front_end.address();
    let registry = Registry::default();
    let (failures, failed) = mpsc::unbounded_channel();
    let environment = environment(&config, &registry, &named, failures);
    let store = LocalStore { config, named, listen, registry, environment };
    let (opened, without) = open_all(&store, bound, first_products).await?;
    say_addresses(&lines, &opened);
    let actor = opened.iter().find_map(|service| service.front_end.clone());
    let mut serving = Vec::new();
    for service in opened.into_iter().rev() {
        serving.push(service.serve(&store.config)?);
    }
    if let Some(actor) = actor {
        actix::spawn(announce(actor, front_end));
    }
    let ended = until_stopped(&store, without, failed, &mut serving).await;
    service::stop(serving).await;
    ended.map(|()| ExitCode::SUCCESS)
}
