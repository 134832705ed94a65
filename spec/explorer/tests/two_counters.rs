//! A world whose states can be counted by hand: two counters that go up, and may be stopped for ever.

use explorer::{End, Found, Limits, Switches, Violation, Visit, World, bounds, fingerprint, rules, search};

rules! {
    goes_on "1" "a counter that was stopped goes on"
}

bounds! {
    limit: u8 = 9, "where both counters end"
    highest: u8 = 9, "what is still right for the first"
    states: usize = 1_000_000, "states at most"
}

struct Counters {
    rules: Rules,
    bounds: Bounds,
    progress: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Action {
    First,
    Second,
    Stop,
    GoOn,
}

#[derive(Clone, Copy, Hash, PartialEq, Debug)]
struct State {
    counters: [u8; 2],
    stopped: bool,
}

impl World for Counters {
    type State = State;
    type Action = Action;
    type Rules = Rules;
    type Bounds = Bounds;

    fn new(rules: Rules, bounds: Bounds, progress: bool) -> Counters {
        Counters { rules, bounds, progress }
    }

    fn most_states(&self) -> usize {
        self.bounds.states
    }

    fn initial(&self) -> State {
        State { counters: [0, 0], stopped: false }
    }

    fn successors(&self, state: &State, visit: Visit<Counters>) {
        if state.stopped {
            if self.rules.goes_on {
                visit(Action::GoOn, State { stopped: false, ..*state }, None);
            }
            return;
        }
        for (index, action) in [Action::First, Action::Second].into_iter().enumerate() {
            if state.counters[index] < self.bounds.limit {
                let mut next = *state;
                next.counters[index] += 1;
                visit(action, next, None);
            }
        }
        visit(Action::Stop, State { stopped: true, ..*state }, None);
    }

    fn fingerprint(&self, state: &State) -> u64 {
        fingerprint(state)
    }

    fn violation(&self, state: &State) -> Option<Violation> {
        (state.counters[0] > self.bounds.highest).then_some("HIGH")
    }

    fn stuck(&self) -> Option<Violation> {
        self.progress.then_some("STUCK")
    }

    fn is_good(&self, state: &State) -> bool {
        state.counters == [self.bounds.limit; 2]
    }

    fn is_fault(&self, action: Action) -> bool {
        action == Action::Stop
    }

    fn describe_action(&self, action: Action, _: &State) -> String {
        format!("{action:?}")
    }

    fn describe_state(&self, state: &State) -> String {
        format!("{state:?}")
    }
}

fn explore(bounds: &[(&str, &str)], broken: &[&str], progress: bool) -> Found<Counters> {
    let (mut rules, mut limits) = (Rules::kept(), Bounds::small());
    assert!(bounds.iter().all(|(name, value)| limits.set(name, value)));
    assert!(broken.iter().all(|name| rules.set(name, false)));
    search(&Counters::new(rules, limits, progress))
}

#[test]
fn every_state_is_found_once() {
    // Many enough that the set of those seen grows.
    let found = explore(&[("limit", "199"), ("highest", "199")], &[], false);
    assert_eq!(found.states, 2 * 200 * 200);
    assert_eq!(found.steps, 2 * 199 * 200 + 2 * 200 * 200);
    assert!(matches!(found.end, End::Exhausted));
}

#[test]
fn a_violation_comes_with_a_shortest_trace() {
    let found = explore(&[("highest", "4")], &[], false);
    let End::Violation("HIGH", steps) = found.end else { panic!("nothing is wrong") };
    assert_eq!(steps.iter().map(|(action, _)| *action).collect::<Vec<_>>(), [Action::First; 5]);
    assert_eq!(steps.last().map(|(_, state)| state.counters), Some([5, 0]));
}

#[test]
fn more_states_than_the_bound_are_no_result() {
    assert!(matches!(explore(&[("states", "50")], &[], false).end, End::Full));
}

#[test]
fn a_state_that_cannot_recover_is_found() {
    assert!(matches!(explore(&[], &[], true).end, End::Exhausted));
    let found = explore(&[], &["goes_on"], true);
    let End::Violation("STUCK", steps) = found.end else { panic!("nothing is stuck") };
    assert_eq!(steps.iter().map(|(action, _)| *action).collect::<Vec<_>>(), [Action::Stop]);
    assert!(matches!(explore(&[], &["goes_on"], false).end, End::Exhausted));
}

#[test]
fn what_is_no_rule_and_no_bound_is_refused() {
    assert!(!Rules::kept().set("no_such_rule", false));
    assert!(!Bounds::small().set("no_such_bound", "1"));
    assert!(!Bounds::small().set("limit", "256"));
}
