//! `toystore up`: the whole store in one process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc::{self, UnboundedSender};
use toystore_actors::domain::ReplicaId;
use toystore_actors::front_end::FrontEnd;
use toystore_actors::front_end::messages::{GetReadiness, ListProducts};
use toystore_actors::net::NodeId;

use crate::advice::NotStarted;
use crate::advice::{self, NamedStore};
use crate::config::{Config, MAX_DRAIN_S, Overrides};
use crate::console::failure::Failure;
use crate::console::logging::{self, LogFormat};
use crate::console::result::say;
use crate::files::{Directory, label};
use crate::process::file_limits::outlive_file_size_limit;
use crate::process::stop::Leaving;
use crate::process::surroundings;
use crate::server::host::{SystemClock, World};
use crate::server::node::Door;
use crate::server::rejoin::{self, Missing};
use crate::server::services::{self, Bound, Opened};
use crate::server::transport::Registry;

/// How often it is looked whether orders can be placed.
const READY_POLL: Duration = Duration::from_millis(20);

/// How long until it is said what a start waits for.
const READY_WARNING: Duration = Duration::from_secs(5);

/// What the command line says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration; without it, the store of configs/local.toml that is built in
    #[arg(long, value_name = "FILE", env = "TOYSTORE_CONFIG")]
    config: Option<PathBuf>,

    /// Where the data files are kept [default: as configured, else ./toystore-data]
    #[arg(long, value_name = "DIR", env = "TOYSTORE_DATA")]
    data: Option<PathBuf>,

    /// The secret that the services show each other; better given in the environment
    #[arg(long, value_name = "SECRET", env = "TOYSTORE_TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// How the log is written [default: as configured, else text]
    #[arg(long, value_name = "FORMAT", env = "TOYSTORE_LOG_FORMAT")]
    log_format: Option<LogFormat>,

    /// How long the store still serves once it is told to stop, while /readyz says 503 [default: as configured, else 0]
    #[arg(long, value_name = "SECONDS", env = "TOYSTORE_DRAIN_S", value_parser = clap::value_parser!(u64).range(0..=MAX_DRAIN_S))]
    drain_s: Option<u64>,

    /// Listen on any free ports instead of those configured
    #[arg(long)]
    free_ports: bool,
}

/// Runs the store until it is told to stop.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let mut named = NamedStore { config: args.config.clone(), data: args.data.clone(), front_end: None };
    let overrides =
        Overrides { data: args.data, token: args.token, log_format: args.log_format, drain_s: args.drain_s };
    let config = Config::load(args.config.as_deref(), &overrides)?;
    logging::start(config.log_format, logging::WRONG);
    outlive_file_size_limit();
    surroundings::check()?;
    services::check_products(&config)?;
    let listen = config.addresses.iter().map(|(&id, &address)| {
        (id, if args.free_ports { SocketAddr::new(address.ip(), 0) } else { address })
    });
    let listen: BTreeMap<NodeId, SocketAddr> = listen.collect();
    let mut bound = Vec::new();
    for (&id, &address) in &listen {
        bound.push(Bound::new(&config, id, address)?);
    }
    let lines: Vec<_> = bound.iter().map(|service| (service.id(), service.line())).collect();
    // The configuration lists the front-end first.
    let front_end = bound[0].address();
    named.front_end = args.free_ports.then_some(front_end);

    let registry = Registry::default();
    let (failures, failed) = mpsc::unbounded_channel();
    let world = world(&config, &registry, &named, failures);
    let store = Store { config, named, listen, registry, world };
    let (opened, without) = open_all(&store, bound).await?;
    let serves = |id| opened.iter().any(|service| service.id == id);
    say(&lines.iter().filter(|(id, _)| serves(*id)).map(|(_, line)| line.clone()).collect::<Vec<_>>());
    let door = opened.iter().find_map(|service| service.front_end.clone());
    let mut serving = Vec::new();
    for service in opened.into_iter().rev() {
        serving.push(service.serve(&store.config)?);
    }
    if let Some(door) = door {
        actix::spawn(announce(door, front_end));
    }
    let ended = rejoin::until_stopped(&store, without, failed, &mut serving).await;
    services::stop(serving).await;
    ended.map(|()| ExitCode::SUCCESS)
}

/// What all services of this process have in common.
pub struct Store {
    /// As it was given.
    pub config: Config,
    /// How a person names it.
    pub named: NamedStore,
    /// Where each service listens.
    pub listen: BTreeMap<NodeId, SocketAddr>,
    /// The ways from one to the other.
    pub registry: Registry,
    /// What each is made from.
    pub world: World,
}

impl Store {
    /// Opens a service, and lets the others reach it.
    ///
    /// # Errors
    /// See [`services::open`].
    pub async fn open(&self, bound: Bound) -> Result<Opened, NotStarted> {
        let opened = services::open(&self.world, &self.config, bound).await?;
        self.registry.insert(opened.id, opened.bridge.clone());
        Ok(opened)
    }
}

/// Opens the services, and says which order replicas it has to do without. One replica whose file is damaged must
/// not cost the store: the others have what it had.
///
/// # Errors
/// When another service cannot be opened, or no replica can.
async fn open_all(store: &Store, mut bound: Vec<Bound>) -> Result<(Vec<Opened>, Vec<Missing>), Failure> {
    let directories = bound.iter().map(|service| store.config.data.join(label(service.id())));
    let opening = directories.map(|directory| Directory::prepare(&directory));
    let _opening = opening.collect::<Result<Vec<_>, _>>().map_err(Failure::CouldNotRun)?;
    advice::catalog_is_gone(&store.config, &store.named, Duration::ZERO)
        .iter()
        .for_each(|gone| logging::tell(NodeId::Catalog, gone));
    // The services that the front-end asks are there before it is. They open their files side by side: after a
    // crash, a long book takes a while to check.
    let asked = bound.split_off(1);
    let (mut opened, mut without) = (Vec::new(), Vec::new());
    for group in [asked, bound] {
        let ids: Vec<_> = group.iter().map(Bound::id).collect();
        let outcomes = join_all(group.into_iter().map(|service| store.open(service))).await;
        for (id, outcome) in ids.into_iter().zip(outcomes) {
            match (outcome, id) {
                (Ok(service), _) => opened.push(service),
                (Err(why), NodeId::Order(replica)) if why.is_damage() => without.push((replica, why)),
                (Err(why), _) => return Err(advice::failure(id, why, &store.named)),
            }
        }
        if without.len() == store.config.replicas().len() {
            return Err(no_replica(&without));
        }
    }
    Ok((opened, without.into_iter().map(|(replica, why)| Missing::new(store, replica, &why)).collect()))
}

/// There is nobody who could have what the damaged ones had.
fn no_replica(without: &[(ReplicaId, NotStarted)]) -> Failure {
    let reasons: Vec<_> = without.iter().map(|(_, why)| why.to_string()).collect();
    Failure::CouldNotRun(format!(
        "no order replica can start, and so none has another to take the orders from: {}",
        reasons.join("; ")
    ))
}

/// All nodes reach each other through the registry. One whose disk fails leaves it; the others go on.
fn world(config: &Config, registry: &Registry, named: &NamedStore, failed: UnboundedSender<NodeId>) -> World {
    let (nodes, named) = (registry.clone(), named.clone());
    World {
        data: config.data.clone(),
        configured: config.addresses.keys().copied().collect(),
        links: Arc::new(registry.clone()),
        clock: Arc::new(SystemClock::default()),
        leaving: Leaving::default(),
        on_failure: Arc::new(move |id, failure| {
            nodes.remove(id);
            let help = advice::after_failure(id, &named);
            let others = if matches!(id, NodeId::Order(_)) { "; the other services go on" } else { "" };
            logging::tell(id, &format!("{} stopped: {failure}{others}{help}", label(id)));
            // Nobody hears it when the store is being stopped.
            let _ = failed.send(id);
        }),
    }
}

/// Says when orders can be placed, and how to try.
async fn announce(door: Door<FrontEnd>, address: SocketAddr) {
    let mut waited = Duration::ZERO;
    loop {
        match door.ask(GetReadiness {}).await {
            Ok(readiness) if readiness.ready => break,
            Ok(readiness) if waited >= READY_WARNING => {
                log::warn!("the store cannot take orders yet: {}", readiness.why);
                waited = Duration::ZERO;
            }
            Ok(_) => {}
            // The front-end has stopped, which was said elsewhere.
            Err(_) => return,
        }
        tokio::time::sleep(READY_POLL).await;
        waited += READY_POLL;
    }
    let listed = door.ask(ListProducts { after: None, limit: 100 }).await;
    let products = listed.ok().and_then(Result::ok).flatten().unwrap_or_default();
    let example = products.iter().map(|product| product.name.as_str()).find(|name| is_plain(name));
    let name = example.unwrap_or("Tux");
    say(&[
        "ready".to_owned(),
        format!("  curl http://{address}/products/{name}"),
        format!(
            "  curl -H 'Content-Type: application/json' -H 'Idempotency-Key: my-first' -d '{{\"name\":\"{name}\",\"quantity\":2}}' http://{address}/orders"
        ),
        format!("  curl http://{address}/orders/1"),
    ]);
}

/// Whether a name can stand in a line for the shell as it is.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use actix::{Actor, Context};
    use toystore_actors::host::{Host, Node};
    use toystore_actors::net::{Bridge, Identity, NetError};

    use super::*;
    use crate::server::host::Links;
    use crate::server::node;

    /// A service whose disk fails as soon as it runs.
    struct Unlucky(Host);

    impl Actor for Unlucky {
        type Context = Context<Self>;

        fn started(&mut self, _: &mut Context<Self>) {
            self.0.fail("the disk is full");
        }
    }

    #[test]
    fn a_service_that_fails_leaves_the_others() {
        actix::System::new().block_on(async {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let overrides = Overrides { data: Some(directory.path().to_owned()), ..Overrides::default() };
            let config = Config::load(None, &overrides).expect("the built-in configuration");
            let registry = Registry::default();
            let id = NodeId::Order(2);
            let (failures, mut failed) = mpsc::unbounded_channel();
            let world = world(&config, &registry, &NamedStore::default(), failures);
            let bridge = move || Bridge::new(Arc::new(Identity::new(id, [])), 1);
            registry.insert(id, Arc::new(bridge()));
            let started =
                node::start(&world, id, move |host| Ok((Node::new(Unlucky(host), 1, |_| bridge()), ())));
            let (running, door, ()) = started.await.expect("it starts");
            let deadline = Instant::now() + Duration::from_secs(10);
            while door.addr.connected() {
                assert!(Instant::now() < deadline, "the actor goes on");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let call = registry.transport().call(id, "status", bytes::Bytes::new());
            assert_eq!(call.await, Err(NetError::Refused));
            assert_eq!(failed.recv().await, Some(id));
            running.stop().await;
        });
    }

    #[test]
    fn a_store_that_cannot_sell_any_more_stops() {
        actix::System::new().block_on(async {
            for (failures, expected) in [
                (vec![NodeId::Catalog], "nothing is sold without its catalog"),
                (vec![NodeId::Order(2), NodeId::FrontEnd(1)], "nothing is sold without its front-end"),
                (vec![NodeId::Order(1), NodeId::Order(2), NodeId::Order(3)], "no order replica is left"),
            ] {
                let directory = tempfile::tempdir().expect("a temporary directory");
                let data = directory.path().join("data");
                for id in 1..=3 {
                    let book = data.join(format!("order-{id}"));
                    std::fs::create_dir_all(&book).expect("a directory");
                    std::fs::write(book.join("book.redb"), "damaged").expect("a file");
                }
                let overrides = Overrides { data: Some(data), ..Overrides::default() };
                let config = Config::load(None, &overrides).expect("the built-in configuration");
                let (registry, named) = (Registry::default(), NamedStore::default());
                let (failed, failing) = mpsc::unbounded_channel();
                let world = world(&config, &registry, &named, failed.clone());
                let store = Store { config, named, listen: BTreeMap::new(), registry, world };
                failures.iter().for_each(|id| failed.send(*id).expect("somebody listens"));
                let ended = rejoin::until_stopped(&store, Vec::new(), failing, &mut Vec::new()).await;
                let why = ended.expect_err(expected).to_string();
                assert!(why.contains(expected), "{why:?} does not say {expected:?}");
            }
        });
    }

    #[test]
    fn a_replica_that_failed_is_started_again_once_its_files_are_set_aside() {
        actix::System::new().block_on(async {
            let directory = tempfile::tempdir().expect("a temporary directory");
            let data = directory.path().join("data");
            let overrides = Overrides { data: Some(data.clone()), ..Overrides::default() };
            let config = Config::load(None, &overrides).expect("the built-in configuration");
            let listen =
                config.addresses.keys().map(|id| (*id, SocketAddr::from(([127, 0, 0, 1], 0)))).collect();
            let (registry, named) = (Registry::default(), NamedStore::default());
            let (failures, failed) = mpsc::unbounded_channel();
            let world = world(&config, &registry, &named, failures.clone());
            let store = Store { config, named, listen, registry, world };
            let bound =
                store.listen.iter().map(|(id, at)| Bound::new(&store.config, *id, *at).expect("free"));
            let (opened, without) = open_all(&store, bound.collect()).await.expect("new files");
            assert!(without.is_empty());
            let serve = |service: Opened| service.serve(&store.config).expect("threads");
            let mut serving: Vec<_> = opened.into_iter().map(serve).collect();

            let id = NodeId::Order(2);
            let story = async {
                store.registry.remove(id);
                failures.send(id).expect("somebody listens");
                std::fs::rename(data.join("order-2"), data.join("order-2.aside-1")).expect("it is there");
                let deadline = Instant::now() + Duration::from_secs(30);
                while store.registry.transport().call(id, "status", bytes::Bytes::new()).await
                    == Err(NetError::Refused)
                {
                    assert!(Instant::now() < deadline, "it is not started");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            let keeping = rejoin::until_stopped(&store, without, failed, &mut serving);
            futures_util::future::select(std::pin::pin!(story), std::pin::pin!(keeping)).await;
            assert!(data.join("order-2/book.redb").exists());
            assert_eq!(serving.iter().filter(|service| service.id == id).count(), 1);
            services::stop(serving).await;
        });
    }
}
