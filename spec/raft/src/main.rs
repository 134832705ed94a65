//! An exhaustive model of the store's mode `raft`. See README.md.

mod cache;
mod describe;
mod history;
mod judge;
mod leadership;
mod machine;
mod progress;
mod raft;
mod rules;
mod runs;
mod state;
mod step;

use std::process::ExitCode;

use explorer::{Violation, Visit, Walked, World, fingerprint};

use progress::Progress;
use rules::{Bounds, Rules};
use state::State;
use step::{Action, Model};

fn main() -> ExitCode {
    explorer::command::<Case>(env!("CARGO_BIN_NAME"), runs::TABLES)
}

/// The model, and what is asked of it.
struct Case {
    model: Model,
    progress: Option<Progress>,
    symmetric: bool,
}

impl World for Case {
    type State = State;
    type Action = Action;
    type Rules = Rules;
    type Bounds = Bounds;

    fn new(rules: Rules, bounds: Bounds, progress: bool) -> Case {
        let model = Model { rules, bounds };
        let progress = progress.then(|| Progress::new(&model));
        let symmetric = model.symmetric();
        Case { model, progress, symmetric }
    }

    fn most_states(&self) -> usize {
        self.model.bounds.states
    }

    fn initial(&self) -> State {
        self.model.canonical(self.model.initial())
    }

    fn successors(&self, state: &State, visit: Visit<Case>) {
        self.model.successors(state, &mut |action, next, violation| {
            visit(action, self.model.canonical(next), violation);
        });
    }

    fn fingerprint(&self, state: &State) -> u64 {
        let bytes = state.to_bytes();
        fingerprint(&if self.symmetric { bytes.min(state.swapped().to_bytes()) } else { bytes })
    }

    fn violation(&self, state: &State) -> Option<Violation> {
        self.model.violation(state).or_else(|| self.progress.as_ref()?.of(state))
    }

    fn violation_of_step(&self, before: &State, after: &State) -> Option<Violation> {
        self.progress.as_ref()?.of_step(before, after)
    }

    /// Judged by histories.
    fn walk(&self, walks: u64) -> Walked {
        history::walk(&self.model, walks)
    }

    fn describe_action(&self, action: Action, before: &State) -> String {
        describe::action(action, before)
    }

    fn describe_state(&self, state: &State) -> String {
        describe::state(&self.model, state)
    }
}
