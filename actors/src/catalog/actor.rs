//! The catalog's actor: it receives, waits and saves; what is decided is decided by the types beside it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::dev::{MessageResponse, OneshotSender};
use actix::{Actor, Context, Handler, MessageResult};
use futures_util::future::{join, join_all};
use tokio::sync::{Notify, oneshot};

use super::CatalogConfig;
use super::group::{self, Call, Change, Queue};
use super::ledger;
use super::memory::Memory;
use super::stock::Changes;
use super::visible_stock::VisibleStock;
use crate::bugs::catalog as bent;
use crate::clock::Timestamp;
use crate::domain::{Epoch, FrontEndId, ProductName};
use crate::host::{Gauge, Host};
use crate::lifecycle::Lifecycle;
use crate::messages::catalog::{
    Buy, GoOn, Import, Inventory, List, Query, Rebuild, Recall, Refusal, Register, Restock, TakeOver,
};
use crate::messages::front_end::Invalidate;
use crate::messages::view_service::{Vouch, Vouched};
use crate::net::NodeId;
use crate::probe::{CatalogEvent, Limit, ServiceEvent};
use crate::storage::{DataFile, DiskError};
use crate::tasks::Tasks;

/// How long to wait after an invalidation that failed, before it is sent again in a new call.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The shortest wait: a shorter one may not advance a clock that counts in milliseconds.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// The catalog service.
pub struct Catalog {
    inner: Rc<Inner>,
    tasks: Tasks,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A front-end may still hold what an earlier run let it cache (cache rule 6).
    Starting,
    Serving,
}

/// What the actor and its tasks share. No `RefCell` here is borrowed across an await.
struct Inner {
    host: Host,
    lifecycle: Lifecycle,
    config: CatalogConfig,
    file: DataFile,
    phase: Cell<Phase>,
    /// The epoch of the front-end's view at this start; `None` until it has told (rule M9).
    floor: Cell<Option<Epoch>>,
    /// Somebody has shown how many orders there are, so that it is known whether this memory is the newest (rule M9).
    vouched: Cell<bool>,
    /// Why nothing is shown although this serves: its memory is that of an earlier time.
    behind: Cell<Option<Refusal>>,
    visible: RefCell<VisibleStock>,
    queue: RefCell<Queue>,
    /// Wakes the task that runs the groups.
    arrival: Notify,
}

impl Catalog {
    pub(super) fn new(host: Host, config: CatalogConfig, file: DataFile, visible: VisibleStock) -> Catalog {
        let inner = Inner {
            lifecycle: Lifecycle::new(host.clone()),
            host,
            file,
            phase: Cell::new(Phase::Starting),
            floor: Cell::new(None),
            vouched: Cell::new(false),
            behind: Cell::new(None),
            visible: RefCell::new(visible),
            queue: RefCell::new(Queue::new(config.max_calls)),
            arrival: Notify::new(),
            config,
        };
        inner.identify();
        Catalog { inner: Rc::new(inner), tasks: Tasks::default() }
    }

    pub(super) fn gauges(&self) -> Vec<Gauge> {
        // A gauge must not keep alive what the crash of its actor is to drop.
        let (inner, limit) = (Rc::downgrade(&self.inner), self.inner.config.max_calls);
        let queued = move || inner.upgrade().map_or(0, |inner| inner.queue.borrow().len());
        vec![Gauge::new(Limit::QueuedCalls, limit, queued)]
    }
}

impl Actor for Catalog {
    type Context = Context<Catalog>;

    fn started(&mut self, ctx: &mut Context<Catalog>) {
        self.tasks.spawn(self.inner.clone().become_ready());
        self.tasks.spawn(self.inner.clone().ask_for_the_view());
        self.tasks.spawn(self.inner.clone().run_groups());
        self.tasks.spawn(self.inner.clone().restock_for_ever());
        self.inner.lifecycle.run(self, &self.tasks, ctx);
    }
}

impl Handler<Query> for Catalog {
    type Result = MessageResult<Query>;

    fn handle(&mut self, query: Query, _: &mut Context<Catalog>) -> MessageResult<Query> {
        let now = self.inner.host.clock.now();
        let serving = self.inner.serving();
        MessageResult(serving.map(|()| self.inner.visible.borrow_mut().query(&query, now)))
    }
}

impl Handler<List> for Catalog {
    type Result = MessageResult<List>;

    fn handle(&mut self, list: List, _: &mut Context<Catalog>) -> MessageResult<List> {
        let serving = self.inner.serving();
        MessageResult(serving.map(|()| self.inner.visible.borrow().list(&list)))
    }
}

impl Handler<Inventory> for Catalog {
    type Result = MessageResult<Inventory>;

    fn handle(&mut self, ask: Inventory, _: &mut Context<Catalog>) -> MessageResult<Inventory> {
        let serving = self.inner.serving();
        MessageResult(serving.map(|()| self.inner.visible.borrow().inventory(&ask)))
    }
}

impl Handler<Recall> for Catalog {
    type Result = MessageResult<Recall>;

    fn handle(&mut self, _: Recall, _: &mut Context<Catalog>) -> MessageResult<Recall> {
        MessageResult(self.inner.visible.borrow().stock().recall())
    }
}

/// A message on its way into the queue; its answer comes from the group that it becomes a part of, if ever.
pub struct Queued<M> {
    inner: Rc<Inner>,
    message: M,
}

impl<M: Change> MessageResponse<Catalog, M> for Queued<M> {
    fn handle(self, _: &mut Context<Catalog>, way: Option<OneshotSender<M::Reply>>) {
        self.inner.accept(self.message.call(way));
    }
}

macro_rules! queued {
    ($($message:ty),*) => {$(
        impl Handler<$message> for Catalog {
            type Result = Queued<$message>;

            fn handle(&mut self, message: $message, _: &mut Context<Catalog>) -> Queued<$message> {
                Queued { inner: self.inner.clone(), message }
            }
        }
    )*};
}
queued!(Buy, TakeOver, Restock, Register, Rebuild, GoOn, Import);

impl Inner {
    fn serving(&self) -> Result<(), Refusal> {
        match self.phase.get() {
            // A caller never gets to see it: the poll in which the actor ends is its last.
            _ if self.lifecycle.is_over() => Err(Refusal::Starting),
            Phase::Serving if self.memory().store.is_none() => Err(Refusal::Lost),
            Phase::Serving if self.behind.get().is_some() => self.behind.get().map_or(Ok(()), Err),
            Phase::Serving if !self.vouched.get() => Err(Refusal::Starting),
            Phase::Serving => Ok(()),
            Phase::Starting => Err(Refusal::Starting),
        }
    }

    fn memory(&self) -> Memory {
        self.visible.borrow().stock().memory()
    }

    /// Lets its peers know to which store it belongs.
    fn identify(&self) {
        if let Some((store, _)) = self.memory().store {
            self.host.identity.belongs_to(store);
        }
    }

    fn accept(&self, call: Call) {
        if self.lifecycle.is_over() {
            return drop(call);
        }
        let refusal = match self.phase.get() {
            _ if call.is_about_memory() => None,
            Phase::Starting => Some(Refusal::Starting),
            Phase::Serving
                if self.memory().store.is_none() && matches!(call, Call::Restock(_) | Call::Import(..)) =>
            {
                Some(Refusal::Lost)
            }
            Phase::Serving => None,
        };
        match refusal {
            Some(refusal) => call.refuse(refusal),
            None => {
                if !self.queue.borrow_mut().push(call) {
                    self.host.emit(ServiceEvent::LimitReached { limit: Limit::QueuedCalls });
                }
                self.arrival.notify_one();
            }
        }
    }

    /// Asks the front-end for its view, until it has told it or registered: a leader whose view is older is refused
    /// from then on (rule M9). With its purchases, an older file lost its fence.
    async fn ask_for_the_view(self: Rc<Self>) {
        while self.floor.get().is_none() || !self.vouched.get() {
            for front_end in &self.config.front_ends {
                let node = NodeId::FrontEnd(*front_end);
                let told = self.host.net.send(node, &Vouch {}, self.config.call_limit).await;
                if let Ok(Some(vouched)) = told {
                    self.take(&vouched);
                }
            }
            self.host.clock.sleep(RETRY_PAUSE).await;
        }
    }

    fn take(&self, vouched: &Vouched) {
        let Some((store, newest)) = self.memory().store else { return };
        let view = &vouched.view;
        if view.store == store && (view.by == newest || view.line.has(newest)) {
            let memory = Memory { store: Some((store, view.by)) };
            self.accept(Call::Remember(memory, view.epoch, vouched.orders));
        }
    }

    /// Has every configured front-end drop everything, or waits until all that an earlier run allowed has
    /// run out (cache rule 6).
    async fn become_ready(self: Rc<Self>) {
        let until = self.host.clock.now() + self.config.term();
        let front_ends = self.config.front_ends.iter();
        let confirmed = join_all(front_ends.map(|&front_end| self.drop_everything(front_end, until))).await;
        if !self.lifecycle.is_over() {
            self.phase.set(Phase::Serving);
            self.host.emit(CatalogEvent::CatalogReady { confirmed: confirmed.into_iter().all(|yes| yes) });
        }
    }

    /// True once the front-end confirmed; false when the time has run out.
    async fn drop_everything(&self, front_end: FrontEndId, until: Timestamp) -> bool {
        while self.host.clock.now() < until {
            if bent::starts_at_once() || self.invalidate(front_end, Vec::new(), until).await {
                return true;
            }
        }
        false
    }

    /// One call to a front-end, and a pause if it failed. True if the front-end answered this very call.
    async fn invalidate(&self, front_end: FrontEndId, products: Vec<ProductName>, until: Timestamp) -> bool {
        let clock = &self.host.clock;
        let limit = until.since(clock.now()).min(self.config.call_limit);
        let call = Invalidate { products };
        let answered = self.host.net.send(NodeId::FrontEnd(front_end), &call, limit).await.is_ok();
        if !answered {
            clock.sleep(until.since(clock.now()).clamp(SHORTEST_PAUSE, RETRY_PAUSE)).await;
        }
        answered
    }

    /// Runs one group after the other; what arrives meanwhile makes the next (cache rules 3 and 4).
    async fn run_groups(self: Rc<Self>) {
        loop {
            self.arrival.notified().await;
            let calls = self.queue.borrow_mut().take();
            if !calls.is_empty() && self.run_group(calls).await.is_err() {
                return;
            }
        }
    }

    async fn run_group(&self, calls: Vec<Call>) -> Result<(), DiskError> {
        let floor = self.floor.get();
        let mut group = group::decide(self.visible.borrow().stock(), floor, calls, self.config.restock_to);
        let rebuilt = group.changes.rebuilt;
        if !group.changes.is_empty() {
            bent::answered_early(&mut group.answers).into_iter().for_each(|answer| answer());
            if !group.changes.refused.is_empty() {
                self.host
                    .emit(CatalogEvent::Refused { keys: group.changes.refused.keys().cloned().collect() });
            }
            self.change(group.changes).await?;
            self.identify();
        }
        self.floor.set(group.floor.max(floor));
        self.behind.set(group.behind.or(self.behind.get().filter(|_| !rebuilt)));
        self.vouched.set(self.vouched.get() || group.vouched || rebuilt);
        for event in group.events {
            self.host.emit(event);
        }
        for answer in group.answers {
            answer();
        }
        Ok(())
    }

    /// Saves changes, and shows them when they are durable and no front-end holds what they replace.
    async fn change(&self, changes: Changes) -> Result<(), DiskError> {
        let products = changes.products();
        let holders = self.visible.borrow_mut().begin(&products, self.host.clock.now());
        let changes = Arc::new(changes);
        let dropped = join_all(holders.into_iter().map(|front_end| self.drop_changing(front_end)));
        let (saved, confirmed) = join(self.save(changes.clone()), dropped).await;
        saved?;
        if self.visible.borrow_mut().show(&changes) {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::CatalogRefusals });
        }
        if !products.is_empty() {
            let waited_for_lease = confirmed.contains(&false);
            let products = self.visible.borrow().names(&products);
            self.host.emit(CatalogEvent::GroupVisible { products, waited_for_lease });
        }
        Ok(())
    }

    async fn save(&self, changes: Arc<Changes>) -> Result<(), DiskError> {
        let remembered = self.config.refusals;
        let saved = self.file.run(move |database| ledger::commit(database, &changes, remembered)).await;
        saved.inspect_err(|error| self.fail(error))
    }

    /// Has a front-end drop what it holds of the products that change. True once it confirmed a call that
    /// named all it could still hold; false when the last of its leases ran out first.
    async fn drop_changing(&self, front_end: FrontEndId) -> bool {
        let mut confirmed = true;
        loop {
            let held = self.visible.borrow().held(front_end, self.host.clock.now());
            let Some(held) = held else {
                return confirmed;
            };
            let names = self.visible.borrow().names(&held.products);
            confirmed = bent::confirmed(self.invalidate(front_end, names, held.until).await);
            if confirmed {
                self.visible.borrow_mut().dropped(front_end, &held.products);
            }
        }
    }

    async fn restock_for_ever(self: Rc<Self>) {
        if self.config.restock_every.is_zero() {
            return;
        }
        loop {
            self.host.clock.sleep(self.config.restock_every).await;
            // The next one waits for this one, so that at most one is in the queue.
            let (way, done) = oneshot::channel();
            self.accept(Call::Restock(Some(way)));
            // Refused, or dropped by a full queue: the next interval comes soon enough.
            let _ = done.await;
        }
    }

    /// Stops for good. What the last group changed may or may not be on the disk, so nothing that depends
    /// on it may be told any more.
    fn fail(&self, error: &DiskError) {
        drop(self.queue.borrow_mut().take());
        self.lifecycle.fail(error, format!("the catalog cannot use {}: {error}", self.file.name()));
    }
}
