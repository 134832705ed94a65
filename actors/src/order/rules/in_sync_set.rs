//! Who is waited for: counting those who join, giving up those who do not confirm (D2 to D4, E3, E5).

use super::command::Command;
use super::leader_state::LeaderState;
use super::peer::Membership;
use super::replica_rules::ReplicaRules;
use crate::bugs::order as bent;
use crate::clock::Timestamp;
use crate::domain::{ReplicaId, Run, Term, View};
use crate::messages::order::{Join, JoinError, NotServing};
use crate::messages::view_service::InSyncChange;
use crate::order::summary::BookSummary;
use crate::probe::ReplicaEvent;

/// What comes of a replica's wish to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinStep {
    /// It is counted already, or a member.
    Done,
    /// First ask it back, where the configuration says that it is (E5).
    AskBack,
}

impl ReplicaRules {
    /// A replica has caught up and asks to be counted; it is, from now on, before the front-end is asked. But only if
    /// this leader reaches it: orders would wait for confirmations that cannot come (E5).
    ///
    /// # Errors
    /// [`JoinError`] when this replica does not serve in the epoch that the joiner names, or has just waited in vain for
    /// a joiner.
    pub fn join(&self, join: &Join, now: Timestamp, book: &BookSummary) -> Result<JoinStep, JoinError> {
        let leader = self.leader_to_join(join, book)?;
        if !leader.may_count(join.replica, join.run) {
            return Ok(JoinStep::Done);
        }
        if bent::counts_nobody(self.counts_nobody_until > now) {
            return Err(JoinError::NotNow);
        }
        Ok(JoinStep::AskBack)
    }

    /// The joiner was asked back, and answered or not.
    pub fn join_asked_back(
        &mut self,
        join: &Join,
        reached: bool,
        book: &BookSummary,
    ) -> (Result<(), JoinError>, Vec<Command>) {
        let Join { replica, run, epoch } = *join;
        if bent::is_unreached(!reached) {
            let news = self.unreached.insert(replica);
            let event = Command::Tell(ReplicaEvent::JoinerUnreached { replica, epoch });
            return (Err(JoinError::NotReached), news.then_some(event).into_iter().collect());
        }
        self.unreached.remove(&replica);
        if let Err(why) = self.leader_to_join(join, book) {
            return (Err(why), Vec::new());
        }
        if !self.leader.as_mut().is_some_and(|leader| leader.count(replica, run)) {
            return (Ok(()), Vec::new());
        }
        let event = ReplicaEvent::JoinerCounted { replica, epoch };
        (Ok(()), vec![Command::Tell(event), Command::WakeReplicators])
    }

    fn leader_to_join(&self, join: &Join, book: &BookSummary) -> Result<&LeaderState, JoinError> {
        let (named, current) = (join.epoch, book.epoch());
        match self.term_of(named) {
            Some(leader) if leader.serves() => Ok(leader),
            Some(leader) => Err(JoinError::NotServing(NotServing::TakingOver { epoch: leader.view().epoch })),
            None => Err(JoinError::NotServing(NotServing::NotLeader { named, current })),
        }
    }

    /// A replica does not confirm: out of the in-sync set with it (the front-end decides), or, if it is only being counted,
    /// no longer wait for it. It is still sent what it lacks until that is decided. `asking` says that the front-end is
    /// being asked about it; nobody is counted before `pause_until`, if it is given up as a joiner (E5). Returns what to
    /// ask of the front-end.
    pub fn give_up(
        &mut self,
        term: Term,
        replica: ReplicaId,
        asking: bool,
        pause_until: Timestamp,
    ) -> (Vec<Command>, Option<(View, InSyncChange)>) {
        let Some(leader) = self.leading(term) else { return (Vec::new(), None) };
        let out = leader.membership(replica) == Membership::Out;
        let given_up = leader.stop_counting(replica);
        let (serves, view) = (leader.serves(), leader.view().clone());
        let epoch = view.epoch;
        if given_up {
            let mut commands = vec![Command::Tell(ReplicaEvent::JoinerGivenUp { replica, epoch })];
            // Orders have waited for it, and are to be acknowledged before they wait for another one.
            self.counts_nobody_until = pause_until;
            commands.extend(self.advance(term));
            return (commands, None);
        }
        if out || asking || !bent::may_ask_to_drop(serves) {
            return (Vec::new(), None);
        }
        let commands = vec![Command::Tell(ReplicaEvent::DropAsked { replica, epoch })];
        (commands, Some((view, InSyncChange::Drop(replica))))
    }

    /// The front-end is to be asked to add a run that [`LeaderState::may_add`].
    pub fn ask_to_add(
        &mut self,
        term: Term,
        replica: ReplicaId,
        run: Run,
    ) -> Option<(Vec<Command>, (View, InSyncChange))> {
        let leader = self.leading(term)?;
        leader.add_sent(replica, run);
        let view = leader.view().clone();
        let event = ReplicaEvent::AddAsked { replica, epoch: view.epoch };
        Some((vec![Command::Tell(event)], (view, InSyncChange::Add(replica, run))))
    }
}
