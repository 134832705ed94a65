//! The first view of a run.

use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::View;
use crate::probe::SaveReason;

/// Saves the first view of this run; it changes nothing else, so a leader that serves goes on (D6, M7). Members that
/// are not configured are dropped by a second one (M10). Ends with whether there was a view to go on from.
#[derive(Debug)]
pub struct Begin {
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Deciding,
    Saving(View),
    Dropping(View),
}

impl Begin {
    pub fn new() -> Begin {
        Begin { phase: Phase::Start }
    }

    fn decide(&mut self, rules: &mut ViewRules) -> Next<bool> {
        let begun = if rules.current().is_some() { None } else { rules.views.begin() };
        let Some(view) = begun else {
            rules.end_turn();
            return Next::Done(false);
        };
        let step = rules.save(&view);
        self.phase = Phase::Saving(view);
        step.into()
    }

    fn saved(&mut self, rules: &mut ViewRules, view: View, now: Timestamp) -> Next<bool> {
        rules.saved(view, SaveReason::FrontEndStarted);
        rules.waiting = None;
        let Some(view) = rules.views.without_strangers() else { return begun(rules, now) };
        let step = rules.save(&view);
        self.phase = Phase::Dropping(view);
        step.into()
    }
}

fn begun(rules: &mut ViewRules, now: Timestamp) -> Next<bool> {
    rules.chosen(now);
    rules.end_turn();
    Next::Done(true)
}

impl Procedure for Begin {
    type Output = bool;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<bool> {
        match (std::mem::replace(&mut self.phase, Phase::Deciding), reply) {
            (Phase::Start, Reply::Begun) => Step::Turn.into(),
            (Phase::Deciding, Reply::Done) => self.decide(rules),
            (Phase::Saving(view), Reply::Done) => self.saved(rules, view, now),
            (Phase::Dropping(view), Reply::Done) => {
                rules.saved(view, SaveReason::MemberNotConfigured);
                begun(rules, now)
            }
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
