//! Rare states that an event shows, if it is more than the event's name says.

use std::collections::BTreeMap;

use toystore_actors::domain::Epoch;
use toystore_actors::probe::{CatalogEvent, Event, ReplicaEvent, ServiceEvent, ViewEvent};

use super::observation::Observation;
use super::occurrence::Occurrence;

/// Recognizes rare states in the events of a run.
#[derive(Debug, Default)]
pub struct RareStates {
    /// How many replicas each view had in sync.
    in_sync: BTreeMap<Epoch, usize>,
}

impl RareStates {
    /// The rare state that an event shows, if it shows one.
    pub fn shown_by(&mut self, event: &Event) -> Option<Observation> {
        let occurrence = match event {
            Event::Service(ServiceEvent::LimitReached { limit }) => return Some(Observation::Limit(*limit)),
            Event::View(ViewEvent::ViewSaved { view, .. }) => {
                self.in_sync.insert(view.epoch, view.in_sync.len());
                return None;
            }
            Event::Replica(ReplicaEvent::ViewAdopted { view, orders_in_flight }) if *orders_in_flight > 0 => {
                let before = self.in_sync.get(&view.epoch.before()).copied().unwrap_or(0);
                if view.in_sync.len() < before {
                    Occurrence::ViewShrunkInFlight
                } else {
                    Occurrence::ViewChangedInFlight
                }
            }
            Event::Replica(ReplicaEvent::UnsettledCompleted { purchases, .. }) if *purchases > 0 => {
                Occurrence::UnsettledTakenOver
            }
            Event::Replica(ReplicaEvent::TailCut { entries, .. }) if *entries > 1 => {
                Occurrence::SeveralEntriesCut
            }
            Event::Catalog(CatalogEvent::GroupVisible { waited_for_lease: true, .. }) => {
                Occurrence::LeaseWaited
            }
            Event::Catalog(CatalogEvent::CatalogReady { confirmed: false }) => Occurrence::CatalogUnconfirmed,
            _ => return None,
        };
        Some(Observation::Occurrence(occurrence))
    }
}
