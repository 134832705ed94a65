//! The catalog: groups of changes, answers, and its start.

use crate::state::{Holder, PRODUCTS, State};
use crate::step::{Action, Model};

impl Model {
    pub fn catalog_actions(&self, state: &State, actions: &mut Vec<Action>) {
        let changing = self.is_changing(state);
        let may_change = state.committed + state.undone < self.bounds.changes;
        if !state.starting && may_change && !(self.bounds.serial && changing) {
            if self.bounds.groups {
                actions.extend((1..1 << self.bounds.products).map(Action::Change));
            } else {
                actions.push(Action::Change((1 << PRODUCTS) - 1));
            }
        }
        if state.durable < state.committed {
            actions.push(Action::Sync);
        }
        if !state.starting && changing {
            self.show_actions(state, actions);
            if !self.rules.nothing_revealed_before && state.durable == state.committed {
                actions.push(Action::Reveal);
            }
        }
        if self.bounds.endless || state.crashes < self.bounds.crashes {
            actions.push(Action::Crash);
        }
        let dropped = |front_end| self.has_dropped_all(state, front_end);
        let all_dropped = self.bounds.drops_at_start && (0..self.bounds.front_ends).all(dropped);
        if state.starting && (state.wait == 0 || all_dropped && self.rules.waits_at_start) {
            actions.push(Action::Ready);
        }
    }

    fn show_actions(&self, state: &State, actions: &mut Vec<Action>) {
        let durable = |product| {
            if self.bounds.groups {
                state.durable == state.committed
            } else {
                state.visible[product] < self.may_be_visible(state)
            }
        };
        let free = |product| {
            (0..self.bounds.front_ends).all(|front_end| !self.is_awaited(state, front_end, product))
        };
        if !self.rules.visible_at_once {
            let ready = self.products().filter(|product| durable(*product) && free(*product));
            actions.extend(ready.map(|product| Action::Show(Some(product))));
        } else if durable(0) {
            let named = |product: &usize| !self.bounds.groups || is_changing(state, *product);
            if self.products().filter(named).all(free) {
                actions.push(Action::Show(None));
            }
        }
    }

    pub fn is_changing(&self, state: &State) -> bool {
        self.products().any(|product| is_changing(state, product))
    }

    /// A change of the product waits for this front-end.
    pub fn is_awaited(&self, state: &State, front_end: usize, product: usize) -> bool {
        let Holder { until, owes } = state.front_ends[front_end].holder;
        let holds =
            if self.bounds.front_end_leases { until[0] > 0 && owes[product] } else { until[product] > 0 };
        holds && self.rules.holders_awaited
    }

    fn has_dropped_all(&self, state: &State, front_end: usize) -> bool {
        let confirmations = state.front_ends[front_end].network.drop_confirmations;
        if self.rules.confirmation_of_call && !self.bounds.by_version {
            confirmations.has(state.call)
        } else {
            !confirmations.is_empty()
        }
    }

    fn may_be_visible(&self, state: &State) -> u8 {
        if self.rules.durable_first { state.durable } else { state.committed }
    }

    pub fn change(&self, state: &mut State, products: u8) {
        let was_changing = self.is_changing(state);
        state.committed += 1;
        for product in (0..PRODUCTS).filter(|product| products >> product & 1 == 1) {
            state.coming[product] = state.committed;
        }
        if was_changing && !self.bounds.by_version && !self.bounds.front_end_leases {
            return;
        }
        state.call = if self.bounds.by_version { state.committed } else { next_call(state) };
        for front_end in &mut state.front_ends[..self.bounds.front_ends] {
            let Holder { until, owes } = &mut front_end.holder;
            let snapshot = self.bounds.snapshot;
            let owing = !snapshot || until[0] > 0;
            owes[..self.bounds.products].fill(owing);
            let holds = if self.bounds.front_end_leases {
                owing
            } else {
                self.products().any(|product| products >> product & 1 == 1 && until[product] > 0)
            };
            if holds {
                front_end.network.invalidations.add(state.call);
            }
        }
    }

    pub fn make_visible(&self, state: &mut State, product: Option<usize>) {
        let version = self.may_be_visible(state);
        match product {
            _ if self.bounds.groups => state.visible = state.coming,
            Some(product) => state.visible[product] = version,
            None => state.visible[..self.bounds.products].fill(version),
        }
        if !self.is_changing(state) {
            state.front_ends.iter_mut().for_each(|front_end| front_end.holder.owes = Default::default());
        }
    }

    pub fn crash(&self, state: &mut State) {
        state.crashes += 1;
        let undone = state.committed - state.durable;
        state.undone += undone;
        state.committed = state.durable;
        if !self.bounds.groups {
            state.coming = [state.durable; PRODUCTS];
        } else if undone > 0 {
            state.coming = state.visible;
        }
        state.visible = state.coming;
        state.front_ends.iter_mut().for_each(|front_end| front_end.holder = Holder::default());
        state.starting = true;
        state.wait = if self.rules.waits_at_start { self.bounds.wait } else { 0 };
        state.call = 0;
        if self.bounds.drops_at_start && self.rules.waits_at_start {
            if !self.bounds.by_version {
                state.call = next_call(state);
            }
            for front_end in &mut state.front_ends[..self.bounds.front_ends] {
                front_end.network.drops.add(state.call);
            }
        }
    }

    pub fn answer(&self, state: &mut State, front_end: usize, product: usize) {
        let apart = !self.rules.visible_at_once || self.bounds.groups;
        let changes = is_changing(state, product) || !apart && self.is_changing(state);
        let cacheable = !(state.starting || changes && self.rules.none_cacheable_meanwhile);
        let front_end = &mut state.front_ends[front_end];
        front_end.network.answers[product].add(state.visible[product], cacheable);
        if cacheable && !self.bounds.front_end_leases && self.rules.holder_noted {
            front_end.holder.until[product] = self.bounds.wait;
        }
    }

    /// A confirmation arrives.
    pub fn confirm(&self, state: &mut State, front_end: usize) {
        let named: [bool; PRODUCTS] = std::array::from_fn(|product| is_changing(state, product));
        let Holder { until, owes } = &mut state.front_ends[front_end].holder;
        if self.bounds.front_end_leases {
            *owes = Default::default();
            return;
        }
        for product in (0..PRODUCTS).filter(|product| named[*product] || !self.rules.confirmation_of_named) {
            until[product] = 0;
        }
    }
}

pub fn is_changing(state: &State, product: usize) -> bool {
    state.coming[product] > state.visible[product]
}

fn next_call(state: &mut State) -> u8 {
    state.calls += 1;
    state.calls
}
