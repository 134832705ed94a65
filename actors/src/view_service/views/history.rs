//! The view that is current, and what those of others mean for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::bugs::view_service as bent;
use crate::domain::{Epoch, ReplicaId, Run, View};
use crate::messages::order::ReplicaStatus;
use crate::view_service::saved::Saved;

/// What the replicas that answered said, by their ids.
pub type Answers = BTreeMap<ReplicaId, ReplicaStatus>;

/// The views of one front-end.
#[derive(Debug)]
pub struct Views {
    pub(super) replicas: Vec<ReplicaId>,
    /// The run of this process.
    pub(super) run: Run,
    pub(super) saved: Saved,
    /// It has saved a view of its own run; before that it decides nothing (M7).
    ready: bool,
    /// The view of a file that turned out to be older than what others remember: one more to start from.
    pub(super) outdated: Option<View>,
    /// The highest epoch that anybody named; the next view's is higher.
    pub(super) highest: Epoch,
    /// Runs that were made leader and lacked what the catalog knew to be acknowledged (M4).
    pub(super) unfit: BTreeSet<Run>,
}

/// What a view that a replica follows means for this front-end (M6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It is known, or older.
    Nothing,
    /// This front-end's file is older than what the replica remembers.
    Lost,
    /// Another front-end has taken over.
    Superseded,
    /// An earlier run of this file saved views up to this epoch that the file has forgotten.
    Above(Epoch),
}

impl Views {
    /// The replicas are those of the configuration, `saved` is what the front-end's file holds, `run` included.
    #[must_use]
    pub fn new(mut replicas: Vec<ReplicaId>, run: Run, saved: Saved) -> Views {
        replicas.sort_unstable();
        replicas.dedup();
        let unfit = BTreeSet::new();
        Views { replicas, run, saved, ready: false, outdated: None, highest: Epoch::NONE, unfit }
    }

    /// The replicas of the configuration, in ascending order.
    #[must_use]
    pub fn replicas(&self) -> &[ReplicaId] {
        &self.replicas
    }

    /// The run of this process, with that of all that it saves.
    #[must_use]
    pub fn run(&self) -> Run {
        self.run
    }

    /// What the file holds.
    #[must_use]
    pub fn file(&self) -> &Saved {
        &self.saved
    }

    /// The current view, once it is of this run; `None` before.
    #[must_use]
    pub fn current(&self) -> Option<&View> {
        self.saved.view.as_ref().filter(|_| self.ready)
    }

    /// The highest epoch that this file or anybody else named, if the file has a view.
    #[must_use]
    pub fn epoch(&self) -> Option<Epoch> {
        self.saved.view.as_ref().map(|view| view.epoch.max(self.highest))
    }

    /// Makes a view of this run the current one. It must be on the disk already.
    pub fn install(&mut self, view: View) {
        debug_assert!(self.current().is_none_or(|saved| saved.epoch < view.epoch));
        debug_assert_eq!(view.by, self.run);
        self.saved.view = Some(view);
        self.ready = true;
        self.outdated = None;
    }

    /// The file has another line, store or view, and perhaps this process another run; all on the disk already.
    pub fn adopt_file(&mut self, run: Run, saved: Saved) {
        (self.run, self.saved, self.ready) = (run, saved, false);
    }

    /// Takes the file for older than what others remember: they tell what to go on from (M8).
    pub fn lose(&mut self, highest: Epoch) {
        self.outdated = self.saved.view.take().or(self.outdated.take());
        self.highest = self.highest.max(highest);
        self.ready = false;
    }

    /// A run was made leader and lacks what is acknowledged: it is not chosen again (M4).
    pub fn found_unfit(&mut self, run: Run) {
        self.unfit.extend(bent::remembered_unfit(run));
    }

    /// The leader serves: every member of its view has confirmed its whole book (A4), so none lacks anything any more.
    pub fn serves(&mut self) {
        let Some(view) = &self.saved.view else { return };
        let members: Vec<_> = view.in_sync.ids().filter_map(|id| view.in_sync.run(id)).collect();
        self.unfit.retain(|run| !members.contains(run));
    }

    /// What the view that a replica follows means (M6).
    #[must_use]
    pub fn hear(&self, view: &View) -> Heard {
        let Some(own) = &self.saved.view else { return Heard::Nothing };
        if view.is(own) || view.store != own.store {
            return Heard::Nothing;
        }
        if !self.saved.line.has(view.by) {
            return if self.ready { Heard::Superseded } else { Heard::Lost };
        }
        match self.ready {
            false if view.is_newer_than(own) => Heard::Lost,
            true if view.epoch >= own.epoch => Heard::Above(view.epoch),
            _ => Heard::Nothing,
        }
    }
}
