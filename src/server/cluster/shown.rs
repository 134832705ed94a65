//! What is known of all services, shared by who finds it out and who shows it.

use parking_lot::Mutex;

use super::happened::Happened;
use super::rates::{Columns, OrderMeter, Rates, Second};
use super::shapes::{Line, Snapshot};
use super::views::Views;
use crate::server::host::Told;

/// What is known of all services.
#[derive(Debug, Default)]
pub struct Cluster {
    /// Takes note of the orders.
    pub orders: OrderMeter,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    snapshot: Snapshot,
    happened: Happened,
    views: Views,
    rates: Rates,
}

impl Cluster {
    /// All services when they were last asked.
    pub fn snapshot(&self) -> Snapshot {
        self.known.lock().snapshot.clone()
    }

    /// What happened lately, oldest first.
    pub fn lately(&self) -> Vec<Line> {
        self.known.lock().happened.lately()
    }

    /// The last minutes, second by second.
    pub fn columns(&self) -> Columns {
        self.known.lock().rates.columns()
    }

    pub(super) fn told(&self, told: &[Told]) {
        let Known { happened, views, .. } = &mut *self.known.lock();
        told.iter().for_each(|told| happened.told(told, views));
    }

    pub(super) fn happened(&self, add: impl FnOnce(&mut Happened)) {
        add(&mut self.known.lock().happened);
    }

    pub(super) fn take_fresh(&self) -> Vec<Line> {
        self.known.lock().happened.take_fresh()
    }

    /// Keeps a snapshot, with the views that are known; returns it whole.
    pub(super) fn keep(&self, snapshot: Snapshot) -> Snapshot {
        let mut known = self.known.lock();
        known.snapshot = Snapshot { views: known.views.shown(), ..snapshot };
        known.snapshot.clone()
    }

    pub(super) fn end_second(&self, t: u64, hits: u64) -> Option<Second> {
        self.known.lock().rates.end_second(t, &self.orders, hits)
    }
}
