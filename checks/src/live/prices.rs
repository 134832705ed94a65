//! One product's price: what was seen of it, and what it was changed to.

use crate::data::{Repricing, Violation};
use crate::promises::prices::{Sighting, one};
use crate::time::Nanos;

/// One product's price.
#[derive(Debug, Default)]
pub(super) struct Price {
    /// What it cost before it was changed; unknown until somebody has seen it.
    before: Option<u64>,
    /// The change that may be under way. From `imported` on, the product is certain to cost that.
    change: Option<Repricing>,
}

impl Price {
    /// It costs so much, and nobody is changing it.
    pub(super) fn begins_with(price_cents: u64) -> Price {
        Price { before: Some(price_cents), change: None }
    }

    /// It was seen.
    pub(super) fn see(&mut self, sighting: Sighting) -> Option<Violation> {
        let Some(before) = self.before else {
            if self.change.is_none() {
                self.before = Some(sighting.price_cents);
            }
            return None;
        };
        let (cents, until) = (sighting.price_cents, sighting.until);
        let found = one(&[sighting], before, self.change.as_ref());
        if let Some(change) = self.change.as_mut().filter(|change| change.price_cents == cents) {
            change.imported = Some(change.imported.map_or(until, |imported| imported.min(until)));
        }
        found
    }

    /// It is being changed, or is known to have been.
    pub(super) fn change(&mut self, repricing: Repricing) {
        let same = |change: &Repricing| {
            change.price_cents == repricing.price_cents && change.invoked == repricing.invoked
        };
        match &mut self.change {
            None => self.change = Some(repricing),
            Some(change) if same(change) => {
                change.imported = [change.imported, repricing.imported].into_iter().flatten().min();
            }
            // Two at once: either may be the last.
            Some(_) => *self = Price { before: None, change: Some(repricing) },
        }
    }

    /// All that began before then was seen.
    pub(super) fn close(&mut self, through: Nanos) {
        if let Some(change) = self.change.take_if(|change| change.imported.is_some_and(|at| at < through)) {
            // Where two were under way, the next who sees it tells which was the last.
            self.before = self.before.map(|_| change.price_cents);
        }
    }
}
