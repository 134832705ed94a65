//! What the network does to messages.

use std::collections::BTreeSet;

use toystore_checks::time::Nanos;

use super::packet::Endpoint;

/// What the network does to messages at the moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NetworkConditions {
    /// Mean of the time that a message travels, on top of the shortest.
    pub mean_nanos: Nanos,
    /// Chance that a message is lost.
    pub loss: f64,
    /// Chance that a request arrives twice.
    pub duplicate: f64,
    /// Chance that a message is late, and by how much at most.
    pub delay: f64,
    /// See `delay`.
    pub delay_nanos: Nanos,
    /// Whether messages of one link may overtake one another.
    pub reorder: bool,
    /// Whether they overtake one another by much.
    pub shuffle: bool,
    /// Links on which everything is lost.
    pub cut: BTreeSet<(Endpoint, Endpoint)>,
    /// Links on which everything is held.
    pub clogged: BTreeSet<(Endpoint, Endpoint)>,
}
