//! What can happen next.
//!
//! The network loses nothing by force: a message that is never delivered is lost, one that stays deliverable comes late
//! or twice. So orders need no messages: any copy of an order can reach the leader at any time. In the same way a
//! replica or a front-end that crashed is one that does nothing more, and one that restarts is a new leader, or a
//! front-end with another session.
//!
//! Time is one tick for all timers. Drift is in the bounds: `lease` is a front-end's lease by its slowest clock, `wait`
//! the leader's count of it by its fastest, and nothing has to happen when a timer ends.

use crate::machine::{Command, Entry, Machine};
use explorer::Violation;

use crate::rules::{Bounds, Rules};
use crate::state::{LEADERS, Leader, Log, State};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Tick,
    /// A replica with the first `kept` entries of leader `from`'s log begins to lead (elected, or restarted in its
    /// term), and writes its mark.
    Lead {
        from: usize,
        kept: u8,
    },
    /// The same for the replica of leader `past`, whose code above Raft did not notice that it was deposed meanwhile.
    LeadAgain {
        past: usize,
        from: usize,
        kept: u8,
    },
    /// A quorum has more of the newest leader's log.
    Commit,
    /// Leader i hears of it, applies it, and answers.
    Apply(usize),
    Propose(Entry),
    /// The leader gives out no more cacheable answers about a product, because it wants to change it.
    Stop(usize),
    /// It gives that up.
    Resume(usize),
    /// A front-end is told to drop a product, and confirms.
    Drop {
        front_end: usize,
        product: usize,
    },
    Confirmed {
        front_end: usize,
        product: usize,
    },
    /// A front-end is told to drop everything, and confirms.
    DropAll {
        front_end: usize,
    },
    AllConfirmed {
        front_end: usize,
    },
    /// A front-end sends a query to fill its cache.
    Query {
        front_end: usize,
        product: usize,
    },
    /// It arrives at leader i, and a quorum round confirms that leader.
    Arrive {
        leader: usize,
        front_end: usize,
        product: usize,
    },
    /// Leader i answers it.
    Answer {
        leader: usize,
        front_end: usize,
        product: usize,
    },
    /// A cacheable answer arrives.
    Fill {
        front_end: usize,
        product: usize,
        version: u8,
    },
    /// An answer arrives that is not cacheable.
    Show {
        front_end: usize,
        product: usize,
        version: u8,
    },
    /// Only without R4: the leader restarts and goes on in its leadership, having applied that much.
    GoOn(u8),
}

/// What is called with each successor. The violation is one of the step itself.
pub type Visit<'a> = &'a mut dyn FnMut(Action, State, Option<Violation>);

pub struct Model {
    pub rules: Rules,
    pub bounds: Bounds,
}

impl Model {
    pub fn initial(&self) -> State {
        State { term: 1, leader: Leader { leadership: 1, ..Leader::default() }, ..State::default() }
    }

    pub fn successors(&self, state: &State, visit: Visit) {
        visit(Action::Tick, self.tick(state), None);
        self.lead(state, visit);
        self.replicate(state, visit);
        if self.leads(&state.leader) {
            self.propose(state, visit);
            self.ask(state, visit);
        }
        self.ask_all(state, visit);
        for front_end in 0..self.bounds.front_ends {
            for product in 0..self.bounds.products {
                self.fill(state, front_end, product, visit);
                for leader in 0..LEADERS {
                    self.query(state, leader, front_end, product, visit);
                }
            }
        }
    }

    pub fn machine(&self, log: &Log, length: u8) -> Machine {
        Machine::after(log, length, &self.rules, &self.bounds)
    }

    /// It has a table: its mark is applied, or it keeps the table of a leadership whose end it did not notice.
    pub fn leads(&self, leader: &Leader) -> bool {
        leader.exists()
            && (leader.applied >= leader.first || !self.rules.mark_applied_first || !self.notices(leader))
    }

    /// It may answer queries, once a round has confirmed it.
    pub fn answers(&self, leader: &Leader) -> bool {
        let waits = self.bounds.gated && leader.table.assumed.iter().any(|assumed| *assumed > 0);
        leader.exists() && (leader.applied >= leader.first || !self.rules.mark_applied_first) && !waits
    }

    /// Its term began with its mark.
    pub fn notices(&self, leader: &Leader) -> bool {
        !matches!(leader.log.last_of(leader.first), Some(Entry { command: Command::Blank(_), .. }))
    }

    /// Bit p: it proposed a change of p that it has not applied. (Of late entries in its log it knows nothing.)
    pub fn changing(&self, leader: &Leader) -> u8 {
        let proposed = leader.log.after(leader.applied).filter(|entry| !entry.late);
        proposed.filter_map(|entry| entry.product(&self.bounds)).fold(0, |mask, product| mask | 1 << product)
    }

    /// No front-end can hold the product, as far as this leader knows.
    pub fn is_free(&self, leader: &Leader, product: usize) -> bool {
        let table = &leader.table;
        (0..self.bounds.front_ends).all(|f| table.held[f][product] == 0 && table.assumed[f] == 0)
    }

    pub fn tick(&self, state: &State) -> State {
        let mut next = *state;
        let lower = |timer: &mut u8| *timer = timer.saturating_sub(1);
        for index in 0..LEADERS {
            let table = &mut next.leader_mut(index).table;
            table.assumed.iter_mut().for_each(lower);
            table.held.iter_mut().flatten().for_each(lower);
        }
        for front_end in &mut next.front_ends {
            front_end.fill.iter_mut().for_each(|fill| lower(&mut fill.left));
            if self.rules.lease_ends {
                front_end.cached.iter_mut().for_each(|cached| lower(&mut cached.left));
            }
        }
        next
    }
}
