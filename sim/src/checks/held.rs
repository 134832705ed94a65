//! What a leader acknowledges is on the disk of every member of its view, as it is on its own (rules A1 and B2).
//!
//! Whether an order that is acknowledged too early is lost takes a second misfortune to see; so the disks are looked at in the
//! very moment. Not at every acknowledgement, which would take longer than the run: at the first ones in each view, which
//! are where a leader may believe of a follower what is no longer so.

use std::collections::BTreeSet;

use toystore_actors::domain::{Entry, Epoch, OrderNumber, ReplicaId, Run};
use toystore_actors::probe::Event;

use super::views::Views;
use crate::clock::Nanos;
use crate::report::{Violation, seconds};

const PROMISE: &str = "what is acknowledged is held by all in sync";

/// The acknowledgements that were looked at: the first when a leader begins to serve, and the first in each view.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeSet<(Run, Epoch, bool)>);

/// What must be on these replicas' disks, as on the leader's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The leader.
    pub leader: ReplicaId,
    /// The members of its view.
    pub members: Vec<ReplicaId>,
    /// The order with this number.
    pub through: OrderNumber,
}

impl Held {
    /// What is to be looked for, if this is one of the acknowledgements that are.
    pub(super) fn claim(&mut self, views: &Views, event: &Event) -> Option<Claim> {
        let (by, epoch, through, begins) = match event {
            Event::Serving { by, epoch, last } => (*by, *epoch, *last, true),
            Event::Acknowledged { through, by, epoch } => (*by, *epoch, *through, false),
            _ => return None,
        };
        let view = views.view(by, epoch)?;
        let new = through > 0 && self.0.insert((by, epoch, begins));
        new.then(|| Claim { leader: view.leader, members: view.in_sync.ids().collect(), through })
    }
}

impl Claim {
    /// Compares what is on the disks; `read` gives a replica's entry of a number.
    ///
    /// # Errors
    /// When somebody does not hold what the leader holds.
    pub fn check(
        &self,
        at: Nanos,
        read: impl Fn(ReplicaId, OrderNumber) -> Result<Option<Entry>, String>,
    ) -> Result<(), Violation> {
        let Claim { leader, members, through } = self;
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
    use toystore_actors::domain::{Line, StoreId, View};
    use toystore_actors::net::NodeId;

    use super::*;

    fn view(epoch: Epoch) -> View {
        let in_sync = [(1, Run::new(10)), (2, Run::new(20))].into_iter().collect();
        let (store, by, line) = (StoreId::new(1), Run::new(1), Line::default());
        View { store, by, line, epoch, leader: 2, in_sync }
    }

    #[test]
    fn the_first_acknowledgements_of_a_view_are_looked_at() {
        let (mut held, mut views) = (Held::default(), Views::default());
        let by = Run::new(1);
        for epoch in [1, 2] {
            let seen = Event::ViewSaved { view: view(epoch), why: "a test" };
            views.event(0, NodeId::FrontEnd(1), &seen).expect("nothing is wrong");
        }
        for (event, looked) in [
            (Event::Serving { by, epoch: 1, last: 0 }, None),
            (Event::Acknowledged { through: 3, by, epoch: 1 }, Some(3)),
            (Event::Acknowledged { through: 4, by, epoch: 1 }, None),
            (Event::Serving { by, epoch: 2, last: 4 }, Some(4)),
            (Event::Acknowledged { through: 5, by, epoch: 2 }, Some(5)),
            (Event::Acknowledged { through: 5, by, epoch: 3 }, None),
        ] {
            let claim = held.claim(&views, &event);
            assert_eq!(claim.as_ref().map(|claim| claim.through), looked, "{event}");
            assert!(claim.is_none_or(|claim| claim.members == [1, 2] && claim.leader == 2));
        }
    }

    #[test]
    fn all_must_hold_the_same() {
        let claim = Claim { leader: 2, members: vec![1, 2], through: 3 };
        let entry = |epoch| Ok(Some(Entry { number: 3, epoch, purchase: None }));
        for (own, other, holds) in [
            (entry(1), entry(1), true),
            (entry(2), entry(1), false),
            (entry(1), Ok(None), false),
            (Ok(None), Ok(None), false),
            (entry(1), Err("damaged".to_owned()), false),
        ] {
            let read = |id, _| if id == 2 { own.clone() } else { other.clone() };
            assert_eq!(claim.check(0, read).is_ok(), holds, "{own:?} {other:?}");
        }
    }
}
