//! One leader an epoch: nobody ever hears of two views of one epoch, and nobody serves in an epoch that names
//! another.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::{Promise, Violation};
use crate::time::{Nanos, seconds};
use toystore_actors::domain::{Epoch, Run, View};
use toystore_actors::net::NodeId;
use toystore_actors::probe::{Event, ReplicaEvent, ViewEvent};

const PROMISE: Promise = Promise::OneLeader;

/// The views that were seen: saved, taken over in, adopted. Not all of them are seen to be saved, because a
/// front-end may crash when the view is on its disk and before it says so.
#[derive(Debug, Default)]
pub(super) struct Views {
    seen: BTreeMap<(Run, Epoch), (View, String)>,
    /// The views that some replica has acted on.
    acted_on: BTreeSet<(Run, Epoch)>,
}

impl Views {
    /// The view service lost its file: a view that nobody heard of was never made.
    pub(super) fn forget(&mut self) {
        self.seen.retain(|view, _| self.acted_on.contains(view));
    }

    /// The view of an epoch, if it was seen.
    pub(super) fn view(&self, by: Run, epoch: Epoch) -> Option<&View> {
        self.seen.get(&(by, epoch)).map(|(view, _)| view)
    }

    pub(super) fn event(&mut self, at: Nanos, node: NodeId, event: &Event) -> Result<(), Violation> {
        match event {
            Event::View(ViewEvent::ViewSaved { view, .. }) => self.see(at, node, view),
            Event::Replica(ReplicaEvent::TakeoverBegan { view } | ReplicaEvent::ViewAdopted { view, .. }) => {
                self.acted_on.insert((view.by, view.epoch));
                self.see(at, node, view)
            }
            Event::Replica(
                ReplicaEvent::Serving { by, epoch, .. } | ReplicaEvent::Acknowledged { by, epoch, .. },
            ) => self.leads(at, node, *by, *epoch),
            _ => Ok(()),
        }
    }

    /// A replica does what only the leader of this view may.
    fn leads(&self, at: Nanos, node: NodeId, by: Run, epoch: Epoch) -> Result<(), Violation> {
        match self.seen.get(&(by, epoch)) {
            Some((view, seen)) if NodeId::Order(view.leader) != node => {
                let facts =
                    [format!("at {} {node} leads epoch {epoch}", seconds(at)), format!("{seen}: {view}")];
                Err(Violation::new(PROMISE, facts))
            }
            _ => Ok(()),
        }
    }

    fn see(&mut self, at: Nanos, node: NodeId, view: &View) -> Result<(), Violation> {
        let seen = format!("seen at {} by {node}", seconds(at));
        if !view.in_sync.contains(view.leader) {
            return Err(Violation::new(PROMISE, [format!("{seen}: its leader is not in sync: {view}")]));
        }
        let (before, when) =
            self.seen.entry((view.by, view.epoch)).or_insert_with(|| (view.clone(), seen.clone()));
        if before == view {
            return Ok(());
        }
        Err(Violation::new(PROMISE, [format!("{when}: {before}"), format!("{seen}: {view}")]))
    }
}
