//! What can happen next.
//!
//! A step is one durable change, or one call and its answer. Nobody is forced to take a step, so a message that is
//! lost, a process that is slow and a network that is cut cost nothing; only a leader that lives and is taken for dead
//! is counted. A crash can come between any two steps.

use explorer::Violation;

use crate::rules::{Bounds, Rules};
use crate::state::{FRONT_ENDS, FrontEnd, FrontEndFile, Replica, ReplicaFile, Run, State, View};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    // Replicas and the leader.
    Start(usize),
    Crash(usize),
    Announce { front_end: usize, replica: usize },
    Fetch(usize),
    Sync { leader: usize, follower: usize },
    Buy(usize),
    Append(usize),
    Settle(usize),
    Drop { front_end: usize, leader: usize, replica: usize },
    Add { front_end: usize, leader: usize, replica: usize },
    // The front-end, as the view service.
    StartFrontEnd(usize),
    CrashFrontEnd(usize),
    Register(usize),
    Begin(usize),
    CatalogAsks(usize),
    Hear { front_end: usize, replica: usize },
    Ask { front_end: usize, replica: usize },
    Recover(usize),
    Select { front_end: usize, leader: usize, silent: Option<usize> },
    // What happens to memories.
    Wipe(usize),
    Copy(usize),
    PutBack(usize),
    Exchange(usize, usize),
    Configure(usize),
    WipeFrontEnd,
    CopyFrontEnd,
    PutBackFrontEnd,
    Second { copied: bool },
    WipeCatalog,
    CopyCatalog,
    PutBackCatalog,
    CopyImage,
    PutBackImage,
    // The operator's commands.
    Rebuild(usize),
    GoOnWithout { front_end: usize, chosen: usize },
    Disown(usize),
}

/// What is called with each successor. The violation is one of the step itself.
pub type Visit<'a> = &'a mut dyn FnMut(Action, State, Option<Violation>);

pub struct Model {
    pub rules: Rules,
    pub bounds: Bounds,
}

impl Model {
    /// All replicas are in sync, the highest leads and serves, everybody has heard of it, and there are no orders.
    pub fn initial(&self) -> State {
        let n = self.bounds.replicas;
        let leader = n - 1;
        let mut members = [0; crate::state::REPLICAS];
        (0..n).for_each(|i| members[i] = i as Run + 1);
        let view = View { by: 1, line: 1 << 1, epoch: 1, leader: leader as u8, members };
        let mut state = State {
            runs: n as Run,
            front_end_runs: 1,
            took_over: (leader as u8, n as Run),
            serves: (leader as u8, n as Run),
            ..State::default()
        };
        for i in 0..n {
            let run = i as Run + 1;
            let file = ReplicaFile { line: 1 << run, view, ..ReplicaFile::default() };
            state.replicas[i] = Replica { file, up: true, run, ..Replica::default() };
        }
        let lead = &mut state.replicas[leader].lead;
        (lead.term, lead.fetched, lead.serving) = (1, true, true);
        (0..leader).for_each(|i| lead.confirmed[i] = (i as Run + 1, 0));
        let file = FrontEndFile { line: 1 << 1, view, mark: 0 };
        state.front_ends[0] =
            FrontEnd { file, up: true, run: 1, registered: true, ready: true, ..FrontEnd::default() };
        (state.catalog.by, state.catalog.term) = (1, 1);
        state
    }

    pub fn successors(&self, state: &State, visit: Visit) {
        for i in 0..self.bounds.replicas {
            self.replica(state, i, visit);
            self.lead(state, i, visit);
        }
        for f in 0..FRONT_ENDS {
            self.front_end(state, f, visit);
        }
        self.faults(state, visit);
        self.operator(state, visit);
    }
}
