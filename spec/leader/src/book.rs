//! Books of orders, and sets of replicas or orders.

/// How many entries a book has room for: one for each request id.
pub const ORDERS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Entry {
    pub epoch: u8,
    /// The request id, from 1.
    pub order: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Book {
    length: u8,
    entries: [Entry; ORDERS],
}

impl Book {
    pub fn len(&self) -> u8 {
        self.length
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries[..self.length as usize]
    }

    pub fn orders(&self) -> impl Iterator<Item = u8> + '_ {
        self.entries().iter().map(|entry| entry.order)
    }

    /// Where the order is, counted from 0.
    pub fn find(&self, order: u8) -> Option<u8> {
        self.orders().position(|other| other == order).map(|index| index as u8)
    }

    /// False if the book is full.
    pub fn push(&mut self, entry: Entry) -> bool {
        let fits = (self.length as usize) < ORDERS;
        if fits {
            self.entries[self.length as usize] = entry;
            self.length += 1;
        }
        fits
    }

    pub fn truncate(&mut self, length: u8) {
        self.length = self.length.min(length);
        self.entries[self.length as usize..].fill(Entry::default());
    }

    pub fn begins_with(&self, other: &Book) -> bool {
        self.entries().starts_with(other.entries())
    }

    /// Cuts at the first entry whose epoch differs at the same number, and takes what it lacks.
    pub fn merge(&mut self, other: &Book) {
        let pairs = self.entries().iter().zip(other.entries());
        let differs = pairs.into_iter().position(|(own, theirs)| own.epoch != theirs.epoch);
        if let Some(index) = differs {
            self.truncate(index as u8);
        }
        if other.length > self.length {
            let (from, to) = (self.length as usize, other.length as usize);
            self.entries[from..to].copy_from_slice(&other.entries[from..to]);
            self.length = other.length;
        }
    }

    /// In 20 bits.
    pub fn pack(&self) -> u32 {
        let entry =
            |(index, entry): (usize, &Entry)| u32::from(entry.epoch << 2 | entry.order) << (2 + 6 * index);
        self.entries().iter().enumerate().map(entry).fold(u32::from(self.length), |bits, entry| bits | entry)
    }

    pub fn unpack(bits: u32) -> Book {
        let mut book = Book::default();
        for index in 0..bits & 3 {
            let entry = (bits >> (2 + 6 * index) & 63) as u8;
            book.push(Entry { epoch: entry >> 2, order: entry & 3 });
        }
        book
    }
}

/// A set of replicas, or of orders.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Set(pub u8);

impl Set {
    pub fn up_to(count: usize) -> Set {
        Set((1 << count) - 1)
    }

    pub fn has(self, member: usize) -> bool {
        self.0 >> member & 1 == 1
    }

    pub fn with(self, member: usize) -> Set {
        Set(self.0 | 1 << member)
    }

    pub fn without(self, member: usize) -> Set {
        Set(self.0 & !(1 << member))
    }

    pub fn union(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    pub fn minus(self, other: Set) -> Set {
        Set(self.0 & !other.0)
    }

    pub fn add(&mut self, member: usize) {
        *self = self.with(member);
    }

    pub fn remove(&mut self, member: usize) {
        *self = self.without(member);
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn members(self) -> impl Iterator<Item = usize> {
        (0..8).filter(move |member| self.has(*member))
    }
}
