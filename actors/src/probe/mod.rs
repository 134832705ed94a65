//! What actors tell about themselves: to the log when deployed, to the trace when simulated.

mod event;
mod limit;
mod measure;
mod reason;
mod sentence;

use crate::net::NodeId;

pub use event::{
    CatalogEvent, CatalogEventKind, Event, EventKind, FrontEndEvent, FrontEndEventKind, ReplicaEvent,
    ReplicaEventKind, ServiceEvent, ServiceEventKind, ViewEvent, ViewEventKind,
};
pub use limit::Limit;
pub use measure::Measure;
pub use reason::{LostReason, SaveReason, SuspectReason};
pub use sentence::plain;

/// Receives the events and the measures of a node.
pub trait Probe {
    /// Takes one event of the node `node`.
    fn record(&self, node: NodeId, event: &Event);

    /// Takes one measure of the node `node`; who keeps no statistics takes no notice.
    fn measure(&self, _node: NodeId, _measure: Measure) {}
}
