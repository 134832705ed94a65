//! Linearizability by `todc-utils`: its search, with a limit and an answer to "where".

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use todc_utils::{Action, History, Specification, WGLChecker};
use toystore_checks::time::Nanos;

use super::timed::{TimedOperation, moments};

/// The search remembers each state that it was in; so much memory is enough.
const MOST_BYTES: usize = 512 << 20;
/// And so many steps.
const MOST_STEPS: usize = 5_000_000;

/// Something that operations are about.
pub(crate) trait SearchedObject: Specification {
    /// How many bytes a state has when there are so many operations, about.
    fn state_bytes(operations: usize) -> usize;

    /// What was known of the operations at some point in time: those that had not returned yet may have taken
    /// place, or may not.
    fn known_at(
        operations: &[TimedOperation<Self::Operation>],
        now: Nanos,
    ) -> Vec<TimedOperation<Self::Operation>>;
}

/// What became of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SearchVerdict {
    Fits,
    Undecided,
    /// No order of the operations fits.
    Broken {
        /// The first operation, by its return, with which none does.
        line: usize,
    },
}

impl SearchVerdict {
    #[cfg(test)]
    pub(crate) fn fits(self) -> bool {
        self == SearchVerdict::Fits
    }
}

/// Whether there is an order of the operations that fits.
pub(crate) fn search<S: SearchedObject>(operations: &[TimedOperation<S::Operation>]) -> SearchVerdict {
    match fits::<S>(operations) {
        None => return SearchVerdict::Undecided,
        Some(true) => return SearchVerdict::Fits,
        Some(false) => {}
    }
    // What does not fit at some time fits no better later: so the time can be found by halving.
    let mut ends: Vec<(Nanos, usize)> =
        operations.iter().filter_map(|operation| Some((operation.until?, operation.line))).collect();
    ends.sort_unstable();
    let broken = ends.partition_point(|(now, _)| fits::<S>(&S::known_at(operations, *now)) == Some(true));
    ends.get(broken)
        .or(ends.last())
        .map_or(SearchVerdict::Undecided, |(_, line)| SearchVerdict::Broken { line: *line })
}

thread_local! {
    /// How many steps the search on this thread may still take.
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// What the search is left with when it has taken too long.
struct Exhausted;

/// The specification, counting steps: the search itself has no limit and no other way out.
struct StepLimited<S>(PhantomData<S>);

impl<S: SearchedObject> Specification for StepLimited<S> {
    type State = S::State;
    type Operation = S::Operation;

    fn init() -> S::State {
        S::init()
    }

    fn apply(operation: &S::Operation, state: &S::State) -> (bool, S::State) {
        match STEPS.get() {
            // Unlike a panic, this is not reported to anybody.
            0 => resume_unwind(Box::new(Exhausted)),
            left => STEPS.set(left - 1),
        }
        S::apply(operation, state)
    }
}

/// None when it would take too long.
fn fits<S: SearchedObject>(operations: &[TimedOperation<S::Operation>]) -> Option<bool> {
    if operations.is_empty() {
        return Some(true);
    }
    let actions = moments(operations).into_iter().map(|(_, ends, index)| {
        let act = operations[index].act.clone();
        (index, if ends { Action::Response(act) } else { Action::Call(act) })
    });
    let history = History::from_actions(actions.collect());
    let bytes_a_step = 2 * operations.len() + S::state_bytes(operations.len());
    STEPS.set((MOST_BYTES / bytes_a_step).min(MOST_STEPS));
    match catch_unwind(AssertUnwindSafe(|| WGLChecker::<StepLimited<S>>::is_linearizable(history))) {
        Ok(fits) => Some(fits),
        Err(payload) if payload.is::<Exhausted>() => None,
        Err(payload) => resume_unwind(payload),
    }
}
