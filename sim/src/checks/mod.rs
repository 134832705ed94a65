//! The promises, one a file: each looks at what the shoppers were told and at what is on the disks, and
//! names the facts that contradict each other.

mod durable;
mod evidence;
mod forgotten;
mod held;
mod missed;
mod once;
mod one_history;
mod orders;
mod prices;
mod products;
mod stock;
mod views;

#[cfg(test)]
mod tests;

use toystore_actors::net::NodeId;
use toystore_actors::probe::Event;

pub use self::held::Claim;
use crate::audit::Audit;
use crate::clock::Nanos;
use crate::cluster;
use crate::history::History;
use crate::losses::Losses;
use crate::report::Violation;
use crate::scenario::Setup;

/// All that is wrong with a run that has come to rest. What was too much to search is counted as undecided.
#[must_use]
pub fn judge(setup: &Setup, history: &History, audit: &Audit, undecided: &mut u64) -> Vec<Violation> {
    let mut found = judge_history(history);
    found.extend(durable::check(history, audit));
    found.extend(one_history::check(audit));
    found.extend(once::check(history, audit));
    found.extend(stock::check(setup, audit));
    let catalog = cluster::products(setup);
    found.extend(products::check(history, audit, &catalog, setup.restock_to, undecided));
    found.extend(prices::check(history, &catalog));
    found
}

/// What the disks say about acknowledged orders when a run ended in the middle; for the report.
#[must_use]
pub fn evidence(history: &History, audit: &Audit) -> Vec<String> {
    evidence::gather(history, audit)
}

/// What is wrong with what the shoppers were told, whatever is on the disks.
#[must_use]
pub fn judge_history(history: &History) -> Vec<Violation> {
    orders::check(history).err().into_iter().collect()
}

/// The checks that look on while the run goes on.
#[derive(Debug)]
pub struct Watch {
    views: views::Views,
    held: held::Held,
    refusals: forgotten::Refusals,
}

impl Watch {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(_: &Setup) -> Watch {
        Watch {
            views: views::Views::default(),
            held: held::Held::default(),
            refusals: forgotten::Refusals::default(),
        }
    }

    /// The front-end lost its disk.
    pub fn disk_lost(&mut self) {
        self.views.forget();
    }

    /// Looks at an event of a run in which these memories were lost.
    ///
    /// # Errors
    /// When it breaks a promise.
    pub fn event(
        &mut self,
        at: Nanos,
        node: NodeId,
        event: &Event,
        losses: &Losses,
    ) -> Result<(), Violation> {
        self.refusals.event(at, event);
        missed::check(at, node, event, losses)?;
        self.views.event(at, node, event)
    }

    /// What must be on the disks now that this event has happened, if that is to be looked at.
    pub fn claim(&mut self, event: &Event) -> Option<Claim> {
        self.held.claim(&self.views, event)
    }

    /// Makes unknown, in a history that ends with these disks, what a catalog that remembers so many refusals could
    /// refuse and sell after all; says how many orders that were. Why: `forgotten.rs`.
    pub fn forgive(&self, history: &mut History, audit: &Audit, remembered: usize) -> usize {
        self.refusals.forgive(history, audit, remembered)
    }
}
