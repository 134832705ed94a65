//! The shell around [`Views`] and [`Peers`]: it asks, waits and saves.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{self, Either};
use tokio::sync::futures::Notified;
use tokio::sync::{Mutex, Notify, oneshot};

use super::config::ViewConfig;
use super::establish::Established;
use super::file::store;
use super::peers::{Finding, Peers};
use super::views::{Heard, Saved, Views};
use super::waiting::{Waiting, named};
use crate::bugs::{Bug, planted};
use crate::clock::within;
use crate::domain::{Epoch, OrderNumber, ReplicaId, Run, View};
use crate::duplicate_processes::DuplicateProcesses;
use crate::host::Host;
use crate::messages::order::{Announce, NotServing, ReplicaStatus};
use crate::messages::view_service::{ChangeView, Vouched};
use crate::net::{NetError, NodeId, Rpc};
use crate::probe::{ServiceEvent, ViewEvent};
use crate::retry::Backoff;
use crate::storage::{DataFile, DiskError};
use crate::tasks::Tasks;

/// So many views in a row may be saved without a leader that serves, before it is done more slowly.
const QUICK_CHOICES: u32 = 4;

/// The longest pause between two choices of a leader that do not help.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The shell around [`Views`] and [`Peers`].
pub struct ViewService {
    pub(super) host: Host,
    pub(super) config: ViewConfig,
    pub(super) tasks: Tasks,
    pub(super) file: DataFile,
    pub(super) views: RefCell<Views>,
    pub(super) peers: RefCell<Peers>,
    pub(super) duplicates: RefCell<DuplicateProcesses>,
    /// Held while a view is decided on and saved.
    pub(super) saving: Mutex<()>,
    /// A leader is being looked for, or a view.
    pub(super) selecting: Cell<bool>,
    /// The epoch whose leader is being asked whether it serves yet; 0 for none.
    pub(super) polling_leader: Cell<Epoch>,
    /// The newest epoch whose leader was suspected.
    pub(super) suspected: Cell<Epoch>,
    /// Choices of a leader since one served.
    pub(super) failed_choices: Cell<u32>,
    /// Woken when a replica answers that was missing when nobody could be chosen.
    pub(super) missing_answers: Notify,
    /// What must happen before there can be a view, or a leader by it.
    pub(super) waiting: RefCell<Option<Waiting>>,
    /// A front-end's run that registered last, and that an operator has said to be gone.
    pub(super) disowned: Cell<Option<Run>>,
    /// The highest order number heard of; `None` before a member of the view has told of its book.
    pub(super) orders: Cell<Option<OrderNumber>>,
    /// Woken when the leader begins to serve, or there is a new view.
    pub(super) leader_changed: Notify,
    /// Woken when requests at the leader are not going to be answered.
    pub(super) abandoned: Notify,
    /// Stops the actor.
    pub(super) stop: RefCell<Option<oneshot::Sender<()>>>,
}

impl ViewService {
    /// A view service that starts from what the file holds, its run included. `stop` is used when it must not go on.
    pub fn new(
        host: Host,
        config: ViewConfig,
        tasks: Tasks,
        file: DataFile,
        (run, saved): (Run, Saved),
        stop: oneshot::Sender<()>,
    ) -> ViewService {
        identify(&host, &saved);
        ViewService {
            views: RefCell::new(Views::new(config.replicas.clone(), run, saved)),
            host,
            config,
            tasks,
            file,
            peers: RefCell::default(),
            duplicates: RefCell::default(),
            saving: Mutex::new(()),
            selecting: Cell::new(false),
            polling_leader: Cell::new(Epoch::NONE),
            suspected: Cell::new(Epoch::NONE),
            failed_choices: Cell::new(0),
            missing_answers: Notify::new(),
            waiting: RefCell::default(),
            disowned: Cell::new(None),
            orders: Cell::new(None),
            leader_changed: Notify::new(),
            abandoned: Notify::new(),
            stop: RefCell::new(Some(stop)),
        }
    }

    /// Finds a leader, and then keeps one for ever.
    pub async fn run(self: Rc<Self>) {
        self.selecting.set(true);
        let started = self.establish().await;
        self.selecting.set(false);
        if started == Established::Begun {
            self.clone().select(true).await;
        }
        loop {
            self.announce_to_all();
            self.host.clock.sleep(self.config.heartbeat).await;
            let silent = {
                let peers = self.peers.borrow();
                peers.leader_silent(self.host.clock.now(), self.config.suspect_after)
            };
            if let Some(view) = self.current().filter(|_| silent) {
                self.suspect(view.epoch, "is silent");
            }
        }
    }

    /// The current view, once this front-end has saved one of its own run.
    pub fn current(&self) -> Option<View> {
        self.views.borrow().current().cloned()
    }

    /// What a catalog that starts is told (M9).
    pub fn vouch(&self) -> Option<Vouched> {
        self.current().map(|view| Vouched { view, orders: self.orders.get() })
    }

    /// Takes note of where the book of a replica ends that stands for a member of the view, as far as it is known.
    pub(super) fn hear_of_book(&self, status: &ReplicaStatus) {
        let views = self.views.borrow();
        let view = views.file().view.as_ref();
        if view.is_some_and(|view| view.in_sync.is_stood_for(status.id, &status.line)) {
            self.orders.set(self.orders.get().max(Some(status.last.number)));
        }
    }

    /// The current view, if its leader serves as far as is known.
    pub fn serving(&self) -> Option<View> {
        if self.peers.borrow().serving() { self.current() } else { None }
    }

    /// Ends when the leader begins to serve, or there is a new view.
    pub fn leader_changes(&self) -> Notified<'_> {
        self.leader_changed.notified()
    }

    /// Sends a message to the leader of `view`, once. `None` if the leader has changed meanwhile, so that no
    /// answer is to be expected.
    pub async fn ask_leader<M: Rpc>(
        &self,
        view: &View,
        message: &M,
        limit: Duration,
    ) -> Option<Result<M::Reply, NetError>> {
        let abandoned = std::pin::pin!(self.abandoned.notified());
        let call = std::pin::pin!(self.host.net.send(NodeId::Order(view.leader), message, limit));
        match future::select(call, abandoned).await {
            Either::Left((answer, _)) => Some(answer),
            Either::Right(_) => None,
        }
    }

    /// Whom orders wait for, and why as a sentence; `None` if a leader serves.
    pub fn waits_for(&self) -> Option<(Vec<NodeId>, String)> {
        if let Some(waiting) = &*self.waiting.borrow() {
            return Some(waiting.told());
        }
        let Some(view) = self.current() else { return Some((vec![], "there is no view yet".into())) };
        let (now, patience) = (self.host.clock.now(), self.config.suspect_after);
        let peers = self.peers.borrow();
        if let Some(why) = peers.hindered() {
            return Some((vec![NodeId::Catalog], format!("{why}; see `toystore recover catalog`")));
        }
        let silent = peers.leader_silent(now, patience);
        if peers.serving() && !silent {
            return None;
        }
        let members: Vec<_> = view.in_sync.ids().collect();
        let missing = peers.silent(&members, now, patience);
        if missing.len() == members.len() {
            return Some(named(&missing, "one that has every order must answer: "));
        }
        let why = if silent { "the leader does not answer: " } else { "the leader is taking over: " };
        Some(named(&[view.leader], why))
    }

    /// A leader asks to change the in-sync set. Answers the view that is current afterwards.
    pub async fn change(self: Rc<Self>, ask: ChangeView) -> Option<View> {
        let _saving = self.saving.lock().await;
        let next = self.views.borrow().change(&ask);
        if let Some(next) = next {
            self.save(next, "the leader changed the in-sync set").await;
            self.announce_to_all();
            if !self.peers.borrow().serving() {
                self.poll_leader();
            }
        } else if let Some(view) = self.current().filter(|view| view.epoch != ask.epoch) {
            self.host.emit(ViewEvent::ViewChangeRefused { named: ask.epoch, current: view.epoch });
        }
        self.current()
    }

    /// The leader of `sent` could not be reached with a request.
    pub fn unreachable(self: &Rc<Self>, sent: &View, error: &NetError) {
        let why = match error {
            NetError::Refused => "refused the connection",
            NetError::Lost => "broke the connection",
            NetError::Overloaded
            | NetError::TimedOut
            | NetError::Malformed(_)
            | NetError::Misdirected(_)
            | NetError::Denied(_) => return,
        };
        if self.is_current(sent) {
            self.peers.borrow_mut().refused();
            self.suspect(sent.epoch, why);
            self.poll_leader();
        }
    }

    /// The leader of `sent` answered a request by saying that it does not serve.
    pub fn not_serving(self: &Rc<Self>, sent: &View, answer: NotServing) {
        if !self.is_current(sent) || answer == NotServing::Overloaded {
            return;
        }
        let news = self.peers.borrow().serving();
        self.peers.borrow_mut().refused();
        match answer {
            NotServing::NotLeader { named, current } if current >= named => {
                self.suspect(sent.epoch, "does not lead this epoch");
            }
            // It has not heard of the view yet: the first request to find that out tells it.
            NotServing::NotLeader { .. } if news => self.announce_to_all(),
            NotServing::NotLeader { .. } | NotServing::TakingOver { .. } | NotServing::Overloaded => {}
        }
        self.poll_leader();
    }

    pub(super) fn is_current(&self, sent: &View) -> bool {
        self.views.borrow().current().is_some_and(|view| view.epoch == sent.epoch)
    }

    /// Sends the view to every replica, also to those that are not in sync: they must know whom to join.
    pub(super) fn announce_to_all(self: &Rc<Self>) {
        if self.current().is_none() {
            return;
        }
        // A replica that is not configured is told nothing (M10).
        let everyone = self.views.borrow().replicas().to_vec();
        for replica in everyone {
            let service = self.clone();
            self.tasks.spawn(async move {
                let limit = service.config.suspect_after;
                // The outcome was taken note of.
                let _ = service.announce(replica, limit).await;
            });
        }
    }

    pub(super) async fn announce(
        self: &Rc<Self>,
        replica: ReplicaId,
        limit: Duration,
    ) -> Result<ReplicaStatus, NetError> {
        let Some(view) = self.current() else { return Err(NetError::Lost) };
        let call = self.peers.borrow_mut().call();
        let outcome = self.host.net.send(NodeId::Order(replica), &Announce { view }, limit).await;
        if let Ok(status) = &outcome {
            self.shows(replica, status.run);
            self.is_back(replica);
        }
        // The view may have changed meanwhile; what was said is held against the one that counts now.
        let Some(view) = self.current() else { return outcome };
        if let Some(heard) = outcome.as_ref().ok().and_then(|status| status.view.as_ref())
            && self.hears(heard)
        {
            return outcome;
        }
        if let Ok(status) = &outcome {
            self.hear_of_book(status);
        }
        let now = self.host.clock.now();
        let finding = self.peers.borrow_mut().take(replica, call, &outcome, &view, now);
        // It may never have stopped to serve, and was only not heard while a choice was tried.
        if outcome.is_ok() && replica == view.leader && self.peers.borrow().serving() {
            self.waiting.replace(None);
        }
        match finding {
            Finding::Nothing => {}
            Finding::Serves => {
                self.views.borrow_mut().serves();
                self.failed_choices.set(0);
                self.waiting.replace(None);
                self.leader_changed.notify_waiters();
            }
            Finding::Pauses => {
                self.abandoned.notify_waiters();
                self.poll_leader();
            }
            Finding::Suspect(why) => self.suspect(view.epoch, why),
            Finding::Unfit(run) => {
                self.views.borrow_mut().found_unfit(run);
                self.suspect(view.epoch, "lacks what is acknowledged");
            }
        }
        outcome
    }

    /// Whoever was missing when nobody could be chosen answers: that is worth another choice, however long the pause.
    pub(super) fn is_back(&self, replica: ReplicaId) {
        if let Some(Waiting::NobodyLeads { silent, .. }) = &*self.waiting.borrow()
            && silent.contains(&replica)
        {
            self.missing_answers.notify_waiters();
        }
    }

    pub(super) fn shows(&self, replica: ReplicaId, run: Run) {
        if self.duplicates.borrow_mut().shows(replica, run) {
            let (me, node) = (self.host.id, NodeId::Order(replica));
            log::warn!(node:% = me; "{me}: two processes answer as {node}, in turn: stop one of them");
        }
    }

    /// A replica follows this view. Whether that is news, which is then acted on (M6).
    pub(super) fn hears(self: &Rc<Self>, view: &View) -> bool {
        let heard = self.views.borrow().hear(view);
        match heard {
            Heard::Nothing => return false,
            Heard::Lost => self.lose(view.epoch, "a replica follows a newer view"),
            Heard::Superseded => self.end_superseded(),
            Heard::Above(epoch) => {
                let service = self.clone();
                self.tasks.spawn(async move { service.save_above(epoch).await });
            }
        }
        true
    }

    /// An earlier run of this file has told a view that the file has forgotten: the next one's epoch is higher.
    pub(super) async fn save_above(self: Rc<Self>, epoch: Epoch) {
        let _saving = self.saving.lock().await;
        let above = self.current().filter(|view| view.epoch <= epoch);
        let next = above.and_then(|_| self.views.borrow_mut().above(epoch));
        if let Some(next) = next {
            self.save(next, "above what an earlier run reached").await;
            self.chosen();
        }
    }

    /// Another front-end has taken over this store; two would depose each other's leaders for ever.
    pub(super) fn end_superseded(&self) {
        self.end("another front-end of this store has taken over: one is enough, and this one ends");
    }

    /// Looks for another leader at once, unless somebody does already. A leader that turns out to be well
    /// stays.
    pub(super) fn suspect(self: &Rc<Self>, epoch: Epoch, why: &'static str) {
        let Some(view) = self.current().filter(|view| view.epoch == epoch) else { return };
        if self.selecting.get() {
            return;
        }
        if self.suspected.replace(epoch) != epoch {
            self.host.emit(ViewEvent::LeaderSuspected { replica: view.leader, epoch, why });
        }
        let service = self.clone();
        let failed_choices = self.failed_choices.get();
        self.tasks.spawn(async move {
            if failed_choices >= QUICK_CHOICES {
                let pause =
                    service.config.heartbeat * 2u32.saturating_pow((failed_choices - QUICK_CHOICES).min(16));
                let answers = service.missing_answers.notified();
                let _ = within(&*service.host.clock, pause.min(LONGEST_PAUSE), answers).await;
            }
            service.select(false).await;
        });
    }

    /// Saves a view and makes it the current one. The caller holds `saving`.
    pub(super) async fn save(self: &Rc<Self>, view: View, why: &'static str) {
        let saved = Saved { view: Some(view.clone()), ..self.views.borrow().file().clone() };
        if planted(Bug::ViewToldUnsaved) {
            self.views.borrow_mut().install(view.clone());
            self.announce_to_all();
        }
        self.write(saved.clone()).await;
        identify(&self.host, &saved);
        self.host.emit(ViewEvent::ViewSaved { view: view.clone(), why });
        self.views.borrow_mut().install(view);
    }

    /// Writes the file; never returns if that fails.
    pub(super) async fn write(&self, saved: Saved) {
        if let Err(error) = self.file.run(move |database| store(database, &saved)).await {
            self.fail(&error).await;
        }
    }

    /// The disk failed: whether the view is saved is not known, so it must neither be announced nor denied.
    /// Never returns.
    pub(super) async fn fail(&self, error: &DiskError) {
        let why = format!("{}: {error}", self.file.name());
        self.host.emit(ServiceEvent::DiskFailed { why: why.clone() });
        self.end(&why);
        future::pending().await
    }

    /// Stops this front-end, for a reason that a person is told.
    pub(super) fn end(&self, why: &str) {
        if let Some(stop) = self.stop.borrow_mut().take() {
            self.host.fail(why);
            // If the actor is gone already, it need not be stopped.
            let _ = stop.send(());
        }
    }

    /// A leader was chosen and the view that says so is saved.
    pub(super) fn chosen(self: &Rc<Self>) {
        self.peers.borrow_mut().chosen(self.host.clock.now());
        self.announce_to_all();
        self.abandoned.notify_waiters();
        self.leader_changed.notify_waiters();
        self.poll_leader();
    }

    /// Asks the leader more often than the heartbeat does, until it serves: orders wait for that.
    pub(super) fn poll_leader(self: &Rc<Self>) {
        let Some(View { epoch, .. }) = self.current() else { return };
        if self.polling_leader.replace(epoch) == epoch {
            return;
        }
        let service = self.clone();
        self.tasks.spawn(async move {
            let mut backoff = Backoff::new(service.config.heartbeat / 40, service.config.heartbeat);
            while let Some(view) = service.current().filter(|view| view.epoch == epoch)
                && !service.peers.borrow().serving()
            {
                service.host.clock.sleep(backoff.pause()).await;
                // The outcome was taken note of.
                let _ = service.announce(view.leader, service.config.suspect_after).await;
            }
            if service.polling_leader.get() == epoch {
                service.polling_leader.set(Epoch::NONE);
            }
        });
    }
}

/// Lets the peers know to which store the front-end belongs: once its file has a view. One that only began to found a
/// store belongs to whichever comes about.
pub(super) fn identify(host: &Host, saved: &Saved) {
    if let Some(view) = &saved.view {
        host.identity.belongs_to(view.store);
    }
}
