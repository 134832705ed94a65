//! Progress: from every state something good remains possible, and soon. It is shown by doing it: if from each state
//! there is a path to the good one by steps that need no fault, then nothing that happens can take it away.

use explorer::Violation;

use crate::machine::{Command, Entry};
use crate::rules::KEYS;
use crate::state::{LOG, State};
use crate::step::{Action, Model};

const STUCK_ALONE: Violation =
    "STUCK: front-ends are silent, a lease and its margin have passed, and no order can be placed";
const STUCK: Violation = "SLOW: all front-ends answer, and an order has to wait for time to pass";
const USELESS: Violation = "USELESS: all is quiet, and a front-end cannot cache";
const SLOW_AGAIN: Violation =
    "SLOW AGAIN: a front-end that stays silent holds up more than one change of leader";
const EXTENDED: Violation = "EXTENDED: what a change waits for grew while it waited";

pub struct Progress {
    /// The model with room for what is tried.
    model: Model,
}

impl Progress {
    pub fn new(model: &Model) -> Progress {
        let mut bounds = model.bounds.clone();
        bounds.log = LOG as u8;
        bounds.terms += 2;
        bounds.copies = [9; KEYS];
        bounds.opens = 9;
        bounds.closes = 9;
        Progress { model: Model { rules: model.rules.clone(), bounds } }
    }

    /// What is wrong with a state, as far as progress goes.
    pub fn of(&self, state: &State) -> Option<Violation> {
        let mut alone = self.quiet(*state);
        for _ in 0..self.model.bounds.wait {
            alone = self.model.tick(&alone);
        }
        let Some(_) = self.sold_everywhere(alone) else { return Some(STUCK_ALONE) };
        let Some(_) = self.led_on(self.all_closed(alone)) else { return Some(SLOW_AGAIN) };
        let asked = self.all_dropped(self.quiet(*state));
        let Some(sold) = self.sold_everywhere(asked) else { return Some(STUCK) };
        self.all_cached(sold).is_none().then_some(USELESS)
    }

    /// What is wrong with a step.
    pub fn of_step(&self, before: &State, after: &State) -> Option<Violation> {
        let (was, is) = (&before.leader, &after.leader);
        if (was.leadership, was.first) != (is.leadership, is.first) || was.applied < was.first {
            return None;
        }
        let waiting = is.table.stopped & was.table.stopped;
        let grew = |f: usize| {
            let products = (0..self.model.bounds.products).filter(|product| waiting >> product & 1 == 1);
            products.into_iter().any(|product| is.table.held[f][product] > was.table.held[f][product])
                || is.table.assumed[f] > was.table.assumed[f]
        };
        (0..self.model.bounds.front_ends).any(grew).then_some(EXTENDED)
    }

    /// Takes the first step that is one of those wanted, if there is one.
    fn take(&self, state: &State, wanted: impl Fn(Action) -> bool) -> Option<State> {
        let mut taken = None;
        self.model.successors(state, &mut |action, next, _| {
            if taken.is_none() && wanted(action) {
                taken = Some(next);
            }
        });
        taken
    }

    fn take_all(&self, mut state: State, wanted: impl Fn(Action) -> bool) -> State {
        while let Some(next) = self.take(&state, &wanted) {
            state = next;
        }
        state
    }

    fn settled(&self, state: State) -> State {
        self.take_all(state, |action| matches!(action, Action::Commit | Action::Apply(0)))
    }

    /// The newest leader has noticed that it leads, and applied all of its log.
    fn quiet(&self, state: State) -> State {
        let kept = state.leader.log.len();
        let noticed = !self.model.notices(&state.leader);
        let leads = |action| action == Action::Lead { from: 0, kept };
        let state = if noticed { self.take(&state, leads).unwrap_or(state) } else { state };
        self.settled(state)
    }

    fn all_dropped(&self, state: State) -> State {
        let state = self
            .take_all(state, |action| matches!(action, Action::DropAll { .. } | Action::AllConfirmed { .. }));
        let mut stopped = state;
        for product in 0..self.model.bounds.products {
            stopped = self.take(&stopped, |action| action == Action::Stop(product)).unwrap_or(stopped);
        }
        self.take_all(stopped, |action| matches!(action, Action::Drop { .. } | Action::Confirmed { .. }))
    }

    /// An order of each product is proposed, applied and answered.
    fn sold_everywhere(&self, mut state: State) -> Option<State> {
        for key in [0, 2] {
            let order = Entry::of(Command::Place(key));
            state = self.settled(self.take(&state, |action| action == Action::Propose(order))?);
            self.model.tell(&mut state);
            if state.told < state.leader.log.len() {
                return None;
            }
        }
        Some(state)
    }

    fn all_closed(&self, state: State) -> State {
        let closes = |action| matches!(action, Action::Propose(Entry { command: Command::Close(_), .. }));
        self.settled(self.take_all(state, closes))
    }

    /// Another leader takes over, and sells.
    fn led_on(&self, state: State) -> Option<State> {
        let kept = state.leader.log.len();
        let led = self.take(&state, |action| action == Action::Lead { from: 0, kept })?;
        self.sold_everywhere(self.settled(led))
    }

    /// Every front-end opens a session, if it has none, and caches each product.
    fn all_cached(&self, mut state: State) -> Option<State> {
        for f in 0..self.model.bounds.front_ends {
            let open = Entry::of(Command::Open(f as u8));
            state = self.take(&state, |action| action == Action::Propose(open)).unwrap_or(state);
            state = self.settled(state);
            for p in 0..self.model.bounds.products {
                state = self.cached(state, f, p)?;
            }
        }
        Some(state)
    }

    fn cached(&self, mut state: State, f: usize, p: usize) -> Option<State> {
        let version = self.model.machine(&state.leader.log, state.leader.log.len()).version[p];
        state.front_ends[f].fill[p] = Default::default();
        state = self.take(&state, |action| action == Action::Query { front_end: f, product: p })?;
        state =
            self.take(&state, |action| action == Action::Arrive { leader: 0, front_end: f, product: p })?;
        state =
            self.take(&state, |action| action == Action::Answer { leader: 0, front_end: f, product: p })?;
        state = self.take(&state, |action| action == Action::Fill { front_end: f, product: p, version })?;
        (state.front_ends[f].cached[p].left > 0).then_some(state)
    }
}
