//! A front-end without a view finds one.

use super::found::Found;
use super::go_on::{GoOnFrom, TakenOn};
use super::procedure::{Next, Procedure, misplaced, part};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::view_service::views::{Answers, Recovered};
use crate::view_service::waiting::Waiting;

/// Finds a view to go on from when the file has none that counts, or founds a store.
#[derive(Debug)]
pub struct RecoverView {
    before: Option<TakenOn>,
    /// A change that was on its way when the replicas were first asked has arrived.
    quiet: bool,
    phase: Phase,
}

/// What came of looking for a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewFound {
    /// The file has another's, to go on from; this one, unless an operator went on meanwhile.
    Another(Option<TakenOn>),
    /// There is a current view: the store is new and has its first, or an operator went on.
    Current,
}

#[derive(Debug)]
enum Phase {
    Start,
    Asked,
    Waiting,
    Founding(Found),
    GoingOn(GoOnFrom),
}

impl RecoverView {
    /// `before` is what it went on from the last time.
    pub fn new(before: Option<TakenOn>) -> RecoverView {
        RecoverView { before, quiet: false, phase: Phase::Start }
    }

    fn ask(&mut self, rules: &ViewRules) -> Next<ViewFound> {
        self.phase = Phase::Asked;
        Step::AskAll { limit: rules.config.call_limit }.into()
    }

    fn wait(&mut self, rules: &mut ViewRules, waiting: Waiting) -> Next<ViewFound> {
        self.phase = Phase::Waiting;
        rules.pause_for(waiting).into()
    }

    fn answered(&mut self, rules: &mut ViewRules, answers: &Answers, now: Timestamp) -> Next<ViewFound> {
        if rules.current().is_some() {
            return Next::Done(ViewFound::Current);
        }
        match rules.views.recover(answers) {
            Recovered::First(members) => self.found(Found::new(members), rules, Reply::Begun, now),
            Recovered::Newest(view) if self.quiet => {
                let go_on = GoOnFrom::new(view, self.before.take());
                self.go_on(go_on, rules, Reply::Begun, now)
            }
            // A change that an earlier life of this service granted may still be on its way to the
            // leader. No caller waits longer than this; then what is newest is told.
            Recovered::Newest(_) => {
                self.quiet = true;
                self.phase = Phase::Waiting;
                Step::Sleep(rules.config.call_limit).into()
            }
            Recovered::Missing(missing) => self.wait(rules, Waiting::Answers(missing)),
            Recovered::Blank(blank) => self.wait(rules, Waiting::Blank(blank)),
        }
    }

    fn found(
        &mut self,
        found: Found,
        rules: &mut ViewRules,
        reply: Reply,
        now: Timestamp,
    ) -> Next<ViewFound> {
        match part(found, rules, reply, now, |found| self.phase = Phase::Founding(found)) {
            Err(step) => step.into(),
            Ok(true) => Next::Done(ViewFound::Current),
            Ok(false) => self.wait(rules, Waiting::NotNew),
        }
    }

    fn go_on(
        &mut self,
        go_on: GoOnFrom,
        rules: &mut ViewRules,
        reply: Reply,
        now: Timestamp,
    ) -> Next<ViewFound> {
        match part(go_on, rules, reply, now, |go_on| self.phase = Phase::GoingOn(go_on)) {
            Err(step) => step.into(),
            Ok(taken_on) => Next::Done(ViewFound::Another(taken_on)),
        }
    }
}

impl Procedure for RecoverView {
    type Output = ViewFound;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<ViewFound> {
        match (std::mem::replace(&mut self.phase, Phase::Start), reply) {
            (Phase::Start, Reply::Begun) | (Phase::Waiting, Reply::Done) => self.ask(rules),
            (Phase::Asked, Reply::Answers(answers)) => self.answered(rules, &answers, now),
            (Phase::Founding(found), reply) => self.found(found, rules, reply, now),
            (Phase::GoingOn(go_on), reply) => self.go_on(go_on, rules, reply, now),
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
