//! One book read from end to end: what it holds, and whether it is what a book must be.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hasher};

use sha2::{Digest, Sha256};
use toystore_actors::domain::{Entry, OrderNumber, Position, ProductName, Receipt};
use toystore_actors::order::book::scan::{Bought, Row};
use toystore_actors::storage::DiskError;

use super::book_source::BookSource;

/// How many numbers are told apart from others by a fingerprint, and how many entries are read at a time where
/// books differ.
pub const STRETCH: usize = 4096;

/// The numbers from one multiple of [`STRETCH`] to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch(u64);

impl Stretch {
    fn of(number: OrderNumber) -> Stretch {
        Stretch(number.before().get() / STRETCH as u64)
    }

    /// Its first number.
    pub fn first(self) -> OrderNumber {
        OrderNumber::new(self.0 * STRETCH as u64 + 1)
    }

    /// Its last number.
    pub fn last(self) -> OrderNumber {
        OrderNumber::new(self.0.saturating_add(1).saturating_mul(STRETCH as u64))
    }

    /// Whether a number is one of it.
    pub fn has(self, number: OrderNumber) -> bool {
        Stretch::of(number) == self
    }
}

/// What one book holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// How many orders.
    pub orders: u64,
    /// How many that are lost: numbers that an operator gave up.
    pub lost: u64,
    /// The last entry.
    pub last: Position,
    /// See [`append_entry`].
    pub digest: String,
    /// Pieces ordered of each product.
    pub ordered: BTreeMap<ProductName, u64>,
    /// The first thing that no book may hold: a gap, an epoch that goes back, a request id that does not lead
    /// to its order (a repeated request would then be ordered again), one that two orders have, or one that leads to
    /// an order that is not there.
    pub flaw: Option<String>,
}

/// What is kept of a book that was read.
#[derive(Debug)]
pub struct BookTally {
    /// What it holds.
    pub contents: Contents,
    /// A fingerprint of each stretch that it has entries of, ascending.
    fingerprints: Vec<(Stretch, u64)>,
}

impl BookTally {
    /// Reads a book; `progress` is called with how many entries were read since.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(source: &impl BookSource, progress: impl Fn(u64)) -> Result<BookTally, DiskError> {
        let mut reader = TallyReader::default();
        source.scan(&mut |row| {
            if let Some(entries) = reader.take(row) {
                progress(entries);
            }
        })?;
        progress(reader.end_stretch());
        let mut index = Ids::default();
        source.scan_index(&mut |key, number| index.add(key, number))?;
        let in_index =
            if index == reader.ids { None } else { Some(index_flaw(source, &reader.ids, &index)?) };
        Ok(reader.finish(in_index))
    }

    /// The stretches that it has entries of, ascending.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch> {
        self.fingerprints.iter().map(|(stretch, _)| *stretch)
    }

    /// Two books have the same fingerprint of a stretch if they hold the same entries there, and hardly otherwise;
    /// `None` if it has none of them.
    pub fn fingerprint(&self, stretch: Stretch) -> Option<u64> {
        let at = self.fingerprints.binary_search_by_key(&stretch, |(stretch, _)| *stretch).ok()?;
        Some(self.fingerprints[at].1)
    }
}

/// Request ids, each with its order, in any order: of two collections that are not the same, it is as good as certain
/// that number or sum differ. So the index, which is in the order of the ids, is held against the entries,
/// which are in the order of their numbers, without looking anything up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Ids {
    number: u64,
    sum: u64,
}

impl Ids {
    fn add(&mut self, key: &str, number: OrderNumber) {
        let mut hash = DefaultHasher::new();
        hash.write(key.as_bytes());
        hash.write_u64(number.get());
        self.number += 1;
        self.sum = self.sum.wrapping_add(hash.finish());
    }
}

/// A flaw, and the number of the order where it shows; none is everywhere, and so comes after all.
struct Flaw {
    at: Option<OrderNumber>,
    why: String,
}

impl Flaw {
    fn place(&self) -> OrderNumber {
        self.at.unwrap_or(OrderNumber::MAX)
    }
}

/// Looks up what the index of request ids has for each order, where it is known not to be right.
fn index_flaw(source: &impl BookSource, entries: &Ids, index: &Ids) -> Result<Flaw, DiskError> {
    let mut after = OrderNumber::NONE;
    loop {
        let read = source.entries(after, STRETCH)?;
        let Some(last) = read.last() else { break };
        after = last.number;
        let keys: Vec<_> = read.iter().filter_map(|entry| entry.key().cloned()).collect();
        let numbers = source.indexed(&keys)?;
        // An order that is lost has no request id.
        let with_key = read.iter().filter(|entry| entry.key().is_some());
        let mut wrong = with_key.zip(numbers).filter(|(entry, indexed)| *indexed != Some(entry.number));
        if let Some((Entry { number, .. }, indexed)) = wrong.next() {
            let leads = match indexed {
                Some(other) => format!("to order {other}"),
                None => "to no order".to_owned(),
            };
            let why = format!("the request id of order {number} leads {leads}");
            return Ok(Flaw { at: Some(*number), why });
        }
    }
    let why = format!(
        "its index of request ids has {}, and its orders have {}: some lead to orders that are not there",
        index.number, entries.number
    );
    Ok(Flaw { at: None, why })
}

/// Takes one entry after the other.
#[derive(Default)]
struct TallyReader {
    contents: Contents,
    hash: Sha256,
    ids: Ids,
    /// Found by the texts that the book has, and sorted only at the end.
    ordered: HashMap<ProductName, u64>,
    flaw: Option<Flaw>,
    fingerprints: Vec<(Stretch, u64)>,
    /// The entries so far of the stretch that is being read, as they are digested, and how many they are.
    bytes: Vec<u8>,
    entries: u64,
}

impl TallyReader {
    /// Takes the next entry. If a stretch ended before it, says how many entries that had.
    fn take(&mut self, row: Row<'_>) -> Option<u64> {
        let last = self.contents.last;
        let ended = (Stretch::of(last.number) != Stretch::of(row.number)).then(|| self.end_stretch());
        if self.flaw.is_none() {
            self.flaw = flaw_after(last, row);
        }
        self.contents.last = Position { number: row.number, epoch: row.epoch };
        match row.bought {
            Some(bought) => self.count(row.number, bought),
            None => self.contents.lost += 1,
        }
        append_entry(&mut self.bytes, row);
        self.entries += 1;
        ended
    }

    fn count(&mut self, number: OrderNumber, bought: Bought<'_>) {
        self.contents.orders += 1;
        self.ids.add(bought.key, number);
        let pieces = u64::from(bought.quantity.get());
        if let Some(ordered) = self.ordered.get_mut(bought.name) {
            *ordered = ordered.saturating_add(pieces);
        } else if let Ok(name) = ProductName::new(bought.name) {
            // Always: a row has no other names.
            self.ordered.insert(name, pieces);
        }
    }

    /// Ends a stretch, and says how many entries it had.
    fn end_stretch(&mut self) -> u64 {
        let entries = std::mem::take(&mut self.entries);
        if entries > 0 {
            self.hash.update(&self.bytes);
            let mut fingerprint = DefaultHasher::new();
            fingerprint.write(&self.bytes);
            self.fingerprints.push((Stretch::of(self.contents.last.number), fingerprint.finish()));
            self.bytes.clear();
        }
        entries
    }

    /// To be called after the end of the last stretch.
    fn finish(self, in_index: Option<Flaw>) -> BookTally {
        let hash = self.hash.finalize();
        let digest = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let ordered = self.ordered.into_iter().collect();
        // What shows at an earlier order comes first.
        let flaw = self.flaw.into_iter().chain(in_index).min_by_key(Flaw::place).map(|flaw| flaw.why);
        let contents = Contents { digest, ordered, flaw, ..self.contents };
        BookTally { contents, fingerprints: self.fingerprints }
    }
}

/// What is in front of a receipt in the digested bytes, where otherwise the next order's number is.
const RECEIPT_FOLLOWS: u64 = u64::MAX;

/// What is wrong about an entry that comes after `last`.
fn flaw_after(last: Position, row: Row<'_>) -> Option<Flaw> {
    let Row { number, epoch, .. } = row;
    let why = if number.get().checked_sub(1) != Some(last.number.get()) {
        format!("order {number} follows order {}", last.number)
    } else if epoch < last.epoch {
        format!("the epoch goes back from {} to {epoch} at order {number}", last.epoch)
    } else {
        return None;
    };
    Some(Flaw { at: Some(number), why })
}

/// Appends an entry to the bytes that make a book's digest, the first 16 hex digits of SHA-256 over all entries: number
/// and epoch as 8 bytes each, quantity as 4, request id and name as their length in 8 bytes and their bytes; numbers
/// with the lowest byte first. The epoch belongs to it: two books with the same number and epoch agree up to
/// there, so books that differ in epochs alone are already proof of a fault. An order that is lost has number and epoch
/// alone. One that has a receipt has, behind all this, eight bytes 255 (no next order has that number), price and time.
fn append_entry(bytes: &mut Vec<u8>, row: Row<'_>) {
    bytes.extend(row.number.get().to_le_bytes());
    bytes.extend(row.epoch.get().to_le_bytes());
    let Some(bought) = row.bought else { return };
    bytes.extend(bought.quantity.get().to_le_bytes());
    for text in [bought.key, bought.name] {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    if let Some(Receipt { price_cents, sold_at }) = bought.receipt {
        for part in [RECEIPT_FOLLOWS, price_cents, sold_at.get()] {
            bytes.extend(part.to_le_bytes());
        }
    }
}
