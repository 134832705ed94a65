//! The replicated state machine: what a prefix of a log means. It knows nothing of leaders' memories, leases or time.

use crate::rules::{Bounds, KEYS, Rules};
use crate::state::{Log, PRODUCTS};

/// What an entry orders. (In the store an entry is a batch of these.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    Place(u8),
    /// Refuse this order if there is not enough; else do nothing.
    Refuse(u8),
    /// Only without R1: the leader decided it when it proposed it.
    Decided {
        key: u8,
        sold: bool,
    },
    Restock,
    Open(u8),
    Close(u8),
    /// A leadership begins. It is named by its term.
    Mark(u8),
    /// Raft's own first entry of a term, where no leadership begins with it.
    Blank(u8),
}

/// A command in a log, and whether it is of another leadership than that of the last mark before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    pub command: Command,
    pub late: bool,
}

impl Entry {
    pub fn of(command: Command) -> Entry {
        Entry { command, late: false }
    }

    pub fn to_byte(self) -> u8 {
        let (kind, argument) = match self.command {
            Command::Place(key) => (1, key),
            Command::Refuse(key) => (2, key),
            Command::Decided { key, sold } => (3 + u8::from(sold), key),
            Command::Restock => (5, 0),
            Command::Open(session) => (6, session),
            Command::Close(session) => (7, session),
            Command::Mark(term) => (8, term),
            Command::Blank(term) => (9, term),
        };
        u8::from(self.late) << 7 | kind << 3 | argument
    }

    pub fn from_byte(byte: u8) -> Entry {
        let argument = byte & 7;
        let command = match byte >> 3 & 15 {
            1 => Command::Place(argument),
            2 => Command::Refuse(argument),
            3 => Command::Decided { key: argument, sold: false },
            4 => Command::Decided { key: argument, sold: true },
            5 => Command::Restock,
            6 => Command::Open(argument),
            7 => Command::Close(argument),
            8 => Command::Mark(argument),
            9 => Command::Blank(argument),
            _ => unreachable!("no such entry"),
        };
        Entry { command, late: byte >> 7 == 1 }
    }

    /// The product that this entry may change.
    pub fn product(self, bounds: &Bounds) -> Option<usize> {
        match self.command {
            Command::Place(key) | Command::Decided { key, .. } => Some(bounds.product(key)),
            Command::Restock => Some(0),
            _ => None,
        }
    }

    /// The key of the order that this entry places.
    pub fn key(self) -> Option<u8> {
        match self.command {
            Command::Place(key) | Command::Decided { key, .. } => Some(key),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Unknown,
    Placed(u8),
    Refused,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    pub stock: [i8; PRODUCTS],
    /// How often a product changed.
    pub version: [u8; PRODUCTS],
    pub orders: u8,
    /// What the machine remembers of a key.
    pub outcome: [Outcome; KEYS],
    /// What shoppers were told of a key. This is no part of the machine: it judges it.
    pub told: [Outcome; KEYS],
    pub sessions: u8,
    pub fault: Option<&'static str>,
}

impl Machine {
    pub fn after(log: &Log, length: u8, rules: &Rules, bounds: &Bounds) -> Machine {
        let mut machine = Machine {
            stock: [bounds.stock; PRODUCTS],
            version: [0; PRODUCTS],
            orders: 0,
            outcome: [Outcome::Unknown; KEYS],
            told: [Outcome::Unknown; KEYS],
            sessions: bounds.sessions,
            fault: None,
        };
        for entry in log.entries(length) {
            machine.apply(entry, rules, bounds);
        }
        machine
    }

    fn apply(&mut self, entry: Entry, rules: &Rules, bounds: &Bounds) {
        if entry.late && rules.entries_name_leadership {
            return;
        }
        match entry.command {
            Command::Place(key) => self.place(key, rules, bounds),
            Command::Refuse(key) => self.refuse(key, bounds),
            Command::Decided { key, sold } => match self.outcome[key as usize] {
                Outcome::Unknown => self.decide(key, sold, rules, bounds),
                known => self.tell(key, known),
            },
            Command::Restock => {
                self.stock[0] += 1;
                self.version[0] += 1;
            }
            Command::Open(session) => self.sessions |= 1 << session,
            Command::Close(session) => self.sessions &= !(1 << session),
            Command::Mark(_) | Command::Blank(_) => {}
        }
    }

    fn place(&mut self, key: u8, rules: &Rules, bounds: &Bounds) {
        let known = self.outcome[key as usize];
        if known != Outcome::Unknown && rules.key_when_applied {
            return self.tell(key, known);
        }
        let enough = self.stock[bounds.product(key)] > 0;
        self.decide(key, enough, rules, bounds);
    }

    fn refuse(&mut self, key: u8, bounds: &Bounds) {
        let known = &mut self.outcome[key as usize];
        if *known == Outcome::Unknown && self.stock[bounds.product(key)] <= 0 {
            *known = Outcome::Refused;
        }
        if *known != Outcome::Unknown {
            let known = *known;
            self.tell(key, known);
        }
    }

    fn decide(&mut self, key: u8, sold: bool, rules: &Rules, bounds: &Bounds) {
        let product = bounds.product(key);
        let outcome = if sold {
            self.orders += 1;
            self.stock[product] -= 1;
            self.version[product] += 1;
            if self.stock[product] < 0 {
                self.fault = Some("OVERSOLD");
            }
            Outcome::Placed(self.orders)
        } else {
            Outcome::Refused
        };
        if sold || rules.refusal_kept {
            self.outcome[key as usize] = outcome;
        }
        self.tell(key, outcome);
    }

    fn tell(&mut self, key: u8, outcome: Outcome) {
        let told = &mut self.told[key as usize];
        match (*told, outcome) {
            (Outcome::Unknown, _) => *told = outcome,
            (Outcome::Placed(a), Outcome::Placed(b)) if a != b => {
                self.fault = Some("PLACED TWICE under one key")
            }
            (Outcome::Refused, Outcome::Placed(_)) => {
                self.fault = Some("PLACED although it was told to be refused")
            }
            (Outcome::Placed(_), Outcome::Refused) => {
                self.fault = Some("REFUSED although it was told to be placed")
            }
            _ => {}
        }
    }
}
