//! Keeps one replica leading: the view service.
//!
//! A front-end that starts makes its run known to the catalog and saves a view of that run, before it decides anything
//! ([`establish`](self::establish), rules M7 and M8). Then it announces the saved view to every replica again and
//! again; that is the heartbeat, and it is how a replica that missed the news hears of it. When the leader does not
//! answer, or says that it does not lead, the replicas are pinged side by side and the next view is decided by
//! [`Views`]. A view is on the disk before anybody hears of it, and views are decided and saved one after the other.

mod establish;
mod file;
mod operator;
mod selection;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{self, Either};
use tokio::sync::{Mutex, Notify, oneshot};

use self::establish::Established;
pub use self::file::{load, store};
use super::FrontEndConfig;
use super::broadcast::{Broadcast, Wake};
use super::messages::{ChangeView, Vouched};
use super::peers::{Finding, Peers};
use super::retry::Backoff;
use super::views::{Heard, Saved, Views};
use super::waiting::{Waiting, named};
use crate::bugs::{Bug, planted};
use crate::clock::within;
use crate::domain::{Epoch, OrderNumber, ReplicaId, Run, View};
use crate::duplicate_processes::DuplicateProcesses;
use crate::host::Host;
use crate::net::{NetError, NodeId, Rpc};
use crate::order::messages::{Announce, NotServing, ReplicaStatus};
use crate::probe::Event;
use crate::storage::{DataFile, DiskError};
use crate::tasks::Tasks;

/// So many views in a row may be saved without a leader that serves, before it is done more slowly.
const QUICK_CHOICES: u32 = 4;

/// The longest pause between two choices of a leader that do not help.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The shell around [`Views`] and [`Peers`].
pub struct ViewService {
    host: Host,
    config: FrontEndConfig,
    tasks: Tasks,
    file: DataFile,
    views: RefCell<Views>,
    peers: RefCell<Peers>,
    duplicates: RefCell<DuplicateProcesses>,
    /// Held while a view is decided on and saved.
    saving: Mutex<()>,
    /// A leader is being looked for, or a view.
    selecting: Cell<bool>,
    /// The epoch whose leader is being asked whether it serves yet; 0 for none.
    polling_leader: Cell<Epoch>,
    /// The newest epoch whose leader was suspected.
    suspected: Cell<Epoch>,
    /// Choices of a leader since one served.
    failed_choices: Cell<u32>,
    /// Woken when a replica answers that was missing when nobody could be chosen.
    missing_answers: Notify,
    /// What must happen before there can be a view, or a leader by it.
    waiting: RefCell<Option<Waiting>>,
    /// A front-end's run that registered last, and that an operator has said to be gone.
    disowned: Cell<Option<Run>>,
    /// The highest order number heard of; `None` before a member of the view has told of its book.
    orders: Cell<Option<OrderNumber>>,
    /// Woken when the leader begins to serve, or there is a new view.
    leader_changed: Broadcast,
    /// Woken when requests at the leader are not going to be answered.
    abandoned: Broadcast,
    /// Stops the actor.
    stop: RefCell<Option<oneshot::Sender<()>>>,
}

impl ViewService {
    /// A view service that starts from what the file holds, its run included. `stop` is used when it must not go on.
    pub fn new(
        host: Host,
        config: FrontEndConfig,
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
            polling_leader: Cell::new(0),
            suspected: Cell::new(0),
            failed_choices: Cell::new(0),
            missing_answers: Notify::new(),
            waiting: RefCell::default(),
            disowned: Cell::new(None),
            orders: Cell::new(None),
            leader_changed: Broadcast::default(),
            abandoned: Broadcast::default(),
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
    fn hear_of_book(&self, status: &ReplicaStatus) {
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
    pub fn leader_changes(&self) -> Wake {
        self.leader_changed.wait()
    }

    /// Sends a message to the leader of `view`, once. `None` if the leader has changed meanwhile, so that no
    /// answer is to be expected.
    pub async fn ask_leader<M: Rpc>(
        &self,
        view: &View,
        message: &M,
        limit: Duration,
    ) -> Option<Result<M::Reply, NetError>> {
        let abandoned = self.abandoned.wait();
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
            self.host.emit(Event::ViewChangeRefused { named: ask.epoch, current: view.epoch });
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

    fn is_current(&self, sent: &View) -> bool {
        self.views.borrow().current().is_some_and(|view| view.epoch == sent.epoch)
    }

    /// Sends the view to every replica, also to those that are not in sync: they must know whom to join.
    fn announce_to_all(self: &Rc<Self>) {
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

    async fn announce(
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
                self.leader_changed.wake_all();
            }
            Finding::Pauses => {
                self.abandoned.wake_all();
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
    fn is_back(&self, replica: ReplicaId) {
        if let Some(Waiting::NobodyLeads { silent, .. }) = &*self.waiting.borrow()
            && silent.contains(&replica)
        {
            self.missing_answers.notify_waiters();
        }
    }

    fn shows(&self, replica: ReplicaId, run: Run) {
        if self.duplicates.borrow_mut().shows(replica, run) {
            let (me, node) = (self.host.id, NodeId::Order(replica));
            log::warn!(node:% = me; "{me}: two processes answer as {node}, in turn: stop one of them");
        }
    }

    /// A replica follows this view. Whether that is news, which is then acted on (M6).
    fn hears(self: &Rc<Self>, view: &View) -> bool {
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
    async fn save_above(self: Rc<Self>, epoch: Epoch) {
        let _saving = self.saving.lock().await;
        let above = self.current().filter(|view| view.epoch <= epoch);
        let next = above.and_then(|_| self.views.borrow_mut().above(epoch));
        if let Some(next) = next {
            self.save(next, "above what an earlier run reached").await;
            self.chosen();
        }
    }

    /// Another front-end has taken over this store; two would depose each other's leaders for ever.
    fn end_superseded(&self) {
        self.end("another front-end of this store has taken over: one is enough, and this one ends");
    }

    /// Looks for another leader at once, unless somebody does already. A leader that turns out to be well
    /// stays.
    fn suspect(self: &Rc<Self>, epoch: Epoch, why: &'static str) {
        let Some(view) = self.current().filter(|view| view.epoch == epoch) else { return };
        if self.selecting.get() {
            return;
        }
        if self.suspected.replace(epoch) != epoch {
            self.host.emit(Event::LeaderSuspected { replica: view.leader, epoch, why });
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
    async fn save(self: &Rc<Self>, view: View, why: &'static str) {
        let saved = Saved { view: Some(view.clone()), ..self.views.borrow().file().clone() };
        if planted(Bug::ViewToldUnsaved) {
            self.views.borrow_mut().install(view.clone());
            self.announce_to_all();
        }
        self.write(saved.clone()).await;
        identify(&self.host, &saved);
        self.host.emit(Event::ViewSaved { view: view.clone(), why });
        self.views.borrow_mut().install(view);
    }

    /// Writes the file; never returns if that fails.
    async fn write(&self, saved: Saved) {
        if let Err(error) = self.file.run(move |database| store(database, &saved)).await {
            self.fail(&error).await;
        }
    }

    /// The disk failed: whether the view is saved is not known, so it must neither be announced nor denied.
    /// Never returns.
    async fn fail(&self, error: &DiskError) {
        let why = format!("{}: {error}", self.file.name());
        self.host.emit(Event::DiskFailed { why: why.clone() });
        self.end(&why);
        future::pending().await
    }

    /// Stops this front-end, for a reason that a person is told.
    fn end(&self, why: &str) {
        if let Some(stop) = self.stop.borrow_mut().take() {
            self.host.fail(why);
            // If the actor is gone already, it need not be stopped.
            let _ = stop.send(());
        }
    }

    /// A leader was chosen and the view that says so is saved.
    fn chosen(self: &Rc<Self>) {
        self.peers.borrow_mut().chosen(self.host.clock.now());
        self.announce_to_all();
        self.abandoned.wake_all();
        self.leader_changed.wake_all();
        self.poll_leader();
    }

    /// Asks the leader more often than the heartbeat does, until it serves: orders wait for that.
    fn poll_leader(self: &Rc<Self>) {
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
                service.polling_leader.set(0);
            }
        });
    }
}

/// Lets the peers know to which store the front-end belongs: once its file has a view. One that only began to found a
/// store belongs to whichever comes about.
fn identify(host: &Host, saved: &Saved) {
    if let Some(view) = &saved.view {
        host.identity.belongs_to(view.store);
    }
}
