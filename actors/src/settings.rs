//! How a whole store works, deployed or simulated: what its services must agree on is said once, and each service's
//! settings are made of it here.

use std::time::Duration;

use bytes::Bytes;

use crate::catalog::CatalogConfig;
use crate::domain::{FrontEndId, Product, ReplicaId};
use crate::front_end::{self, FrontEndConfig};
use crate::order::{self, OrderConfig};

/// How a store works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The front-end, which is the view service.
    pub front_end: FrontEndId,
    /// The ids of all order replicas.
    pub replicas: Vec<ReplicaId>,
    /// How long a cacheable answer may be used.
    pub lease: Duration,
    /// By how much two clocks may drift apart in that time, in percent.
    pub drift_percent: u32,
    /// How many products a front-end caches at most; 0 turns the cache off.
    pub cache_capacity: usize,
    /// How often the catalog looks for products that are sold out; zero turns restocking off.
    pub restock_every: Duration,
    /// How many pieces of such a product there are then.
    pub restock_to: u64,
    /// How often the view is announced to the replicas.
    pub heartbeat: Duration,
    /// A leader that has not answered for so long is replaced.
    pub suspect_after: Duration,
    /// How long a follower may leave the leader without a confirmation before the leader asks to drop it.
    pub drop_after: Duration,
    /// How long a replica waits before something that failed is tried again.
    pub retry_every: Duration,
    /// How long one call to another service may take.
    pub call_limit: Duration,
    /// How long a shopper's request may take, with all its retries.
    pub deadline: Duration,
    /// How much is done at once.
    pub limits: Limits,
    /// Makes the body that a cached product is answered with.
    pub render: fn(&Product) -> Bytes,
}

/// How much each service does at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Calls under way at the catalog.
    pub catalog_calls: usize,
    /// Refusals that the catalog remembers.
    pub catalog_refusals: usize,
    /// Calls under way at the front-end.
    pub front_end_calls: usize,
    /// Shoppers' requests that the front-end works on.
    pub front_end_requests: usize,
    /// Calls under way at an order replica, and orders that wait there.
    pub order_calls: usize,
    /// What else a front-end bounds.
    pub front_end: front_end::Limits,
    /// What else an order replica bounds.
    pub order: order::Limits,
}

impl Limits {
    /// So many calls under way at each service, and what else is usual.
    #[must_use]
    pub fn with_calls(calls: usize) -> Limits {
        Limits {
            catalog_calls: calls,
            catalog_refusals: crate::catalog::REFUSALS,
            front_end_calls: calls,
            front_end_requests: calls,
            order_calls: calls,
            front_end: front_end::Limits::default(),
            order: order::Limits::default(),
        }
    }
}

impl Settings {
    /// How the catalog works.
    #[must_use]
    pub fn catalog(&self) -> CatalogConfig {
        CatalogConfig {
            front_ends: vec![self.front_end],
            lease: self.lease,
            drift_percent: self.drift_percent,
            restock_every: self.restock_every,
            restock_to: self.restock_to,
            call_limit: self.call_limit,
            max_calls: self.limits.catalog_calls,
            refusals: self.limits.catalog_refusals,
        }
    }

    /// How an order replica works.
    #[must_use]
    pub fn order(&self, id: ReplicaId) -> OrderConfig {
        OrderConfig {
            id,
            replicas: self.replicas.clone(),
            front_end: self.front_end,
            call_limit: self.call_limit,
            drop_after: self.drop_after,
            retry_every: self.retry_every,
            max_calls: self.limits.order_calls,
            limits: self.limits.order.clone(),
        }
    }

    /// How the front-end works.
    #[must_use]
    pub fn front_end(&self) -> FrontEndConfig {
        FrontEndConfig {
            number: self.front_end,
            replicas: self.replicas.clone(),
            cache_capacity: self.cache_capacity,
            lease: self.lease,
            heartbeat: self.heartbeat,
            suspect_after: self.suspect_after,
            call_limit: self.call_limit,
            deadline: self.deadline,
            max_calls: self.limits.front_end_calls,
            max_requests: self.limits.front_end_requests,
            limits: self.limits.front_end.clone(),
            render: self.render,
        }
    }
}
