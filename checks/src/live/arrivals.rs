//! Operations that were answered, until all that were answered before them are there.

use std::collections::BTreeMap;

use crate::data::Operation;
use crate::time::Nanos;

/// Operations by when they were answered; several threads tell of them, so that a later one may come first.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    waiting: BTreeMap<(Nanos, u64), Operation>,
    arrived: u64,
}

impl Arrivals {
    pub(super) fn add(&mut self, operation: Operation) {
        self.waiting.insert((operation.returned, self.arrived), operation);
        self.arrived += 1;
    }

    /// Those that were answered before then, in the order of their answers.
    pub(super) fn take(&mut self, before: Nanos) -> BTreeMap<(Nanos, u64), Operation> {
        let later = self.waiting.split_off(&(before, 0));
        std::mem::replace(&mut self.waiting, later)
    }

    /// When the first of those that wait was asked for.
    pub(super) fn first_invoked(&self) -> Option<Nanos> {
        self.waiting.values().map(|operation| operation.invoked).min()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}
