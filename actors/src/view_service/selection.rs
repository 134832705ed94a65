//! Finds a leader.

use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::service::ViewService;
use super::views::{Answers, Selection};
use crate::bugs::{Bug, planted};
use crate::domain::{Epoch, ReplicaId, View};
use crate::messages::order::{ReplicaStatus, Status};
use crate::net::{NetError, NodeId};

/// What came of pinging the replicas.
#[derive(Debug, Default)]
struct Pinged {
    answers: Answers,
    /// Alive, but with too much to do to say more.
    busy: Vec<ReplicaId>,
}

impl ViewService {
    /// Chooses a leader, unless the one there is leads. At the start of a store its services come up one by one: then
    /// this waits a little for all.
    pub(super) async fn select(self: Rc<Self>, start: bool) {
        if self.selecting.replace(true) {
            return;
        }
        if let Some(view) = self.current() {
            let pinged = if start { self.ping_patiently(&view).await } else { self.ping(false).await };
            self.decide(&view, &pinged, start).await;
        }
        self.selecting.set(false);
    }

    async fn decide(self: &Rc<Self>, view: &View, pinged: &Pinged, start: bool) {
        let _saving = self.saving.lock().await;
        if !self.is_current(view) {
            // The leader changed the view meanwhile, so it was not dead.
            return;
        }
        let selection = if pinged.busy.contains(&view.leader) {
            Selection::Keep
        } else {
            self.views.borrow().select(&pinged.answers, true)
        };
        match selection {
            Selection::Keep => {
                self.waiting.replace(None);
                self.peers.borrow_mut().leader_lives(self.host.clock.now());
                self.suspected.set(Epoch::NONE);
            }
            Selection::Next(next) => {
                self.waiting.replace(None);
                self.failed_choices.set(self.failed_choices.get().saturating_add(1));
                self.save(next, if start { "at the start" } else { "another leader" }).await;
                self.chosen();
            }
            Selection::Wait(_) => {
                let waiting = self.views.borrow().nobody_leads(&pinged.answers);
                if self.waiting.replace(Some(waiting.clone())).as_ref() != Some(&waiting) {
                    log::warn!(node:% = self.host.id; "{} waits: {}", self.host.id, waiting.told().1);
                }
            }
        }
    }

    /// At the start of a store its services come up one by one: waits a little for the highest.
    async fn ping_patiently(self: &Rc<Self>, view: &View) -> Pinged {
        let began = self.host.clock.now();
        let mut pinged = Pinged::default();
        loop {
            pinged.answers.append(&mut self.ping(true).await.answers);
            let replicas = self.views.borrow().replicas().to_vec();
            let awaited = |id: &ReplicaId| view.in_sync.contains(*id) && !pinged.answers.contains_key(id);
            let all = !replicas.iter().any(awaited);
            if all || self.host.clock.now().since(began) >= self.config.suspect_after {
                return pinged;
            }
            self.host.clock.sleep(self.config.heartbeat / 4).await;
        }
    }

    /// Asks all replicas side by side, until those still to answer cannot change the decision.
    async fn ping(self: &Rc<Self>, all: bool) -> Pinged {
        let limit = self.config.suspect_after / 2;
        let replicas = self.views.borrow().replicas().to_vec();
        let mut calls: FuturesUnordered<_> = (replicas.into_iter())
            .map(|replica| async move { (replica, self.ping_one(replica, limit).await) })
            .collect();
        let (mut pinged, mut settled) = (Pinged::default(), Vec::new());
        while let Some((replica, outcome)) = calls.next().await {
            settled.push(replica);
            match outcome {
                Ok(status) => drop(pinged.answers.insert(replica, status)),
                Err(NetError::Overloaded) => pinged.busy.push(replica),
                Err(_) => {}
            }
            if !all && self.views.borrow().decided(&pinged.answers, |id| settled.contains(&id)) {
                break;
            }
        }
        pinged
    }

    /// A ping names the current view, so nobody is chosen who has not heard of the view before.
    async fn ping_one(
        self: &Rc<Self>,
        replica: ReplicaId,
        limit: Duration,
    ) -> Result<ReplicaStatus, NetError> {
        if planted(Bug::TermKept) {
            return self.host.net.send(NodeId::Order(replica), &Status {}, limit).await;
        }
        self.announce(replica, limit).await
    }
}
