//! The front-ends' caches, and the queries that fill them.

use explorer::Violation;

use crate::judge::STALE_JOIN;
use crate::machine::Command;
use crate::state::{Cached, Fill, Leader, State};
use crate::step::{Action, Model, Visit};

impl Model {
    pub fn drop_at(&self, state: &mut State, front_end: usize, product: usize) {
        let front_end = &mut state.front_ends[front_end];
        front_end.cached[product] = Cached::default();
        front_end.fill[product].marked |= front_end.fill[product].under_way && self.rules.fill_marked;
    }

    pub fn fill(&self, state: &State, front_end: usize, product: usize, visit: Visit) {
        let fill = &state.front_ends[front_end].fill[product];
        let asked = Fill { under_way: true, left: self.bounds.lease, ..self.no_fill(fill) };
        if *fill != asked {
            let mut next = *state;
            next.front_ends[front_end].fill[product] = asked;
            visit(Action::Query { front_end, product }, next, None);
        }
        if !fill.under_way {
            return;
        }
        for version in 0..8 {
            if fill.answers >> version & 1 == 1 {
                let mut next = *state;
                self.filled(&mut next, front_end, product, version);
                visit(
                    Action::Fill { front_end, product, version },
                    next,
                    self.late_join(state, product, version),
                );
            }
            if fill.plain >> version & 1 == 1 {
                let mut next = *state;
                next.front_ends[front_end].fill[product] = self.no_fill(fill);
                visit(
                    Action::Show { front_end, product, version },
                    next,
                    self.late_join(state, product, version),
                );
            }
        }
    }

    /// What is left of a query that ended: without L7 its answers, which are then taken for those of the next.
    fn no_fill(&self, fill: &Fill) -> Fill {
        Fill { answers: if self.rules.answer_of_fill { 0 } else { fill.answers }, ..Fill::default() }
    }

    fn filled(&self, state: &mut State, front_end: usize, product: usize, version: u8) {
        let front_end = &mut state.front_ends[front_end];
        let fill = front_end.fill[product];
        let left = if self.rules.lease_from_send { fill.left } else { self.bounds.lease };
        if left > 0 && !fill.marked {
            front_end.cached[product] = Cached { version, left };
        }
        front_end.fill[product] = self.no_fill(&fill);
    }

    fn late_join(&self, state: &State, product: usize, version: u8) -> Option<Violation> {
        let shown = self.machine(&state.leader.log, state.told).version[product];
        (!self.rules.no_late_join && version < shown).then_some(STALE_JOIN)
    }

    pub fn query(&self, state: &State, index: usize, front_end: usize, product: usize, visit: Visit) {
        let (leader, fill) = (state.leader(index), &state.front_ends[front_end].fill[product]);
        let bit = 1 << index;
        if !leader.exists() || !fill.under_way {
            return;
        }
        // A round that began after the arrival succeeds only as long as nobody newer was elected.
        let confirmed = index == 0 || !self.rules.round_after_arrival;
        if confirmed && fill.arrived & bit == 0 {
            let mut next = *state;
            let fill = &mut next.front_ends[front_end].fill[product];
            fill.arrived |= bit;
            if !self.rules.decided_in_one_step && index == 0 && self.answers(leader) {
                let (version, cacheable) = self.decide(state, index, front_end, product);
                fill.decided = version * 2 + u8::from(cacheable) + 1;
            }
            visit(Action::Arrive { leader: index, front_end, product }, next, None);
        }
        if fill.arrived & bit != 0 && self.answers(leader) {
            let next = self.answered(state, index, front_end, product);
            if next != *state {
                visit(Action::Answer { leader: index, front_end, product }, next, None);
            }
        }
    }

    fn answered(&self, state: &State, index: usize, front_end: usize, product: usize) -> State {
        let earlier = state.front_ends[front_end].fill[product].decided;
        let (version, cacheable) = match earlier {
            1.. if index == 0 => ((earlier - 1) / 2, (earlier - 1) % 2 == 1),
            _ => self.decide(state, index, front_end, product),
        };
        let mut next = *state;
        let fill = &mut next.front_ends[front_end].fill[product];
        if cacheable {
            fill.answers |= 1 << version;
            if self.rules.lease_noted && (index == 0 || self.keeps_past_tables()) {
                next.leader_mut(index).table.held[front_end][product] = self.bounds.wait;
            }
        } else if !self.rules.no_late_join {
            fill.plain |= 1 << version;
        }
        next
    }

    /// What the leader answers, and whether it may be cached.
    fn decide(&self, state: &State, index: usize, front_end: usize, product: usize) -> (u8, bool) {
        let leader = state.leader(index);
        let version = self.machine(&leader.log, leader.applied).version[product];
        (version, self.has_session(leader, front_end) && !self.is_changing(leader, product))
    }

    fn has_session(&self, leader: &Leader, session: usize) -> bool {
        let known = if self.rules.session_applied { leader.applied } else { leader.log.len() };
        let close = Command::Close(session as u8);
        let closing = leader.log.after(leader.applied).any(|entry| entry.command == close);
        let open = self.machine(&leader.log, known).sessions >> session & 1 == 1;
        open && !(closing && self.rules.closing_gets_none)
    }

    fn is_changing(&self, leader: &Leader, product: usize) -> bool {
        let stopped = self.rules.stopped_while_asking && leader.table.stopped >> product & 1 == 1;
        stopped || self.rules.stopped_while_proposed && self.changing(leader) >> product & 1 == 1
    }
}
