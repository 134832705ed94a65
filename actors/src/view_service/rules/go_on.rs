//! Another's view is taken for the file's.

use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::{Run, View};
use crate::view_service::saved::Saved;

/// What the file held when it went on from another's view, under which run.
pub type TakenOn = (Run, Saved);

/// Takes another's view for the file's, with a new run: a copy of this file may be doing the same (M8). Ends with what
/// it went on from: no run is drawn twice for one view.
#[derive(Debug)]
pub struct GoOnFrom {
    view: View,
    before: Option<TakenOn>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Deciding,
    Drawing,
    Writing(TakenOn),
}

impl GoOnFrom {
    /// From this view; `before` is what was gone on from the last time.
    pub fn new(view: View, before: Option<TakenOn>) -> GoOnFrom {
        GoOnFrom { view, before, phase: Phase::Start }
    }

    fn decide(&mut self, rules: &mut ViewRules) -> Next<Option<TakenOn>> {
        if rules.current().is_some() {
            return self.end(rules);
        }
        let disowned = rules.disowned;
        if let Some((run, saved)) = &self.before
            && saved.view.as_ref().is_some_and(|before| before.is(&self.view))
            && disowned.is_none_or(|run| saved.line.has(run))
        {
            rules.views.adopt_file(*run, saved.clone());
            return self.end(rules);
        }
        self.phase = Phase::Drawing;
        Step::Draw.into()
    }

    fn end(&mut self, rules: &mut ViewRules) -> Next<Option<TakenOn>> {
        rules.end_turn();
        Next::Done(self.before.take())
    }
}

impl Procedure for GoOnFrom {
    type Output = Option<TakenOn>;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, _: Timestamp) -> Next<Option<TakenOn>> {
        match (std::mem::replace(&mut self.phase, Phase::Deciding), reply) {
            (Phase::Start, Reply::Begun) => Step::Turn.into(),
            (Phase::Deciding, Reply::Done) => self.decide(rules),
            (Phase::Drawing, Reply::Drawn(number)) => {
                let run = Run::new(number);
                let mut saved = rules.views.going_on_from(&self.view, run);
                rules.disowned.into_iter().for_each(|run| saved.line.add(run));
                self.phase = Phase::Writing((run, saved.clone()));
                Step::Write(saved).into()
            }
            (Phase::Writing((run, saved)), Reply::Done) => {
                self.before = Some((run, saved.clone()));
                rules.views.adopt_file(run, saved);
                rules.identify();
                self.end(rules)
            }
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
