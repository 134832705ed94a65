//! What must never be, and which states are the same.

use explorer::Violation;

use crate::state::{Cached, Fill, LEADERS, Leader, PAST, State};
use crate::step::Model;

pub const STALE_HIT: Violation = "STALE HIT: a cache serves a version older than one that was shown before";
pub const STALE_READ: Violation = "STALE READ: a leader answers with less than what was shown before";
pub const STALE_JOIN: Violation = "STALE ANSWER to a query that joined a fill under way";
pub const VANISHED: Violation = "VANISHED: what was told or shown is gone";

impl Model {
    /// Queries and orders are linearizable if, at any time, whoever asks now is answered with no less than all that
    /// anybody may have been told or shown until now. The order is that of the log; `told` is raised as early as it can
    /// be.
    pub fn violation(&self, state: &State) -> Option<Violation> {
        let shown = self.machine(&state.leader.log, state.told);
        if shown.fault.is_some() {
            return shown.fault;
        }
        for front_end in &state.front_ends[..self.bounds.front_ends] {
            for product in 0..self.bounds.products {
                let cached = front_end.cached[product];
                if cached.left > 0 && cached.version < shown.version[product] {
                    return Some(STALE_HIT);
                }
            }
        }
        // Who can have a round confirmed now.
        let asked = if self.rules.round_after_arrival { 0..1 } else { 0..LEADERS };
        for leader in asked.map(|index| state.leader(index)).filter(|leader| self.answers(leader)) {
            let answers = self.machine(&leader.log, leader.applied);
            let products =
                (0..self.bounds.products).all(|product| answers.version[product] >= shown.version[product]);
            if !products || answers.orders < shown.orders {
                return Some(STALE_READ);
            }
        }
        None
    }

    /// Whoever waits for an answer, or asks for a key, an order or a product, may be told at once.
    pub fn tell(&self, state: &mut State) {
        let told = (0..LEADERS)
            .map(|index| state.leader(index))
            .filter(|leader| self.answers(leader))
            .map(|leader| leader.applied);
        state.told = told.max().unwrap_or(0).max(state.told);
    }

    /// The state without what can make no difference.
    pub fn canonical(&self, mut state: State) -> State {
        self.tell(&mut state);
        for front_end in &mut state.front_ends[..self.bounds.front_ends] {
            front_end.fill.iter_mut().for_each(|fill| self.clean_fill(fill));
            for cached in front_end.cached.iter_mut().filter(|cached| cached.left == 0) {
                *cached = Cached::default();
            }
        }
        for index in 0..PAST {
            self.clean_past(&mut state, index);
        }
        state
    }

    /// What will not be cached needs no following: who asked gets an answer as new as any that a query gets now.
    fn clean_fill(&self, fill: &mut Fill) {
        let cacheable = !fill.marked && (fill.left > 0 || !self.rules.lease_from_send);
        if self.rules.no_late_join && !cacheable {
            *fill =
                Fill { answers: if self.rules.answer_of_fill { 0 } else { fill.answers }, ..Fill::default() };
        }
    }

    /// A leader of before matters if it can still tell something or has a query to answer, if its log can come back, or
    /// itself.
    fn clean_past(&self, state: &mut State, index: usize) {
        let past = state.past[index];
        if !past.exists() || !self.rules.round_after_arrival {
            return;
        }
        let common = past.log.common(&state.leader.log);
        let known = common.min(state.committed);
        let bit = 2 << index;
        let terms_left = state.term < self.bounds.terms;
        let can_answer = known.max(past.applied) >= past.first;
        let asked =
            state.front_ends.iter().flat_map(|front_end| &front_end.fill).any(|fill| fill.arrived & bit != 0);
        let log_can_come_back = common >= state.committed && past.log.len() > common && terms_left;
        let can_lead_again = self.bounds.unnoticed > 0 && terms_left;
        if asked && can_answer || log_can_come_back || can_lead_again {
            return;
        }
        for fill in state.front_ends.iter_mut().flat_map(|front_end| &mut front_end.fill) {
            fill.arrived &= !bit;
        }
        let can_tell = can_answer && known > state.told;
        state.past[index] =
            if can_tell { Leader { log: past.log.prefix(known), ..past } } else { Leader::default() };
    }

    /// The first two front-ends are alike if both begin with a session, or none.
    pub fn symmetric(&self) -> bool {
        self.bounds.front_ends >= 2 && matches!(self.bounds.sessions & 3, 0 | 3) && self.rules.session_itself
    }
}
