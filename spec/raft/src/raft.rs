//! Raft, as far as it matters here: who leads, with which log, and what is committed. Raft itself is taken to be right.

use crate::judge::VANISHED;
use crate::machine::{Command, Entry};
use crate::state::{Fill, LEADERS, Leader, Log, PAST, State, Table};
use crate::step::{Action, Model, Visit};

impl Model {
    pub fn lead(&self, state: &State, visit: Visit) {
        if !self.rules.restart_is_new_leadership && self.answers(&state.leader) {
            for applied in state.leader.first..=state.leader.applied {
                visit(Action::GoOn(applied), gone_on(state, applied), None);
            }
        }
        if state.term == self.bounds.terms {
            return;
        }
        for from in 0..LEADERS {
            let log = &state.leader(from).log;
            // Whoever is elected has all that is committed.
            if !state.leader(from).exists() || log.common(&state.leader.log) < state.committed {
                continue;
            }
            for kept in state.committed..=log.len().min(self.bounds.log - 1) {
                let same_as_of_newest = from > 0 && log.common(&state.leader.log) >= kept;
                if !same_as_of_newest {
                    self.lead_with(state, from, kept, visit);
                }
            }
        }
    }

    fn lead_with(&self, state: &State, from: usize, kept: u8, visit: Visit) {
        let log = state.leader(from).log.prefix(kept);
        let violation = (kept < state.told).then_some(VANISHED);
        visit(Action::Lead { from, kept }, self.led(state, log), violation);
        let unnoticed = log.all().filter(|entry| matches!(entry.command, Command::Blank(_))).count() as u8;
        for past in
            (1..LEADERS).filter(|past| unnoticed < self.bounds.unnoticed && self.leads(state.leader(*past)))
        {
            visit(Action::LeadAgain { past, from, kept }, self.led_again(state, past, log), violation);
        }
    }

    fn led(&self, state: &State, mut log: Log) -> State {
        let mut next = self.pushed_back(state, PAST);
        next.term += 1;
        log.push(Entry::of(Command::Mark(next.term)));
        // As a follower it applied all that is committed; or nothing yet, where that makes a difference.
        let applied = if self.rules.mark_applied_first { state.committed } else { 0 };
        next.leader =
            Leader { leadership: next.term, first: log.len(), applied, log, table: Table::default() };
        if !self.rules.asked_after_mark {
            next.leader.table.all_confirmed = state.leader.table.all_confirmed;
        }
        if !self.rules.mark_applied_first {
            self.begin_leadership(&mut next, 0);
        }
        next
    }

    fn led_again(&self, state: &State, past: usize, mut log: Log) -> State {
        let again = state.leader(past);
        let mut next = self.pushed_back(state, past);
        next.term += 1;
        log.push(Entry::of(Command::Blank(next.term)));
        next.leader = Leader { first: log.len(), applied: state.committed, log, ..*again };
        let bit = 1 << past;
        for (fill, before) in fills(&mut next).zip(fills(&mut state.clone())) {
            fill.arrived |= u8::from(before.arrived & bit != 0);
        }
        next
    }

    /// The newest leader becomes the first of the past ones, and the `gone`-th of those makes room.
    fn pushed_back(&self, state: &State, gone: usize) -> State {
        let mut next = *state;
        next.past.copy_within(..gone - 1, 1);
        next.past[0] = state.leader;
        if !self.keeps_past_tables() {
            next.past[0].table = Table::default();
        }
        let moved = (1 << gone) - 1;
        for fill in fills(&mut next) {
            let stays = fill.arrived & !moved & !(1 << gone);
            fill.arrived = (fill.arrived & moved) << 1 | stays;
            fill.decided = 0;
        }
        next
    }

    /// What a leader of before has in memory matters only if it can lead again, or if it tells later than it applies.
    pub fn keeps_past_tables(&self) -> bool {
        self.bounds.unnoticed > 0 || !self.rules.dropped_first
    }

    pub fn replicate(&self, state: &State, visit: Visit) {
        if state.committed < state.leader.log.len() {
            // A leader commits entries of older terms only by committing one of its own.
            let committed = (state.committed + 1).max(state.leader.first);
            visit(Action::Commit, State { committed, ..*state }, None);
        }
        for index in 0..LEADERS {
            if let Some(next) = self.applied(state, index) {
                visit(Action::Apply(index), next, None);
            }
        }
    }

    fn applied(&self, state: &State, index: usize) -> Option<State> {
        let leader = state.leader(index);
        let knows = if index == 0 && !self.rules.told_when_applied {
            leader.log.len()
        } else {
            leader.log.common(&state.leader.log).min(state.committed)
        };
        let begins = leader.applied < leader.first && self.rules.mark_applied_first;
        let applied = if begins { leader.first } else { leader.applied + 1 };
        if !leader.exists() || applied > knows || !(begins || self.may_apply(leader)) {
            return None;
        }
        let mut next = *state;
        next.leader_mut(index).applied = applied;
        if begins && self.notices(leader) {
            self.begin_leadership(&mut next, index);
        }
        Some(next)
    }

    /// Without L4, holders are asked side by side with the commit; then it is the answer that waits for them.
    fn may_apply(&self, leader: &Leader) -> bool {
        let product = leader.log.after(leader.applied).next().and_then(|entry| entry.product(&self.bounds));
        self.rules.dropped_first || product.is_none_or(|product| self.is_free(leader, product))
    }
}

fn gone_on(state: &State, applied: u8) -> State {
    let mut next = *state;
    next.leader.table = Table::default();
    next.leader.applied = applied;
    fills(&mut next).for_each(|fill| fill.arrived &= !1);
    next
}

fn fills(state: &mut State) -> impl Iterator<Item = &mut Fill> {
    state.front_ends.iter_mut().flat_map(|front_end| &mut front_end.fill)
}
