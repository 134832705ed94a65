//! Sending the book to one replica, for as long as a term lasts.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::replica::Replica;
use crate::bugs::order as bent;
use crate::clock::within;
use crate::domain::{OrderNumber, ReplicaId, Run, Term, View};
use crate::messages::order::{AppendEntries, AppendReply};
use crate::messages::view_service::{ChangeView, InSyncChange};
use crate::net::{NetError, NodeId};
use crate::order::book::read;
use crate::order::rules::{SendState, Step};
use crate::probe::{Limit, ServiceEvent};

/// A follower hears of acknowledgements with the next entries; when there are none, after this time.
const TELL_AFTER: Duration = Duration::from_millis(20);

impl Replica {
    /// Sends one replica the book for the length of a term. A suspect has a quarter of the usual time to confirm for the
    /// first time.
    pub(super) async fn replicate(self: Rc<Self>, term: Term, peer: ReplicaId, suspect: bool) {
        let Some(last) = self.leader_of(term, |leader| leader.last().number) else { return };
        let asking = Rc::new(Cell::new(false));
        let mut state = SendState::new(last, self.config.drop_after / if suspect { 4 } else { 1 });
        let mut tell = false;
        while let Some(step) = self.leader_of(term, |leader| state.next(leader, peer, tell, asking.get())) {
            tell = false;
            let notify = self.replicator_of(peer);
            let woken = notify.notified();
            match step {
                Step::Rest => woken.await,
                Step::RestThenTell => tell = within(&*self.host.clock, TELL_AFTER, woken).await.is_err(),
                Step::Add(run) => self.ask_to_add(term, peer, run, &asking),
                Step::Drop => self.give_up(term, peer, &asking),
                Step::Send(after) => {
                    state.sends(self.host.clock.now());
                    if self.send(term, peer, after, &mut state).await.is_none() {
                        return;
                    }
                    if state.is_given_up(self.host.clock.now()) {
                        self.give_up(term, peer, &asking);
                    }
                }
            }
        }
    }

    /// Sends one message and takes note of the answer; `None` when the term or the disk has ended.
    async fn send(
        self: &Rc<Self>,
        term: Term,
        peer: ReplicaId,
        after: OrderNumber,
        state: &mut SendState,
    ) -> Option<()> {
        let message = self.message(term, after).await?;
        let answer = self.host.net.send(NodeId::Order(peer), &message, state.patience() / 2).await;
        match answer {
            Ok(AppendReply::Confirmed { run, epoch, number }) => {
                let full = message.entries.len() == self.config.limits.sync_entries;
                self.shows(peer, run);
                state.confirmed(number, message.acknowledged, self.config.drop_after);
                let confirmed = (peer, run);
                let commands =
                    self.decide(|rules, _| rules.confirmed(term, confirmed, epoch, number, full))?;
                self.execute(commands);
            }
            Ok(AppendReply::Missing { after }) => {
                let agreed = self.writer.read(move |book| read::last_at_most(book, after)).await.ok()?;
                state.missing(message.after.number, agreed.number);
            }
            Err(_) if !bent::sends_again() => return None,
            Ok(AppendReply::Refused { .. }) | Err(_) => {
                state.unanswered(answer == Err(NetError::Refused));
                self.host.clock.sleep(self.config.retry_every / 4).await;
            }
        }
        Some(())
    }

    /// The message that follows `after`: from memory, or from disk for a replica that lags behind.
    async fn message(&self, term: Term, after: OrderNumber) -> Option<AppendEntries> {
        let limit = self.config.limits.sync_entries;
        let from_memory = self.leader_of(term, |leader| leader.entries_after(after, limit))?;
        let found = match from_memory {
            Some(found) => Some(found),
            None => self.writer.read(move |book| read::following(book, after, limit)).await.ok()?,
        };
        let fills = |last| {
            found.as_ref().is_some_and(|(before, entries)| {
                entries.len() == limit && before.number + (limit as u64) < last
            })
        };
        if self.leader_of(term, |leader| fills(leader.last().number))? {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::MessageEntries });
        }
        // The entries are on disk as long as the term lasts; a tail is cut only by the leader after it.
        self.leader_of(term, |leader| {
            let (after, entries) = found?;
            let acknowledged = leader.acknowledged();
            Some(AppendEntries { view: leader.view().clone(), after, entries, acknowledged })
        })?
    }

    fn give_up(self: &Rc<Self>, term: Term, peer: ReplicaId, asking: &Rc<Cell<bool>>) {
        let pause_until = self.host.clock.now() + self.config.drop_after;
        let (commands, change) = self.decide(|rules, _| rules.give_up(term, peer, asking.get(), pause_until));
        self.execute(commands);
        if let Some((view, change)) = change {
            self.change_view(view, change, peer, asking);
        }
    }

    fn ask_to_add(self: &Rc<Self>, term: Term, peer: ReplicaId, run: Run, asking: &Rc<Cell<bool>>) {
        if let Some((commands, (view, change))) = self.decide(|rules, _| rules.ask_to_add(term, peer, run)) {
            self.execute(commands);
            self.change_view(view, change, peer, asking);
        }
    }

    /// Asks the front-end to change the in-sync set of this leader's view, and adopts the view it answers, whichever that
    /// is (D2). The book is sent meanwhile: orders wait for a replica that is counted, whether or not the front-end answers.
    fn change_view(
        self: &Rc<Self>,
        view: View,
        change: InSyncChange,
        peer: ReplicaId,
        asking: &Rc<Cell<bool>>,
    ) {
        let (replica, asking) = (self.clone(), asking.clone());
        asking.set(true);
        self.tasks.spawn(async move {
            let ask = ChangeView { by: view.by, epoch: view.epoch, leader: replica.config.id, change };
            match replica.host.net.send(replica.front_end(), &ask, replica.config.call_limit).await {
                Ok(Some(newer)) if newer.may_follow(Some(&view)) => replica.adopt(newer).await,
                _ => replica.host.clock.sleep(replica.config.retry_every).await,
            }
            asking.set(false);
            replica.replicator_of(peer).notify_one();
        });
    }
}
