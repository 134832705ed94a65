//! Runs one group after the other: decided, saved while holders drop what it changes, then shown and answered (cache rules 3
//! to 5).

use std::future;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::{join, join_all};

use super::call::Call;
use super::changes::GroupChanges;
use super::group;
use super::ledger;
use super::service::CatalogService;

use crate::bugs::catalog as bent;
use crate::probe::{CatalogEvent, Limit, Measure, ServiceEvent};

impl CatalogService {
    /// What arrives while a group is under way makes the next.
    pub async fn run_groups(self: Rc<Self>) {
        loop {
            self.arrival.notified().await;
            let calls = self.queue.borrow_mut().take();
            if !calls.is_empty() {
                self.run_group(calls).await;
            }
        }
    }

    async fn run_group(&self, calls: Vec<Call>) {
        let (oldest_epoch, count) = (self.readiness.borrow().oldest_epoch(), calls.len());
        let (restock_to, now) = (self.config.restock_to, self.host.clock.wall());
        let mut group = group::decide(self.visible.borrow().state(), oldest_epoch, calls, restock_to, now);
        if !group.changes.is_empty() {
            bent::answered_early(&mut group.replies).into_iter().for_each(|reply| reply());
            if !group.changes.refused.is_empty() {
                let keys = group.changes.refused.keys().cloned().collect();
                self.host.emit(CatalogEvent::Refused { keys });
            }
            self.change(group.changes, count).await;
            self.identify();
        }
        self.readiness.borrow_mut().learn(group.learned);
        for event in group.events {
            self.host.emit(event);
        }
        for reply in group.replies {
            reply();
        }
    }

    /// Saves the changes of so many calls, and shows them when they are durable and no front-end holds what they replace.
    async fn change(&self, changes: GroupChanges, calls: usize) {
        let products = changes.products();
        let holders = self.visible.borrow_mut().begin(&products, self.host.clock.now());
        let changes = Arc::new(changes);
        let dropped = join_all(holders.into_iter().map(|front_end| self.drop_changing(front_end)));
        let ((), confirmed) = join(self.save(changes.clone(), calls), dropped).await;
        if self.visible.borrow_mut().show(&changes) {
            self.host.emit(ServiceEvent::LimitReached { limit: Limit::CatalogRefusals });
        }
        if !products.is_empty() {
            let waited_for_lease = confirmed.contains(&false);
            let products = self.visible.borrow().names(&products);
            self.host.emit(CatalogEvent::GroupVisible { products, waited_for_lease });
        }
    }

    /// Never returns if the disk fails.
    async fn save(&self, changes: Arc<GroupChanges>, calls: usize) {
        let (remembered, begun) = (self.config.refusals, self.host.clock.now());
        let saved = self.file.run(move |database| ledger::commit(database, &changes, remembered)).await;
        if let Err(error) = saved {
            self.fail(&error);
            future::pending().await
        }
        let took = self.host.clock.now().since(begun);
        self.host.measure(Measure::GroupCommitted { took, calls });
    }
}
