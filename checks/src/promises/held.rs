//! What a leader acknowledges is on the disk of every member of its view, as it is on its own (rules A1 and B2).
//!
//! Whether an order that is acknowledged too early is lost takes a second misfortune to see; so the disks are looked at in the
//! very moment. Not at every acknowledgement, which would take longer than the run: at the first ones in each view, which
//! are where a leader may believe of a follower what is no longer so.

use std::collections::BTreeSet;

use toystore_actors::domain::{Entry, Epoch, OrderNumber, ReplicaId, Run};
use toystore_actors::probe::{Event, ReplicaEvent};

use super::views::Views;
use crate::data::{Promise, Violation};
use crate::time::{Nanos, seconds};

const PROMISE: Promise = Promise::HeldByAll;

/// The acknowledgements that were looked at: the first when a leader begins to serve, and the first in each view.
#[derive(Debug, Default)]
pub(super) struct FirstAcknowledgements(BTreeSet<(Run, Epoch, bool)>);

/// What must be on these replicas' disks, as on the leader's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurabilityClaim {
    /// The leader.
    pub leader: ReplicaId,
    /// The members of its view.
    pub members: Vec<ReplicaId>,
    /// The order with this number.
    pub through: OrderNumber,
}

impl FirstAcknowledgements {
    /// What is to be looked for, if this is one of the acknowledgements that are.
    pub(super) fn claim(&mut self, views: &Views, event: &Event) -> Option<DurabilityClaim> {
        let (by, epoch, through, begins) = match event {
            Event::Replica(ReplicaEvent::Serving { by, epoch, last }) => (*by, *epoch, *last, true),
            Event::Replica(ReplicaEvent::Acknowledged { through, by, epoch }) => {
                (*by, *epoch, *through, false)
            }
            _ => return None,
        };
        let view = views.view(by, epoch)?;
        let new = through > OrderNumber::NONE && self.0.insert((by, epoch, begins));
        new.then(|| DurabilityClaim { leader: view.leader, members: view.in_sync.ids().collect(), through })
    }
}

impl DurabilityClaim {
    /// Compares what is on the disks; `read` gives a replica's entry of a number.
    ///
    /// # Errors
    /// When somebody does not hold what the leader holds.
    pub fn check(
        &self,
        at: Nanos,
        read: impl Fn(ReplicaId, OrderNumber) -> Result<Option<Entry>, String>,
    ) -> Result<(), Violation> {
        let DurabilityClaim { leader, members, through } = self;
        let told = format!("order-{leader} acknowledges order {through} at {}", seconds(at));
        let held = |id: ReplicaId| {
            read(id, *through).map_err(|why| {
                Violation::new(PROMISE, [told.clone(), format!("order-{id} cannot be read: {why}")])
            })
        };
        let own = held(*leader)?;
        for id in members {
            let entry = held(*id)?;
            if entry.is_none() || entry != own {
                let facts =
                    [told, format!("order-{leader} holds {own:?}"), format!("order-{id} holds {entry:?}")];
                return Err(Violation::new(PROMISE, facts));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{BY, epoch, order_number, replica, two_replicas, view_saved};
    use toystore_actors::domain::FrontEndId;
    use toystore_actors::net::NodeId;

    fn serving(in_epoch: u64, last: u64) -> Event {
        let (epoch, last) = (epoch(in_epoch), order_number(last));
        Event::Replica(ReplicaEvent::Serving { by: BY, epoch, last })
    }

    fn acknowledged(through: u64, in_epoch: u64) -> Event {
        let (through, epoch) = (order_number(through), epoch(in_epoch));
        Event::Replica(ReplicaEvent::Acknowledged { through, by: BY, epoch })
    }

    #[test]
    fn the_first_acknowledgements_of_a_view_are_looked_at() {
        let front_end = NodeId::FrontEnd(FrontEndId::new(1));
        let (mut held, mut views) = (FirstAcknowledgements::default(), Views::default());
        for number in [1, 2] {
            let saved = view_saved(epoch(number), replica(2), two_replicas());
            views.event(0, front_end, &saved).expect("nothing is wrong");
        }
        for (event, looked) in [
            (serving(1, 0), None),
            (acknowledged(3, 1), Some(3)),
            (acknowledged(4, 1), None),
            (serving(2, 4), Some(4)),
            (acknowledged(5, 2), Some(5)),
            (acknowledged(5, 3), None),
        ] {
            let expected = looked.map(|through| DurabilityClaim {
                leader: replica(2),
                members: vec![replica(1), replica(2)],
                through: order_number(through),
            });
            assert_eq!(held.claim(&views, &event), expected, "{event}");
        }
    }

    #[test]
    fn all_must_hold_the_same() {
        let (leader, members) = (replica(2), vec![replica(1), replica(2)]);
        let claim = DurabilityClaim { leader, members, through: order_number(3) };
        let entry = |of: u64| Ok(Some(Entry::lost(order_number(3), epoch(of))));
        for (own, other, holds) in [
            (entry(1), entry(1), true),
            (entry(2), entry(1), false),
            (entry(1), Ok(None), false),
            (Ok(None), Ok(None), false),
            (entry(1), Err("damaged".to_owned()), false),
        ] {
            let read = |id, _| if id == leader { own.clone() } else { other.clone() };
            assert_eq!(claim.check(0, read).is_ok(), holds, "{own:?} {other:?}");
        }
    }
}
