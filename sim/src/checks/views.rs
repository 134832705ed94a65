//! One leader an epoch: views have epochs without gaps, and nobody serves in an epoch that names another.

use std::collections::BTreeMap;

use toystore_actors::domain::{Epoch, View};
use toystore_actors::net::NodeId;
use toystore_actors::probe::Event;

use crate::clock::Nanos;
use crate::report::{Violation, seconds};

/// The views that were saved.
#[derive(Debug, Default)]
pub(super) struct Views {
    saved: BTreeMap<Epoch, (View, Nanos)>,
}

impl Views {
    /// The view service lost its file: a view that nobody heard of was never made.
    pub(super) fn forget(&mut self) {
        self.saved.clear();
    }

    pub(super) fn event(&mut self, at: Nanos, node: NodeId, event: &Event) -> Result<(), Violation> {
        match event {
            Event::ViewSaved { view, .. } => {
                if let Some((before, when)) = self.saved.insert(view.epoch, (view.clone(), at))
                    && before != *view
                {
                    let facts = [
                        format!("saved at {}: {before}", seconds(when)),
                        format!("saved at {}: {view}", seconds(at)),
                    ];
                    return Err(Violation::new("one leader an epoch", facts));
                }
                if !view.in_sync.contains(&view.leader) {
                    return Err(Violation::new(
                        "one leader an epoch",
                        [format!("its leader is not in sync: {view}")],
                    ));
                }
                Ok(())
            }
            Event::Serving { epoch, .. } | Event::Acknowledged { epoch, .. } => match self.saved.get(epoch) {
                Some((view, _)) if NodeId::Order(view.leader) != node => {
                    let facts = [
                        format!("at {} {node} leads epoch {epoch}", seconds(at)),
                        format!("the view is {view}"),
                    ];
                    Err(Violation::new("one leader an epoch", facts))
                }
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }
}
