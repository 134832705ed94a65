//! Front-ends: fills, drops, hits.

use explorer::Violation;

use crate::catalog::is_changing;
use crate::judge::{STALE_ANSWER, STALE_HIT, STALE_JOIN};
use crate::state::{Cached, Calls, Fill, FrontEnd, Hit, PRODUCTS, State};
use crate::step::{Action, Model};

/// A hit of two steps begins with a copy of the entry, or with a look at the lease.
const ENTRY_FIRST: u8 = 1;
const LEASE_FIRST: u8 = 2;

impl Model {
    pub fn front_end_actions(&self, state: &State, front_end: usize, actions: &mut Vec<Action>) {
        let it = &state.front_ends[front_end];
        for product in self.products() {
            match it.fill[product] {
                Some(_) => actions.push(Action::FailFill { front_end, product }),
                None if self.hits(it, product).is_some() => {}
                None if self.bounds.endless || it.fills < self.bounds.fills => {
                    actions.push(Action::Query { front_end, product });
                }
                None => {}
            }
            if it.cached[product].is_some() {
                actions.push(Action::Evict { front_end, product });
            }
            if it.fill[product].is_some() {
                if !state.starting || !self.rules.silent_at_start {
                    actions.push(Action::Answer { front_end, product });
                }
                let fill = |(version, cacheable)| Action::Fill { front_end, product, version, cacheable };
                actions.extend(it.network.answers[product].all().map(fill));
            }
        }
        let changing = !state.starting && self.is_changing(state);
        for call in Calls::numbers() {
            if it.network.invalidations.has(call) {
                actions.push(Action::Drop { front_end, call });
            }
            let counts = !self.rules.confirmation_of_call || call == state.call;
            if it.network.confirmations.has(call) && changing && counts {
                actions.push(Action::Confirm { front_end, call });
            }
            if it.network.drops.has(call) {
                actions.push(Action::DropAll { front_end, call });
            }
        }
        if it.inserting.is_some() {
            actions.push(Action::Insert(front_end));
        }
        if self.bounds.endless || it.crashes < self.bounds.front_end_crashes {
            actions.push(Action::CrashFrontEnd(front_end));
        }
    }

    /// What a query is answered with from the cache, if it is.
    pub fn hits(&self, front_end: &FrontEnd, product: usize) -> Option<Cached> {
        let leased = |cached: &Cached| self.is_leased(front_end, cached);
        front_end.cached[product].filter(leased)
    }

    fn is_leased(&self, front_end: &FrontEnd, cached: &Cached) -> bool {
        if self.bounds.front_end_leases { front_end.lease > 0 } else { cached.left > 0 }
    }

    pub fn query(&self, state: &mut State, front_end: usize, product: usize) {
        let oldest = state.shown[product];
        let it = &mut state.front_ends[front_end];
        it.fills += 1;
        let marked = self.bounds.front_end_leases && self.rules.filled_under_lease && it.lease == 0;
        it.fill[product] = Some(Fill { left: self.bounds.lease, oldest, marked });
    }

    pub fn end_fill(&self, state: &mut State, front_end: usize, product: usize) {
        let it = &mut state.front_ends[front_end];
        it.fill[product] = None;
        if self.rules.answer_of_fill {
            it.network.answers[product] = Default::default();
        }
    }

    pub fn fill(
        &self,
        state: &mut State,
        front_end: usize,
        product: usize,
        version: u8,
        cacheable: bool,
    ) -> Option<Violation> {
        let shown = state.shown[product];
        let it = &mut state.front_ends[front_end];
        let fill = it.fill[product].expect("an answer only to a query under way");
        if cacheable && !(self.rules.fill_marked && fill.marked) {
            let left = if self.rules.lease_from_send { fill.left } else { self.bounds.lease };
            if self.bounds.front_end_leases {
                it.cached[product] = Some(Cached { version, left: 0 });
            } else if !self.rules.looked_and_inserted_at_once {
                it.inserting = Some(Cached { version, left });
            } else if left > 0 {
                it.cached[product] = Some(Cached { version, left });
            }
        }
        self.end_fill(state, front_end, product);
        if version < fill.oldest {
            Some(STALE_ANSWER)
        } else if !self.rules.no_late_join && version < shown {
            Some(STALE_JOIN)
        } else {
            None
        }
    }

    pub fn drop(&self, state: &mut State, front_end: usize, call: u8) {
        let named: [bool; PRODUCTS] =
            std::array::from_fn(|product| !self.bounds.groups || is_changing(state, product));
        let it = &mut state.front_ends[front_end];
        for product in self.products().filter(|product| named[*product]) {
            it.cached[product] = None;
            it.fill[product].iter_mut().for_each(|fill| fill.marked = true);
        }
        it.network.confirmations.add(call);
    }

    pub fn drop_all(&self, state: &mut State, front_end: usize, call: u8) {
        let it = &mut state.front_ends[front_end];
        it.clear(self.rules.fill_marked_by_drop_all);
        if self.rules.drop_all_ends_lease {
            (it.lease, it.renewal, it.network.grant) = (0, None, false);
        }
        it.network.drop_confirmations.add(call);
    }

    pub fn crash_front_end(&self, state: &mut State, front_end: usize) {
        for product in self.products() {
            self.end_fill(state, front_end, product);
        }
        let it = &mut state.front_ends[front_end];
        it.crashes += 1;
        it.clear(false);
        (it.lease, it.renewal, it.network.grant) = (0, None, false);
        (it.hit, it.inserting) = (None, None);
    }

    pub fn hit_actions(&self, state: &State, front_end: usize, actions: &mut Vec<Action>) {
        let it = &state.front_ends[front_end];
        let cached = it.cached[0].is_some();
        let (may_begin, may_end) = match self.bounds.two_step_hits {
            ENTRY_FIRST => (cached, true),
            LEASE_FIRST => (self.bounds.front_end_leases && it.lease > 0, cached),
            _ => return,
        };
        match it.hit {
            None if may_begin => actions.push(Action::BeginHit(front_end)),
            Some(_) if may_end => actions.push(Action::EndHit(front_end)),
            _ => {}
        }
    }

    pub fn begin_hit(&self, state: &mut State, front_end: usize) {
        let oldest = state.shown[0];
        let it = &mut state.front_ends[front_end];
        let copied = it.cached[0].filter(|_| self.bounds.two_step_hits == ENTRY_FIRST);
        it.hit = Some(Hit { copied, oldest });
    }

    pub fn end_hit(&self, state: &mut State, front_end: usize) -> Option<Violation> {
        let it = &mut state.front_ends[front_end];
        let hit = it.hit.take()?;
        let it = &state.front_ends[front_end];
        let answer = if self.bounds.two_step_hits == ENTRY_FIRST {
            hit.copied.filter(|copied| self.is_leased(it, copied))
        } else {
            it.cached[0]
        };
        answer.filter(|cached| cached.version < hit.oldest).map(|_| STALE_HIT)
    }
}
