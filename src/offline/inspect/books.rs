//! Holds the replicas' order books against each other: where they first differ, and which reaches furthest.
//!
//! Each book is read on a thread of its own, and only once ([`BookTally`]). Stretches that have the same fingerprint in
//! all books hold the same; what differs is read again, entry by entry, and that is little however long the books are.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::thread;

use toystore_actors::domain::{Entry, OrderNumber};
use toystore_actors::storage::DiskError;

use super::book_source::BookSource;
use super::difference::Difference;
use super::tally::{BookTally, Contents, STRETCH, Stretch};

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

/// Reads all books; `progress` is called, on this thread, with how many entries were read since.
///
/// # Errors
/// Which book could not be read, and why.
pub fn compare<S: BookSource>(
    sources: &[S],
    progress: impl Fn(u64),
) -> Result<Comparison, (usize, DiskError)> {
    let tallies = tally_all(sources, progress)?;
    let (difference, conflict) = differences(sources, &tallies)?;
    Ok(Comparison {
        contents: tallies.into_iter().map(|tally| tally.contents).collect(),
        difference,
        conflict,
    })
}

fn tally_all<S: BookSource>(
    sources: &[S],
    progress: impl Fn(u64),
) -> Result<Vec<BookTally>, (usize, DiskError)> {
    thread::scope(|scope| {
        let (read, reading) = mpsc::channel();
        let threads: Vec<_> = sources
            .iter()
            .map(|source| {
                let read = read.clone();
                // Whoever shows the progress is there until all have ended.
                scope.spawn(move || {
                    BookTally::of(source, |entries| {
                        let _ = read.send(entries);
                    })
                })
            })
            .collect();
        drop(read);
        reading.iter().for_each(progress);
        let tallies = threads.into_iter().enumerate().map(|(book, thread)| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic)).map_err(|error| (book, error))
        });
        tallies.collect()
    })
}

/// Where the books first differ, and where two of them first contradict each other.
fn differences<S: BookSource>(
    sources: &[S],
    tallies: &[BookTally],
) -> Result<(Option<Difference>, Option<Difference>), (usize, DiskError)> {
    let (mut difference, mut conflict) = (None, None);
    let stretches: BTreeSet<Stretch> = tallies.iter().flat_map(BookTally::stretches).collect();
    for stretch in stretches {
        let marks: Vec<_> = tallies.iter().map(|tally| tally.fingerprint(stretch)).collect();
        let differ = difference.is_none() && !agree(&marks);
        if !differ && (conflict.is_some() || !contradict(&marks)) {
            continue;
        }
        for found in side_by_side(sources, stretch)? {
            if conflict.is_none() && contradict(&found.entries) {
                conflict = Some(found.clone());
            }
            if difference.is_none() && !agree(&found.entries) {
                difference = Some(found);
            }
        }
    }
    Ok((difference, conflict))
}

/// Whether all have the same.
fn agree<T: PartialEq>(held: &[Option<T>]) -> bool {
    held.windows(2).all(|pair| pair[0] == pair[1])
}

/// Whether two that have something have not the same.
fn contradict<T: PartialEq>(held: &[Option<T>]) -> bool {
    let mut held = held.iter().flatten();
    let first = held.next();
    held.any(|other| Some(other) != first)
}

/// What the books hold under each number of a stretch that one of them has.
fn side_by_side<S: BookSource>(
    sources: &[S],
    stretch: Stretch,
) -> Result<Vec<Difference>, (usize, DiskError)> {
    let mut parts = Vec::with_capacity(sources.len());
    for (book, source) in sources.iter().enumerate() {
        parts.push(part(source, stretch).map_err(|error| (book, error))?);
    }
    let numbers: BTreeSet<_> = parts.iter().flatten().map(|entry| entry.number).collect();
    let held = |number: OrderNumber| {
        let at = |part: &Vec<Entry>| {
            part.binary_search_by_key(&number, |entry| entry.number).ok().map(|at| part[at].clone())
        };
        Difference { number, entries: parts.iter().map(at).collect() }
    };
    Ok(numbers.into_iter().map(held).collect())
}

/// The entries of one book in a stretch.
fn part<S: BookSource>(source: &S, stretch: Stretch) -> Result<Vec<Entry>, DiskError> {
    let mut part = Vec::new();
    let mut after = stretch.first().before();
    loop {
        // A source may give fewer than asked for.
        let read = source.entries(after, STRETCH)?;
        let within = read.into_iter().take_while(|entry| stretch.has(entry.number));
        let before = part.len();
        part.extend(within);
        match part.last() {
            Some(last) if part.len() > before && last.number < stretch.last() => after = last.number,
            _ => return Ok(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use toystore_actors::domain::{Epoch, ProductName, Purchase, Quantity, Receipt, RequestId, UnixMillis};
    use toystore_actors::order::book::scan::Row;

    use super::*;

    fn entry(number: u64, epoch: u64, key: &str) -> Entry {
        Entry {
            number: OrderNumber::new(number),
            epoch: Epoch::new(epoch),
            purchase: Some(Purchase {
                key: RequestId::new(key).unwrap(),
                name: ProductName::new("Tux").unwrap(),
                quantity: Quantity::new(2).unwrap(),
            }),
            receipt: None,
        }
    }

    #[test]
    fn orders_that_differ_in_their_receipts_alone_are_a_contradiction() {
        let receipt = |price_cents| Some(Receipt { price_cents, sold_at: UnixMillis::new(7) });
        let with = |receipt| vec![Entry { receipt, ..entry(1, 1, "a") }];
        let books = [with(receipt(1599)), with(None), with(receipt(1600))];
        let comparison = compare(&books, |_| ()).unwrap();
        let digests: BTreeSet<_> = comparison.contents.iter().map(|contents| &contents.digest).collect();
        assert_eq!(digests.len(), 3, "{digests:?}");
        assert_eq!(comparison.conflict.map(|conflict| conflict.number.get()), Some(1));
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

    /// A book whose index is what its entries make it.
    impl BookSource for Vec<Entry> {
        fn scan(&self, visit: &mut dyn FnMut(Row<'_>)) -> Result<(), DiskError> {
            self.iter().for_each(|entry| visit(entry.into()));
            Ok(())
        }

        fn scan_index(&self, visit: &mut dyn FnMut(&str, OrderNumber)) -> Result<(), DiskError> {
            let ids = self.iter().filter_map(|entry| Some((entry.key()?.as_str(), entry.number)));
            ids.collect::<std::collections::BTreeMap<_, _>>()
                .into_iter()
                .for_each(|(key, number)| visit(key, number));
            Ok(())
        }

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

    /// A book of a sound beginning of so many entries, and what follows.
    fn long(entries: u64, rest: &str) -> Vec<Entry> {
        let beginning = (1..=entries).map(|number| entry(number, 1, &format!("k{number}")));
        beginning.chain(book(rest)).collect()
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
            let comparison = compare(&books, |_| ()).unwrap();
            assert_eq!(comparison.difference.as_ref().map(|found| found.number.get()), expected, "{books:?}");
            assert_eq!(comparison.conflict.as_ref().map(|found| found.number.get()), conflict, "{books:?}");
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
            let comparison = compare(&[book(text)], |_| ()).unwrap();
            let contents = &comparison.contents[0];
            assert_eq!((contents.orders, contents.last.number.get()), (orders, last), "{text:?}");
            assert_eq!(contents.flaw.as_deref(), flaw, "{text:?}");
            assert_eq!(contents.ordered.values().sum::<u64>(), 2 * orders, "{text:?}");
        }
    }

    #[test]
    fn a_book_of_a_newer_epoch_reaches_further_than_a_longer_one() {
        let books = ["1a 1b 1c", "1a 2b", "1a"].map(book);
        assert_eq!(compare(&books, |_| ()).unwrap().furthest(), Some(1));
    }

    #[test]
    fn what_differs_is_found_in_any_stretch_of_long_books() {
        let length = 2 * STRETCH as u64;
        for (books, expected, conflict) in [
            ([long(length, ""), long(length, ""), long(length, "")], None, None),
            // Before, at and after the end of a stretch.
            ([long(length, ""), long(length - 1, ""), long(length, "")], Some(length), None),
            ([long(length, ""), long(length, "8193:1a"), long(length, "")], Some(length + 1), None),
            ([long(length, ""), long(length - 1, "8192:1a"), long(length, "")], Some(length), Some(length)),
            // One is shorter by whole stretches, two contradict each other where it has nothing any more.
            (
                [long(10, ""), long(length, "8193:1a 1b"), long(length, "8193:1a 2c")],
                Some(11),
                Some(length + 2),
            ),
            // A gap of more than a stretch.
            ([long(10, "9000:1a"), long(10, "9000:1a"), long(10, "9000:1a")], None, None),
            ([long(10, "9000:1a"), long(9000, ""), long(9000, "")], Some(11), Some(9000)),
        ] {
            let comparison = compare(&books, |_| ()).unwrap();
            assert_eq!(comparison.difference.as_ref().map(|found| found.number.get()), expected);
            assert_eq!(
                comparison.conflict.as_ref().map(|found| found.number.get()),
                conflict,
                "{expected:?}"
            );
            let same = comparison.contents.windows(2).all(|pair| pair[0].digest == pair[1].digest);
            assert_eq!(same, expected.is_none(), "{expected:?}");
        }
    }

    #[test]
    fn every_entry_is_reported_as_progress() {
        let read = std::cell::Cell::new(0);
        let books = [long(STRETCH as u64 + 7, ""), long(3, "9000:1a")];
        compare(&books, |entries| read.set(read.get() + entries)).unwrap();
        assert_eq!(read.get(), STRETCH as u64 + 7 + 4);
    }

    #[test]
    fn an_index_that_is_not_of_the_entries_is_a_flaw() {
        /// Sound entries, and an index made up.
        struct Indexed(Vec<Entry>, Vec<(&'static str, OrderNumber)>);
        impl BookSource for Indexed {
            fn scan(&self, visit: &mut dyn FnMut(Row<'_>)) -> Result<(), DiskError> {
                self.0.scan(visit)
            }
            fn scan_index(&self, visit: &mut dyn FnMut(&str, OrderNumber)) -> Result<(), DiskError> {
                self.1.iter().for_each(|(key, number)| visit(key, *number));
                Ok(())
            }
            fn entries(&self, after: OrderNumber, limit: usize) -> Result<Vec<Entry>, DiskError> {
                self.0.entries(after, limit)
            }
            fn indexed(&self, keys: &[RequestId]) -> Result<Vec<Option<OrderNumber>>, DiskError> {
                let number = |key: &RequestId| self.1.iter().find(|(own, _)| *own == key.as_str());
                Ok(keys.iter().map(|key| number(key).map(|(_, number)| *number)).collect())
            }
        }
        for (entries, index, expected) in [
            ("1a 1b 1c", vec![("1a", 1), ("1b", 2), ("1c", 3)], None),
            ("1a 1b 1c", vec![("1c", 3), ("1a", 1), ("1b", 2)], None),
            (
                "1a 1b 1c",
                vec![("1a", 1), ("1b", 3), ("1c", 2)],
                Some("the request id of order 2 leads to order 3"),
            ),
            ("1a 1b 1c", vec![("1a", 1), ("1c", 3)], Some("the request id of order 2 leads to no order")),
            ("1a 1b 1c", vec![], Some("the request id of order 1 leads to no order")),
            (
                "1a 1b",
                vec![("1a", 1), ("1b", 2), ("1x", 9)],
                Some(
                    "its index of request ids has 3, and its orders have 2: some lead to orders that are not there",
                ),
            ),
            // What shows first is named.
            ("1a 3:1b", vec![("1a", 1)], Some("order 3 follows order 1")),
            ("1a 3:1b", vec![("1b", 3)], Some("the request id of order 1 leads to no order")),
            ("1a 3:1b", vec![("1a", 1), ("1b", 3), ("1x", 9)], Some("order 3 follows order 1")),
        ] {
            let index = index.into_iter().map(|(key, number)| (key, OrderNumber::new(number))).collect();
            let comparison = compare(&[Indexed(book(entries), index)], |_| ()).unwrap();
            assert_eq!(comparison.contents[0].flaw.as_deref(), expected, "{entries}");
        }
    }

    #[test]
    fn a_difference_is_described_for_each_book() {
        let books = ["1a 1b", "1a"].map(book);
        let difference = compare(&books, |_| ()).unwrap().difference.unwrap();
        let names = ["order-1".to_owned(), "order-2".to_owned()];
        assert_eq!(difference.lines(&names), ["order-1: 2 × Tux, epoch 1, key 1b", "order-2: nothing"]);
    }
}
