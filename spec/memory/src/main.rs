//! An exhaustive model of lost memory in the store's mode `leader`. See README.md.

mod describe;
mod faults;
mod progress;
mod replica;
mod rules;
mod runs;
mod state;
mod step;
mod view_service;

use std::process::ExitCode;

use explorer::{Violation, Visit, World, fingerprint};

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
}

impl World for Case {
    type State = State;
    type Action = Action;
    type Rules = Rules;
    type Bounds = Bounds;

    fn new(rules: Rules, bounds: Bounds, progress: bool) -> Case {
        let model = Model { rules, bounds };
        let progress = progress.then(|| Progress::new(&model));
        Case { model, progress }
    }

    fn most_states(&self) -> usize {
        self.model.bounds.states
    }

    fn initial(&self) -> State {
        self.model.initial()
    }

    fn successors(&self, state: &State, visit: Visit<Case>) {
        self.model.successors(state, visit);
    }

    fn fingerprint(&self, state: &State) -> u64 {
        fingerprint(state)
    }

    fn violation(&self, state: &State) -> Option<Violation> {
        self.progress.as_ref()?.of(state)
    }

    fn describe_action(&self, action: Action, _: &State) -> String {
        describe::action(action)
    }

    fn describe_state(&self, state: &State) -> String {
        describe::state(&self.model, state)
    }
}
