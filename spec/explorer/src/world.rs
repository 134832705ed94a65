//! What a model has to say.

use crate::settings::{Limits, Switches};
use crate::walk::{Walked, random_walk};

/// What went wrong, in words.
pub type Violation = &'static str;

/// What is called with each step: what is done, the moment after it, and what is wrong with the step itself.
pub type Visit<'a, W> = &'a mut dyn FnMut(<W as World>::Action, <W as World>::State, Option<Violation>);

/// A model with its rules and bounds.
pub trait World: Sized {
    /// One moment.
    type State: Clone;
    /// What is done in a step.
    type Action: Copy;
    /// The rules, to be kept or broken.
    type Rules: Switches;
    /// How much of the world is explored.
    type Bounds: Limits;

    /// The model under these rules and bounds; with `progress`, whether something good always remains possible is asked
    /// too.
    fn new(rules: Self::Rules, bounds: Self::Bounds, progress: bool) -> Self;

    /// The search gives up beyond so many states.
    fn most_states(&self) -> usize;

    /// The moment in which all begins.
    fn initial(&self) -> Self::State;

    /// All steps from a moment, always in the same order; at most 256.
    fn successors(&self, state: &Self::State, visit: Visit<Self>);

    /// 64 bits of a state, never 0. States with the same ones are taken for one, and so are those that differ in
    /// nothing that matters.
    fn fingerprint(&self, state: &Self::State) -> u64;

    /// What is wrong with a state.
    fn violation(&self, _: &Self::State) -> Option<Violation> {
        None
    }

    /// What is wrong with a step, seen from outside.
    fn violation_of_step(&self, _before: &Self::State, _after: &Self::State) -> Option<Violation> {
        None
    }

    /// What is wrong if from some state no path without faults leads to a good one. `None`: that is not asked.
    fn stuck(&self) -> Option<Violation> {
        None
    }

    /// All is well in this state.
    fn is_good(&self, _: &Self::State) -> bool {
        true
    }

    /// This need not happen for things to become good.
    fn is_fault(&self, _: Self::Action) -> bool {
        false
    }

    /// Random walks, and what was wrong in one of them.
    fn walk(&self, walks: u64) -> Walked {
        random_walk(self, walks)
    }

    /// A step in words.
    fn describe_action(&self, action: Self::Action, before: &Self::State) -> String;

    /// A state in words.
    fn describe_state(&self, state: &Self::State) -> String;
}
