//! The shell around [`ViewRules`]: it carries out their commands, and resumes their procedures with what came of each
//! step.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{self, Either};
use tokio::sync::futures::Notified;
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use super::config::ViewConfig;
use super::rules::{
    ChangeInSync, CheckRegistration, Choose, Command, Establish, GoOnWithout, Next, PollLeader, Procedure,
    RebuildMemory, Reply, SaveAbove, Task, ViewRules,
};
use super::saved::Saved;
use crate::clock::Timestamp;
use crate::domain::{ReplicaId, Run, View};
use crate::host::Host;
use crate::lifecycle::Lifecycle;
use crate::messages::catalog::Rebuilt;
use crate::messages::order::{Announce, NotServing, ReplicaStatus};
use crate::messages::view_service::{ChangeView, NotRecovered, Recover, RecoverCatalog, Recovery, Vouched};
use crate::net::{NetError, NodeId, Rpc};
use crate::storage::DataFile;
use crate::tasks::Tasks;

/// The view service of a front-end.
pub struct ViewService {
    pub(super) host: Host,
    pub(super) file: DataFile,
    pub(super) rules: RefCell<ViewRules>,
    pub(super) call_limit: Duration,
    heartbeat: Duration,
    tasks: Tasks,
    /// Whoever has it decides on a view and saves it.
    pub(super) turns: Arc<Mutex<()>>,
    pub(super) turn: RefCell<Option<OwnedMutexGuard<()>>>,
    /// Woken by [`Command::EndPauses`].
    pub(super) missing_answers: Notify,
    /// Woken by [`Command::WakeRequests`].
    leader_changed: Notify,
    /// Woken by [`Command::AbandonRequests`].
    abandoned: Notify,
    pub(super) lifecycle: Lifecycle,
}

impl ViewService {
    /// A view service that starts from what the file holds, its run included. It ends the `lifecycle` when it must not
    /// go on.
    pub fn new(
        host: Host,
        config: ViewConfig,
        tasks: Tasks,
        file: DataFile,
        (run, saved): (Run, Saved),
        lifecycle: Lifecycle,
    ) -> Rc<ViewService> {
        let (heartbeat, call_limit) = (config.heartbeat, config.call_limit);
        let rules = ViewRules::new(host.id, config, run, saved);
        let service = Rc::new(ViewService {
            host,
            file,
            rules: RefCell::new(rules),
            call_limit,
            heartbeat,
            tasks,
            turns: Arc::default(),
            turn: RefCell::default(),
            missing_answers: Notify::new(),
            leader_changed: Notify::new(),
            abandoned: Notify::new(),
            lifecycle,
        });
        service.carry_out();
        service
    }

    /// Finds a leader, and then keeps one for ever.
    pub async fn run(self: Rc<Self>) {
        let establish = Establish::at_start(&mut self.rules.borrow_mut());
        if let Some(choose) = self.go_through(establish).await {
            self.go_through(choose).await;
        }
        loop {
            self.tell(|rules, _| rules.beat());
            self.host.clock.sleep(self.heartbeat).await;
            self.tell(ViewRules::tick);
        }
    }

    /// The current view, once this front-end has saved one of its own run.
    pub fn current(&self) -> Option<View> {
        self.rules.borrow().current().cloned()
    }

    /// The current view, if its leader serves as far as is known.
    pub fn serving(&self) -> Option<View> {
        self.rules.borrow().serving().cloned()
    }

    /// What a catalog that starts is told (M9).
    pub fn vouch(&self) -> Option<Vouched> {
        self.rules.borrow().vouch()
    }

    /// Whom orders wait for, and why as a sentence; `None` if a leader serves.
    pub fn waits_for(&self) -> Option<(Vec<NodeId>, String)> {
        self.rules.borrow().waits_for(self.host.clock.now())
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

    /// The leader of `sent` could not be reached with a request.
    pub fn unreachable(self: &Rc<Self>, sent: &View, error: &NetError) {
        self.tell(|rules, _| rules.unreachable(sent, error));
    }

    /// The leader of `sent` answered a request by saying that it does not serve.
    pub fn not_serving(self: &Rc<Self>, sent: &View, answer: NotServing) {
        self.tell(|rules, _| rules.not_serving(sent, answer));
    }

    /// A leader asks to change the in-sync set. Answers the view that is current afterwards.
    pub async fn change(self: Rc<Self>, ask: ChangeView) -> Option<View> {
        self.go_through(ChangeInSync::new(ask)).await
    }

    /// Goes on without replicas that do not answer: the best book of those that do leads alone.
    ///
    /// # Errors
    /// See [`NotRecovered`].
    pub async fn recover_without(self: Rc<Self>, ask: Recover) -> Result<Recovery, NotRecovered> {
        self.go_through(GoOnWithout::new(ask)).await
    }

    /// Has the catalog's memory rebuilt from the leader's book, when it is the best of all that answer.
    ///
    /// # Errors
    /// See [`NotRecovered`].
    pub async fn recover_catalog(self: Rc<Self>, ask: RecoverCatalog) -> Result<Rebuilt, NotRecovered> {
        self.go_through(RebuildMemory::new(ask)).await
    }

    /// Tells the rules what happened, and does what they say.
    fn tell<T>(self: &Rc<Self>, input: impl FnOnce(&mut ViewRules, Timestamp) -> T) -> T {
        let now = self.host.clock.now();
        let output = input(&mut self.rules.borrow_mut(), now);
        self.carry_out();
        output
    }

    /// Goes through a procedure, step by step.
    async fn go_through<P: Procedure>(self: &Rc<Self>, mut procedure: P) -> P::Output {
        let mut reply = Reply::Begun;
        loop {
            match self.tell(|rules, now| procedure.resume(rules, reply, now)) {
                Next::Step(step) => reply = self.take(step).await,
                Next::Done(output) => return output,
            }
        }
    }

    /// Sends the current view to a replica, and tells the rules what it answers.
    pub(super) async fn announce(
        self: &Rc<Self>,
        replica: ReplicaId,
        limit: Duration,
    ) -> Result<ReplicaStatus, NetError> {
        let announcement = self.rules.borrow_mut().announce();
        let Some((view, call)) = announcement else { return Err(NetError::Lost) };
        let outcome = self.host.net.send(NodeId::Order(replica), &Announce { view }, limit).await;
        self.tell(|rules, now| rules.announced(replica, call, &outcome, now));
        outcome
    }

    fn carry_out(self: &Rc<Self>) {
        let commands = self.rules.borrow_mut().take_commands();
        for command in commands {
            match command {
                Command::Announce { to, limit } => {
                    to.into_iter().for_each(|replica| self.announce_beside(replica, limit));
                }
                Command::Start(task) => self.begin(task),
                Command::WakeRequests => self.leader_changed.notify_waiters(),
                Command::AbandonRequests => self.abandoned.notify_waiters(),
                Command::EndPauses => self.missing_answers.notify_waiters(),
                Command::EndTurn => drop(self.turn.take()),
                Command::Belong(store) => self.host.identity.belongs_to(store),
                Command::Emit(event) => self.host.emit(event),
                Command::Warn(sentence) => log::warn!(node:% = self.host.id; "{sentence}"),
                Command::End(why) => self.lifecycle.end(why),
            }
        }
    }

    fn announce_beside(self: &Rc<Self>, replica: ReplicaId, limit: Duration) {
        let service = self.clone();
        self.tasks.spawn(async move {
            // The rules were told of the outcome.
            let _ = service.announce(replica, limit).await;
        });
    }

    fn begin(self: &Rc<Self>, task: Task) {
        match task {
            Task::Choose { pause } => self.go_through_beside(Choose::another(pause)),
            Task::PollLeader(epoch) => {
                let poll = PollLeader::new(&self.rules.borrow(), epoch);
                self.go_through_beside(poll);
            }
            Task::CheckRegistration => self.go_through_beside(CheckRegistration::default()),
            Task::SaveAbove(epoch) => self.go_through_beside(SaveAbove::new(epoch)),
        }
    }

    fn go_through_beside<P: Procedure + 'static>(self: &Rc<Self>, procedure: P) {
        let service = self.clone();
        self.tasks.spawn(async move { drop(service.go_through(procedure).await) });
    }
}
