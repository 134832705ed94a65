//! `toystore serve`: one service of the store in a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use toystore_actors::net::NodeId;

use crate::advice::{self, NamedStore};
use crate::config::{Config, MAX_DRAIN_S, Overrides, list};
use crate::console::failure::{COULD_NOT_RUN, Failure};
use crate::console::logging::{self, LogFormat};
use crate::console::result::say;
use crate::files::{Directory, label};
use crate::process::file_limits::outlive_file_size_limit;
use crate::process::stop::{Leaving, stopped};
use crate::process::surroundings;
use crate::server::host::{SystemClock, World};
use crate::server::services::{self, Bound};
use crate::server::transport::{Remote, RemoteLinks};

/// Which kind of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The shoppers' door, the cache, and the view of who leads
    FrontEnd,
    /// Products and stock
    Catalog,
    /// One replica of the order book
    Order,
}

/// What the command line says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The service to run
    service: Kind,

    /// Which of several, by its id in the configuration
    #[arg(long, value_name = "N")]
    id: Option<u8>,

    /// The configuration that lists all services
    #[arg(long, value_name = "FILE", env = "TOYSTORE_CONFIG")]
    config: PathBuf,

    /// Listen here instead of at the address that its peers use; port 0 is any free one
    #[arg(long, value_name = "IP:PORT", env = "TOYSTORE_LISTEN")]
    listen: Option<SocketAddr>,

    /// Where the data file is kept [default: as configured, else ./toystore-data]
    #[arg(long, value_name = "DIR", env = "TOYSTORE_DATA")]
    data: Option<PathBuf>,

    /// The secret that the services show each other; better given in the environment
    #[arg(long, value_name = "SECRET", env = "TOYSTORE_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// How the log is written [default: as configured, else text]
    #[arg(long, value_name = "FORMAT", env = "TOYSTORE_LOG_FORMAT")]
    log_format: Option<LogFormat>,

    /// For the front-end: how long it still serves once it is told to stop, while /readyz says 503 [default: as configured,
    /// else 0]
    #[arg(long, value_name = "SECONDS", env = "TOYSTORE_DRAIN_S", value_parser = clap::value_parser!(u64).range(0..=MAX_DRAIN_S))]
    drain_s: Option<u64>,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let store = NamedStore { config: Some(args.config.clone()), data: args.data.clone(), front_end: None };
    let overrides =
        Overrides { data: args.data, token: args.token, log_format: args.log_format, drain_s: args.drain_s };
    let config = Config::load(Some(&args.config), &overrides)?;
    logging::start(config.log_format, logging::TURNING_POINTS);
    outlive_file_size_limit();
    surroundings::check()?;
    config.findable()?;
    let id = which(&config, args.service, args.id)?;
    if id == NodeId::Catalog {
        services::check_products(&config)?;
    }
    let listen = args.listen.unwrap_or(config.addresses[&id]);
    let bound = Bound::new(&config, id, listen)?;
    let line = bound.line();
    let opening = Directory::prepare(&config.data.join(label(id))).map_err(Failure::CouldNotRun)?;
    if id == NodeId::Catalog {
        advice::catalog_is_gone(&config, &store, advice::FIRST_START)
            .iter()
            .for_each(|gone| logging::tell(NodeId::Catalog, gone));
    }
    let world = world(&config);
    let opened = services::open(&world, &config, bound).await;
    let opened = opened.map_err(|why| advice::failure(id, why, &store))?;
    drop(opening);
    say(&[line]);
    let serving = opened.serve(&config)?;
    // Only a front-end has a balancer in front of it.
    let drain = if matches!(id, NodeId::FrontEnd(_)) { config.http.drain } else { Duration::ZERO };
    stopped(drain, &world.leaving).await;
    services::stop(vec![serving]).await;
    Ok(ExitCode::SUCCESS)
}

/// Finds the service in the configuration.
fn which(config: &Config, kind: Kind, id: Option<u8>) -> Result<NodeId, Failure> {
    let ids = match kind {
        Kind::Catalog if id.is_some() => {
            return Err(Failure::Usage("there is one catalog; leave --id out".into()));
        }
        Kind::Catalog => return Ok(NodeId::Catalog),
        Kind::FrontEnd => config.front_ends(),
        Kind::Order => config.replicas(),
    };
    let id = match (id, ids.as_slice()) {
        (Some(id), _) => id,
        (None, [only]) => *only,
        (None, _) => return Err(Failure::Usage(format!("say which one with --id: {}", list(&ids)))),
    };
    match kind {
        Kind::FrontEnd => config.front_end(id).map(NodeId::FrontEnd),
        _ => config.replica(id).map(NodeId::Order),
    }
}

/// The peers are other processes. A node whose disk failed has nothing left to do here.
fn world(config: &Config) -> World {
    let remote = Remote { addresses: config.addresses.clone(), token: config.token.clone() };
    World {
        data: config.data.clone(),
        configured: config.addresses.keys().copied().collect(),
        links: Arc::new(RemoteLinks(Arc::new(remote))),
        clock: Arc::new(SystemClock::default()),
        leaving: Leaving::default(),
        on_failure: Arc::new(|id, failure| {
            let _ = Failure::CouldNotRun(format!("{} stopped: {failure}", label(id))).report();
            process::exit(i32::from(COULD_NOT_RUN));
        }),
    }
}
