//! Views that keep the leader: a change of the in-sync set, and one more above what an earlier run reached.

use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::{Epoch, View};
use crate::messages::view_service::ChangeView;
use crate::probe::{SaveReason, ViewEvent};

/// A leader asks to change the in-sync set. Ends with the view that is current afterwards.
#[derive(Debug)]
pub struct ChangeInSync {
    ask: ChangeView,
    phase: Phase,
}

/// An earlier run of this file has told a view that the file has forgotten: the next one's epoch is higher (M6).
#[derive(Debug)]
pub struct SaveAbove {
    epoch: Epoch,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Deciding,
    Saving(View),
}

impl ChangeInSync {
    /// For this leader's question.
    #[must_use]
    pub fn new(ask: ChangeView) -> ChangeInSync {
        ChangeInSync { ask, phase: Phase::Start }
    }

    fn decide(&mut self, rules: &mut ViewRules) -> Next<Option<View>> {
        if let Some(next) = rules.views.change(&self.ask) {
            let step = rules.save(&next);
            self.phase = Phase::Saving(next);
            return step.into();
        }
        if let Some(current) = rules.current().map(|view| view.epoch).filter(|epoch| *epoch != self.ask.epoch)
        {
            rules.emit(ViewEvent::ViewChangeRefused { named: self.ask.epoch, current });
        }
        rules.end_turn();
        Next::Done(rules.current().cloned())
    }
}

impl Procedure for ChangeInSync {
    type Output = Option<View>;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, _: Timestamp) -> Next<Option<View>> {
        match (std::mem::replace(&mut self.phase, Phase::Deciding), reply) {
            (Phase::Start, Reply::Begun) => Step::Turn.into(),
            (Phase::Deciding, Reply::Done) => self.decide(rules),
            (Phase::Saving(view), Reply::Done) => {
                rules.saved(view, SaveReason::InSyncSetChanged);
                rules.announce_to_all();
                if !rules.peers.serving() {
                    rules.poll_leader();
                }
                rules.end_turn();
                Next::Done(rules.current().cloned())
            }
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}

impl SaveAbove {
    /// Above this epoch.
    #[must_use]
    pub fn new(epoch: Epoch) -> SaveAbove {
        SaveAbove { epoch, phase: Phase::Start }
    }
}

impl Procedure for SaveAbove {
    type Output = ();

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<()> {
        match (std::mem::replace(&mut self.phase, Phase::Deciding), reply) {
            (Phase::Start, Reply::Begun) => return Step::Turn.into(),
            (Phase::Deciding, Reply::Done) => {
                let is_below = rules.current().is_some_and(|view| view.epoch <= self.epoch);
                let above = if is_below { rules.views.above(self.epoch) } else { None };
                if let Some(view) = above {
                    let step = rules.save(&view);
                    self.phase = Phase::Saving(view);
                    return step.into();
                }
            }
            (Phase::Saving(view), Reply::Done) => {
                rules.saved(view, SaveReason::AboveEarlierRun);
                rules.chosen(now);
            }
            (phase, reply) => misplaced(&phase, &reply),
        }
        rules.end_turn();
        Next::Done(())
    }
}
