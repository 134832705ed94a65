//! The own file is older than what others remember.

use std::collections::VecDeque;

use super::command::Command;
use super::procedure::{Next, Procedure, misplaced, part};
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::{Epoch, View};
use crate::probe::{LostReason, ViewEvent};
use crate::view_service::views::Heard;

/// Forgets the file's view, unless it has become the current one meanwhile (M6, M8).
#[derive(Debug)]
pub struct Forget {
    /// The epoch that others know.
    highest: Epoch,
    why: LostReason,
    has_turn: bool,
}

impl Forget {
    /// Because others know a view of the epoch `highest`, for this reason.
    pub fn new(highest: Epoch, why: LostReason) -> Forget {
        Forget { highest, why, has_turn: false }
    }
}

impl Procedure for Forget {
    type Output = ();

    fn resume(&mut self, rules: &mut ViewRules, _: Reply, now: Timestamp) -> Next<()> {
        if !std::mem::replace(&mut self.has_turn, true) {
            return Step::Turn.into();
        }
        if rules.current().is_some() {
            rules.end_turn();
            return Next::Done(());
        }
        rules.views.lose(self.highest);
        rules.peers.chosen(now);
        rules.end_turn();
        if rules.waiting.is_none() {
            rules.emit(ViewEvent::ViewLost { why: self.why });
        }
        rules.command(Command::AbandonRequests);
        Next::Done(())
    }
}

/// A replica that follows a newer view than the file has shows that the file is older. Only those that answer
/// soon are asked: what the others know comes with their first heartbeat.
#[derive(Debug)]
pub struct HearFirst {
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Asked,
    Forgetting(Forget, VecDeque<View>),
}

impl HearFirst {
    pub fn new() -> HearFirst {
        HearFirst { phase: Phase::Start }
    }

    fn hear(&mut self, rules: &mut ViewRules, mut views: VecDeque<View>, now: Timestamp) -> Next<()> {
        while let Some(view) = views.pop_front() {
            if rules.views.hear(&view) == Heard::Lost {
                let forget = Forget::new(view.epoch, LostReason::ReplicaFollowsNewer);
                return self.forget(forget, views, rules, Reply::Begun, now);
            }
        }
        Next::Done(())
    }

    fn forget(
        &mut self,
        forget: Forget,
        views: VecDeque<View>,
        rules: &mut ViewRules,
        reply: Reply,
        now: Timestamp,
    ) -> Next<()> {
        let mut kept = None;
        match part(forget, rules, reply, now, |forget| kept = Some(forget)) {
            Ok(()) => self.hear(rules, views, now),
            Err(step) => {
                self.phase = kept.map_or(Phase::Start, |forget| Phase::Forgetting(forget, views));
                step.into()
            }
        }
    }
}

impl Procedure for HearFirst {
    type Output = ();

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<()> {
        match (std::mem::replace(&mut self.phase, Phase::Start), reply) {
            (Phase::Start, Reply::Begun) => {
                self.phase = Phase::Asked;
                Step::AskAll { limit: rules.config.heartbeat }.into()
            }
            (Phase::Asked, Reply::Answers(answers)) => {
                answers.values().for_each(|status| rules.hear_of_book(status));
                let views = answers.into_values().filter_map(|answer| answer.view).collect();
                self.hear(rules, views, now)
            }
            (Phase::Forgetting(forget, views), reply) => self.forget(forget, views, rules, reply, now),
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
