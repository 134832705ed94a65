//! `toystore up --lab`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rand::TryRng;
use rand::rngs::SysRng;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use toystore_actors::net::NodeId;

use super::control::{Lab, LabControl};
use super::interposer::Between;
use super::keeper::Keeper;
use super::routes;
use super::shoppers::Shoppers;
use super::verdict::{Court, judge};
use crate::console::failure::Failure;
use crate::console::result::say;
use crate::server::front_door::FrontDoor;
use crate::server::host::Environment;
use crate::server::live::{Hub, Topic};
use crate::server::service::{OpenedService, Routes};
use crate::server::transport::Registry;
use crate::server::up::{self, Args, LocalStore, Prepared, announce, open_all, say_addresses};

/// How often who looks on is told what is broken.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// Runs the store, and lets it be broken, until it is told to stop.
///
/// # Errors
/// See [`Failure`].
pub async fn run(args: Args) -> Result<ExitCode, Failure> {
    let Prepared { config, named, bound, first_products, .. } = Prepared::new(&args)?;
    let (lines, front_end) = (bound.lines(), bound.front_end.address());
    // A node comes back where it was, also on a port that the system picked.
    let addresses: BTreeMap<_, _> = bound.all().map(|service| (service.id(), service.address())).collect();
    let seed = SysRng.try_next_u64();
    let seed =
        seed.map_err(|error| Failure::CouldNotRun(format!("the system has no random numbers: {error}")))?;
    let lab = Arc::new(Lab::new(addresses.keys().copied(), seed));

    let registry = Registry::default();
    let (failures, failed) = mpsc::unbounded_channel();
    let (door, heard) = FrontDoor::open();
    let environment = broken_by(&lab, &door, up::environment(&config, &registry, &named, failures));
    let store = LocalStore { config, named, listen: addresses.clone(), registry, environment };
    let (opened, without) = open_all(&store, bound, first_products).await?;
    for missing in without {
        lab.nodes.get(missing.id()).map(|node| node.stop(missing.why().to_owned()));
    }
    say_addresses(&lines, &opened);
    let (control, asked) = LabControl::new(lab.clone());
    if let Some(hub) = opened.iter().find_map(OpenedService::hub) {
        actix::spawn(tell(control.clone(), hub));
    }
    let ready = opened.iter().find_map(|service| service.front_end.clone());
    if let Some(front_end) = ready.clone() {
        let (events, restock_to) = (store.environment.events.clone(), store.config.restock.to);
        let verdict = lab.verdict.clone();
        actix::spawn(judge(Court { heard, door, front_end, events, restock_to, verdict }));
    }
    let mut keeper = Keeper { lab: lab.clone(), store, addresses, serving: BTreeMap::new() };
    for service in opened.into_iter().rev() {
        let (id, others) = (service.id, control.clone());
        let routes: Routes = Arc::new(move |config| routes::lab(&others, config));
        let is_front_end = matches!(id, NodeId::FrontEnd(_));
        let service = if is_front_end { service.with_routes(routes) } else { service };
        keeper.serving.insert(id, service.serve(&keeper.store.config)?);
    }
    if let Some(ready) = ready {
        actix::spawn(announce(ready, front_end));
    }
    say(&[format!("lab http://{front_end}/lab")]);
    let shoppers = Shoppers::start(front_end, lab.shoppers.subscribe(), lab.tally.clone())?;
    let ended = keeper.keep(asked, failed).await;
    shoppers.leave();
    keeper.stop().await;
    ended.map(|()| ExitCode::SUCCESS)
}

/// The environment with the lab between the nodes and the machine. What a node that was crashed has to say of its
/// disk is no news.
fn broken_by(lab: &Arc<Lab>, door: &FrontDoor, environment: Environment) -> Environment {
    let (nodes, told) = (lab.nodes.clone(), environment.on_failure);
    let between = Between { nodes: lab.nodes.clone(), network: lab.network.clone() };
    Environment {
        on_failure: Arc::new(move |id, failure| {
            if nodes.get(id).is_none_or(|node| node.stop(failure.to_string())) {
                told(id, failure);
            }
        }),
        interposer: Some(Arc::new(between)),
        front_door: Some(door.clone()),
        ..environment
    }
}

/// Tells who looks on what is broken, for ever.
async fn tell(control: LabControl, hub: Hub) {
    let mut ticks = interval(TELL_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if hub.is_watched(Topic::Lab) {
            hub.tell(Topic::Lab, "lab", &control.snapshot());
        }
    }
}
