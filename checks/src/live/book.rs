//! The leader's book, as far as it was read: what every other book and every answer is compared with.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use toystore_actors::domain::{Entry, OrderNumber, Position, ProductName};

use crate::time::Nanos;

/// So many of the newest entries are kept whole.
const MOST_ENTRIES: usize = 20_000;

/// So many of the newest are known by their digests: older ones are not looked at again.
const MOST_DIGESTS: usize = 1_000_000;

/// The leader's book.
#[derive(Debug, Default)]
pub(super) struct LeaderBook {
    /// Up to where it was read, this time.
    read: Position,
    /// The last entry that was ever read.
    last: OrderNumber,
    /// Of the entries up to the last.
    digests: VecDeque<u64>,
    entries: VecDeque<Entry>,
    /// Pieces in orders, by product.
    ordered: BTreeMap<ProductName, u64>,
    /// When it was last asked for and found to be read to its end, and when that was known.
    complete: Option<(Nanos, Nanos)>,
}

/// What an entry is, beside what was read before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    New,
    /// It was read before.
    Known,
    /// Another one was read before, under its number.
    Differs,
}

impl LeaderBook {
    pub(super) fn read(&self) -> Position {
        self.read
    }

    pub(super) fn last(&self) -> OrderNumber {
        self.last
    }

    pub(super) fn complete(&self) -> Option<(Nanos, Nanos)> {
        self.complete
    }

    /// It was read to its end.
    pub(super) fn completed(&mut self, asked: Nanos, answered: Nanos) {
        self.complete = Some((asked, answered));
    }

    /// It is to be read from its beginning again, because it is not what it was.
    pub(super) fn begin_anew(&mut self) {
        self.read = Position::default();
        self.complete = None;
    }

    /// Takes the next entry.
    pub(super) fn take(&mut self, entry: &Entry) -> Taken {
        self.read = Position { number: entry.number, epoch: entry.epoch };
        if entry.number <= self.last {
            return self.compare(entry);
        }
        // Numbers that are missing have no digest of any entry.
        while self.last + 1 < entry.number {
            self.last = self.last + 1;
            self.digests.push_back(0);
            self.entries.clear();
        }
        self.last = entry.number;
        self.digests.push_back(digest(entry));
        self.entries.push_back(entry.clone());
        if self.digests.len() > MOST_DIGESTS {
            self.digests.pop_front();
        }
        if self.entries.len() > MOST_ENTRIES {
            self.entries.pop_front();
        }
        if let Some(purchase) = &entry.purchase {
            *self.ordered.entry(purchase.name.clone()).or_insert(0) += u64::from(purchase.quantity.get());
        }
        Taken::New
    }

    /// What an entry, of any book, is beside this book's.
    pub(super) fn compare(&self, entry: &Entry) -> Taken {
        match self.digest_of(entry.number) {
            None => Taken::Known,
            Some(known) if known == digest(entry) => Taken::Known,
            Some(_) => Taken::Differs,
        }
    }

    fn digest_of(&self, number: OrderNumber) -> Option<u64> {
        let back = usize::try_from(self.last.get().checked_sub(number.get())?).ok()?;
        self.digests.get(self.digests.len().checked_sub(back + 1)?).copied()
    }

    /// The entry of a number, if it is one of the newest.
    pub(super) fn entry(&self, number: OrderNumber) -> Option<&Entry> {
        let back = usize::try_from(self.last.get().checked_sub(number.get())?).ok()?;
        self.entries.get(self.entries.len().checked_sub(back + 1)?)
    }

    /// Pieces of a product in all orders.
    pub(super) fn ordered(&self, name: &ProductName) -> u64 {
        self.ordered.get(name).copied().unwrap_or(0)
    }

    /// Products with orders.
    pub(super) fn kept(&self) -> usize {
        self.digests.len() + self.entries.len() + self.ordered.len()
    }
}

fn digest(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    entry.epoch.hash(&mut hasher);
    if let Some(purchase) = &entry.purchase {
        (&purchase.key, &purchase.name, purchase.quantity.get()).hash(&mut hasher);
    }
    hasher.finish()
}
