//! An exhaustive model of the front-end's cache and the catalog's leases. See README.md.

mod catalog;
mod describe;
mod front_end;
mod history;
mod judge;
mod lease;
mod progress;
mod rules;
mod runs;
mod state;
mod step;

use std::process::ExitCode;

use explorer::{Violation, Visit, Walked, World, fingerprint};

use rules::{Bounds, Rules};
use state::State;
use step::{Action, Model};

fn main() -> ExitCode {
    explorer::command::<Model>(env!("CARGO_BIN_NAME"), runs::TABLES)
}

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
        self.canonical(State::default())
    }

    fn successors(&self, state: &State, visit: Visit<Model>) {
        for action in self.actions(state) {
            let (next, wrong) = self.step(state, action);
            visit(action, self.canonical(next), wrong);
        }
    }

    fn fingerprint(&self, state: &State) -> u64 {
        fingerprint(state)
    }

    fn violation(&self, state: &State) -> Option<Violation> {
        if self.progress { self.progress(state) } else { None }
    }

    /// Judged by histories.
    fn walk(&self, walks: u64) -> Walked {
        history::walk(self, walks)
    }

    fn describe_action(&self, action: Action, _: &State) -> String {
        describe::action(self, action)
    }

    fn describe_state(&self, state: &State) -> String {
        describe::state(self, state)
    }
}
