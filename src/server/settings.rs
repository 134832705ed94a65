//! How the actors work, by the configuration.

use toystore_actors::catalog::{self, CatalogConfig};
use toystore_actors::domain::{FrontEndId, ReplicaId};
use toystore_actors::front_end::{self, FrontEndConfig};
use toystore_actors::order::{self, OrderConfig};

use super::http::render_product;
use crate::config::Config;

/// How the catalog works.
pub fn catalog(config: &Config) -> CatalogConfig {
    CatalogConfig {
        front_ends: vec![config.front_end],
        lease: config.cache.lease,
        drift_percent: config.cache.drift_percent,
        restock_every: config.restock.every,
        restock_to: config.restock.to,
        call_limit: config.timing.call_limit,
        max_calls: config.max_calls,
        refusals: catalog::REFUSALS,
    }
}

/// How an order replica works.
pub fn replica(config: &Config, id: ReplicaId) -> OrderConfig {
    OrderConfig {
        id,
        replicas: config.replicas(),
        front_end: config.front_end,
        call_limit: config.timing.call_limit,
        drop_after: config.timing.drop_after,
        retry_every: config.timing.retry_every,
        max_calls: config.max_calls,
        limits: order::Limits::default(),
    }
}

/// How a front-end works.
pub fn front_end(config: &Config, number: FrontEndId) -> FrontEndConfig {
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
        render: render_product,
    }
}
