//! What the replicas last said, and what it means for the leader.
//!
//! Heartbeats overlap: the next is sent while the last may still be unanswered, so that one lost packet is
//! not yet silence. Their answers can therefore arrive out of order; an answer to an older call than the
//! newest answered says nothing any more.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::bugs::view_service as bent;
use crate::clock::Timestamp;
use crate::domain::{ReplicaId, Run, View};
use crate::messages::catalog::Refusal;
use crate::messages::order::{ReplicaStatus, Role};
use crate::net::NetError;
use crate::probe::SuspectReason;

/// Numbers the calls to replicas in the order in which they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CallNumber(u64);

/// What is known of the replicas.
#[derive(Debug, Default)]
pub struct Peers {
    last_call: CallNumber,
    by_id: BTreeMap<ReplicaId, Peer>,
    /// When the view's leader last answered, or was chosen.
    leader_heard: Timestamp,
    serving: bool,
    /// Why the catalog does not sell to the leader.
    hindered: Option<Refusal>,
}

#[derive(Debug, Clone, Copy)]
struct Peer {
    answered: CallNumber,
    at: Timestamp,
}

/// What an answer means for the leader of the current view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing new.
    Nothing,
    /// It serves from now on.
    Serves,
    /// It does not serve any more, but will again.
    Pauses,
    /// It does not lead, for this reason: choose another.
    Suspect(SuspectReason),
    /// This run lacks what is acknowledged: choose another, and never this one again.
    Unfit(Run),
}

impl Peers {
    /// A call is sent now.
    pub fn call(&mut self) -> CallNumber {
        self.last_call.0 += 1;
        self.last_call
    }

    /// A leader was chosen now. It does not serve until it says so.
    pub fn chosen(&mut self, now: Timestamp) {
        self.leader_heard = now;
        self.serving = false;
        self.hindered = None;
    }

    /// Why the catalog does not sell to the leader, as far as is known.
    #[must_use]
    pub fn hindered(&self) -> Option<Refusal> {
        self.hindered
    }

    /// The leader was found to be well after all, though it may not say that it serves.
    pub fn leader_lives(&mut self, now: Timestamp) {
        self.leader_heard = now;
    }

    /// The leader refused a request, although it serves as far as we knew.
    pub fn refused(&mut self) {
        self.serving = false;
    }

    /// Whether the current view's leader serves, as far as is known.
    #[must_use]
    pub fn serving(&self) -> bool {
        self.serving
    }

    /// Whether the leader has not answered for so long.
    #[must_use]
    pub fn leader_silent(&self, now: Timestamp, patience: Duration) -> bool {
        now.since(self.leader_heard) >= patience
    }

    /// Those of these replicas that have not answered for so long.
    #[must_use]
    pub fn silent(&self, among: &[ReplicaId], now: Timestamp, patience: Duration) -> Vec<ReplicaId> {
        let silent = |id: &ReplicaId| self.by_id.get(id).is_none_or(|peer| now.since(peer.at) >= patience);
        among.iter().copied().filter(silent).collect()
    }

    /// Takes the outcome of an announcement to a replica.
    pub fn take(
        &mut self,
        from: ReplicaId,
        call: CallNumber,
        outcome: &Result<ReplicaStatus, NetError>,
        view: &View,
        now: Timestamp,
    ) -> Finding {
        if self.by_id.get(&from).is_some_and(|peer| call < peer.answered) {
            return Finding::Nothing;
        }
        // A busy replica is alive; another leader would be no less busy.
        let alive = matches!(outcome, Ok(_) | Err(NetError::Overloaded));
        if alive {
            self.by_id.insert(from, Peer { answered: call, at: now });
        }
        if from != view.leader {
            return Finding::Nothing;
        }
        match outcome {
            Ok(status) => self.leader_said(status, view, now),
            Err(NetError::Overloaded) => {
                self.leader_heard = now;
                Finding::Nothing
            }
            Err(NetError::Refused) => Finding::Suspect(SuspectReason::RefusedConnection),
            Err(NetError::Lost) => Finding::Suspect(SuspectReason::BrokeConnection),
            // Somebody else answered, or the door: the leader is silent, no more and no less.
            Err(
                NetError::TimedOut | NetError::Malformed(_) | NetError::Misdirected(_) | NetError::Denied(_),
            ) => Finding::Nothing,
        }
    }

    /// The status is taken after the replica has adopted what it was told, so "follower" at this epoch or a
    /// newer one means that it restarted, or was told otherwise. At an older epoch it only means that the
    /// announcement of this view has not reached it yet.
    fn leader_said(&mut self, status: &ReplicaStatus, view: &View, now: Timestamp) -> Finding {
        if status.role == Role::Unfit && status.epoch >= view.epoch {
            return Finding::Unfit(status.run);
        }
        if matches!(status.role, Role::Follower | Role::Unfit) {
            return if bent::is_deposed(status.epoch >= view.epoch) {
                Finding::Suspect(SuspectReason::DoesNotLead)
            } else {
                Finding::Nothing
            };
        }
        self.leader_heard = now;
        self.hindered = status.hindered;
        let was = self.serving;
        if status.epoch >= view.epoch {
            self.serving = status.role == Role::Leader;
        }
        match (was, self.serving) {
            (false, true) => Finding::Serves,
            (true, false) => Finding::Pauses,
            _ => Finding::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Epoch, Line, OrderNumber, Position, StoreId};
    use crate::net::{Denied, Misdirected, Mismatch, NodeId};

    const RUN: Run = Run::new(30);
    const LEADER: ReplicaId = ReplicaId::new(3);

    fn says(role: Role, epoch: u64) -> Result<ReplicaStatus, NetError> {
        Ok(ReplicaStatus {
            id: ReplicaId::new(0),
            run: RUN,
            line: Line::default(),
            role,
            epoch: Epoch::new(epoch),
            last: Position::default(),
            acknowledged: OrderNumber::NONE,
            view: None,
            hindered: None,
        })
    }

    fn view(in_sync: &[u8]) -> View {
        let (store, by) = (StoreId::new(1), Run::new(1));
        let (epoch, leader) = (Epoch::new(5), LEADER);
        let in_sync = in_sync.iter().map(|id| (ReplicaId::new(*id), RUN)).collect();
        View { store, by, line: Line::default(), epoch, leader, in_sync }
    }

    // Rules E2 and M4.
    #[test]
    fn what_a_leader_answers_decides_whether_it_leads() {
        use Role::{Follower, Leader, TakingOver, Unfit};
        let view = view(&[2, 3]);
        let suspect = |why| Finding::Suspect(why);
        let misdirected =
            Misdirected { why: Mismatch::Receiver, node: NodeId::Order(ReplicaId::new(2)), store: None };
        let denied = NetError::Denied(Denied::OtherToken);
        // Who says what; was it serving before; what that means; does it serve; was the leader heard.
        for (case, from, outcome, before, finding, after, heard) in [
            ("takes over", 3, says(TakingOver, 5), false, Finding::Nothing, false, true),
            ("begins to serve", 3, says(Leader, 5), false, Finding::Serves, true, true),
            ("serves on", 3, says(Leader, 5), true, Finding::Nothing, true, true),
            ("takes over again", 3, says(TakingOver, 5), true, Finding::Pauses, false, true),
            ("restarted", 3, says(Follower, 5), true, suspect(SuspectReason::DoesNotLead), true, false),
            (
                "follows a newer one",
                3,
                says(Follower, 6),
                true,
                suspect(SuspectReason::DoesNotLead),
                true,
                false,
            ),
            ("lacks what is acknowledged", 3, says(Unfit, 5), true, Finding::Unfit(RUN), true, false),
            ("was unfit in an older epoch", 3, says(Unfit, 4), true, Finding::Nothing, true, false),
            ("has not heard yet", 3, says(Follower, 4), false, Finding::Nothing, false, false),
            ("leads the epoch before", 3, says(Leader, 4), false, Finding::Nothing, false, true),
            ("goes on after a change", 3, says(Leader, 4), true, Finding::Nothing, true, true),
            ("is busy", 3, Err(NetError::Overloaded), true, Finding::Nothing, true, true),
            ("is silent", 3, Err(NetError::TimedOut), true, Finding::Nothing, true, false),
            ("is not who is there", 3, Err(misdirected.into()), true, Finding::Nothing, true, false),
            ("does not let us in", 3, Err(denied), true, Finding::Nothing, true, false),
            (
                "is gone",
                3,
                Err(NetError::Refused),
                true,
                suspect(SuspectReason::RefusedConnection),
                true,
                false,
            ),
            ("breaks", 3, Err(NetError::Lost), true, suspect(SuspectReason::BrokeConnection), true, false),
            ("a follower follows", 2, says(Follower, 5), true, Finding::Nothing, true, false),
            ("a follower is gone", 2, Err(NetError::Refused), true, Finding::Nothing, true, false),
            ("another thinks it leads", 2, says(Leader, 4), false, Finding::Nothing, false, false),
        ] {
            let mut peers = Peers { serving: before, ..Peers::default() };
            let call = peers.call();
            assert_eq!(
                peers.take(ReplicaId::new(from), call, &outcome, &view, Timestamp(9)),
                finding,
                "{case}"
            );
            assert_eq!(peers.serving(), after, "{case}");
            assert_eq!(!peers.leader_silent(Timestamp(9), Duration::from_nanos(1)), heard, "{case}");
        }
    }

    #[test]
    fn an_answer_to_an_older_call_says_nothing() {
        let view = view(&[3]);
        let mut peers = Peers::default();
        let (first, second) = (peers.call(), peers.call());
        assert_eq!(peers.take(LEADER, second, &says(Role::Leader, 5), &view, Timestamp(1)), Finding::Serves);
        assert_eq!(
            peers.take(LEADER, first, &says(Role::TakingOver, 5), &view, Timestamp(2)),
            Finding::Nothing
        );
        assert_eq!(peers.take(LEADER, first, &Err(NetError::Lost), &view, Timestamp(2)), Finding::Nothing);
        assert!(peers.serving());
    }

    #[test]
    fn a_replica_is_silent_when_its_last_answer_is_old() {
        let view = view(&[1, 2, 3]);
        let mut peers = Peers::default();
        for (id, at) in [(1, 10), (3, 20)] {
            let call = peers.call();
            peers.take(ReplicaId::new(id), call, &says(Role::Follower, 4), &view, Timestamp(at));
        }
        let (span, all) = (Duration::from_nanos, [1, 2, 3].map(ReplicaId::new));
        assert_eq!(peers.silent(&all, Timestamp(21), span(20)), all[1..2]);
        assert_eq!(peers.silent(&all, Timestamp(30), span(20)), all[..2]);
        peers.chosen(Timestamp(30));
        assert!(!peers.leader_silent(Timestamp(39), span(10)));
        assert!(peers.leader_silent(Timestamp(40), span(10)));
    }
}
