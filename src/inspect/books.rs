//! Reads the replicas' order books side by side: what each holds, and where they first differ.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};
use toystore_actors::domain::{Entry, OrderNumber, Position, ProductName, RequestId};
use toystore_actors::storage::DiskError;

/// How many entries of each book are in memory at once.
const CHUNK: usize = 4096;

/// A book to read.
pub trait Source {
    /// The entries after a number, in their order, at most so many.
    fn entries(&self, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError>;

    /// The orders that the index of request ids leads to.
    fn indexed(&self, keys: &[RequestId]) -> Result<Vec<Option<OrderNumber>>, DiskError>;
}

/// What one book holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// How many orders.
    pub orders: u64,
    /// The last one.
    pub last: Position,
    /// See [`digest_entry`].
    pub digest: String,
    /// Pieces ordered of each product.
    pub ordered: BTreeMap<ProductName, u64>,
    /// The first thing that no book may hold: a gap, an epoch that goes back, a request id that does not lead
    /// to its order (a repeated request would then be ordered again), or one that two orders have.
    pub flaw: Option<String>,
}

/// The first place where books differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The order's number.
    pub number: OrderNumber,
    /// What each book holds there, in the books' order; `None` for one that ends before.
    pub entries: Vec<Option<Entry>>,
}

/// Books read to their ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Each book's contents, in the books' order.
    pub contents: Vec<Contents>,
    /// Where they first differ, if only because one ends there; `None` if they agree.
    pub difference: Option<Difference>,
    /// Where two books first hold different entries; `None` if each is a beginning of the longest.
    pub conflict: Option<Difference>,
}

impl Comparison {
    /// Which book reaches furthest: the last entry of the newest epoch, and the longest of those. While books
    /// are not equal, it is the one that a takeover would complete the others from.
    pub fn furthest(&self) -> Option<usize> {
        let last = |index: &usize| (self.contents[*index].last.epoch, self.contents[*index].last.number);
        (0..self.contents.len()).max_by_key(last)
    }
}

/// Reads all books side by side, each once; `step` is called for each entry.
///
/// # Errors
/// Which book could not be read, and why.
pub fn compare<S: Source>(sources: &[S], step: impl Fn()) -> Result<Comparison, (usize, DiskError)> {
    let mut readers: Vec<_> = sources.iter().map(Reader::new).collect();
    let (mut difference, mut conflict) = (None, None);
    loop {
        let mut entries = Vec::with_capacity(readers.len());
        for (book, reader) in readers.iter_mut().enumerate() {
            entries.push(reader.peek().map_err(|error| (book, error))?);
        }
        let Some(number) = entries.iter().flatten().map(|entry| entry.number).min() else { break };
        // A book with a gap here has no entry of this number; it waits until the others get there.
        for entry in &mut entries {
            *entry = entry.take().filter(|entry| entry.number == number);
        }
        let mut held = entries.iter().flatten();
        let first = held.next();
        if conflict.is_none() && held.any(|entry| Some(entry) != first) {
            conflict = Some(Difference { number, entries: entries.clone() });
        }
        if difference.is_none() && entries.iter().any(|entry| entry.as_ref() != first) {
            difference = Some(Difference { number, entries: entries.clone() });
        }
        for (reader, entry) in readers.iter_mut().zip(&entries) {
            if entry.is_some() {
                reader.take();
                step();
            }
        }
    }
    let contents = readers.into_iter().map(Reader::finish).collect();
    Ok(Comparison { contents, difference, conflict })
}

struct Reader<'a, S> {
    source: &'a S,
    /// Entries, each with the order that its request id leads to.
    chunk: std::vec::IntoIter<(Entry, Option<OrderNumber>)>,
    peeked: Option<(Entry, Option<OrderNumber>)>,
    hash: Sha256,
    contents: Contents,
}

impl<'a, S: Source> Reader<'a, S> {
    fn new(source: &'a S) -> Reader<'a, S> {
        Reader {
            source,
            chunk: Vec::new().into_iter(),
            peeked: None,
            hash: Sha256::new(),
            contents: Contents::default(),
        }
    }

    /// The next entry; it stays the next until it is taken.
    fn peek(&mut self) -> Result<Option<Entry>, DiskError> {
        if self.peeked.is_none() {
            if self.chunk.as_slice().is_empty() {
                let entries = self.source.entries(self.contents.last.number, CHUNK)?;
                let keys: Vec<_> = entries.iter().filter_map(|entry| entry.key().cloned()).collect();
                let mut indexed = self.source.indexed(&keys)?.into_iter();
                // An order that is lost has no request id that could lead to another.
                let number = |entry: &Entry| match entry.key() {
                    Some(_) => indexed.next().flatten(),
                    None => Some(entry.number),
                };
                let numbers: Vec<_> = entries.iter().map(number).collect();
                self.chunk = entries.into_iter().zip(numbers).collect::<Vec<_>>().into_iter();
            }
            self.peeked = self.chunk.next();
        }
        Ok(self.peeked.as_ref().map(|(entry, _)| entry.clone()))
    }

    fn take(&mut self) {
        let Some((entry, indexed)) = self.peeked.take() else { return };
        let Contents { orders, last, ordered, flaw, .. } = &mut self.contents;
        if flaw.is_none() {
            *flaw = flaw_of(*last, &entry, indexed);
        }
        *last = Position { number: entry.number, epoch: entry.epoch };
        if let Some(order) = entry.order() {
            *orders += 1;
            *ordered.entry(order.name).or_default() += u64::from(order.quantity.get());
        }
        digest_entry(&mut self.hash, &entry);
    }

    fn finish(self) -> Contents {
        let hash = self.hash.finalize();
        let digest = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        Contents { digest, ..self.contents }
    }
}

fn flaw_of(last: Position, entry: &Entry, indexed: Option<OrderNumber>) -> Option<String> {
    let Entry { number, epoch, .. } = *entry;
    if number != last.number + 1 {
        Some(format!("order {number} follows order {}", last.number))
    } else if epoch < last.epoch {
        Some(format!("the epoch goes back from {} to {epoch} at order {number}", last.epoch))
    } else {
        match indexed {
            Some(indexed) if indexed == number => None,
            Some(other) => Some(format!("the request id of order {number} leads to order {other}")),
            None => Some(format!("the request id of order {number} leads to no order")),
        }
    }
}

/// Adds an entry to a book's digest, the first 16 hex digits of SHA-256 over all entries: number and epoch
/// as 8 bytes each, quantity as 4, request id and name as their length in 8 bytes and their bytes; numbers
/// with the lowest byte first. The epoch belongs to it: two books with the same number and epoch agree up to
/// there, so books that differ in epochs alone are already proof of a fault. An order that is lost has number and epoch
/// alone.
fn digest_entry(hash: &mut Sha256, entry: &Entry) {
    hash.update(entry.number.to_le_bytes());
    hash.update(entry.epoch.to_le_bytes());
    let Some(purchase) = &entry.purchase else { return };
    hash.update(purchase.quantity.get().to_le_bytes());
    for text in [purchase.key.as_str(), purchase.name.as_str()] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
}

impl Difference {
    /// Says where the books of these names differ, a line for each.
    pub fn describe<'a>(&'a self, names: &'a [String]) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| {
            write!(f, "they first differ at order {}:", self.number)?;
            for (name, entry) in names.iter().zip(&self.entries) {
                match entry {
                    Some(Entry { epoch, purchase: Some(purchase), .. }) => write!(
                        f,
                        "\n  {name}: {} × {}, epoch {epoch}, key {}",
                        purchase.quantity, purchase.name, purchase.key
                    )?,
                    Some(Entry { epoch, purchase: None, .. }) => {
                        write!(f, "\n  {name}: an order that is lost, epoch {epoch}")?;
                    }
                    None => write!(f, "\n  {name}: nothing")?,
                }
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Purchase, Quantity};

    use super::*;

    fn entry(number: u64, epoch: u64, key: &str) -> Entry {
        Entry {
            number,
            epoch,
            purchase: Some(Purchase {
                key: RequestId::new(key).unwrap(),
                name: ProductName::new("Tux").unwrap(),
                quantity: Quantity::new(2).unwrap(),
            }),
        }
    }

    /// A book written as its entries: epoch and key, numbered from 1, or from the number before a colon.
    fn book(text: &str) -> Vec<Entry> {
        let mut number = 0;
        let entries = text.split_whitespace().map(|word| {
            let (skip, word) =
                word.split_once(':').map_or((None, word), |(to, word)| (to.parse().ok(), word));
            number = skip.unwrap_or(number + 1);
            entry(number, word[..1].parse().unwrap(), word)
        });
        entries.collect()
    }

    impl Source for Vec<Entry> {
        fn entries(&self, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError> {
            // Chunks shorter than asked for are allowed; short ones also test the seams.
            Ok(self.iter().filter(|entry| entry.number > after).take(limit.min(2)).cloned().collect())
        }

        fn indexed(&self, keys: &[RequestId]) -> Result<Vec<Option<OrderNumber>>, DiskError> {
            let number = |key: &RequestId| {
                self.iter().rfind(|entry| entry.key() == Some(key)).map(|entry| entry.number)
            };
            Ok(keys.iter().map(number).collect())
        }
    }

    #[test]
    fn the_first_difference_is_found() {
        for (books, expected, conflict) in [
            (["", "", ""], None, None),
            (["1a 1b 2c", "1a 1b 2c", "1a 1b 2c"], None, None),
            (["1a 1b 2c", "1a 1b", "1a 1b 2c"], Some(3), None),
            (["", "1a", "1a"], Some(1), None),
            (["1a 1b 1c 1d", "1a 1b 2c 2d", "1a 1b 2c 2d"], Some(3), Some(3)),
            (["1a", "1a 1b 1c 1d", "1a 1b 2c 2d"], Some(2), Some(3)),
            (["1a 1b", "1a 1x", "1a 1b"], Some(2), Some(2)),
            (["1a 3:1b", "1a 3:1b", "1a 2b 3:1c"], Some(2), Some(3)),
        ] {
            let books = books.map(book);
            let comparison = compare(&books, || ()).unwrap();
            assert_eq!(comparison.difference.as_ref().map(|found| found.number), expected, "{books:?}");
            assert_eq!(comparison.conflict.as_ref().map(|found| found.number), conflict, "{books:?}");
            let same = comparison.contents.windows(2).all(|pair| pair[0].digest == pair[1].digest);
            assert_eq!(same, expected.is_none(), "{books:?}");
        }
    }

    #[test]
    fn contents_are_counted_and_flaws_named() {
        for (text, orders, last, flaw) in [
            ("", 0, 0, None),
            ("1a 1b 2c", 3, 3, None),
            ("1a 3:1b", 2, 3, Some("order 3 follows order 1")),
            ("2:1a", 1, 2, Some("order 2 follows order 0")),
            ("2a 1b", 2, 2, Some("the epoch goes back from 2 to 1 at order 2")),
            ("1a 1b 1a", 3, 3, Some("the request id of order 1 leads to order 3")),
        ] {
            let comparison = compare(&[book(text)], || ()).unwrap();
            let contents = &comparison.contents[0];
            assert_eq!((contents.orders, contents.last.number), (orders, last), "{text:?}");
            assert_eq!(contents.flaw.as_deref(), flaw, "{text:?}");
            assert_eq!(contents.ordered.values().sum::<u64>(), 2 * orders, "{text:?}");
        }
    }

    #[test]
    fn a_book_of_a_newer_epoch_reaches_further_than_a_longer_one() {
        let books = ["1a 1b 1c", "1a 2b", "1a"].map(book);
        assert_eq!(compare(&books, || ()).unwrap().furthest(), Some(1));
    }

    #[test]
    fn a_difference_is_described_for_each_book() {
        let books = ["1a 1b", "1a"].map(book);
        let difference = compare(&books, || ()).unwrap().difference.unwrap();
        let names = ["order-1".to_owned(), "order-2".to_owned()];
        let expected = "\
they first differ at order 2:
  order-1: 2 × Tux, epoch 1, key 1b
  order-2: nothing";
        assert_eq!(difference.describe(&names).to_string(), expected);
    }
}
