//! What the rules have done at once. Nothing comes back.

use std::time::Duration;

use crate::domain::{Epoch, ReplicaId, StoreId};
use crate::probe::ViewEvent;

/// What the shell is to do at once, without waiting for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Send the current view to each of these replicas, side by side, and tell the rules what they answer within
    /// `limit`.
    Announce { to: Vec<ReplicaId>, limit: Duration },
    /// Begin this, beside everything else.
    Start(Task),
    /// Wake the requests that wait for a leader that serves: it does now, or there is a new view.
    WakeRequests,
    /// Give up the requests that are under way to the leader: they are not going to be answered.
    AbandonRequests,
    /// End the pauses that wait for a replica that was missing: it has answered.
    EndPauses,
    /// Give up the turn: another view may be decided on.
    EndTurn,
    /// Let the peers know to which store this front-end belongs.
    Belong(StoreId),
    /// Tell the probe.
    Emit(ViewEvent),
    /// Write this sentence to the log, as a warning.
    Warn(String),
    /// Stop this front-end, for this reason.
    End(String),
}

/// What is begun beside everything else, as a procedure of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// [`Choose`](super::Choose), after a pause if earlier choices did not help.
    Choose { pause: Option<Duration> },
    /// [`PollLeader`](super::PollLeader), the leader of this epoch.
    PollLeader(Epoch),
    /// [`SaveAbove`](super::SaveAbove) this epoch.
    SaveAbove(Epoch),
    /// [`CheckRegistration`](super::CheckRegistration).
    CheckRegistration,
}
