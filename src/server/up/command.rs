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
use crate::config::{ServiceFlags, StoreFlags};
use crate::console::failure::Failure;
use crate::console::logging;
use crate::console::result::say;
use crate::process::file_limits::outlive_file_size_limit;
use crate::process::surroundings;
use crate::server::service;
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
}

/// Runs the store until it is told to stop.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let mut named = NamedStore::of(&args.store);
    let config = args.store.load_for(&args.service)?;
    logging::start(config.log_format, logging::WRONG);
    outlive_file_size_limit();
    surroundings::check()?;
    let first_products = service::first_products(&config)?;
    let listen = config.addresses.iter().map(|(&id, &address)| {
        (id, if args.free_ports { SocketAddr::new(address.ip(), 0) } else { address })
    });
    let listen: BTreeMap<NodeId, SocketAddr> = listen.collect();
    let bound = BoundServices::new(&config, &listen)?;
    let lines: Vec<_> = bound.all().map(|service| (service.id(), service.line())).collect();
    let front_end = bound.front_end.address();
    named.front_end = args.free_ports.then_some(front_end);

    let registry = Registry::default();
    let (failures, failed) = mpsc::unbounded_channel();
    let environment = environment(&config, &registry, &named, failures);
    let store = LocalStore { config, named, listen, registry, environment };
    let (opened, without) = open_all(&store, bound, first_products).await?;
    let serves = |id| opened.iter().any(|service| service.id == id);
    say(&lines.iter().filter(|(id, _)| serves(*id)).map(|(_, line)| line.clone()).collect::<Vec<_>>());
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
