//! What the catalog's actor and its tasks share, and the way of a call into the queue.

use std::cell::RefCell;
use std::rc::Rc;

use tokio::sync::{Notify, oneshot};

use super::call::Call;
use super::config::CatalogConfig;
use super::memory::Memory;
use super::queue::Queue;
use super::readiness::Readiness;
use super::visible_stock::VisibleStock;
use crate::host::Host;
use crate::lifecycle::Lifecycle;
use crate::messages::catalog::Refusal;
use crate::probe::{Limit, ServiceEvent};
use crate::storage::{DataFile, DiskError};

/// What the actor and its tasks share. No `RefCell` here is borrowed across an await.
pub struct CatalogService {
    pub(super) host: Host,
    pub(super) lifecycle: Lifecycle,
    pub(super) config: CatalogConfig,
    pub(super) file: DataFile,
    pub(super) readiness: RefCell<Readiness>,
    pub(super) visible: RefCell<VisibleStock>,
    pub(super) queue: RefCell<Queue>,
    /// Wakes the task that runs the groups.
    pub(super) arrival: Notify,
}

impl CatalogService {
    pub fn new(host: Host, config: CatalogConfig, file: DataFile, visible: VisibleStock) -> CatalogService {
        let service = CatalogService {
            lifecycle: Lifecycle::new(host.clone()),
            host,
            file,
            readiness: RefCell::default(),
            visible: RefCell::new(visible),
            queue: RefCell::new(Queue::new(config.max_calls)),
            arrival: Notify::new(),
            config,
        };
        service.identify();
        service
    }

    /// Whether the stock may be shown.
    pub fn shows(&self) -> Result<(), Refusal> {
        self.readiness.borrow().shows(self.memory())
    }

    pub(super) fn memory(&self) -> Memory {
        self.visible.borrow().state().memory()
    }

    /// Lets its peers know to which store it belongs.
    pub(super) fn identify(&self) {
        if let Some((store, _)) = self.memory().store {
            self.host.identity.belongs_to(store);
        }
    }

    /// Lets a call wait for the next group, or answers at once that it may not.
    pub fn accept(&self, call: Call) {
        if self.lifecycle.is_over() {
            return;
        }
        let admitted = self.readiness.borrow().admits(&call, self.memory());
        if let Err(refusal) = admitted {
            return call.refuse(refusal);
        }
        if !self.queue.borrow_mut().push(call) {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::QueuedCalls });
        }
        self.arrival.notify_one();
    }

    pub async fn restock_for_ever(self: Rc<Self>) {
        if self.config.restock_every.is_zero() {
            return;
        }
        loop {
            self.host.clock.sleep(self.config.restock_every).await;
            // The next one waits for this one, so that at most one is in the queue.
            let (to, done) = oneshot::channel();
            self.accept(Call::Restock(Some(to)));
            // Refused, or dropped by a full queue: the next interval comes soon enough.
            let _ = done.await;
        }
    }

    /// Stops for good. What the last group changed may or may not be on the disk, so nothing that depends
    /// on it may be told any more.
    pub(super) fn fail(&self, error: &DiskError) {
        drop(self.queue.borrow_mut().take());
        self.lifecycle.fail(error, format!("the catalog cannot use {}: {error}", self.file.name()));
    }
}
