//! Progress: when nothing more goes wrong, the store serves again by itself, and everyone who is up is in sync again.
//! It is shown by doing it, from every state.

use explorer::Violation;

use crate::state::{State, View, has};
use crate::step::{Action, Model};

const STUCK: Violation = "STUCK: a replica in sync is up with its memory whole, and the store does not serve";
const OUTSIDE: Violation = "OUTSIDE: a replica is up and does not become in sync again";

/// More than it ever takes.
const MOST_STEPS: usize = 80;

pub struct Progress {
    /// The model with room for what is tried, and without faults.
    model: Model,
}

impl Progress {
    pub fn new(model: &Model) -> Progress {
        let mut bounds = model.bounds.clone();
        bounds.epochs = 200;
        bounds.changes = 200;
        bounds.orders = 0;
        bounds.front_end_runs = 14;
        bounds.crashes = 0;
        bounds.front_end_crashes = 0;
        bounds.silent = 0;
        bounds.recovers = 0;
        bounds.reconfigured = 0;
        Progress { model: Model { rules: model.rules.clone(), bounds } }
    }

    /// What is wrong with a state, as far as progress goes.
    pub fn of(&self, state: &State) -> Option<Violation> {
        let mut state = *state;
        if !self.someone_remembers(&state) {
            return None;
        }
        for _ in 0..MOST_STEPS {
            let Some(next) = self.next(&state) else { break };
            state = next;
        }
        let view = state.front_ends[0].file.view;
        let leader = state.leader_of(&view);
        if !leader.up || !leader.lead.serving || !self.model.admitted(&state, view.leader as usize) {
            return Some(STUCK);
        }
        let outside = |i: &usize| state.answers(*i) && !self.is_in(&state, &view, *i);
        (0..self.model.bounds.replicas).any(|i| outside(&i)).then_some(OUTSIDE)
    }

    /// The state after what is most urgent.
    fn next(&self, state: &State) -> Option<State> {
        let mut first: Option<(u8, State)> = None;
        self.model.successors(state, &mut |action, next, violation| {
            let Some(rank) = self.rank(state, action).filter(|_| violation.is_none() && next != *state)
            else {
                return;
            };
            if first.is_none_or(|(other, _)| rank < other) {
                first = Some((rank, next));
            }
        });
        first.map(|(_, next)| next)
    }

    /// What brings the store nearer to serving comes in this order; the rest, never.
    fn rank(&self, state: &State, action: Action) -> Option<u8> {
        match action {
            Action::StartFrontEnd(0) if !state.front_ends[1].up => Some(0),
            Action::Start(_) | Action::Hear { front_end: 0, .. } => Some(1),
            Action::Register(0)
            | Action::Begin(0)
            | Action::CatalogAsks(0)
            | Action::Ask { .. }
            | Action::Disown(0) => Some(2),
            Action::Recover(0) => Some(3),
            Action::Announce { front_end: 0, .. } | Action::Select { front_end: 0, .. } => Some(4),
            Action::Fetch(_) | Action::Append(_) | Action::Rebuild(_) => Some(5),
            _ if self.is_useful(state, action) => Some(6),
            Action::Settle(_) => Some(7),
            _ => None,
        }
    }

    fn is_in(&self, state: &State, view: &View, i: usize) -> bool {
        if self.model.rules.view_names_runs {
            view.members[i] == state.replicas[i].run
        } else {
            view.members[i] != 0
        }
    }

    /// Sends the book, adds whoever has it, and drops whoever is not there.
    fn is_useful(&self, state: &State, action: Action) -> bool {
        match action {
            Action::Sync { leader, .. } => leader == state.front_ends[0].file.view.leader as usize,
            Action::Add { front_end: 0, .. } => true,
            Action::Drop { front_end: 0, replica, .. } => !state.answers(replica),
            _ => false,
        }
    }

    /// There is one front-end, its file is not lost, nor is the catalog's, and a replica that it names has all that was
    /// acknowledged.
    fn someone_remembers(&self, state: &State) -> bool {
        let front_end = &state.front_ends[0];
        if !front_end.file.view.exists()
            || front_end.lost
            || state.front_ends[1].file.line != 0
            || state.catalog_blank
        {
            return false;
        }
        let view = front_end.file.view;
        (0..self.model.bounds.replicas).any(|i| {
            let replica = &state.replicas[i];
            let whole = replica.file.book.length >= state.told.length.max(state.catalog.settled);
            let used = &state.used;
            let untouched = used.wipes + used.earlier + used.within + used.exchanges + used.recovers == 0;
            let own = untouched || has(replica.file.line, view.members[i]);
            let configured = !has(state.unconfigured.into(), i as u8);
            view.members[i] != 0 && own && whole && configured
        })
    }
}
