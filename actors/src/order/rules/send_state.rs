//! What to send to one replica next, and when to give it up.
//!
//! One message is in flight at a time; what is appended meanwhile makes the next one. A message is repeated until it is
//! confirmed (E4), and a replica that confirms nothing for too long leaves the in-sync set before anyone is acknowledged
//! an order that it lacks. That holds during a takeover, too: else a new leader would wait for ever for the replica whose
//! crash made it leader (E3).

use std::time::Duration;

use super::leader_state::LeaderState;
use super::peer::Membership;
use crate::clock::Timestamp;
use crate::domain::{OrderNumber, ReplicaId, Run};

/// What to do next for one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until woken.
    Rest,
    /// Nothing, until woken or until it is time to tell what is acknowledged.
    RestThenTell,
    /// Send what follows this number.
    Send(OrderNumber),
    /// Ask the front-end to add this run of it.
    Add(Run),
    /// Ask the front-end to drop it: nobody knows where it is (M10).
    Drop,
}

/// What is known of one replica, between the messages to it.
#[derive(Debug)]
pub struct SendState {
    /// The next message follows this number.
    after: OrderNumber,
    /// What it was told to be acknowledged.
    told: OrderNumber,
    /// It was not waited for when it was last looked at.
    out: bool,
    /// Since when it owes a confirmation.
    owes_since: Option<Timestamp>,
    /// Calls in a row that were refused outright: nobody listens there.
    refused: u32,
    /// How long it may owe a confirmation.
    patience: Duration,
}

impl SendState {
    /// At first it is sent what follows the leader's own book, and may owe a confirmation for so long.
    pub fn new(last: OrderNumber, patience: Duration) -> SendState {
        let told = OrderNumber::NONE;
        SendState { after: last, told, out: false, owes_since: None, refused: 0, patience }
    }

    /// How long it may owe a confirmation.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// What to do next. `tell` says that it is time to tell what is acknowledged, `asking` that the front-end is being
    /// asked about it.
    pub fn next(&mut self, leader: &LeaderState, peer: ReplicaId, tell: bool, asking: bool) -> Step {
        if leader.membership(peer) == Membership::Out {
            self.out = true;
            self.heard();
            return Step::Rest;
        }
        if !leader.is_configured(peer) {
            return if asking { Step::Rest } else { Step::Drop };
        }
        if !leader.may_send_book() {
            return Step::Rest;
        }
        if std::mem::take(&mut self.out) {
            // It has fetched what was acknowledged; if not quite, it will say so.
            (self.after, self.told) = (leader.acknowledged(), OrderNumber::NONE);
        }
        if let Some(run) = leader.may_add(peer)
            && !asking
        {
            Step::Add(run)
        } else if leader.confirmed_by(peer) < leader.last().number {
            Step::Send(self.after)
        } else if self.told < leader.acknowledged() {
            if tell { Step::Send(self.after) } else { Step::RestThenTell }
        } else {
            Step::Rest
        }
    }

    /// A message is being sent.
    pub fn sends(&mut self, now: Timestamp) {
        self.owes_since.get_or_insert(now);
    }

    /// It has confirmed the book up to `number`, by a message that said that orders up to `acknowledged` are. From now on
    /// it has the usual `patience`.
    pub fn confirmed(&mut self, number: OrderNumber, acknowledged: OrderNumber, patience: Duration) {
        self.heard();
        self.patience = patience;
        (self.after, self.told) = (number, self.told.max(acknowledged.min(number)));
    }

    /// It lacks the entry before the message, which followed `sent`; the books may agree up to `agreed`.
    pub fn missing(&mut self, sent: OrderNumber, agreed: OrderNumber) {
        self.heard();
        self.after = agreed.min(sent.before());
    }

    /// It refused the message, or did not answer; `unreachable` says that nobody listens there.
    pub fn unanswered(&mut self, unreachable: bool) {
        self.refused = if unreachable { self.refused + 1 } else { 0 };
    }

    /// Whether it has owed a confirmation for too long.
    pub fn is_given_up(&self, now: Timestamp) -> bool {
        self.refused >= 2 || self.owes_since.is_some_and(|since| now.since(since) >= self.patience)
    }

    fn heard(&mut self) {
        self.owes_since = None;
        self.refused = 0;
    }
}
