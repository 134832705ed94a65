//! Messages in flight. One may be delivered at any time or never; so a delay, another order and a loss need no steps of
//! their own.

use crate::book::{Book, Set};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Message {
    Sync {
        to: usize,
        epoch: u8,
        book: Book,
    },
    /// A follower has the entries up to `length` on its disk.
    Confirmed {
        from: usize,
        epoch: u8,
        length: u8,
    },
    Buy {
        from: usize,
        term: u8,
        order: u8,
        batch: u8,
    },
    Sold {
        to: usize,
        term: u8,
        order: u8,
    },
    Refused {
        to: usize,
        term: u8,
        order: u8,
    },
    FetchUnsettled {
        from: usize,
        term: u8,
    },
    Unsettled {
        to: usize,
        term: u8,
        orders: Set,
    },
    Settle {
        term: u8,
        order: u8,
    },
    Drop {
        from: usize,
        epoch: u8,
        replica: usize,
    },
    Add {
        from: usize,
        epoch: u8,
        replica: usize,
    },
    /// Only without D1: a drop of somebody who is not in the set is answered without a new view.
    AlreadyOut {
        to: usize,
        epoch: u8,
        replica: usize,
    },
    /// A lookup that began when so many orders were acknowledged.
    Lookup {
        to: usize,
        epoch: u8,
        acknowledged: u8,
    },
    /// A book as it was fetched.
    Fetched {
        to: usize,
        epoch: u8,
        book: Book,
    },
}

impl Message {
    /// In 32 bits: 4 for the kind, 2 for the replica, 4 for the epoch, and the rest.
    fn pack(self) -> u32 {
        let (kind, replica, epoch, rest) = match self {
            Message::Sync { to, epoch, book } => (1, to, epoch, book.pack()),
            Message::Confirmed { from, epoch, length } => (2, from, epoch, u32::from(length)),
            Message::Buy { from, term, order, batch } => {
                (3, from, term, u32::from(order) | u32::from(batch) << 2)
            }
            Message::Sold { to, term, order } => (4, to, term, u32::from(order)),
            Message::Refused { to, term, order } => (5, to, term, u32::from(order)),
            Message::FetchUnsettled { from, term } => (6, from, term, 0),
            Message::Unsettled { to, term, orders } => (7, to, term, u32::from(orders.0)),
            Message::Settle { term, order } => (8, 0, term, u32::from(order)),
            Message::Drop { from, epoch, replica } => (9, from, epoch, replica as u32),
            Message::Add { from, epoch, replica } => (10, from, epoch, replica as u32),
            Message::AlreadyOut { to, epoch, replica } => (11, to, epoch, replica as u32),
            Message::Lookup { to, epoch, acknowledged } => (12, to, epoch, u32::from(acknowledged)),
            Message::Fetched { to, epoch, book } => (13, to, epoch, book.pack()),
        };
        kind << 28 | (replica as u32) << 26 | u32::from(epoch) << 22 | rest
    }

    fn unpack(bits: u32) -> Message {
        let replica = (bits >> 26 & 3) as usize;
        let epoch = (bits >> 22 & 15) as u8;
        let rest = bits & ((1 << 22) - 1);
        let (number, other) = (rest as u8, rest as usize);
        match bits >> 28 {
            1 => Message::Sync { to: replica, epoch, book: Book::unpack(rest) },
            2 => Message::Confirmed { from: replica, epoch, length: number },
            3 => Message::Buy { from: replica, term: epoch, order: number & 3, batch: number >> 2 },
            4 => Message::Sold { to: replica, term: epoch, order: number },
            5 => Message::Refused { to: replica, term: epoch, order: number },
            6 => Message::FetchUnsettled { from: replica, term: epoch },
            7 => Message::Unsettled { to: replica, term: epoch, orders: Set(number) },
            8 => Message::Settle { term: epoch, order: number },
            9 => Message::Drop { from: replica, epoch, replica: other },
            10 => Message::Add { from: replica, epoch, replica: other },
            11 => Message::AlreadyOut { to: replica, epoch, replica: other },
            12 => Message::Lookup { to: replica, epoch, acknowledged: number },
            13 => Message::Fetched { to: replica, epoch, book: Book::unpack(rest) },
            kind => unreachable!("no message of kind {kind}"),
        }
    }

    /// The replica that has to be up for it to arrive.
    pub fn receiver(self) -> Option<usize> {
        match self {
            Message::Sync { to, .. }
            | Message::Sold { to, .. }
            | Message::Refused { to, .. }
            | Message::Unsettled { to, .. }
            | Message::AlreadyOut { to, .. }
            | Message::Lookup { to, .. }
            | Message::Fetched { to, .. } => Some(to),
            _ => None,
        }
    }
}

const ROOM: usize = 28;

/// A set of messages; small, because a search keeps millions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Messages {
    length: u8,
    /// Sorted.
    packed: [u32; ROOM],
}

impl Messages {
    fn packed(&self) -> &[u32] {
        &self.packed[..self.length as usize]
    }

    pub fn all(&self) -> impl Iterator<Item = Message> + '_ {
        self.packed().iter().map(|bits| Message::unpack(*bits))
    }

    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub fn has(&self, message: Message) -> bool {
        self.packed().contains(&message.pack())
    }

    pub fn insert(&mut self, message: Message) {
        let bits = message.pack();
        let length = self.length as usize;
        let Err(index) = self.packed().binary_search(&bits) else { return };
        assert!(length < ROOM, "more messages in flight than there is room for");
        self.packed.copy_within(index..length, index + 1);
        self.packed[index] = bits;
        self.length += 1;
    }

    pub fn remove(&mut self, message: Message) {
        let Ok(index) = self.packed().binary_search(&message.pack()) else { return };
        let length = self.length as usize;
        self.packed.copy_within(index + 1..length, index);
        self.packed[length - 1] = 0;
        self.length -= 1;
    }

    pub fn retain(&mut self, keep: impl Fn(Message) -> bool) {
        let mut kept = 0;
        for index in 0..self.length as usize {
            let bits = self.packed[index];
            if keep(Message::unpack(bits)) {
                self.packed[kept] = bits;
                kept += 1;
            }
        }
        self.packed[kept..self.length as usize].fill(0);
        self.length = kept as u8;
    }
}
