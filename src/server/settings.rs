//! How the store works, by the configuration.

use toystore_actors::settings::{Limits, Settings};

use super::http::render_product;
use crate::config::Config;

/// What all services are made from.
pub fn of(config: &Config) -> Settings {
    let Config { cache, restock, timing, .. } = config;
    Settings {
        front_end: config.front_end,
        replicas: config.replicas(),
        lease: cache.lease,
        drift_percent: cache.drift_percent,
        cache_capacity: cache.capacity,
        restock_every: restock.every,
        restock_to: restock.to,
        heartbeat: timing.heartbeat,
        suspect_after: timing.suspect_after,
        drop_after: timing.drop_after,
        retry_every: timing.retry_every,
        call_limit: timing.call_limit,
        deadline: timing.order_deadline,
        limits: Limits::with_calls(config.max_calls),
        render: render_product,
    }
}
