//! An exhaustive model of the store's mode `leader`. See README.md.

mod book;
mod catalog;
mod describe;
mod follower;
mod forget;
mod leader_state;
mod membership;
mod message;
mod promises;
mod purchases;
mod rules;
mod runs;
mod state;
mod step;
mod view_service;

use std::process::ExitCode;

use explorer::{Violation, Visit, World, fingerprint};

use rules::{Bounds, Rules};
use state::State;
use step::{Action, Model};

fn main() -> ExitCode {
    explorer::command::<Model>(env!("CARGO_BIN_NAME"), runs::TABLES)
}

const STUCK: Violation = "STUCK: nothing more goes wrong, and the store does not recover";

impl World for Model {
    type State = State;
    type Action = Action;
    type Rules = Rules;
    type Bounds = Bounds;

    fn new(rules: Rules, bounds: Bounds, progress: bool) -> Model {
        Model { rules, bounds, progress }
    }

    fn most_states(&self) -> usize {
        self.bounds.states
    }

    fn initial(&self) -> State {
        Model::initial(self)
    }

    fn successors(&self, state: &State, visit: Visit<Model>) {
        Model::successors(self, state, visit);
    }

    fn fingerprint(&self, state: &State) -> u64 {
        fingerprint(state)
    }

    fn stuck(&self) -> Option<Violation> {
        self.progress.then_some(STUCK)
    }

    fn is_good(&self, state: &State) -> bool {
        Model::is_good(self, state)
    }

    fn is_fault(&self, action: Action) -> bool {
        Model::is_fault(self, action)
    }

    fn describe_action(&self, action: Action, _: &State) -> String {
        describe::action(action)
    }

    fn describe_state(&self, state: &State) -> String {
        describe::state(self, state)
    }
}
