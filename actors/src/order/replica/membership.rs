//! Views: adopting them, taking over, stepping down, and counting those who join.

use std::rc::Rc;

use super::super::book::{Write, Written};
use super::Replica;
use super::leader_state::{LeaderState, Succession};
use crate::bugs::{Bug, planted};
use crate::clock::Timestamp;
use crate::domain::{OrderNumber, ReplicaId, Run, Term, View};
use crate::messages::order::{Announce, Join, JoinError, NotServing, ReplicaStatus, Status};
use crate::net::NodeId;
use crate::probe::ReplicaEvent;

impl Replica {
    /// A view from the front-end; answered with the status *after* it was adopted (B3: saved before that).
    pub async fn announced(self: &Rc<Self>, announce: Announce) -> ReplicaStatus {
        self.adopt(announce.view).await;
        self.status()
    }

    /// Takes note of a view, from whomever, if it is newer than the one on disk.
    ///
    /// A leader named by the next view goes on; in every other case its term ends at once, before anything
    /// is saved: stepping down is always safe. A replica named leader takes over once the view is on disk,
    /// unless it has heard of a newer one meanwhile. A view that was on disk before this replica started
    /// never makes it leader (D5), because it is not newer.
    pub(super) async fn adopt(self: &Rc<Self>, view: View) {
        let (me, run) = (self.config.id, self.run);
        self.hear(&view);
        let _turn = self.adoption.lock().await;
        let follows = view.may_follow(self.writer.summary().view.as_ref());
        if !follows {
            return;
        }
        let since = self.continuing_term(&view);
        if since.is_none() {
            self.depose();
        }
        let leads = view.is_led_by(me, run);
        self.adopting.set(leads.then_some(view.epoch));
        let predecessor = self.writer.summary().view.as_ref().map(|view| view.leader);
        if let Ok(Written::Saved) = self.writer.write(Write::SaveView(view.clone())).await {
            match since {
                Some(since) => self.go_on(since, view),
                None if leads
                    && self.newest_heard.borrow().as_ref().is_some_and(|newest| newest.is(&view)) =>
                {
                    self.take_over(view, predecessor);
                }
                None => {}
            }
        }
        self.adopting.set(None);
    }

    fn continuing_term(&self, view: &View) -> Option<Term> {
        let term = self.term.borrow();
        let term = term.as_ref()?;
        (term.succession(view, self.config.id) == Succession::Continues).then(|| term.since())
    }

    fn go_on(&self, since: Term, view: View) {
        let adopted = self.within_term(since, |term| {
            term.adopt(view.clone());
            term.in_flight()
        });
        if let Some(orders_in_flight) = adopted {
            self.host.emit(ReplicaEvent::ViewAdopted { view, orders_in_flight });
            self.advance(since);
        }
    }

    pub(super) fn take_over(self: &Rc<Self>, view: View, predecessor: Option<ReplicaId>) {
        let since = Term::begun_in(view.epoch);
        self.host.emit(ReplicaEvent::TakeoverBegan { view: view.clone() });
        let mut last = self.writer.summary().last;
        if last.number > OrderNumber::NONE && planted(Bug::NumberReused) {
            last.number = last.number.before();
        }
        let term = LeaderState::new(view, self.config.id, self.run, &self.config.replicas, last);
        let peers: Vec<_> = term.everyone().collect();
        self.term.replace(Some(term));
        self.unfit.set(None);
        self.hindered.set(None);
        self.counts_nobody_until.set(Timestamp::default());
        for peer in peers {
            let leader = self.clone();
            // Whoever led before was replaced because it did not answer; orders need not wait long to see that.
            let suspect = predecessor == Some(peer);
            self.tasks.spawn(async move { leader.replicator(since, peer, suspect).await });
        }
        self.tell(|observer| observer.took_over(since));
    }

    /// Ends the term, if there is one.
    pub(super) fn depose(&self) {
        let Some(term) = self.term.take() else { return };
        self.known_acknowledged.set(self.known_acknowledged.get().max(term.acknowledged()));
        self.host.emit(ReplicaEvent::Deposed { epoch: term.view().epoch });
        self.tell(|observer| observer.deposed());
        self.wake_replicators();
    }

    /// A replica has caught up and asks to be counted; it is, from now on, before the front-end is asked. But only if
    /// this leader reaches it: orders would wait for confirmations that cannot come (E5).
    ///
    /// # Errors
    /// [`JoinError`] when this replica does not serve in the epoch that the joiner names, does not reach it, or has just
    /// waited in vain for a joiner.
    pub async fn join(&self, join: &Join) -> Result<(), JoinError> {
        let Join { replica, run, .. } = *join;
        self.shows(replica, run);
        if !self.term_to_join(join, |term| term.may_count(replica, run))? {
            return Ok(());
        }
        if self.counts_nobody_until.get() > self.host.clock.now() && !planted(Bug::UnreachedCounted) {
            return Err(JoinError::NotNow);
        }
        if !self.reaches(replica, run).await && !planted(Bug::UnreachedCounted) {
            if self.unreached.borrow_mut().insert(replica) {
                self.host.emit(ReplicaEvent::JoinerUnreached { replica, epoch: join.epoch });
            }
            return Err(JoinError::NotReached);
        }
        self.unreached.borrow_mut().remove(&replica);
        if self.term_to_join(join, |term| term.count(replica, run))? {
            self.host.emit(ReplicaEvent::JoinerCounted { replica, epoch: join.epoch });
            self.wake_replicators();
        }
        Ok(())
    }

    /// Decides within the term that a joiner asks to join.
    fn term_to_join<T>(
        &self,
        join: &Join,
        decide: impl FnOnce(&mut LeaderState) -> T,
    ) -> Result<T, JoinError> {
        let (named, current) = (join.epoch, self.writer.summary().epoch());
        match &mut *self.term.borrow_mut() {
            Some(term) if term.leads(named) && term.serves() => Ok(decide(term)),
            Some(term) if term.leads(named) => {
                Err(JoinError::NotServing(NotServing::TakingOver { epoch: term.view().epoch }))
            }
            _ => Err(JoinError::NotServing(NotServing::NotLeader { named, current })),
        }
    }

    /// Whether that process answers where the configuration says that the replica is.
    async fn reaches(&self, replica: ReplicaId, run: Run) -> bool {
        let limit = self.config.drop_after;
        let status = self.host.net.send(NodeId::Order(replica), &Status {}, limit).await;
        status.is_ok_and(|status| status.run == run)
    }
}
