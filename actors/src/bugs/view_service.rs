//! A view service that chooses, changes or tells views wrongly.

use super::catalogue::Bug;
use super::switch::planted;
use crate::domain::{Epoch, ReplicaId, Run};

/// The view is told before it is on the disk.
pub(crate) fn told_unsaved(tell: impl FnOnce()) {
    if planted(Bug::ViewToldUnsaved) {
        tell();
    }
}

/// The highest replica that answered is chosen, in sync or not.
pub(crate) fn chosen(best: Option<ReplicaId>, any: Option<ReplicaId>) -> Option<ReplicaId> {
    if any > best && planted(Bug::StaleReplicaChosen) { any } else { best }
}

/// D1: a change keeps the epoch of the view before.
pub(crate) fn epoch_of_change(next: Epoch, saved: Epoch) -> Epoch {
    if planted(Bug::ChangeKeepsEpoch) { saved } else { next }
}

/// D2: a change that names another view is granted.
pub(crate) fn is_stale(stale: bool) -> bool {
    stale && !planted(Bug::StaleViewChange)
}

/// D6: whether a ping names the view.
pub(crate) fn ping_names_view() -> bool {
    !planted(Bug::TermKept)
}

/// E2: a follower counts as leader.
pub(crate) fn leads(leads: bool, follows: bool) -> bool {
    leads || (follows && planted(Bug::RestartedLeaderKept))
}

/// E2: a leader that is alive but does not lead is kept.
pub(crate) fn is_deposed(deposed: bool) -> bool {
    deposed && !planted(Bug::RestartedLeaderKept)
}

/// M2: a number is enough to stand for the member.
pub(crate) fn stands_for(stands: bool) -> bool {
    stands || planted(Bug::NumberNamesMember)
}

/// M4: a run that was found unfit is not remembered.
pub(crate) fn remembered_unfit(run: Run) -> Option<Run> {
    (!planted(Bug::UnfitChosenAgain)).then_some(run)
}

/// M8: one answer is enough for a front-end without a view.
pub(crate) fn waits_for_all(missing: bool, nobody_answered: bool) -> bool {
    missing && (nobody_answered || !planted(Bug::OneAnswerIsEnough))
}

/// M6: whether the catalog is asked which front-end has registered.
pub(crate) fn asks_catalog(due: bool) -> bool {
    due && !planted(Bug::CatalogUnasked)
}
