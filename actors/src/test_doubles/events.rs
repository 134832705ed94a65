//! What an actor told.

use std::cell::RefCell;

use crate::net::NodeId;
use crate::probe::{Event, Probe};

/// Keeps all events.
#[derive(Debug, Default)]
pub struct KeptEvents(RefCell<Vec<Event>>);

impl KeptEvents {
    /// The events so far, which are then forgotten.
    pub fn take(&self) -> Vec<Event> {
        self.0.take()
    }
}

impl Probe for KeptEvents {
    fn record(&self, _: NodeId, event: &Event) {
        self.0.borrow_mut().push(event.clone());
    }
}
