//! How the view service works.

use std::time::Duration;

use crate::domain::ReplicaId;

/// How the view service works.
#[derive(Debug, Clone)]
pub struct ViewConfig {
    /// The ids of all order replicas.
    pub replicas: Vec<ReplicaId>,
    /// How often the view is announced to the replicas.
    pub heartbeat: Duration,
    /// A leader that has not answered for so long is replaced.
    pub suspect_after: Duration,
    /// How long one call to another service may take.
    pub call_limit: Duration,
}
