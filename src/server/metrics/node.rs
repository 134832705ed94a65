//! What is counted of one node.

use std::rc::Rc;
use std::sync::Arc;

use toystore_actors::clock::Clock;
use toystore_actors::net::{NodeId, Transport};
use toystore_actors::probe::Probe;

use super::calls::{CallDurations, TimedTransport, call_durations};
use super::limits::{LimitAnswers, LimitReader, limits};
use super::probe::{CountingProbe, Told};
use super::samples::Samples;

/// What is counted of one node from its start on.
#[derive(Debug)]
pub struct NodeMetrics {
    told: Told,
    calls: CallDurations,
    pub(super) limits: LimitReader,
    pub(super) counted: Samples,
}

impl NodeMetrics {
    /// Nothing has happened yet. The second is for the node's thread, where it answers how full its limits are.
    #[must_use]
    pub fn new(id: NodeId) -> (Arc<NodeMetrics>, LimitAnswers) {
        let (told, calls, mut counted) = (Told::new(), call_durations(), Samples::default());
        let (reader, answers) = limits();
        told.register(id, &mut counted);
        let help = "How long calls to other services took, by the name of the message";
        counted.register("toystore_call_duration_seconds", help, calls.clone());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        counted.gauges("toystore_build_info", "The version of this program", "version", [(version, 1)]);
        (Arc::new(NodeMetrics { told, calls, limits: reader, counted }), answers)
    }

    /// A probe that counts what passes through it on its way to `next`.
    pub fn probe(&self, next: impl Probe + 'static) -> Rc<dyn Probe> {
        Rc::new(CountingProbe::new(self.told.clone(), next))
    }

    /// A transport that times what passes through it on its way to `transport`.
    pub fn transport(&self, transport: Rc<dyn Transport>, clock: Arc<dyn Clock>) -> Rc<dyn Transport> {
        Rc::new(TimedTransport { transport, clock, durations: self.calls.clone() })
    }
}
