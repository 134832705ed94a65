//! One moment of the world.

use crate::machine::{Command, Entry};

pub const FRONT_ENDS: usize = 3;
pub const PRODUCTS: usize = 2;
/// Leaders before the newest that may not know of it. Of three replicas, Raft itself leaves at most one in that belief;
/// the store's own code above it may leave more.
pub const PAST: usize = 2;
pub const LEADERS: usize = 1 + PAST;
pub const LOG: usize = 12;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Log {
    length: u8,
    entries: [u8; LOG],
}

impl Log {
    pub fn len(&self) -> u8 {
        self.length
    }

    pub fn push(&mut self, entry: Entry) {
        self.entries[self.length as usize] = entry.to_byte();
        self.length += 1;
    }

    pub fn prefix(&self, length: u8) -> Log {
        let mut prefix = Log { length: length.min(self.length), ..Log::default() };
        let kept = prefix.length as usize;
        prefix.entries[..kept].copy_from_slice(&self.entries[..kept]);
        prefix
    }

    pub fn entries(&self, length: u8) -> impl DoubleEndedIterator<Item = Entry> + '_ {
        self.entries[..length.min(self.length) as usize].iter().map(|byte| Entry::from_byte(*byte))
    }

    pub fn all(&self) -> impl DoubleEndedIterator<Item = Entry> + '_ {
        self.entries(self.length)
    }

    pub fn after(&self, length: u8) -> impl DoubleEndedIterator<Item = Entry> + '_ {
        self.entries[length.min(self.length) as usize..self.length as usize]
            .iter()
            .map(|byte| Entry::from_byte(*byte))
    }

    pub fn last_of(&self, length: u8) -> Option<Entry> {
        self.entries(length).next_back()
    }

    pub fn count(&self, command: Command) -> u8 {
        self.all().filter(|entry| entry.command == command).count() as u8
    }

    /// How many entries two logs have in common at their beginning. (Every term begins with an entry of its own, so
    /// entries that look alike after different beginnings are told apart.)
    pub fn common(&self, other: &Log) -> u8 {
        let limit = self.length.min(other.length) as usize;
        (0..limit).find(|&index| self.entries[index] != other.entries[index]).unwrap_or(limit) as u8
    }

    fn swap_sessions(&mut self) {
        for byte in &mut self.entries[..self.length as usize] {
            let mut entry = Entry::from_byte(*byte);
            match &mut entry.command {
                Command::Open(session) | Command::Close(session) if *session < 2 => *session = 1 - *session,
                _ => {}
            }
            *byte = entry.to_byte();
        }
    }
}

/// A leader: its log, how far it has applied it, and what it keeps in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Leader {
    /// 0: nobody.
    pub leadership: u8,
    /// How long its log is with the first entry of its term: its mark, or Raft's own where it did not notice.
    pub first: u8,
    pub applied: u8,
    pub log: Log,
    pub table: Table,
}

impl Leader {
    pub fn exists(&self) -> bool {
        self.leadership > 0
    }
}

/// What a leader keeps in memory for its leadership, and the confirmations that travel to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Table {
    /// Ticks until a front-end's lease of a product has surely run out.
    pub held: [[u8; PRODUCTS]; FRONT_ENDS],
    /// Ticks until whatever older leaderships granted to a front-end has surely run out.
    pub assumed: [u8; FRONT_ENDS],
    /// Bit p: no cacheable answers about p, its holders are being asked.
    pub stopped: u8,
    /// Bit p: the front-end's confirmation that it dropped p is on its way.
    pub confirmed: [u8; FRONT_ENDS],
    /// Bit f: its confirmation that it dropped everything is on its way.
    pub all_confirmed: u8,
}

/// A product in a front-end's cache; past its lease it is nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Cached {
    pub version: u8,
    pub left: u8,
}

/// A query that a front-end sent to fill its cache, and the answers that travel to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Fill {
    pub under_way: bool,
    pub marked: bool,
    pub left: u8,
    /// Bit i: it arrived at leader i (0 the newest, i the i-th before it), and a quorum round since then has confirmed
    /// that one.
    pub arrived: u8,
    /// Bit v: a cacheable answer with version v.
    pub answers: u8,
    /// Bit v: one that is not cacheable. Followed only where queries join late.
    pub plain: u8,
    /// Only without R7: what the newest leader decided when the query arrived (version * 2 + cacheable + 1).
    pub decided: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FrontEnd {
    pub cached: [Cached; PRODUCTS],
    pub fill: [Fill; PRODUCTS],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct State {
    pub term: u8,
    pub leader: Leader,
    pub past: [Leader; PAST],
    /// How much of the newest leader's log is on a quorum, whether it knows or not.
    pub committed: u8,
    /// How much of it somebody may have been told or shown.
    pub told: u8,
    pub front_ends: [FrontEnd; FRONT_ENDS],
}

pub const BYTES: usize = 96;

impl State {
    /// Leader i: 0 the newest, i the i-th before it.
    pub fn leader(&self, index: usize) -> &Leader {
        if index == 0 { &self.leader } else { &self.past[index - 1] }
    }

    pub fn leader_mut(&mut self, index: usize) -> &mut Leader {
        if index == 0 { &mut self.leader } else { &mut self.past[index - 1] }
    }

    /// The same with the first two front-ends exchanged.
    pub fn swapped(&self) -> State {
        let mut other = *self;
        other.front_ends.swap(0, 1);
        for index in 0..LEADERS {
            let leader = other.leader_mut(index);
            leader.log.swap_sessions();
            let table = &mut leader.table;
            table.held.swap(0, 1);
            table.assumed.swap(0, 1);
            table.confirmed.swap(0, 1);
            table.all_confirmed =
                table.all_confirmed & !3 | (table.all_confirmed & 1) << 1 | (table.all_confirmed >> 1 & 1);
        }
        other
    }

    pub fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let mut next = 0;
        let mut put = |byte: u8| {
            bytes[next] = byte;
            next += 1;
        };
        put(self.committed | self.told << 4);
        put(self.term);
        for leader in (0..LEADERS).map(|index| self.leader(index)) {
            put(leader.leadership | leader.first << 4);
            put(leader.applied | leader.log.length << 4);
            leader.log.entries.iter().for_each(|entry| put(*entry));
            put(leader.table.stopped | leader.table.all_confirmed << 4);
            for f in 0..FRONT_ENDS {
                put(leader.table.assumed[f] | leader.table.confirmed[f] << 4);
                put(leader.table.held[f][0] | leader.table.held[f][1] << 4);
            }
        }
        for front_end in &self.front_ends {
            for (cached, fill) in front_end.cached.iter().zip(&front_end.fill) {
                put(cached.version | cached.left << 4);
                put(fill.left | fill.arrived << 4 | u8::from(fill.under_way) << 7);
                put(fill.answers);
                put(fill.plain);
                put(fill.decided | u8::from(fill.marked) << 7);
            }
        }
        bytes
    }
}
