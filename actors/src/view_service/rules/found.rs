//! A new store is founded.

use super::procedure::{Next, Procedure, misplaced, part};
use super::register::RegisterRun;
use super::state::ViewRules;
use super::step::{Reply, Step};
use crate::clock::Timestamp;
use crate::domain::{Epoch, Members, StoreId, View};
use crate::messages::catalog::Registered;
use crate::probe::SaveReason;
use crate::view_service::saved::Saved;

/// Founds a store: everybody's file is new. Its number is on this disk, and then the catalog's, before there is a
/// view; a start that is cut short is repeated under the same number. Ends with whether there is a view now.
#[derive(Debug)]
pub struct Found {
    members: Members,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Start,
    Drawing,
    Numbering(Saved),
    WritingNumber(Saved),
    Registering(RegisterRun),
    Deciding,
    Saving(View),
}

impl Found {
    /// Of these members.
    pub fn new(members: Members) -> Found {
        Found { members, phase: Phase::Start }
    }

    fn number(&mut self, rules: &ViewRules, store: StoreId) -> Next<bool> {
        self.phase = Phase::Numbering(Saved { store: Some(store), ..rules.views.file().clone() });
        Step::Turn.into()
    }

    fn register(
        &mut self,
        register: RegisterRun,
        rules: &mut ViewRules,
        reply: Reply,
        now: Timestamp,
    ) -> Next<bool> {
        match part(register, rules, reply, now, |register| self.phase = Phase::Registering(register)) {
            Err(step) => step.into(),
            Ok(Registered::Welcome) => {
                self.phase = Phase::Deciding;
                Step::Turn.into()
            }
            Ok(Registered::Older { .. } | Registered::NotNew) => Next::Done(false),
        }
    }

    fn decide(&mut self, rules: &mut ViewRules) -> Next<bool> {
        if rules.current().is_some() {
            return end(rules, true);
        }
        let store = rules.views.file().store;
        match store.and_then(|store| rules.views.first(store, self.members.clone())) {
            None => end(rules, false),
            Some(view) => {
                let step = rules.save(&view);
                self.phase = Phase::Saving(view);
                step.into()
            }
        }
    }
}

fn end(rules: &mut ViewRules, founded: bool) -> Next<bool> {
    rules.end_turn();
    Next::Done(founded)
}

impl Procedure for Found {
    type Output = bool;

    fn resume(&mut self, rules: &mut ViewRules, reply: Reply, now: Timestamp) -> Next<bool> {
        match (std::mem::replace(&mut self.phase, Phase::Start), reply) {
            (Phase::Start, Reply::Begun) => match rules.views.file().store {
                Some(store) => self.number(rules, store),
                None => {
                    self.phase = Phase::Drawing;
                    Step::Draw.into()
                }
            },
            (Phase::Drawing, Reply::Drawn(number)) => self.number(rules, StoreId::new(number)),
            (Phase::Numbering(_), Reply::Done) if rules.current().is_some() => end(rules, true),
            (Phase::Numbering(saved), Reply::Done) => {
                self.phase = Phase::WritingNumber(saved.clone());
                Step::Write(saved).into()
            }
            (Phase::WritingNumber(saved), Reply::Done) => {
                rules.views.adopt_file(rules.views.run(), saved);
                rules.end_turn();
                self.register(RegisterRun::new(Epoch::NONE), rules, Reply::Begun, now)
            }
            (Phase::Registering(register), reply) => self.register(register, rules, reply, now),
            (Phase::Deciding, Reply::Done) => self.decide(rules),
            (Phase::Saving(view), Reply::Done) => {
                rules.saved(view, SaveReason::First);
                rules.waiting = None;
                rules.chosen(now);
                end(rules, true)
            }
            (phase, reply) => misplaced(&phase, &reply),
        }
    }
}
