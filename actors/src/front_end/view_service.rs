//! Keeps one replica leading: the view service.
//!
//! It announces the saved view to every replica again and again; that is the heartbeat, and it is how a
//! replica that missed the news hears of it. When the leader does not answer, or says that it does not lead,
//! the replicas are pinged side by side and the next view is decided by [`Views`]. A view is on the disk
//! before anybody hears of it, and views are decided and saved one after the other.

mod selection;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{self, Either};
use redb::{Database, ReadableDatabase, TableDefinition, TableError};
use tokio::sync::{Mutex, oneshot};

use super::FrontEndConfig;
use super::messages::ChangeView;
use super::peers::{Finding, Peers};
use super::retry::Backoff;
use super::views::Views;
use super::wakers::{Wake, Wakers};
use crate::bugs::{Bug, planted};
use crate::domain::{Epoch, ReplicaId, View};
use crate::host::Host;
use crate::net::{NetError, NodeId, Rpc, decode, encode};
use crate::order::messages::{Announce, NotServing, ReplicaStatus};
use crate::probe::Event;
use crate::storage::{DataFile, DiskError};
use crate::tasks::Tasks;

const VIEW: TableDefinition<&str, &[u8]> = TableDefinition::new("view");
const CURRENT: &str = "current";

/// The shell around [`Views`] and [`Peers`].
pub struct ViewService {
    host: Host,
    config: FrontEndConfig,
    tasks: Tasks,
    file: DataFile,
    views: RefCell<Views>,
    peers: RefCell<Peers>,
    /// Held while a view is decided on and saved.
    saving: Mutex<()>,
    /// A leader is being looked for.
    selecting: Cell<bool>,
    /// The epoch whose leader is being asked whether it serves yet; 0 for none.
    courting: Cell<Epoch>,
    /// The newest epoch whose leader was suspected.
    suspected: Cell<Epoch>,
    /// While there is no view: who must answer before there can be one.
    waiting_for: RefCell<Vec<ReplicaId>>,
    /// Woken when the leader begins to serve, or there is a new view.
    leader_changed: Wakers,
    /// Woken when requests at the leader are not going to be answered.
    abandoned: Wakers,
    /// Stops the actor.
    stop: RefCell<Option<oneshot::Sender<()>>>,
}

/// Reads the saved view.
///
/// # Errors
/// When the file cannot be read.
pub fn load(database: &Database) -> Result<Option<View>, DiskError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(VIEW) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        table => table?,
    };
    let Some(bytes) = table.get(CURRENT)? else { return Ok(None) };
    decode(bytes.value()).map(Some).map_err(|error| DiskError::Damaged(format!("the view: {error}")))
}

fn store(database: &Database, view: &View) -> Result<(), DiskError> {
    let transaction = database.begin_write()?;
    transaction.open_table(VIEW)?.insert(CURRENT, &*encode(view))?;
    transaction.commit()?;
    Ok(())
}

impl ViewService {
    /// A view service that starts from what the file holds. `stop` is used when the disk has failed.
    pub fn new(
        host: Host,
        config: FrontEndConfig,
        tasks: Tasks,
        file: DataFile,
        saved: Option<View>,
        stop: oneshot::Sender<()>,
    ) -> ViewService {
        ViewService {
            views: RefCell::new(Views::new(config.replicas.clone(), saved)),
            host,
            config,
            tasks,
            file,
            peers: RefCell::default(),
            saving: Mutex::new(()),
            selecting: Cell::new(false),
            courting: Cell::new(0),
            suspected: Cell::new(0),
            waiting_for: RefCell::default(),
            leader_changed: Wakers::default(),
            abandoned: Wakers::default(),
            stop: RefCell::new(Some(stop)),
        }
    }

    /// Finds a leader, and then keeps one for ever.
    pub async fn run(self: Rc<Self>) {
        if self.current().is_some() {
            self.clone().select(true).await;
        } else {
            self.selecting.set(true);
            self.recover().await;
            self.selecting.set(false);
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

    /// The saved view.
    pub fn current(&self) -> Option<View> {
        self.views.borrow().saved().cloned()
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
        let Some(view) = self.current() else {
            let missing = self.waiting_for.borrow().clone();
            let why = "there is no view yet; one is taken when these have told the newest that they know: ";
            return Some(named(&missing, why));
        };
        let (now, patience) = (self.host.clock.now(), self.config.suspect_after);
        let peers = self.peers.borrow();
        let silent = peers.leader_silent(now, patience);
        if peers.serving() && !silent {
            return None;
        }
        let missing = peers.silent(&view.in_sync, now, patience);
        if missing.len() == view.in_sync.len() {
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
                self.court();
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
            NetError::Overloaded | NetError::TimedOut | NetError::Malformed(_) => return,
        };
        if self.is_current(sent) {
            self.peers.borrow_mut().refused();
            self.suspect(sent.epoch, why);
            self.court();
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
        self.court();
    }

    fn is_current(&self, sent: &View) -> bool {
        self.views.borrow().saved().is_some_and(|view| view.epoch == sent.epoch)
    }

    /// Sends the view to every replica, also to those that are not in sync: they must know whom to join.
    fn announce_to_all(self: &Rc<Self>) {
        let Some(view) = self.current() else { return };
        for replica in self.everyone(&view) {
            let service = self.clone();
            self.tasks.spawn(async move {
                let limit = service.config.suspect_after;
                // The outcome was taken note of.
                let _ = service.announce(replica, limit).await;
            });
        }
    }

    fn everyone(&self, view: &View) -> Vec<ReplicaId> {
        let mut everyone = self.views.borrow().replicas().to_vec();
        everyone.extend(&view.in_sync);
        everyone.sort_unstable();
        everyone.dedup();
        everyone
    }

    async fn announce(
        self: &Rc<Self>,
        replica: ReplicaId,
        limit: Duration,
    ) -> Result<ReplicaStatus, NetError> {
        let Some(view) = self.current() else { return Err(NetError::Lost) };
        let call = self.peers.borrow_mut().call();
        let outcome = self.host.net.send(NodeId::Order(replica), &Announce { view }, limit).await;
        // The view may have changed meanwhile; what was said is held against the one that counts now.
        let Some(view) = self.current() else { return outcome };
        if outcome.as_ref().is_ok_and(|status| status.epoch > view.epoch) {
            self.outdated();
            return outcome;
        }
        let now = self.host.clock.now();
        let finding = self.peers.borrow_mut().take(replica, call, &outcome, &view, now);
        match finding {
            Finding::Nothing => {}
            Finding::Serves => self.leader_changed.wake_all(),
            Finding::Pauses => {
                self.abandoned.wake_all();
                self.court();
            }
            Finding::Suspect(why) => self.suspect(view.epoch, why),
        }
        outcome
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
        self.tasks.spawn(self.clone().select(false));
    }

    /// Saves a view and makes it the current one. The caller holds `saving`.
    async fn save(self: &Rc<Self>, view: View, why: &'static str) {
        let copy = view.clone();
        if planted(Bug::ViewToldUnsaved) {
            self.views.borrow_mut().install(view.clone());
            self.announce_to_all();
        }
        if let Err(error) = self.file.run(move |database| store(database, &copy)).await {
            return self.fail(&error).await;
        }
        self.host.emit(Event::ViewSaved { view: view.clone(), why });
        self.views.borrow_mut().install(view);
    }

    /// The disk failed: whether the view is saved is not known, so it must neither be announced nor denied.
    /// Never returns.
    async fn fail(&self, error: &DiskError) {
        if let Some(stop) = self.stop.borrow_mut().take() {
            let why = format!("{}: {error}", self.file.name());
            self.host.emit(Event::DiskFailed { why: why.clone() });
            self.host.fail(why);
            // If the actor is gone already, it need not be stopped.
            let _ = stop.send(());
        }
        future::pending().await
    }

    /// A leader was chosen and the view that says so is saved.
    fn chosen(self: &Rc<Self>) {
        self.peers.borrow_mut().chosen(self.host.clock.now());
        self.announce_to_all();
        self.abandoned.wake_all();
        self.leader_changed.wake_all();
        self.court();
    }

    /// Asks the leader more often than the heartbeat does, until it serves: orders wait for that.
    fn court(self: &Rc<Self>) {
        let Some(View { epoch, .. }) = self.current() else { return };
        if self.courting.replace(epoch) == epoch {
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
            if service.courting.get() == epoch {
                service.courting.set(0);
            }
        });
    }
}

fn named(replicas: &[ReplicaId], why: &str) -> (Vec<NodeId>, String) {
    let nodes: Vec<_> = replicas.iter().map(|id| NodeId::Order(*id)).collect();
    let names: Vec<_> = nodes.iter().map(NodeId::to_string).collect();
    let why = format!("{why}{}", names.join(", "));
    (nodes, why)
}
