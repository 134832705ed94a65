//! What can happen next.
//!
//! Time is one tick for all timers. Drift is in the bounds: `lease` is a front-end's lease by its slowest clock, `wait`
//! the catalog's count of it by its fastest; nothing has to happen when a timer ends.

use explorer::Violation;

use crate::rules::{Bounds, Rules};
use crate::state::State;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Tick,
    // The catalog.
    /// A group changes these products (bits).
    Change(u8),
    Sync,
    /// Everything that is committed becomes visible; or, without rule 4, one product.
    Show(Option<usize>),
    /// Only without rule 5.
    Reveal,
    Crash,
    Ready,
    // Queries.
    Query {
        front_end: usize,
        product: usize,
    },
    Answer {
        front_end: usize,
        product: usize,
    },
    Fill {
        front_end: usize,
        product: usize,
        version: u8,
        cacheable: bool,
    },
    FailFill {
        front_end: usize,
        product: usize,
    },
    Insert(usize),
    Evict {
        front_end: usize,
        product: usize,
    },
    CrashFrontEnd(usize),
    // Calls from the catalog.
    Drop {
        front_end: usize,
        call: u8,
    },
    Confirm {
        front_end: usize,
        call: u8,
    },
    DropAll {
        front_end: usize,
        call: u8,
    },
    // Front-end leases.
    AskRenewal(usize),
    Grant(usize),
    Renew(usize),
    // Hits of two steps.
    BeginHit(usize),
    EndHit(usize),
}

pub struct Model {
    pub rules: Rules,
    pub bounds: Bounds,
    pub progress: bool,
}

impl Model {
    pub fn actions(&self, state: &State) -> Vec<Action> {
        let mut actions = vec![Action::Tick];
        self.catalog_actions(state, &mut actions);
        for front_end in 0..self.bounds.front_ends {
            self.front_end_actions(state, front_end, &mut actions);
            if self.bounds.front_end_leases {
                self.lease_actions(state, front_end, &mut actions);
            }
            self.hit_actions(state, front_end, &mut actions);
        }
        actions
    }

    /// The state after it, and what is wrong with the step or the state.
    pub fn step(&self, before: &State, action: Action) -> (State, Option<Violation>) {
        let mut state = *before;
        let wrong = self.act(&mut state, action);
        let stale_read = self.show(&mut state);
        let wrong = wrong.or(stale_read).or_else(|| self.stale_hit(&state));
        let wrong = wrong.or_else(|| self.extended(before, &state, action));
        (state, wrong)
    }

    /// What is wrong with the answer that a shopper gets, if one does.
    fn act(&self, state: &mut State, action: Action) -> Option<Violation> {
        match action {
            Action::Tick => self.tick(state),
            Action::Change(products) => self.change(state, products),
            Action::Sync => state.durable += 1,
            Action::Show(product) => self.make_visible(state, product),
            Action::Reveal => {
                let newest = state.committed;
                self.products().for_each(|product| state.shown[product] = state.shown[product].max(newest));
            }
            Action::Crash => self.crash(state),
            Action::Ready => {
                state.starting = false;
                state.visible = state.coming;
            }
            Action::Query { front_end, product } => self.query(state, front_end, product),
            Action::Answer { front_end, product } => self.answer(state, front_end, product),
            Action::Fill { front_end, product, version, cacheable } => {
                return self.fill(state, front_end, product, version, cacheable);
            }
            Action::FailFill { front_end, product } => self.end_fill(state, front_end, product),
            Action::Insert(front_end) => {
                let front_end = &mut state.front_ends[front_end];
                let inserted = front_end.inserting.take().filter(|cached| cached.left > 0);
                front_end.cached[0] = inserted.or(front_end.cached[0]);
            }
            Action::Evict { front_end, product } => state.front_ends[front_end].cached[product] = None,
            Action::CrashFrontEnd(front_end) => self.crash_front_end(state, front_end),
            Action::Drop { front_end, call } => self.drop(state, front_end, call),
            Action::Confirm { front_end, .. } => self.confirm(state, front_end),
            Action::DropAll { front_end, call } => self.drop_all(state, front_end, call),
            Action::AskRenewal(front_end) => self.ask_renewal(state, front_end),
            Action::Grant(front_end) => self.grant(state, front_end),
            Action::Renew(front_end) => self.renew(state, front_end),
            Action::BeginHit(front_end) => self.begin_hit(state, front_end),
            Action::EndHit(front_end) => return self.end_hit(state, front_end),
        }
        None
    }

    fn tick(&self, state: &mut State) {
        let lower = |timer: &mut u8| *timer = timer.saturating_sub(1);
        lower(&mut state.wait);
        for front_end in &mut state.front_ends[..self.bounds.front_ends] {
            for cached in &mut front_end.cached {
                cached.iter_mut().for_each(|cached| lower(&mut cached.left));
                let lapses = !self.bounds.front_end_leases;
                *cached = cached.filter(|cached| cached.left > 0 || !lapses);
            }
            front_end.fill.iter_mut().flatten().for_each(|fill| lower(&mut fill.left));
            front_end.holder.until.iter_mut().for_each(lower);
            front_end.inserting.iter_mut().for_each(|cached| lower(&mut cached.left));
            let hit = front_end.hit.iter_mut();
            hit.flat_map(|hit| &mut hit.copied).for_each(|copied| lower(&mut copied.left));
            self.tick_lease(front_end);
        }
    }

    pub fn products(&self) -> std::ops::Range<usize> {
        0..self.bounds.products
    }
}
