//! Short ways to name ids and views in tests.

use toystore_actors::domain::{Epoch, Line, Members, ReplicaId, Run, StoreId, View};
use toystore_actors::probe::{Event, SaveReason, ViewEvent};

pub(crate) fn epoch(number: u64) -> Epoch {
    Epoch::new(number)
}

pub(crate) fn replica(id: u8) -> ReplicaId {
    ReplicaId::new(id)
}

/// The run of the front-end that saves the views.
pub(crate) const BY: Run = Run::new(1);

/// A front-end saves a view with the leader of this id, and these in sync.
pub(crate) fn view_saved(epoch: Epoch, leader: ReplicaId, in_sync: Members) -> Event {
    let (store, line) = (StoreId::new(1), Line::default());
    let view = View { store, by: BY, line, epoch, leader, in_sync };
    Event::View(ViewEvent::ViewSaved { view, why: SaveReason::AnotherLeader })
}
