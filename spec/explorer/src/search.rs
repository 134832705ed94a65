//! Breadth-first search of everything that can happen, by fingerprints, so that a violation comes with a shortest
//! trace.

use std::time::Instant;

use crate::recovery::Graph;
use crate::seen::Seen;
use crate::world::{Violation, World};

/// What a search found.
pub struct Found<W: World> {
    /// How many states.
    pub states: usize,
    /// How many steps between them.
    pub steps: u64,
    /// How many steps the farthest state is away.
    pub depth: usize,
    /// How long it took.
    pub seconds: f64,
    /// How it ended.
    pub end: End<W>,
}

/// How a search ended.
pub enum End<W: World> {
    /// Everything was seen.
    Exhausted,
    /// There are more states than the bound.
    Full,
    /// Something is wrong; the steps that lead there.
    Violation(Violation, Vec<(W::Action, W::State)>),
}

/// Searches until everything is seen, or something is wrong.
pub fn search<W: World>(world: &W) -> Found<W> {
    let began = Instant::now();
    let mut search = Search::new(world);
    let end = search.run();
    let Search { paths, steps, depth, .. } = search;
    Found { states: paths.len(), steps, depth, seconds: began.elapsed().as_secs_f64(), end }
}

struct Search<'a, W: World> {
    world: &'a W,
    seen: Seen,
    paths: Paths,
    /// Kept where it is asked whether good states can always be reached.
    graph: Option<Graph>,
    steps: u64,
    depth: usize,
    bad: Option<(usize, Violation)>,
}

impl<'a, W: World> Search<'a, W> {
    fn new(world: &'a W) -> Search<'a, W> {
        let graph = world.stuck().map(|_| Graph::default());
        let seen = Seen::new(graph.is_some());
        Search { world, seen, paths: Paths::default(), graph, steps: 0, depth: 0, bad: None }
    }

    fn run(&mut self) -> End<W> {
        let initial = self.world.initial();
        self.seen.insert(self.world.fingerprint(&initial));
        self.found(&initial, 0, 0);
        let mut level = vec![initial];
        let mut first = 0;
        while !level.is_empty() && self.bad.is_none() {
            if self.paths.len() >= self.world.most_states() {
                return End::Full;
            }
            let mut next_level = Vec::new();
            for (offset, state) in level.iter().enumerate() {
                self.expand(first + offset, state, &mut next_level);
                if self.bad.is_some() {
                    break;
                }
            }
            first += level.len();
            level = next_level;
            self.depth += 1;
        }
        if let (None, Some(graph), Some(stuck)) = (self.bad, self.graph.take(), self.world.stuck()) {
            self.bad = graph.stuck().map(|state| (state as usize, stuck));
        }
        match self.bad {
            Some((number, violation)) => End::Violation(violation, self.trace(number)),
            None => End::Exhausted,
        }
    }

    fn expand(&mut self, number: usize, state: &W::State, next_level: &mut Vec<W::State>) {
        if let Some(graph) = &mut self.graph {
            graph.expand();
        }
        let world = self.world;
        let mut choice = 0;
        world.successors(state, &mut |action, next, violation| {
            self.steps += 1;
            let violation = violation.or_else(|| world.violation_of_step(state, &next));
            let fingerprint = world.fingerprint(&next);
            let is_new = self.seen.insert(fingerprint);
            if is_new || (violation.is_some() && self.bad.is_none()) {
                let violation = violation.or_else(|| world.violation(&next));
                if self.bad.is_none() {
                    self.bad = violation.map(|violation| (self.paths.len(), violation));
                }
                self.found(&next, number, choice);
                next_level.push(next);
            }
            if let Some(graph) = &mut self.graph
                && !world.is_fault(action)
            {
                graph.step(self.seen.number(fingerprint).expect("a state that was inserted"));
            }
            choice += 1;
        });
    }

    fn found(&mut self, state: &W::State, parent: usize, choice: usize) {
        if let Some(graph) = &mut self.graph
            && self.world.is_good(state)
        {
            graph.good(self.paths.len() as u32);
        }
        self.paths.push(parent, choice);
    }

    fn trace(&self, number: usize) -> Vec<(W::Action, W::State)> {
        let mut state = self.world.initial();
        let mut steps = Vec::new();
        for wanted in self.paths.to(number) {
            let mut choice = 0;
            let mut taken = None;
            self.world.successors(&state, &mut |action, next, _| {
                if choice == wanted {
                    taken = Some((action, next));
                }
                choice += 1;
            });
            let (action, next) = taken.expect("the same successors again");
            steps.push((action, next.clone()));
            state = next;
        }
        steps
    }
}

/// How each state was found, by number.
#[derive(Default)]
struct Paths {
    parents: Vec<u32>,
    /// As which of the parent's successors.
    choices: Vec<u8>,
}

impl Paths {
    fn len(&self) -> usize {
        self.parents.len()
    }

    fn push(&mut self, parent: usize, choice: usize) {
        self.parents.push(u32::try_from(parent).expect("fewer than 2^32 states"));
        self.choices.push(u8::try_from(choice).expect("at most 256 successors"));
    }

    /// The choices that lead from the first state to this one.
    fn to(&self, mut number: usize) -> Vec<usize> {
        let mut choices = Vec::new();
        while number > 0 {
            choices.push(usize::from(self.choices[number]));
            number = self.parents[number] as usize;
        }
        choices.reverse();
        choices
    }
}
