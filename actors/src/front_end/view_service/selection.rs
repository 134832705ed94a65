//! Finds a leader, and a view where there is none.

use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future;
use futures_util::stream::FuturesUnordered;

use super::ViewService;
use crate::bugs::{Bug, planted};
use crate::domain::{ReplicaId, View};
use crate::front_end::views::{Answers, Recovery, Selection};
use crate::net::{NetError, NodeId};
use crate::order::messages::{ReplicaStatus, Status};

/// With `force_view`, replicas are waited for this long.
const FORCE_AFTER: Duration = Duration::from_secs(2);

/// What came of pinging the replicas.
#[derive(Debug, Default)]
struct Pinged {
    answers: Answers,
    /// Alive, but with too much to do to say more.
    busy: Vec<ReplicaId>,
}

impl ViewService {
    /// Our own file is an old copy: begins again as if it were lost.
    pub(super) fn outdated(self: &Rc<Self>) {
        if self.selecting.replace(true) {
            return;
        }
        let service = self.clone();
        self.tasks.spawn(async move {
            service.start_over().await;
            service.selecting.set(false);
        });
    }

    async fn start_over(self: &Rc<Self>) {
        {
            let _saving = self.saving.lock().await;
            self.views.borrow_mut().forget();
            self.peers.borrow_mut().chosen(self.host.clock.now());
        }
        self.abandoned.wake_all();
        self.recover().await;
    }

    /// Chooses a leader. At the start the highest in-sync replica is preferred to the one that leads; later
    /// a leader that leads stays.
    pub(super) async fn select(self: Rc<Self>, start: bool) {
        if self.selecting.replace(true) {
            return;
        }
        if let Some(view) = self.current() {
            let pinged = if start { self.ping_patiently(&view).await } else { self.ping(&view, false).await };
            if self.decide(&view, &pinged, start).await == Selection::Outdated {
                self.start_over().await;
            }
        }
        self.selecting.set(false);
    }

    async fn decide(self: &Rc<Self>, view: &View, pinged: &Pinged, start: bool) -> Selection {
        let _saving = self.saving.lock().await;
        if !self.is_current(view) {
            // The leader changed the view meanwhile, so it was not dead.
            return Selection::Keep;
        }
        let selection = if !start && pinged.busy.contains(&view.leader) {
            Selection::Keep
        } else {
            self.views.borrow().select(&pinged.answers, !start)
        };
        match &selection {
            Selection::Keep => {
                self.peers.borrow_mut().leader_lives(self.host.clock.now());
                self.suspected.set(0);
            }
            Selection::Next(next) => {
                self.save(next.clone(), if start { "start" } else { "another leader" }).await;
                self.chosen();
            }
            Selection::Wait(_) | Selection::Outdated => {}
        }
        selection
    }

    /// At the start of a store its services come up one by one: waits a little for the highest.
    async fn ping_patiently(self: &Rc<Self>, view: &View) -> Pinged {
        let began = self.host.clock.now();
        let mut pinged = Pinged::default();
        loop {
            pinged.answers.append(&mut self.ping(view, true).await.answers);
            let all = view.in_sync.iter().all(|replica| pinged.answers.contains_key(replica));
            if all || self.host.clock.now().since(began) >= self.config.suspect_after {
                return pinged;
            }
            self.host.clock.sleep(self.config.heartbeat / 4).await;
        }
    }

    /// Asks all replicas side by side, until those still to answer cannot change the decision.
    async fn ping(self: &Rc<Self>, view: &View, all: bool) -> Pinged {
        let limit = self.config.suspect_after / 2;
        let mut calls: FuturesUnordered<_> = (self.everyone(view).into_iter())
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
        if planted(Bug::ReignKept) {
            return self.host.net.send(NodeId::Order(replica), &Status {}, limit).await;
        }
        self.announce(replica, limit).await
    }

    /// Finds a view when there is none.
    pub(super) async fn recover(self: &Rc<Self>) {
        let began = self.host.clock.now();
        let mut quiet = false;
        loop {
            let answers = self.ask_all().await;
            let asked_for = self.host.clock.now().since(began);
            let force = self.config.force_view && asked_for >= FORCE_AFTER;
            let recovery = self.views.borrow().recover(&answers, force);
            match recovery {
                Recovery::First(view) => return self.begin(view, "the first").await,
                Recovery::Newest(view) if quiet => {
                    return self.begin(view, "the newest of the replicas").await;
                }
                // A change that an earlier life of this service granted may still be on its way to the
                // leader. No caller waits longer than this; then what is newest is told.
                Recovery::Newest(_) => {
                    quiet = true;
                    self.host.clock.sleep(self.config.call_limit).await;
                }
                Recovery::Wait(missing) => {
                    *self.waiting_for.borrow_mut() = missing;
                    self.host.clock.sleep(self.config.heartbeat / 4).await;
                }
            }
        }
    }

    async fn begin(self: &Rc<Self>, view: View, why: &'static str) {
        let _saving = self.saving.lock().await;
        self.save(view, why).await;
        self.waiting_for.borrow_mut().clear();
        self.chosen();
    }

    async fn ask_all(&self) -> Answers {
        let replicas = self.views.borrow().replicas().to_vec();
        let calls = replicas.into_iter().map(|replica| async move {
            self.host.net.send(NodeId::Order(replica), &Status {}, self.config.call_limit).await.ok()
        });
        let said = future::join_all(calls).await;
        said.into_iter().flatten().map(|status| (status.id, status)).collect()
    }
}
