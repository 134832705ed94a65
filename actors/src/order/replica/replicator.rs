//! Replicating the book to one replica: what to send it next, and when to give it up.
//!
//! One message is in flight at a time; what is appended meanwhile makes the next one. A message is repeated
//! until it is confirmed (E4), and a replica that confirms nothing for too long leaves the in-sync set
//! before anyone is acknowledged an order that it lacks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::super::book::read;
use super::Replica;
use super::leader_state::{LeaderState, Membership};
use crate::bugs::{Bug, planted};
use crate::clock::{Timestamp, within};
use crate::domain::{OrderNumber, ReplicaId, Run, Term, View};
use crate::messages::order::{AppendEntries, AppendReply};
use crate::messages::view_service::{ChangeView, InSyncChange};
use crate::net::{NetError, NodeId};
use crate::probe::{Limit, ReplicaEvent, ServiceEvent};

/// A follower hears of acknowledgements with the next entries; when there are none, after this time.
const TELL_AFTER: Duration = Duration::from_millis(20);

/// What to do next for one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
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
struct Replicator {
    /// The next message follows this number.
    after: OrderNumber,
    /// What it was told to be acknowledged.
    told: OrderNumber,
    /// It was not waited for when it was last looked at.
    out: bool,
    /// Since when it owes a confirmation.
    owes_since: Option<Timestamp>,
    /// Calls in a row that were refused outright: nobody listens there.
    refusals: u32,
    /// Whether the front-end is being asked about it.
    asking: Rc<Cell<bool>>,
    /// How long it may owe a confirmation.
    patience: Duration,
}

impl Replicator {
    fn next(&mut self, term: &LeaderState, peer: ReplicaId, tell: bool) -> Step {
        if term.membership(peer) == Membership::Out {
            self.out = true;
            self.heard();
            return Step::Rest;
        }
        if !term.is_configured(peer) {
            return if self.asking.get() { Step::Rest } else { Step::Drop };
        }
        if !term.may_push() {
            return Step::Rest;
        }
        if std::mem::take(&mut self.out) {
            // It has fetched what was acknowledged; if not quite, it will say so.
            (self.after, self.told) = (term.acknowledged(), OrderNumber::NONE);
        }
        if let Some(run) = term.may_add(peer)
            && !self.asking.get()
        {
            Step::Add(run)
        } else if term.confirmed_by(peer) < term.last().number {
            Step::Send(self.after)
        } else if self.told < term.acknowledged() {
            if tell { Step::Send(self.after) } else { Step::RestThenTell }
        } else {
            Step::Rest
        }
    }

    fn given_up(&self, now: Timestamp) -> bool {
        self.refusals >= 2 || self.owes_since.is_some_and(|since| now.since(since) >= self.patience)
    }

    fn heard(&mut self) {
        self.owes_since = None;
        self.refusals = 0;
    }
}

impl Replica {
    /// Feeds one replica for the length of a term. A `suspect` has a quarter of the usual time to confirm
    /// for the first time.
    pub(super) async fn replicator(self: Rc<Self>, since: Term, peer: ReplicaId, suspect: bool) {
        let Some(after) = self.within_term(since, |term| term.last().number) else { return };
        let asking = Rc::default();
        let patience = self.config.drop_after / if suspect { 4 } else { 1 };
        let mut replicator = Replicator {
            after,
            told: OrderNumber::NONE,
            out: false,
            owes_since: None,
            refusals: 0,
            asking,
            patience,
        };
        let mut tell = false;
        while let Some(step) = self.within_term(since, |term| replicator.next(term, peer, tell)) {
            tell = false;
            let notify = self.replicator_of(peer);
            let woken = notify.notified();
            match step {
                Step::Rest => woken.await,
                Step::RestThenTell => tell = within(&*self.host.clock, TELL_AFTER, woken).await.is_err(),
                Step::Add(run) => self.ask_to_add(since, peer, run, &replicator),
                Step::Drop => self.give_up(since, peer, &mut replicator),
                Step::Send(after) => {
                    replicator.owes_since.get_or_insert_with(|| self.host.clock.now());
                    if self.send(since, peer, after, &mut replicator).await.is_none() {
                        return;
                    }
                    if replicator.given_up(self.host.clock.now()) {
                        self.give_up(since, peer, &mut replicator);
                    }
                }
            }
        }
    }

    /// Sends one message and takes note of the answer; `None` when the term or the disk has ended.
    async fn send(
        &self,
        since: Term,
        peer: ReplicaId,
        after: OrderNumber,
        replicator: &mut Replicator,
    ) -> Option<()> {
        let sync = self.message(since, after).await?;
        let acknowledged = sync.acknowledged;
        let answer = self.host.net.send(NodeId::Order(peer), &sync, replicator.patience / 2).await;
        match answer {
            Ok(AppendReply::Confirmed { run, epoch, number }) => {
                let full = sync.entries.len() == self.config.limits.sync_entries;
                replicator.heard();
                self.shows(peer, run);
                replicator.patience = self.config.drop_after;
                (replicator.after, replicator.told) = (number, replicator.told.max(acknowledged.min(number)));
                self.within_term(since, |term| {
                    let last = term.last().number;
                    let end = full && number < last && planted(Bug::ChunkTakenForEnd);
                    term.confirmed(peer, run, epoch, if end { last } else { number });
                })?;
                self.advance(since);
            }
            Ok(AppendReply::Missing { after }) => {
                replicator.heard();
                let agreed = self.writer.read(move |book| read::last_at_most(book, after)).await.ok()?;
                replicator.after = agreed.number.min(sync.after.number.before());
            }
            Err(_) if planted(Bug::SyncGivenUp) => return None,
            Ok(AppendReply::Refused { .. }) | Err(_) => {
                replicator.refusals =
                    if answer == Err(NetError::Refused) { replicator.refusals + 1 } else { 0 };
                self.host.clock.sleep(self.config.retry_every / 4).await;
            }
        }
        Some(())
    }

    /// The message that follows `after`: from memory, or from disk for a replica that lags behind.
    async fn message(&self, since: Term, after: OrderNumber) -> Option<AppendEntries> {
        let limit = self.config.limits.sync_entries;
        let from_memory = self.within_term(since, |term| term.entries_after(after, limit))?;
        let found = match from_memory {
            Some(found) => Some(found),
            None => self.writer.read(move |book| read::following(book, after, limit)).await.ok()?,
        };
        let fills = |last| {
            found.as_ref().is_some_and(|(before, entries)| {
                entries.len() == limit && before.number + (limit as u64) < last
            })
        };
        if self.within_term(since, |term| fills(term.last().number))? {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::MessageEntries });
        }
        // The entries are on disk as long as the term lasts; a tail is cut only by the leader after it.
        self.within_term(since, |term| {
            let (after, entries) = found?;
            Some(AppendEntries {
                view: term.view().clone(),
                after,
                entries,
                acknowledged: term.acknowledged(),
            })
        })?
    }

    /// A replica does not confirm: out of the in-sync set with it (the front-end decides), or, if it is only
    /// being counted, no longer wait for it. It is still sent what it lacks until that is decided.
    fn give_up(self: &Rc<Self>, since: Term, peer: ReplicaId, replicator: &mut Replicator) {
        let Some((let_go, out, serves, view)) = self.within_term(since, |term| {
            let out = term.membership(peer) == Membership::Out;
            (term.stop_counting(peer), out, term.serves(), term.view().clone())
        }) else {
            return;
        };
        if let_go {
            self.host.emit(ReplicaEvent::JoinerGivenUp { replica: peer, epoch: view.epoch });
            // Orders have waited for it, and are to be acknowledged before they wait for another one.
            self.counts_nobody_until.set(self.host.clock.now() + self.config.drop_after);
            self.advance(since);
        } else if !out && !replicator.asking.get() && (serves || !planted(Bug::NoDropInTakeover)) {
            self.host.emit(ReplicaEvent::DropAsked { replica: peer, epoch: view.epoch });
            self.change_view(view, InSyncChange::Drop(peer), peer, replicator);
        }
    }

    fn ask_to_add(self: &Rc<Self>, since: Term, peer: ReplicaId, run: Run, replicator: &Replicator) {
        let asked = self.within_term(since, |term| {
            term.add_sent(peer, run);
            term.view().clone()
        });
        if let Some(view) = asked {
            self.host.emit(ReplicaEvent::AddAsked { replica: peer, epoch: view.epoch });
            self.change_view(view, InSyncChange::Add(peer, run), peer, replicator);
        }
    }

    /// Asks the front-end to change the in-sync set of this leader's view, and adopts the view it answers,
    /// whichever that is (D2). The replicator goes on meanwhile: orders wait for a replica that is counted, whether
    /// or not the front-end answers.
    fn change_view(
        self: &Rc<Self>,
        view: View,
        change: InSyncChange,
        peer: ReplicaId,
        replicator: &Replicator,
    ) {
        let (leader, asking) = (self.clone(), replicator.asking.clone());
        asking.set(true);
        self.tasks.spawn(async move {
            let ask = ChangeView { by: view.by, epoch: view.epoch, leader: leader.config.id, change };
            match leader.host.net.send(leader.front_end(), &ask, leader.config.call_limit).await {
                Ok(Some(newer)) if newer.may_follow(Some(&view)) => leader.adopt(newer).await,
                _ => leader.host.clock.sleep(leader.config.retry_every).await,
            }
            asking.set(false);
            leader.replicator_of(peer).notify_one();
        });
    }
}
