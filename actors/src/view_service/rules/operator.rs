//! What an operator's commands do where the view is kept. The operator has made sure that what is gone on without is
//! dead; each command says before what it would do, and changes nothing that somebody alive may depend on.

use super::answers::check_silent;
use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::{OrderNumber, View};
use crate::messages::catalog::{GoOn, Recalled};
use crate::messages::order::{Fill, ReplicaStatus, Role};
use crate::messages::view_service::{NotRecovered, Recover, Recovery, Without};
use crate::probe::{SaveReason, ViewEvent};
use crate::view_service::saved::Saved;
use crate::view_service::views::Answers;
use crate::view_service::waiting::Waiting;

type Outcome = Result<Recovery, NotRecovered>;

/// Goes on without replicas that do not answer: the best book of those that do leads alone. First the book has every
/// number that was given, then the catalog sells to nobody else, then there is a view.
///
/// When it is another front-end that is waited for, goes on without that: see [`GoOnWithout::without_front_end`].
#[derive(Debug)]
pub struct GoOnWithout {
    ask: Recover,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Asked,
    RecallingFrontEnd(Answers),
    Recalling(Answers),
    Deciding(Plan, Answers, Recalled),
    Filling(Plan, View),
    Fencing(Plan, View),
    Writing(Plan, View, Saved),
}

/// Whose book is gone on with, and what that means.
#[derive(Debug)]
struct Plan {
    chosen: ReplicaStatus,
    recovery: Recovery,
}

impl GoOnWithout {
    /// As the operator asks.
    #[must_use]
    pub fn new(ask: Recover) -> GoOnWithout {
        GoOnWithout { ask, phase: Phase::Start }
    }

    fn answered(&mut self, rules: &ViewRules, answers: Answers) -> Result<Step, NotRecovered> {
        let front_end = rules.waiting == Some(Waiting::AnotherFrontEnd);
        if let Some(leader) = answers.values().find(|answer| answer.role == Role::Leader)
            && !front_end
        {
            return Err(NotRecovered::Serves(leader.id));
        }
        check_silent(rules.replicas(), &answers, &self.ask.without)?;
        self.phase = if front_end { Phase::RecallingFrontEnd(answers) } else { Phase::Recalling(answers) };
        Ok(Step::Recall)
    }

    /// Goes on without the front-end that registered last, which is gone: its run counts as one of this file's, so that
    /// this one takes the newest view that all replicas have told, and nothing that a replica acted on is forgotten.
    fn without_front_end(&self, rules: &mut ViewRules, answers: &Answers, recalled: &Recalled) -> Outcome {
        let told = answers.values().filter_map(|answer| answer.view.as_ref());
        let newest = told.max_by_key(|view| view.epoch);
        let (Some((_, run)), Some(view)) = (recalled.store, newest) else {
            return Err(NotRecovered::Changed("the catalog's memory is gone".into()));
        };
        if self.ask.confirmed {
            rules.disowned = Some(run);
        }
        let last = answers.values().map(|answer| answer.last.number).max().unwrap_or_default();
        let (leader, without) = (view.leader, Without::FrontEnd);
        Ok(Recovery { leader, last, settled: Some(recalled.settled), without, done: self.ask.confirmed })
    }

    fn plan(&mut self, answers: Answers, recalled: Recalled) -> Next<Outcome> {
        let best = answers.values().max_by_key(|answer| (answer.last.epoch, answer.last.number, answer.id));
        let Some(chosen) = best.cloned() else {
            return Next::Done(Err(NotRecovered::Silent("all replicas".into())));
        };
        let settled = recalled.store.map(|_| recalled.settled);
        let (leader, last) = (chosen.id, chosen.last.number);
        let without = Without::Replicas(self.ask.without.clone());
        let recovery = Recovery { leader, last, settled, without, done: false };
        if !self.ask.confirmed {
            return Next::Done(Ok(recovery));
        }
        self.phase = Phase::Deciding(Plan { chosen, recovery }, answers, recalled);
        Step::Turn.into()
    }

    fn decide(
        &mut self,
        rules: &ViewRules,
        plan: Plan,
        answers: &Answers,
        recalled: &Recalled,
    ) -> Result<Step, NotRecovered> {
        let view = rules.views.of_one(&plan.chosen, answers, recalled)?;
        let through = if recalled.store.is_some() { recalled.settled } else { OrderNumber::NONE };
        let chosen = &plan.chosen;
        let fill = Fill { run: chosen.run, last: chosen.last, epoch: view.epoch, through };
        let step = Step::Fill(chosen.id, fill);
        self.phase = Phase::Filling(plan, view);
        Ok(step)
    }

    fn filled(&mut self, plan: Plan, view: View, filled: bool) -> Result<Step, NotRecovered> {
        if !filled {
            let id = plan.chosen.id;
            let why = format!("order-{id} has changed meanwhile, or does not answer any more");
            return Err(NotRecovered::Changed(why));
        }
        let go_on = GoOn { store: view.store, run: view.by, epoch: view.epoch };
        self.phase = Phase::Fencing(plan, view);
        Ok(Step::GoOn(go_on))
    }

    fn fenced(&mut self, plan: Plan, view: View, fenced: bool) -> Result<Step, NotRecovered> {
        if !fenced {
            return Err(NotRecovered::Changed("the catalog does not answer any more".into()));
        }
        let saved = Saved { line: view.line.clone(), store: Some(view.store), view: Some(view.clone()) };
        self.phase = Phase::Writing(plan, view, saved.clone());
        Ok(Step::Write(saved))
    }
}

fn written(rules: &mut ViewRules, plan: Plan, view: View, saved: Saved, now: Timestamp) -> Outcome {
    rules.emit(ViewEvent::ViewSaved { view: view.clone(), why: SaveReason::OperatorGoesOn });
    rules.views.adopt_file(view.by, saved);
    rules.views.install(view);
    rules.waiting = None;
    rules.failed_choices = 0;
    rules.chosen(now);
    Ok(Recovery { done: true, ..plan.recovery })
}

/// The next step, or the end of the command.
fn step_or_end(step: Result<Step, NotRecovered>) -> Next<Outcome> {
    step.map_or_else(|why| Next::Done(Err(why)), Next::Step)
}

/// The next step, or the end of the command and of its turn.
fn step_or_end_turn(rules: &mut ViewRules, step: Result<Step, NotRecovered>) -> Next<Outcome> {
    if step.is_err() {
        rules.end_turn();
    }
    step_or_end(step)
}

impl Procedure for GoOnWithout {
    type Output = Outcome;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<Outcome> {
        match (std::mem::replace(&mut self.phase, Phase::Start), reply) {
            (Phase::Start, Reply::Begun) => {
                self.phase = Phase::Asked;
                Step::AskAll { limit: rules.config.call_limit }.into()
            }
            (Phase::Asked, Reply::Answers(answers)) => step_or_end(self.answered(rules, answers)),
            (Phase::Recalling(_) | Phase::RecallingFrontEnd(_), Reply::Recalled(None)) => {
                Next::Done(Err(NotRecovered::NoCatalog))
            }
            (Phase::RecallingFrontEnd(answers), Reply::Recalled(Some(recalled))) => {
                Next::Done(self.without_front_end(rules, &answers, &recalled))
            }
            (Phase::Recalling(answers), Reply::Recalled(Some(recalled))) => self.plan(answers, recalled),
            (Phase::Deciding(plan, answers, recalled), Reply::Done) => {
                let step = self.decide(rules, plan, &answers, &recalled);
                step_or_end_turn(rules, step)
            }
            (Phase::Filling(plan, view), Reply::Agreed(filled)) => {
                let step = self.filled(plan, view, filled);
                step_or_end_turn(rules, step)
            }
            (Phase::Fencing(plan, view), Reply::Agreed(fenced)) => {
                let step = self.fenced(plan, view, fenced);
                step_or_end_turn(rules, step)
            }
            (Phase::Writing(plan, view, saved), Reply::Done) => {
                let done = written(rules, plan, view, saved, now);
                rules.end_turn();
                Next::Done(done)
            }
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
