//! Which view comes next when the leader stays: a start's first, a change of the in-sync set.

use super::history::Views;
use crate::bugs::view_service as bent;
use crate::domain::{Epoch, Members, ReplicaId, View};
use crate::messages::view_service::{ChangeView, InSyncChange};

impl Views {
    /// The view after the current or saved one: of this run, one epoch higher (D1), or above what else was heard of.
    pub(super) fn next(&self, leader: ReplicaId, in_sync: Members) -> Option<View> {
        let saved = self.saved.view.as_ref()?;
        let epoch = saved.epoch.max(self.highest).next();
        let line = self.saved.line.clone();
        Some(View { store: saved.store, by: self.run, line, epoch, leader, in_sync })
    }

    /// The first view of this run, which changes nothing else (M7); to be saved before anything is decided.
    #[must_use]
    pub fn begin(&self) -> Option<View> {
        let saved = self.saved.view.as_ref()?;
        self.next(saved.leader, saved.in_sync.clone())
    }

    /// The view without the members that are no longer configured (M10), if there are such. The leader is left to a
    /// choice.
    #[must_use]
    pub fn without_strangers(&self) -> Option<View> {
        let saved = self.current()?;
        let is_stranger = |id: &ReplicaId| *id != saved.leader && !self.replicas.contains(id);
        let strangers: Vec<_> = saved.in_sync.ids().filter(is_stranger).collect();
        let mut in_sync = saved.in_sync.clone();
        strangers.iter().for_each(|id| in_sync.remove(*id));
        if strangers.is_empty() { None } else { self.next(saved.leader, in_sync) }
    }

    /// The view once more, above an epoch that an earlier run of this file reached.
    #[must_use]
    pub fn above(&mut self, epoch: Epoch) -> Option<View> {
        self.highest = self.highest.max(epoch);
        self.begin()
    }

    /// What a leader asked for. `None` leaves the view as it is: the change names another view than the current (D2), or
    /// changes nothing.
    ///
    /// Dropping a replica that is not in sync makes a new epoch too (D1): the leader counted it as a joiner, and
    /// may stop doing so only when an add that is still on its way can no longer be granted.
    #[must_use]
    pub fn change(&self, ask: &ChangeView) -> Option<View> {
        let saved = self.current()?;
        let stale = ask.epoch != saved.epoch || ask.by != saved.by || ask.leader != saved.leader;
        if bent::is_stale(stale) {
            return None;
        }
        let mut in_sync = saved.in_sync.clone();
        match ask.change {
            InSyncChange::Drop(replica) if replica == saved.leader => return None,
            InSyncChange::Drop(replica) => in_sync.remove(replica),
            InSyncChange::Add(replica, run)
                if in_sync.run(replica) == Some(run)
                    || replica == saved.leader
                    || !self.replicas.contains(&replica) =>
            {
                return None;
            }
            InSyncChange::Add(replica, run) => in_sync.insert(replica, run),
        }
        let next = self.next(saved.leader, in_sync)?;
        Some(View { epoch: bent::epoch_of_change(next.epoch, saved.epoch), ..next })
    }
}
