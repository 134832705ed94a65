//! Finds a leader.

use std::time::Duration;

use super::procedure::{Next, Procedure, misplaced};
use super::state::ViewRules;
use super::step::{Pinged, Reply, Step};
use crate::bugs::view_service as bent;
use crate::clock::Timestamp;
use crate::domain::{Epoch, View};
use crate::probe::SaveReason;
use crate::view_service::views::Choice;

/// Chooses a leader, unless the one there is leads, or a leader is being looked for already. At the start of a store its
/// services come up one by one: then this waits a little for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choose {
    at_start: bool,
    phase: Phase,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    Start(Option<Duration>),
    Pausing,
    /// The replicas are asked; in this view, since then, and so much they have said.
    Pinging(View, Timestamp, Pinged),
    /// It is soon asked once more.
    Waiting(View, Timestamp, Pinged),
    Deciding(View, Pinged),
    Saving(View),
}

impl Choose {
    /// At the start.
    #[must_use]
    pub fn at_start() -> Choose {
        Choose { at_start: true, phase: Phase::Start(None) }
    }

    /// When the leader does not answer; after a pause, which ends when a replica answers that was missing.
    #[must_use]
    pub fn another(pause: Option<Duration>) -> Choose {
        Choose { at_start: false, phase: Phase::Start(pause) }
    }

    fn begin(&mut self, rules: &mut ViewRules, now: Timestamp) -> Next<()> {
        if std::mem::replace(&mut rules.selecting, true) {
            return Next::Done(());
        }
        match rules.current().cloned() {
            Some(view) => self.ping(rules, view, now, Pinged::default()),
            None => self.end(rules),
        }
    }

    /// A ping names the current view, so nobody is chosen who has not heard of the view before (D6).
    fn ping(&mut self, rules: &ViewRules, view: View, began: Timestamp, pinged: Pinged) -> Next<()> {
        let (to, limit) = (rules.replicas().to_vec(), rules.config.suspect_after / 2);
        self.phase = Phase::Pinging(view, began, pinged);
        Step::Ping { to, limit, all: self.at_start, names_view: bent::ping_names_view() }.into()
    }

    /// At the start it is asked again for as long as a leader may be silent, unless all members have answered.
    fn pinged(
        &mut self,
        rules: &ViewRules,
        view: View,
        began: Timestamp,
        pinged: Pinged,
        now: Timestamp,
    ) -> Next<()> {
        let has_answered = |id| !view.in_sync.contains(id) || pinged.answers.contains_key(&id);
        let all = rules.replicas().iter().all(|id| has_answered(*id));
        if self.at_start && !all && now.since(began) < rules.config.suspect_after {
            self.phase = Phase::Waiting(view, began, pinged);
            return Step::Sleep(rules.config.heartbeat / 4).into();
        }
        self.phase = Phase::Deciding(view, pinged);
        Step::Turn.into()
    }

    fn decide(&mut self, rules: &mut ViewRules, view: &View, pinged: &Pinged, now: Timestamp) -> Next<()> {
        if !rules.is_current(view) {
            // The leader changed the view meanwhile, so it was not dead.
            return self.end_turn(rules);
        }
        let choice = if pinged.busy.contains(&view.leader) {
            Choice::Keep
        } else {
            rules.views.choose(&pinged.answers)
        };
        match choice {
            Choice::Keep => {
                rules.waiting = None;
                rules.peers.leader_lives(now);
                rules.suspected = Epoch::NONE;
            }
            Choice::Next(next) => {
                rules.waiting = None;
                rules.failed_choices = rules.failed_choices.saturating_add(1);
                let step = rules.save(&next);
                self.phase = Phase::Saving(next);
                return step.into();
            }
            Choice::Nobody => {
                let waiting = rules.views.nobody_leads(&pinged.answers);
                rules.wait_for(waiting);
            }
        }
        self.end_turn(rules)
    }

    fn end_turn(&self, rules: &mut ViewRules) -> Next<()> {
        rules.end_turn();
        self.end(rules)
    }

    fn end(&self, rules: &mut ViewRules) -> Next<()> {
        rules.selecting = false;
        Next::Done(())
    }
}

impl Procedure for Choose {
    type Output = ();

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<()> {
        match (std::mem::replace(&mut self.phase, Phase::Start(None)), reply) {
            (Phase::Start(Some(pause)), Reply::Begun) => {
                self.phase = Phase::Pausing;
                Step::Pause(pause).into()
            }
            (Phase::Start(None), Reply::Begun) | (Phase::Pausing, Reply::Done) => self.begin(rules, now),
            (Phase::Pinging(view, began, mut pinged), Reply::Pinged(mut new)) => {
                pinged.answers.append(&mut new.answers);
                // At the start, who is busy is asked again.
                pinged.busy = if self.at_start { Vec::new() } else { new.busy };
                self.pinged(rules, view, began, pinged, now)
            }
            (Phase::Waiting(view, began, pinged), Reply::Done) => self.ping(rules, view, began, pinged),
            (Phase::Deciding(view, pinged), Reply::Done) => self.decide(rules, &view, &pinged, now),
            (Phase::Saving(view), Reply::Done) => {
                rules
                    .saved(view, if self.at_start { SaveReason::AtStart } else { SaveReason::AnotherLeader });
                rules.chosen(now);
                self.end_turn(rules)
            }
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
