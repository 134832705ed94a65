//! Starts the real actors, as the deployed binary does, in this world.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use toystore_actors::catalog::{self, CatalogConfig, Source};
use toystore_actors::domain::{Product, ReplicaId};
use toystore_actors::front_end::{self, Cache, FrontEndConfig};
use toystore_actors::host::{Gauge, Host, Node};
use toystore_actors::net::{Bridge, NodeId};
use toystore_actors::order::{self, OrderConfig};
use toystore_actors::storage::OpenError;

use crate::nodes::FRONT_END_ID;
use crate::plan::products::products;
use crate::plan::{DRIFT_PERCENT, Setup};

/// A node that is ready to run.
pub(super) struct Launched {
    /// The way in for messages.
    pub(super) bridge: Arc<Bridge>,
    /// The actor.
    pub(super) run: LocalBoxFuture<'static, ()>,
    /// What it counts.
    pub(super) gauges: Vec<Gauge>,
    /// Of a front-end.
    pub(super) cache: Option<Arc<Cache>>,
    /// What else has to live as long as it.
    pub(super) keep: Box<dyn Any>,
}

impl Launched {
    fn new<A: Actor<Context = Context<A>>>(node: Node<A>) -> Launched {
        let Node { addr, bridge, run, gauges } = node;
        Launched { bridge, run, gauges, cache: None, keep: Box::new(addr) }
    }
}

/// Starts a node whose configuration has these replicas.
///
/// # Errors
/// When its file cannot be opened.
pub(super) fn launch(
    setup: &Setup,
    node: NodeId,
    replicas: Vec<ReplicaId>,
    host: Host,
) -> Result<Launched, OpenError> {
    let millis = Duration::from_millis;
    match node {
        NodeId::Catalog => {
            let config = CatalogConfig {
                front_ends: vec![FRONT_END_ID],
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
            Ok(Launched { cache: Some(started.cache), ..Launched::new(started.node) })
        }
        NodeId::Order(id) => {
            let config = OrderConfig {
                id,
                replicas,
                front_end: FRONT_END_ID,
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
