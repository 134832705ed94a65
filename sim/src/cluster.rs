//! Starts the real actors, as the deployed binary does, in this world.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use toystore_actors::catalog::{self, CatalogConfig, ProductSeed, Source};
use toystore_actors::domain::{Product, ProductName, ReplicaId};
use toystore_actors::front_end::{self, FrontEndConfig};
use toystore_actors::host::{Gauge, Host, Node};
use toystore_actors::net::{Bridge, NodeId};
use toystore_actors::order::{self, OrderConfig};
use toystore_actors::storage::OpenError;

use crate::scenario::{DRIFT_PERCENT, Setup};

/// A node that is ready to run.
pub struct Launched {
    /// The way in for messages.
    pub bridge: Arc<Bridge>,
    /// The actor.
    pub run: LocalBoxFuture<'static, ()>,
    /// What it counts.
    pub gauges: Vec<Gauge>,
    /// What else has to live as long as it.
    pub keep: Box<dyn Any>,
}

impl Launched {
    fn new<A: Actor<Context = Context<A>>>(node: Node<A>) -> Launched {
        Launched { bridge: node.bridge, run: node.run, gauges: node.gauges, keep: Box::new(node.addr) }
    }
}

/// The toy that shoppers leave alone, of which there always is one left to see whether orders succeed.
#[must_use]
pub fn spare_toy() -> ProductName {
    toy_name("spare")
}

/// So many of it that there is always one left.
const SPARE_STOCK: u64 = 1_000_000;

/// The toy of some place in the catalog.
#[must_use]
pub fn toy(place: usize) -> ProductName {
    toy_name(&format!("toy-{place}"))
}

fn toy_name(name: &str) -> ProductName {
    ProductName::new(name).expect("the name is short and not empty")
}

fn price(place: usize) -> u64 {
    100 + place as u64
}

/// What a toy costs once its price was changed, in cents.
#[must_use]
pub fn other_price(place: usize) -> u64 {
    1000 + price(place)
}

/// What the store sells, with what there is of it before anybody comes in.
#[must_use]
pub fn products(setup: &Setup) -> Vec<ProductSeed> {
    let toys = setup.stock.iter().enumerate().map(|(place, quantity)| ProductSeed {
        name: toy(place),
        price_cents: price(place),
        quantity: *quantity,
    });
    toys.chain([ProductSeed { name: spare_toy(), price_cents: 1, quantity: SPARE_STOCK }]).collect()
}

/// Starts a node whose configuration has these replicas.
///
/// # Errors
/// When its file cannot be opened.
pub fn start(
    setup: &Setup,
    node: NodeId,
    replicas: Vec<ReplicaId>,
    host: Host,
) -> Result<Launched, OpenError> {
    let millis = Duration::from_millis;
    match node {
        NodeId::Catalog => {
            let config = CatalogConfig {
                front_ends: vec![1],
                lease: millis(setup.lease_ms),
                drift_percent: DRIFT_PERCENT,
                restock_every: millis(setup.restock_every_ms),
                restock_to: setup.restock_to,
                call_limit: millis(setup.call_limit_ms),
                max_calls: setup.sizes.catalog_calls,
                refusals: setup.sizes.catalog_refusals,
            };
            catalog::start(host, config, &Source::of(products(setup))).map(Launched::new)
        }
        NodeId::FrontEnd(number) => {
            let config = FrontEndConfig {
                number,
                replicas,
                cache_capacity: setup.cache_capacity,
                lease: millis(setup.lease_ms),
                heartbeat: millis(setup.heartbeat_ms),
                suspect_after: millis(setup.suspect_after_ms),
                call_limit: millis(setup.call_limit_ms),
                deadline: millis(setup.deadline_ms),
                max_calls: setup.sizes.front_end_calls,
                max_requests: setup.sizes.front_end_requests,
                limits: setup.sizes.front_end(),
                render: no_body,
            };
            let started = front_end::start(host, config)?;
            let cache = started.cache;
            let mut launched = Launched::new(started.node);
            launched.keep = Box::new((launched.keep, cache));
            Ok(launched)
        }
        NodeId::Order(id) => {
            let config = OrderConfig {
                id,
                replicas,
                front_ends: vec![1],
                call_limit: millis(setup.call_limit_ms),
                drop_after: millis(setup.drop_after_ms),
                retry_every: millis(setup.retry_every_ms),
                max_calls: setup.max_calls,
                limits: setup.sizes.order(),
            };
            order::start(host, config).map(Launched::new)
        }
    }
}

fn no_body(_: &Product) -> Bytes {
    Bytes::new()
}
