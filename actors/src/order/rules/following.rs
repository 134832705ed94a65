//! Following: which leader's messages are taken, and what is learnt from them (B1, B3, M6).

use super::command::Command;
use super::leader_state::LeaderState;
use super::merge::Follower;
use super::replica_rules::ReplicaRules;
use crate::bugs::order as bent;
use crate::domain::{OrderNumber, View};
use crate::messages::order::{AppendReply, Fill};
use crate::order::summary::BookSummary;
use crate::probe::ReplicaEvent;

impl ReplicaRules {
    /// This replica, as the follower in whose book a message is merged.
    pub fn follower(&self) -> Follower {
        Follower { id: self.me.id, run: self.me.run, acknowledged: self.known_acknowledged }
    }

    /// A leader's message: whether it is taken, and what comes before that: a leader that hears of a newer epoch steps down
    /// at once. What is written is decided where the newest view on disk is known ([`super::merge`]).
    ///
    /// # Errors
    /// The answer, and what to do, when it is refused: it is of an older view, or nobody configured sent it.
    pub fn follow(
        &mut self,
        view: &View,
        book: &BookSummary,
    ) -> Result<Vec<Command>, (AppendReply, Vec<Command>)> {
        let (epoch, current) = (view.epoch, book.epoch());
        let led = self.leader.as_ref().map(LeaderState::view);
        let follows = match (led, &book.view) {
            (Some(led), _) => view.may_follow(Some(led)),
            (None, Some(followed)) => view.is(followed) || view.may_follow(Some(followed)),
            (None, None) => true,
        };
        let refused = bent::refuses_message(!follows, epoch, current, led.is_some());
        if refused || !self.me.replicas.contains(&view.leader) {
            let event = ReplicaEvent::OldEpochRefused { message: "sync", epoch, current };
            return Err((AppendReply::Refused { epoch: current }, vec![Command::Tell(event)]));
        }
        self.hear(view);
        Ok(self.step_down())
    }

    /// A leader's message was merged, and is answered with `reply`: it said that orders up to `told` are acknowledged.
    pub fn merged(
        &mut self,
        told: OrderNumber,
        reply: AppendReply,
        cut: Option<(OrderNumber, u64)>,
    ) -> Vec<Command> {
        if let AppendReply::Confirmed { number, .. } = reply {
            self.known_acknowledged = self.known_acknowledged.max(told.min(number));
        }
        let event = cut.map(|(after, entries)| ReplicaEvent::TailCut { after, entries });
        event.map(Command::Tell).into_iter().collect()
    }

    /// Whether an operator means this process and this book: not one that serves.
    pub fn may_fill(&self, fill: &Fill, book: &BookSummary) -> bool {
        let serves = self.leader.as_ref().is_some_and(LeaderState::serves);
        fill.run == self.me.run && fill.last == book.last && !serves
    }
}
