//! How a front-end behaves.

use std::time::Duration;

use bytes::Bytes;

use crate::domain::{FrontEndId, Product, ReplicaId};
use crate::view_service::ViewConfig;

/// How a front-end behaves.
#[derive(Debug, Clone)]
pub struct FrontEndConfig {
    /// Its number among the front-ends; the catalog knows it by that.
    pub number: FrontEndId,
    /// The ids of all order replicas.
    pub replicas: Vec<ReplicaId>,
    /// How many products are cached at most; 0 turns the cache off.
    pub cache_capacity: usize,
    /// How long a cacheable answer may be used, counted from before it was asked for. The catalog must be
    /// given the same.
    pub lease: Duration,
    /// How often the view is announced to the replicas.
    pub heartbeat: Duration,
    /// A leader that has not answered for so long is replaced.
    pub suspect_after: Duration,
    /// How long one call to another service may take.
    pub call_limit: Duration,
    /// How long a shopper's request may take, with all its retries.
    pub deadline: Duration,
    /// How many calls may be under way at once.
    pub max_calls: usize,
    /// How many shoppers' requests may be worked on at once, with those whose shopper has hung up.
    pub max_requests: usize,
    /// How much it does at a time.
    pub limits: Limits,
    /// Makes the body that a cached product is answered with.
    pub render: fn(&Product) -> Bytes,
}

/// How much a front-end does at a time. Each is 1 at least, and only a simulator has a reason to set them otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Calls with orders that are under way to the leader at once.
    pub leader_calls: usize,
    /// Orders in one such call.
    pub leader_batch: usize,
    /// Up to this capacity one lock guards the whole cache, and the entry dropped for want of room is exactly the least
    /// recently used. (0 will do.)
    pub exact_cache: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { leader_calls: 2, leader_batch: 256, exact_cache: 1024 }
    }
}

impl FrontEndConfig {
    /// How its view service works.
    pub(super) fn views(&self) -> ViewConfig {
        ViewConfig {
            replicas: self.replicas.clone(),
            heartbeat: self.heartbeat,
            suspect_after: self.suspect_after,
            call_limit: self.call_limit,
        }
    }
}
