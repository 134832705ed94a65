//! The checks that look on while the run goes on.

use toystore_actors::net::NodeId;
use toystore_actors::probe::Event;

use super::forgotten::Refusals;
use super::held::{DurabilityClaim, FirstAcknowledgements};
use super::missed;
use super::views::Views;
use crate::data::{History, Losses, StoreAudit, Violation};
use crate::time::Nanos;

/// The checks that look on while the run goes on.
#[derive(Debug, Default)]
pub struct OnlineChecks {
    views: Views,
    acknowledgements: FirstAcknowledgements,
    refusals: Refusals,
}

impl OnlineChecks {
    /// The front-end lost its disk.
    pub fn front_end_lost(&mut self) {
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
    pub fn claim(&mut self, event: &Event) -> Option<DurabilityClaim> {
        self.acknowledgements.claim(&self.views, event)
    }

    /// Makes unknown, in a history that ends with these disks, what a catalog that remembers so many refusals could
    /// refuse and sell after all; says how many orders that were. Why: `forgotten.rs`.
    pub fn make_forgotten_unknown(
        &self,
        history: &mut History,
        audit: &StoreAudit,
        remembered: usize,
    ) -> u64 {
        self.refusals.make_forgotten_unknown(history, audit, remembered)
    }
}
