//! `toystore up`: the whole store in one process.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use toystore_actors::front_end::FrontEnd;
use toystore_actors::front_end::messages::GetReadiness;
use toystore_actors::net::NodeId;

use crate::config::{Config, Overrides};
use crate::failure::Failure;
use crate::host::{Directory, SystemClock, World, label};
use crate::http::transport::Registry;
use crate::node::Door;
use crate::serve::{say, stopped};
use crate::services::{self, Bound};

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

    /// Listen on any free ports instead of those configured
    #[arg(long)]
    free_ports: bool,
}

/// Runs the store until it is told to stop.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let overrides = Overrides { data: args.data, token: args.token };
    let config = Config::load(args.config.as_deref(), &overrides)?;
    // Also when they were imported long ago: a broken file is better noticed now than at the next import.
    let products = config.products()?;
    let mut bound = Vec::new();
    for (&id, &address) in &config.addresses {
        let listen = if args.free_ports { SocketAddr::new(address.ip(), 0) } else { address };
        bound.push(Bound::new(&config, id, listen)?);
    }
    let lines: Vec<String> = bound.iter().map(Bound::line).collect();
    // The configuration lists the front-end first.
    let front_end = bound[0].address();
    // The services that the front-end asks are there before it is. They open their files side by side: after a
    // crash, a long book takes a while to check.
    let asked = bound.split_off(1);

    let registry = Registry::default();
    let world = world(&config, &registry);
    let opening = Directory::prepare(&config.data).map_err(Failure::CouldNotRun)?;
    let open = |service| services::open(&world, &config, service);
    let mut opened = Vec::new();
    for group in [asked, bound] {
        for service in join_all(group.into_iter().map(open)).await {
            let service = service?;
            registry.insert(service.id, service.bridge.clone());
            opened.push(service);
        }
    }
    drop(opening);

    say(&lines);
    let door = opened.iter().find_map(|service| service.front_end.clone());
    let mut serving = Vec::new();
    for service in opened.into_iter().rev() {
        serving.push(service.serve(&config)?);
    }
    if let Some(door) = door {
        let example = products.iter().map(|product| product.name.as_str()).find(|name| is_plain(name));
        actix::spawn(announce(door, front_end, example.map(ToOwned::to_owned)));
    }
    stopped().await;
    services::stop(serving).await;
    Ok(ExitCode::SUCCESS)
}

/// All nodes reach each other through the registry. One whose disk fails leaves it; the others go on.
fn world(config: &Config, registry: &Registry) -> World {
    let nodes = registry.clone();
    World {
        data: config.data.clone(),
        links: Arc::new(registry.clone()),
        clock: Arc::new(SystemClock::default()),
        on_failure: Arc::new(move |id, failure| {
            nodes.remove(id);
            say_failure(id, failure);
        }),
    }
}

fn say_failure(id: NodeId, failure: &toystore_actors::host::Failure) {
    // Not through the log, whose level a person may have turned down.
    let line = format!("toystore: {} stopped: {failure}; the other services go on", label(id));
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Says when orders can be placed, and how to try.
async fn announce(door: Door<FrontEnd>, address: SocketAddr, example: Option<String>) {
    let mut waited = Duration::ZERO;
    loop {
        match door.ask(GetReadiness {}).await {
            Ok(readiness) if readiness.ready => break,
            Ok(readiness) if waited >= READY_WARNING => {
                log::warn!("not ready yet: {}", readiness.why);
                waited = Duration::ZERO;
            }
            Ok(_) => {}
            // The front-end has stopped, which was said elsewhere.
            Err(_) => return,
        }
        tokio::time::sleep(READY_POLL).await;
        waited += READY_POLL;
    }
    let name = example.as_deref().unwrap_or("Tux");
    say(&[
        "ready".to_owned(),
        format!("  curl http://{address}/products/{name}"),
        format!(
            "  curl -H 'Content-Type: application/json' -d '{{\"name\":\"{name}\",\"quantity\":2}}' http://{address}/orders"
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
    use toystore_actors::net::{Bridge, NetError};

    use super::*;
    use crate::host::Links;
    use crate::node;

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
            let overrides = Overrides { data: Some(directory.path().to_owned()), token: None };
            let config = Config::load(None, &overrides).expect("the built-in configuration");
            let registry = Registry::default();
            let id = NodeId::Order(2);
            let world = world(&config, &registry);
            registry.insert(id, Arc::new(Bridge::new(1)));
            let started =
                node::start(&world, id, |host| Ok((Node::new(Unlucky(host), 1, |_| Bridge::new(1)), ())));
            let (running, door, ()) = started.await.expect("it starts");
            let deadline = Instant::now() + Duration::from_secs(10);
            while door.addr.connected() {
                assert!(Instant::now() < deadline, "the actor goes on");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let call = registry.transport().call(id, "status", bytes::Bytes::new());
            assert_eq!(call.await, Err(NetError::Refused));
            running.stop().await;
        });
    }
}
