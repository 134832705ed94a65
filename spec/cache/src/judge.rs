//! What must never be, and which states are the same.

use explorer::Violation;

use crate::state::{Calls, State};
use crate::step::{Action, Model};

pub const STALE_HIT: Violation = "STALE HIT: a cache serves a version older than one that was shown before";
pub const STALE_ANSWER: Violation = "STALE ANSWER to the query that sent the fill";
pub const STALE_JOIN: Violation = "STALE ANSWER to a query that joined a fill under way";
pub const STALE_READ: Violation = "STALE READ: the catalog answers with an older version than before";
pub const EXTENDED: Violation = "EXTENDED: what a change waits for grew while it waited";

impl Model {
    /// Whoever asks the catalog now is shown what is visible: so nobody may be shown less from now on.
    pub fn show(&self, state: &mut State) -> Option<Violation> {
        if state.starting && self.rules.silent_at_start {
            return None;
        }
        let stale = self.products().any(|product| state.visible[product] < state.shown[product]);
        let newest = self.products().map(|product| state.visible[product]).max().unwrap_or(0);
        for product in self.products() {
            let visible = if self.bounds.apart { state.visible[product] } else { newest };
            state.shown[product] = state.shown[product].max(visible);
        }
        stale.then_some(STALE_READ)
    }

    /// A query that comes now, and hits, must get no less than anybody was shown.
    pub fn stale_hit(&self, state: &State) -> Option<Violation> {
        if self.bounds.two_step_hits > 0 {
            return None;
        }
        for front_end in &state.front_ends[..self.bounds.front_ends] {
            for product in self.products() {
                let Some(cached) = self.hits(front_end, product) else { continue };
                let differs =
                    self.bounds.groups && !state.starting && cached.version != state.visible[product];
                if cached.version < state.shown[product] || differs {
                    return Some(STALE_HIT);
                }
            }
        }
        None
    }

    /// What a change waits for must never grow, or it could wait for ever.
    pub fn extended(&self, before: &State, after: &State, action: Action) -> Option<Violation> {
        let changing = |state| self.is_changing(state) && !state.starting;
        if !self.progress || !changing(before) || !changing(after) || matches!(action, Action::Change(_)) {
            return None;
        }
        let waits = |state: &State, front_end: usize, product: usize| {
            let holder = &state.front_ends[front_end].holder;
            let awaited =
                crate::catalog::is_changing(state, product) && self.is_awaited(state, front_end, product);
            let until = holder.until[if self.bounds.front_end_leases { 0 } else { product }];
            if awaited { until } else { 0 }
        };
        let grew = |front_end, product| waits(after, front_end, product) > waits(before, front_end, product);
        let grows = (0..self.bounds.front_ends).any(|f| self.products().any(|product| grew(f, product)));
        grows.then_some(EXTENDED)
    }

    /// The state without what can make no difference. Front-ends are alike.
    pub fn canonical(&self, mut state: State) -> State {
        if self.bounds.endless {
            self.forget(&mut state);
        }
        if self.bounds.front_ends == 2 && state.front_ends[0] > state.front_ends[1] {
            state.front_ends.swap(0, 1);
        }
        state
    }

    /// Calls of before can only make a front-end forget something, which it may do anyway. (Their answers count for
    /// nothing: so this is right only with `confirmation_of_call` and `answer_of_fill`.)
    fn forget(&self, state: &mut State) {
        let changing = self.is_changing(state) && !state.starting;
        let (call, starting) = (state.call, state.starting);
        for front_end in &mut state.front_ends {
            let network = &mut front_end.network;
            let renumber = |calls: &mut Calls, count| *calls = Calls::only(1, count && calls.has(call));
            renumber(&mut network.invalidations, changing);
            renumber(&mut network.confirmations, changing);
            renumber(&mut network.drops, starting);
            renumber(&mut network.drop_confirmations, starting);
            (front_end.fills, front_end.renewals, front_end.crashes) = (0, 0, 0);
            front_end.fill.iter_mut().flatten().filter(|fill| fill.marked).for_each(|fill| fill.left = 0);
            if !changing {
                front_end.holder.owes = Default::default();
            }
        }
        (state.call, state.calls, state.crashes, state.undone) = (1, 1, 0, 0);
    }
}
