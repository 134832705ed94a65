//! An independent judge: random walks, the operations with what they were answered, and a brute-force search for an
//! order of them that one register could have followed (Wing and Gong 1993). It shares with the search what can happen,
//! but not what counts as wrong.

use std::collections::HashSet;

use explorer::{Random, Walked};

use crate::state::{FRONT_ENDS, State};
use crate::step::{Action, Model};

const STEPS: usize = 120;
const READS: usize = 14;
const OPERATIONS: usize = 16;

/// Where an operation stands.
#[derive(Clone, Copy, PartialEq, Debug)]
enum At {
    /// It asks the catalog, or hits at a front-end.
    Catalog,
    Hit(usize),
    /// It began a query of a front-end, or joined one: the how manyth.
    Began(usize, u32),
    Joined(usize, u32),
    /// It waits until this version is visible, or was undone by a crash.
    Write(u8),
    Undone,
    /// It has its answer.
    Answered,
}

#[derive(Clone, Debug)]
struct Operation {
    writes: bool,
    value: Option<u8>,
    began: u32,
    ended: Option<u32>,
    at: At,
}

pub fn walk(model: &Model, walks: u64) -> Walked {
    let (mut operations, mut hits) = (0, 0);
    for seed in 1..=walks {
        let mut walk = Walk::new(model, seed);
        for _ in 0..STEPS {
            walk.go();
        }
        operations += walk.operations.iter().filter(|operation| operation.ended.is_some()).count();
        hits += walk.hits;
        if !linearizable(&walk.operations) {
            let lines: Vec<String> =
                walk.operations.iter().map(|operation| format!("   {operation:?}")).collect();
            return Walked {
                counts: format!("{seed} walks, {operations} operations, {hits} from a cache"),
                wrong: Some((format!("walk {seed} is not linearizable"), lines.join("\n"))),
            };
        }
    }
    Walked { counts: format!("{walks} walks, {operations} operations, {hits} from a cache"), wrong: None }
}

struct Walk<'a> {
    model: &'a Model,
    state: State,
    random: Random,
    now: u32,
    operations: Vec<Operation>,
    hits: usize,
    /// By version: the value that was written. Versions that a crash undid are written again.
    values: [u8; 16],
    last_value: u8,
    /// How many queries there were, and which is under way at each front-end.
    queries: u32,
    query: [u32; FRONT_ENDS],
}

impl<'a> Walk<'a> {
    fn new(model: &'a Model, seed: u64) -> Walk<'a> {
        let mut random = Random::new(seed);
        (0..4).for_each(|_| {
            random.below(2);
        });
        Walk {
            model,
            state: State::default(),
            random,
            now: 0,
            operations: Vec::new(),
            hits: 0,
            values: [0; 16],
            last_value: 0,
            queries: 0,
            query: [0; FRONT_ENDS],
        }
    }

    fn go(&mut self) {
        self.now += 1;
        if self.operations.len() < READS && self.random.below(8) == 0 {
            self.read();
        } else if !self.operations.is_empty() && self.random.below(2) == 0 {
            self.advance();
        } else {
            self.step();
        }
    }

    fn begin(&mut self, writes: bool, value: Option<u8>, at: At) {
        self.operations.push(Operation { writes, value, began: self.now, ended: None, at });
    }

    fn read(&mut self) {
        let front_end = self.random.below(self.model.bounds.front_ends);
        let joins = !self.model.rules.no_late_join && self.state.front_ends[front_end].fill[0].is_some();
        let at = match self.random.below(4) {
            0 => At::Catalog,
            1 | 2 => At::Hit(front_end),
            _ if joins => At::Joined(front_end, self.query[front_end]),
            _ => At::Catalog,
        };
        self.begin(false, None, at);
    }

    /// One of those who wait gets on, or gets an answer.
    fn advance(&mut self) {
        let index = self.random.below(self.operations.len());
        let (state, rules) = (&self.state, &self.model.rules);
        let operation = &mut self.operations[index];
        if operation.ended.is_some() {
            return;
        }
        match operation.at {
            At::Catalog if !state.starting || !rules.silent_at_start => {
                operation.value = Some(self.values[state.visible[0] as usize]);
                operation.at = At::Answered;
            }
            At::Hit(front_end) => {
                if let Some(cached) = self.model.hits(&state.front_ends[front_end], 0) {
                    operation.value = Some(self.values[cached.version as usize]);
                    operation.at = At::Answered;
                    self.hits += 1;
                }
            }
            At::Answered => operation.ended = Some(self.now),
            At::Write(version) if !state.starting => {
                let revealed = !rules.nothing_revealed_before && state.durable >= version;
                if state.visible[0] >= version || revealed {
                    operation.ended = Some(self.now);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self) {
        let actions = self.model.actions(&self.state);
        let action = actions[self.random.below(actions.len())];
        let rare = match action {
            Action::Crash | Action::CrashFrontEnd(_) => 3,
            Action::FailFill { .. } | Action::Evict { .. } => 4,
            Action::Change(_) => 2,
            _ => 1,
        };
        if rare > 1 && self.random.below(rare) != 0 || !self.follow(action) {
            return;
        }
        self.state = self.model.step(&self.state, action).0;
    }

    /// What a step means for those who wait. False if there is no room for who asked for it.
    fn follow(&mut self, action: Action) -> bool {
        let room = self.operations.len() < OPERATIONS;
        match action {
            Action::Change(_) if room => {
                self.last_value += 1;
                let version = self.state.committed + 1;
                self.values[version as usize] = self.last_value;
                self.begin(true, Some(self.last_value), At::Write(version));
            }
            Action::Change(_) => return false,
            Action::Crash => {
                let writes = |operation: &&mut Operation| {
                    matches!(operation.at, At::Write(_)) && operation.ended.is_none()
                };
                self.operations.iter_mut().filter(writes).for_each(|operation| operation.at = At::Undone);
            }
            Action::Query { front_end, .. } => {
                self.queries += 1;
                self.query[front_end] = self.queries;
                if room {
                    self.begin(false, None, At::Began(front_end, self.queries));
                }
            }
            Action::Fill { front_end, version, .. } => {
                let query = self.query[front_end];
                let waits = [At::Began(front_end, query), At::Joined(front_end, query)];
                for operation in self.operations.iter_mut().filter(|operation| waits.contains(&operation.at))
                {
                    operation.value = Some(self.values[version as usize]);
                    operation.at = At::Answered;
                }
            }
            _ => {}
        }
        true
    }
}

fn linearizable(operations: &[Operation]) -> bool {
    // A read without an answer says nothing; a write without one may have happened.
    let counts = |operation: &&Operation| operation.writes || operation.ended.is_some();
    let operations: Vec<&Operation> = operations.iter().filter(counts).collect();
    follows(&operations, 0, 0, &mut HashSet::new())
}

/// An order of those that are not done exists, in a register that has this value.
fn follows(operations: &[&Operation], done: u32, value: u8, seen: &mut HashSet<(u32, u8)>) -> bool {
    let open = || operations.iter().enumerate().filter(|(index, _)| done >> index & 1 == 0);
    let Some(first_end) = open().filter_map(|(_, operation)| operation.ended).min() else { return true };
    if !seen.insert((done, value)) {
        return false;
    }
    open().filter(|(_, operation)| operation.began <= first_end).any(|(index, operation)| {
        let fits = operation.writes || operation.value == Some(value);
        let after = if operation.writes { operation.value.unwrap_or(value) } else { value };
        fits && follows(operations, done | 1 << index, after, seen)
    })
}
