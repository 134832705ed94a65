//! An independent judge: random walks, the shoppers' operations with what they were told, and a brute-force search for
//! an order of them that a single toy store could have followed (Wing and Gong 1993). It shares with the search what
//! can happen, but not what counts as wrong: it knows nothing of versions, logs or `told`.

use std::collections::HashSet;

use explorer::{Random, Walked};

use crate::machine::{Command, Entry, Outcome};
use crate::rules::KEYS;
use crate::state::{LEADERS, PRODUCTS, State};
use crate::step::{Action, Model};

const STEPS: usize = 160;
const OPERATIONS: usize = 24;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Query(usize),
    Place(u8),
    /// By the store itself: nobody waits for its end.
    Restock,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Pieces(i8),
    Order(Outcome),
}

/// How a query is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Cache(usize),
    /// By the leaders (bits, by their leadership) at which it arrived and that a round has confirmed since.
    Leader(u8),
    /// By what the front-end's query under way brings.
    Fill(usize),
    None,
}

#[derive(Clone, Copy, Debug)]
struct Operation {
    what: What,
    way: Way,
    began: u32,
    ended: Option<(u32, Answer)>,
}

pub fn walk(model: &Model, walks: u64) -> Walked {
    let (mut operations, mut from_cache) = (0, 0);
    for seed in 1..=walks {
        let mut walk = Walk::new(model, seed);
        walk.go();
        let ended = walk.operations.iter().filter(|operation| operation.ended.is_some());
        operations += ended.clone().count();
        from_cache += ended.filter(|operation| matches!(operation.way, Way::Cache(_))).count();
        if !linearizable(model, &walk.operations) {
            let lines: Vec<String> =
                walk.operations.iter().map(|operation| format!("   {operation:?}")).collect();
            return Walked {
                counts: format!("{seed} walks, {operations} operations, {from_cache} from a cache"),
                wrong: Some((format!("walk {seed} is not linearizable"), lines.join("\n"))),
            };
        }
    }
    Walked {
        counts: format!("{walks} walks, {operations} operations, {from_cache} from a cache"),
        wrong: None,
    }
}

struct Walk<'a> {
    model: &'a Model,
    state: State,
    random: Random,
    now: u32,
    operations: Vec<Operation>,
}

impl<'a> Walk<'a> {
    fn new(model: &'a Model, seed: u64) -> Walk<'a> {
        Walk { model, state: model.initial(), random: Random::new(seed), now: 0, operations: Vec::new() }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.random.below(limit)
    }

    fn go(&mut self) {
        for _ in 0..STEPS {
            self.now += 1;
            match self.below(5) {
                0 if self.operations.len() < OPERATIONS => self.ask(),
                1 | 2 => self.end_one(),
                _ => self.step(),
            }
        }
    }

    /// A shopper begins something.
    fn ask(&mut self) {
        let front_end = self.below(self.model.bounds.front_ends);
        let product = self.below(self.model.bounds.products);
        let key = self.below(KEYS);
        let wanted = self.model.bounds.copies[key] > 0;
        let (what, way) = match self.below(4) {
            0 if wanted => (What::Place(key as u8), Way::None),
            1 => (What::Query(product), Way::Leader(0)),
            _ => (What::Query(product), Way::Cache(front_end)),
        };
        self.begin(what, way);
    }

    fn begin(&mut self, what: What, way: Way) {
        self.operations.push(Operation { what, way, began: self.now, ended: None });
    }

    fn step(&mut self) {
        let mut choices = Vec::new();
        self.model.successors(&self.state, &mut |action, next, _| choices.push((action, next)));
        let (action, mut next) = choices[self.below(choices.len())];
        let rare = match action {
            Action::Lead { .. } | Action::LeadAgain { .. } | Action::GoOn(_) => 12,
            Action::Tick | Action::Query { .. } => 3,
            Action::Propose(_) => 2,
            _ => 1,
        };
        if self.below(rare) > 0 || !self.follow(action) {
            return;
        }
        self.model.tell(&mut next);
        self.state = next;
    }

    /// What a step means for those who wait. False if nobody asked for it.
    fn follow(&mut self, action: Action) -> bool {
        match action {
            Action::Propose(Entry { command: Command::Restock, .. }) => {
                self.begin(What::Restock, Way::None);
                true
            }
            Action::Propose(entry) => match entry.key() {
                Some(key) => self.operations.iter().any(|operation| operation.what == What::Place(key)),
                None => !matches!(entry.command, Command::Refuse(_)),
            },
            Action::Query { front_end, product } => {
                self.fail_fill(front_end, product);
                if self.operations.len() < OPERATIONS && self.below(2) == 0 {
                    self.begin(What::Query(product), Way::Fill(front_end));
                }
                true
            }
            Action::Fill { front_end, product, version } | Action::Show { front_end, product, version } => {
                self.end_fill(front_end, product, version);
                true
            }
            _ => true,
        }
    }

    fn fail_fill(&mut self, front_end: usize, product: usize) {
        for operation in &mut self.operations {
            if operation.what == What::Query(product)
                && operation.way == Way::Fill(front_end)
                && operation.ended.is_none()
            {
                operation.way = Way::None;
            }
        }
    }

    fn end_fill(&mut self, front_end: usize, product: usize, version: u8) {
        let answer = Answer::Pieces(self.pieces(product, version));
        for operation in &mut self.operations {
            if operation.what == What::Query(product)
                && operation.way == Way::Fill(front_end)
                && operation.ended.is_none()
            {
                operation.ended = Some((self.now, answer));
            }
        }
        if !self.model.rules.no_late_join {
            self.join(front_end, product);
        }
    }

    /// Without L7: whoever asked this front-end meanwhile gets the same answer.
    fn join(&mut self, front_end: usize, product: usize) {
        let last = self.operations.iter().rev().find_map(|operation| operation.ended);
        for operation in &mut self.operations {
            if operation.what == What::Query(product)
                && operation.way == Way::Cache(front_end)
                && operation.ended.is_none()
            {
                operation.ended = last.map(|(_, answer)| (self.now, answer));
            }
        }
    }

    /// How many pieces there were when the product had changed that often.
    fn pieces(&self, product: usize, version: u8) -> i8 {
        let log = &self.state.leader.log;
        let machines = (0..=log.len()).map(|length| self.model.machine(log, length));
        machines
            .into_iter()
            .find(|machine| machine.version[product] == version)
            .map_or(i8::MIN, |machine| machine.stock[product])
    }

    /// One of those who wait gets on, or gets an answer.
    fn end_one(&mut self) {
        if self.operations.is_empty() {
            return;
        }
        let index = self.below(self.operations.len());
        let operation = self.operations[index];
        if operation.ended.is_some() {
            return;
        }
        let leader = self.below(LEADERS);
        let answer = match (operation.what, operation.way) {
            (What::Query(product), Way::Cache(front_end)) => self.hit(front_end, product),
            (What::Query(product), Way::Leader(leaderships)) => {
                self.operations[index].way = Way::Leader(leaderships | self.confirmed_now());
                self.read(leaderships, leader, product)
            }
            (What::Place(key), _) => self.outcome(leader, key),
            _ => None,
        };
        self.operations[index].ended = answer.map(|answer| (self.now, answer));
    }

    fn hit(&self, front_end: usize, product: usize) -> Option<Answer> {
        let cached = self.state.front_ends[front_end].cached[product];
        (cached.left > 0).then(|| Answer::Pieces(self.pieces(product, cached.version)))
    }

    /// Bits of the leaderships that a round would confirm now.
    fn confirmed_now(&self) -> u8 {
        let confirmed = if self.model.rules.round_after_arrival { 0..1 } else { 0..LEADERS };
        confirmed.fold(0, |mask, index| mask | 1 << self.state.leader(index).leadership)
    }

    fn read(&self, leaderships: u8, index: usize, product: usize) -> Option<Answer> {
        let leader = self.state.leader(index);
        let may = leader.exists() && leaderships >> leader.leadership & 1 == 1 && self.model.answers(leader);
        may.then(|| Answer::Pieces(self.model.machine(&leader.log, leader.applied).stock[product]))
    }

    fn outcome(&self, index: usize, key: u8) -> Option<Answer> {
        let leader = self.state.leader(index);
        let machine = self.model.machine(&leader.log, leader.applied);
        let outcome = match machine.outcome[key as usize] {
            Outcome::Unknown => machine.told[key as usize],
            known => known,
        };
        (self.model.answers(leader) && outcome != Outcome::Unknown).then_some(Answer::Order(outcome))
    }
}

/// A toy store as a shopper would have it: one thing after the other.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Store {
    stock: [i8; PRODUCTS],
    orders: u8,
    known: Vec<(u8, u8)>,
}

const REFUSED: u8 = 0;

impl Store {
    fn place(&mut self, model: &Model, key: u8) -> Outcome {
        let known = self.known.iter().find(|(other, _)| *other == key).map(|(_, number)| *number);
        let number = known.unwrap_or_else(|| {
            let pieces = &mut self.stock[model.bounds.product(key)];
            let enough = *pieces > 0;
            *pieces -= i8::from(enough);
            self.orders += u8::from(enough);
            let number = if enough { self.orders } else { REFUSED };
            self.known.push((key, number));
            self.known.sort_unstable();
            number
        });
        if number == REFUSED { Outcome::Refused } else { Outcome::Placed(number) }
    }

    /// What the store would answer, and the store after it.
    fn does(&self, model: &Model, what: What) -> (Option<Answer>, Store) {
        let mut after = self.clone();
        let answer = match what {
            What::Query(product) => Some(Answer::Pieces(self.stock[product])),
            What::Place(key) => Some(Answer::Order(after.place(model, key))),
            What::Restock => {
                after.stock[0] += 1;
                None
            }
        };
        (answer, after)
    }
}

fn linearizable(model: &Model, operations: &[Operation]) -> bool {
    // A query without an answer says nothing; an order without one may have been placed.
    let counts =
        |operation: &&Operation| operation.ended.is_some() || !matches!(operation.what, What::Query(_));
    let operations: Vec<Operation> = operations.iter().filter(counts).copied().collect();
    let store = Store { stock: [model.bounds.stock; PRODUCTS], orders: 0, known: Vec::new() };
    follows(model, &operations, 0, &store, &mut HashSet::new())
}

fn follows(
    model: &Model,
    operations: &[Operation],
    done: u64,
    store: &Store,
    seen: &mut HashSet<(u64, Store)>,
) -> bool {
    let open = || operations.iter().enumerate().filter(|(index, _)| done >> index & 1 == 0);
    let Some(first_end) = open().filter_map(|(_, operation)| operation.ended.map(|(at, _)| at)).min() else {
        return true;
    };
    if !seen.insert((done, store.clone())) {
        return false;
    }
    open().filter(|(_, operation)| operation.began < first_end).any(|(index, operation)| {
        let (answer, after) = store.does(model, operation.what);
        let fits = operation.ended.is_none_or(|(_, told)| answer == Some(told));
        fits && follows(model, operations, done | 1 << index, &after, seen)
    })
}
