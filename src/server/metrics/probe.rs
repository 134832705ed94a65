//! What the actors tell, counted.

use std::cell::Cell;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use toystore_actors::domain::OrderNumber;
use toystore_actors::net::NodeId;
use toystore_actors::probe::{
    CatalogEvent, Event, EventKind, FrontEndEvent, Limit, Measure, Probe, ReplicaEvent, ServiceEvent,
    ViewEvent,
};

use super::samples::{self, Samples};

type Labelled = Family<[(&'static str, &'static str); 1], Counter>;

/// What one node has told since it started; clones count together.
#[derive(Debug, Clone)]
pub struct Told {
    events: Labelled,
    limits: Labelled,
    acknowledged: Counter,
    refused: Counter,
    takeovers: Counter,
    retried: Counter,
    stale_fills: Counter,
    view_changes: Counter,
    purchases_refused: Counter,
    commits: Histogram,
    commit_sizes: Histogram,
}

impl Told {
    /// Nothing was told yet.
    pub fn new() -> Told {
        Told {
            events: Labelled::default(),
            limits: Labelled::default(),
            acknowledged: Counter::default(),
            refused: Counter::default(),
            takeovers: Counter::default(),
            retried: Counter::default(),
            stale_fills: Counter::default(),
            view_changes: Counter::default(),
            purchases_refused: Counter::default(),
            commits: samples::durations(),
            commit_sizes: samples::sizes(),
        }
    }

    /// Adds what a node of this kind may tell. It is there from the beginning, as zero: of a series that begins with its first
    /// increment, that increment is not seen.
    pub fn register(&self, id: NodeId, samples: &mut Samples) {
        for kind in EventKind::all().filter(|kind| is_told_by(id, *kind)) {
            drop(self.events.get_or_create(&[("event", kind.name())]));
        }
        for limit in Limit::ALL {
            drop(self.limits.get_or_create(&[("limit", limit.what())]));
        }
        samples.register("toystore_events", "Events, as they are in the log", self.events.clone());
        let help = "How often there was as much of something as may be at once, or may be kept";
        samples.register("toystore_limit_reached", help, self.limits.clone());
        match id {
            NodeId::FrontEnd(_) => self.register_front_end(samples),
            NodeId::Catalog => self.register_catalog(samples),
            NodeId::Order(_) => self.register_replica(samples),
        }
    }

    fn register_front_end(&self, samples: &mut Samples) {
        let help = "Orders that were sent to the leader once more, under the same request id";
        samples.register("toystore_orders_retried", help, self.retried.clone());
        let help = "Fills that were not cached, since an invalidation came while they were under way";
        samples.register("toystore_cache_stale_fills", help, self.stale_fills.clone());
        samples.register("toystore_view_changes", "Views that were saved", self.view_changes.clone());
    }

    fn register_catalog(&self, samples: &mut Samples) {
        let help = "Purchases that were refused for lack of stock";
        samples.register("toystore_purchases_refused", help, self.purchases_refused.clone());
        let help = "How long the transaction of a group of calls took, with its sync";
        samples.register("toystore_commit_duration_seconds", help, self.commits.clone());
        let help = "Calls in one transaction";
        samples.register("toystore_commit_calls", help, self.commit_sizes.clone());
    }

    fn register_replica(&self, samples: &mut Samples) {
        let help = "Orders that this replica acknowledged as leader";
        samples.register("toystore_orders_acknowledged", help, self.acknowledged.clone());
        let help = "Orders that this replica refused as leader for lack of stock";
        samples.register("toystore_orders_refused", help, self.refused.clone());
        let help = "How often this replica began to lead";
        samples.register("toystore_takeovers", help, self.takeovers.clone());
        let help = "How long the transaction of a group of orders took, with its sync";
        samples.register("toystore_commit_duration_seconds", help, self.commits.clone());
        let help = "Orders in one transaction";
        samples.register("toystore_commit_orders", help, self.commit_sizes.clone());
    }
}

/// Whether a node may tell of this.
fn is_told_by(id: NodeId, kind: EventKind) -> bool {
    match kind {
        EventKind::Service(_) => true,
        EventKind::View(_) | EventKind::FrontEnd(_) => matches!(id, NodeId::FrontEnd(_)),
        EventKind::Catalog(_) => matches!(id, NodeId::Catalog),
        EventKind::Replica(_) => matches!(id, NodeId::Order(_)),
    }
}

/// Counts what a node tells, and passes it on.
#[derive(Debug)]
pub struct CountingProbe<P> {
    told: Told,
    /// Up to where the orders are counted that were acknowledged.
    acknowledged: Cell<OrderNumber>,
    next: P,
}

impl<P> CountingProbe<P> {
    /// Passes on to `next`.
    pub fn new(told: Told, next: P) -> CountingProbe<P> {
        CountingProbe { told, acknowledged: Cell::default(), next }
    }

    fn count(&self, event: &Event) {
        let told = &self.told;
        told.events.get_or_create(&[("event", event.kind().name())]).inc();
        match event {
            Event::Service(ServiceEvent::LimitReached { limit }) => {
                told.limits.get_or_create(&[("limit", limit.what())]).inc();
            }
            // What the terms before have acknowledged, or left, was not placed here.
            Event::Replica(ReplicaEvent::Serving { last, .. }) => self.acknowledged.set(*last),
            Event::Replica(ReplicaEvent::Acknowledged { through, .. }) => {
                let before = self.acknowledged.replace(*through);
                told.acknowledged.inc_by(through.get().saturating_sub(before.get()));
            }
            Event::Replica(ReplicaEvent::OutOfStock { .. }) => drop(told.refused.inc()),
            Event::Replica(ReplicaEvent::TakeoverBegan { .. }) => drop(told.takeovers.inc()),
            Event::View(ViewEvent::ViewSaved { .. }) => drop(told.view_changes.inc()),
            Event::FrontEnd(FrontEndEvent::OrderRetried { .. }) => drop(told.retried.inc()),
            Event::FrontEnd(FrontEndEvent::StaleFillDropped { .. }) => drop(told.stale_fills.inc()),
            Event::Catalog(CatalogEvent::Refused { keys }) => {
                told.purchases_refused.inc_by(keys.len() as u64);
            }
            _ => {}
        }
    }
}

impl<P: Probe> Probe for CountingProbe<P> {
    fn record(&self, node: NodeId, event: &Event) {
        self.count(event);
        self.next.record(node, event);
    }

    fn measure(&self, node: NodeId, measure: Measure) {
        let (Measure::OrdersCommitted { took, orders: size } | Measure::GroupCommitted { took, calls: size }) =
            measure;
        self.told.commits.observe(took.as_secs_f64());
        self.told.commit_sizes.observe(size as f64);
        self.next.measure(node, measure);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use toystore_actors::domain::{Epoch, ReplicaId, Run};

    use super::*;

    #[derive(Default)]
    struct Kept(RefCell<(usize, usize)>);

    impl Probe for Kept {
        fn record(&self, _: NodeId, _: &Event) {
            self.0.borrow_mut().0 += 1;
        }

        fn measure(&self, _: NodeId, _: Measure) {
            self.0.borrow_mut().1 += 1;
        }
    }

    #[test]
    fn a_leader_counts_what_it_acknowledges_itself() {
        let node = NodeId::Order(ReplicaId::new(1));
        let probe = CountingProbe::new(Told::new(), Kept::default());
        let (by, epoch) = (Run::new(1), Epoch::new(1));
        let number = OrderNumber::new;
        for (event, counted) in [
            (ReplicaEvent::Serving { by, epoch, last: number(0) }, 0),
            (ReplicaEvent::Acknowledged { through: number(3), by, epoch }, 3),
            (ReplicaEvent::Acknowledged { through: number(4), by, epoch }, 4),
            (ReplicaEvent::Deposed { epoch }, 4),
            // Another has led meanwhile.
            (ReplicaEvent::Serving { by, epoch, last: number(10) }, 4),
            (ReplicaEvent::Acknowledged { through: number(12), by, epoch }, 6),
            (ReplicaEvent::OutOfStock { left: 0, epoch }, 6),
        ] {
            probe.record(node, &event.clone().into());
            assert_eq!(probe.told.acknowledged.get(), counted, "{event:?}");
        }
        probe.measure(node, Measure::OrdersCommitted { took: Duration::from_millis(1), orders: 3 });
        assert_eq!(*probe.next.0.borrow(), (7, 1), "all is passed on");
        assert_eq!(probe.told.refused.get(), 1);
        assert_eq!(probe.told.events.get_or_create(&[("event", "Acknowledged")]).get(), 3);
    }
}
