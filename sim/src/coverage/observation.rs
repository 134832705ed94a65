//! Whatever a run may show, under one name each; and what many runs together must have shown, or they prove less than they
//! seem to.

use toystore_actors::probe::{
    CatalogEventKind, EventKind, FrontEndEventKind, Limit, ReplicaEventKind, ServiceEventKind, ViewEventKind,
};

use super::occurrence::Occurrence;
use crate::faults::FaultKind;

/// Something that a run shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observation {
    /// An actor told of this.
    Event(EventKind),
    /// This went wrong.
    Fault(FaultKind),
    /// This limit was reached.
    Limit(Limit),
    /// This happened.
    Occurrence(Occurrence),
}

impl Observation {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Observation> {
        let events = EventKind::all().map(Observation::Event);
        let faults = FaultKind::all().into_iter().map(Observation::Fault);
        let limits = Limit::ALL.iter().copied().map(Observation::Limit);
        let occurrences = Occurrence::ALL.iter().copied().map(Observation::Occurrence);
        events.chain(occurrences).chain(limits).chain(faults)
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Observation> {
        Observation::all().find(|observation| observation.name() == name)
    }

    /// Its name in a summary and in scenario files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Observation::Event(kind) => kind.name(),
            Observation::Fault(kind) => kind.counted(),
            Observation::Limit(limit) => limit.name(),
            Observation::Occurrence(occurrence) => occurrence.name(),
        }
    }

    /// Whether a thousand seeds must have seen it.
    #[must_use]
    pub fn must_be_seen(self) -> bool {
        match self {
            Observation::Event(kind) => event_must_be_seen(kind),
            Observation::Fault(kind) => fault_must_be_seen(kind),
            Observation::Limit(_) => true,
            Observation::Occurrence(occurrence) => occurrence.must_be_seen(),
        }
    }
}

/// Every fault, but for two that are counted as something else: drift as nothing, and a first start that is cut short as a
/// crash in the middle of a disk operation.
fn fault_must_be_seen(kind: FaultKind) -> bool {
    !matches!(kind, FaultKind::Drift | FaultKind::FirstStart)
}

fn event_must_be_seen(kind: EventKind) -> bool {
    match kind {
        EventKind::Replica(
            ReplicaEventKind::TakeoverBegan
            | ReplicaEventKind::Serving
            | ReplicaEventKind::Deposed
            | ReplicaEventKind::TailCut
            | ReplicaEventKind::OldEpochRefused
            | ReplicaEventKind::DuplicateSuppressed
            | ReplicaEventKind::DropAsked
            | ReplicaEventKind::AddAsked
            | ReplicaEventKind::JoinerCounted
            | ReplicaEventKind::JoinerGivenUp
            | ReplicaEventKind::JoinerUnreached
            | ReplicaEventKind::CaughtUp
            | ReplicaEventKind::OutOfStock
            | ReplicaEventKind::UnsettledInBook,
        ) => true,
        EventKind::Replica(
            ReplicaEventKind::UnsettledCompleted
            | ReplicaEventKind::ViewAdopted
            | ReplicaEventKind::Acknowledged
            | ReplicaEventKind::Unfit
            | ReplicaEventKind::OtherNumberSold
            | ReplicaEventKind::PurchaseDiffers
            | ReplicaEventKind::CatalogRefuses
            | ReplicaEventKind::OrdersLost,
        ) => false,
        EventKind::View(ViewEventKind::ViewChangeRefused | ViewEventKind::LeaderSuspected) => true,
        EventKind::View(
            ViewEventKind::ViewSaved
            | ViewEventKind::ViewLost
            | ViewEventKind::FrontEndRegistered
            | ViewEventKind::LeaderServes,
        ) => false,
        EventKind::FrontEnd(FrontEndEventKind::OrderRetried | FrontEndEventKind::StaleFillDropped) => true,
        EventKind::FrontEnd(FrontEndEventKind::Invalidated) => false,
        EventKind::Catalog(
            CatalogEventKind::BatchRefused | CatalogEventKind::BatchRepeated | CatalogEventKind::Restocked,
        ) => true,
        EventKind::Catalog(
            CatalogEventKind::GroupVisible
            | CatalogEventKind::CatalogReady
            | CatalogEventKind::CatalogRebuilt
            | CatalogEventKind::Refused,
        ) => false,
        EventKind::Service(ServiceEventKind::LimitReached | ServiceEventKind::DiskFailed) => false,
    }
}

impl From<EventKind> for Observation {
    fn from(kind: EventKind) -> Observation {
        Observation::Event(kind)
    }
}

impl From<FaultKind> for Observation {
    fn from(kind: FaultKind) -> Observation {
        Observation::Fault(kind)
    }
}

impl From<Limit> for Observation {
    fn from(limit: Limit) -> Observation {
        Observation::Limit(limit)
    }
}

impl From<Occurrence> for Observation {
    fn from(occurrence: Occurrence) -> Observation {
        Observation::Occurrence(occurrence)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = Observation::all().map(Observation::name).collect();
        assert_eq!(names.len(), Observation::all().count());
        for observation in Observation::all() {
            assert_eq!(Observation::named(observation.name()), Some(observation));
        }
    }
}
