//! Strict serializability by `adya`: the order book as registers that transactions read and write.
//!
//! Each place of the book is a register, and each key is one, with the place of its order. Placing an order reads
//! that the place before is taken, that its own is free and that its key has no order yet, and writes both. A
//! lookup reads one place, a page many at once.
//!
//! Sales are not among the transactions. An order is two of them, a sale and an entry in the book: the sale is
//! visible first, and nobody is promised otherwise. And who sees a stock does not see whose sales made it, which
//! is all from which `adya` could tell their order.

use std::collections::BTreeMap;

use adya::history::{Interner, Mop, Op, OpType, ReadValue, Scalar};
use adya::{History, Opts, Valid, Workload};

use super::book::{BookAct, Goods, Key, KnownEntry};
use super::finding::Finding;
use super::timed::{TimedOperation, moments};

/// How many of its proofs are shown.
const MOST: usize = 2;

/// Whether the history is strictly serializable.
pub(super) fn check(acts: &[TimedOperation<BookAct>]) -> Finding {
    if acts.is_empty() {
        return Finding::Kept;
    }
    let report = adya::check(&history(acts), Workload::RwRegister, &Opts::default());
    let proofs = report.anomalies.iter().flat_map(|(kind, anomalies)| {
        anomalies.iter().map(move |anomaly| format!("{kind}: {}", anomaly.explanation.trim_end()))
    });
    match report.valid {
        Valid::True => Finding::Kept,
        // Without any dependency there is nothing that could be wrong.
        Valid::Unknown if report.anomaly_types == ["empty-transaction-graph"] => Finding::Kept,
        Valid::Unknown => Finding::Undecided,
        Valid::False => Finding::Broken(proofs.take(MOST).collect()),
    }
}

/// What is in each place, as far as it was ever told.
type TakenPlaces = BTreeMap<usize, (usize, KnownEntry)>;

fn history(acts: &[TimedOperation<BookAct>]) -> History {
    let mut writer = TransactionWriter {
        interner: Interner::default(),
        taken: TakenPlaces::new(),
        first: BTreeMap::new(),
    };
    for (index, operation) in acts.iter().enumerate() {
        if let BookAct::Place { place, entry } = operation.act {
            writer.taken.entry(place).or_insert((index, entry));
            writer.first.extend(entry.key.map(|key| (key, place)));
        }
    }
    let ops = moments(acts).into_iter().filter_map(|(time, ends, index)| {
        Some(Op {
            index: acts[index].line as u64,
            kind: if ends { OpType::Ok } else { OpType::Invoke },
            process: i64::try_from(index).ok(),
            value: writer.transaction(index, &acts[index].act)?,
            time: i64::try_from(time).ok(),
        })
    });
    let ops = ops.collect();
    History::from_ops(ops, writer.interner)
}

struct TransactionWriter {
    interner: Interner,
    taken: TakenPlaces,
    /// The place that each key was told first.
    first: BTreeMap<Key, usize>,
}

impl TransactionWriter {
    fn text(&mut self, text: String) -> u32 {
        self.interner.intern(Scalar::Str(text))
    }

    fn place(&mut self, place: usize) -> u32 {
        self.text(format!("place {place}"))
    }

    fn key(&mut self, key: Key) -> u32 {
        self.text(format!("key {key}"))
    }

    fn number(&mut self, place: usize) -> u32 {
        self.interner.intern(Scalar::Int(i64::try_from(place).unwrap_or(i64::MAX)))
    }

    /// What the `index`th operation puts into a place: no two put the same.
    fn order(&mut self, index: usize) -> ReadValue {
        ReadValue::Scalar(self.text(format!("order {index}")))
    }

    fn read(&mut self, place: usize) -> Mop {
        let value = match self.taken.get(&place).map(|(index, _)| *index) {
            Some(index) => self.order(index),
            None => ReadValue::Nil,
        };
        Mop::Read { key: self.place(place), value }
    }

    fn read_free(&mut self, place: usize) -> Mop {
        Mop::Read { key: self.place(place), value: ReadValue::Nil }
    }

    /// Puts an order into a place.
    fn put(&mut self, index: usize, place: usize, key: Option<Key>) -> Vec<Mop> {
        let mut mops = Vec::new();
        if let Some(key) = key {
            let (key, value) = (self.key(key), self.number(place));
            mops.push(Mop::Read { key, value: ReadValue::Nil });
            mops.push(Mop::Write { key, value });
        }
        mops.extend(place.checked_sub(1).map(|before| self.read(before)));
        mops.push(self.read_free(place));
        let (key, value) = (self.place(place), self.text(format!("order {index}")));
        mops.push(Mop::Write { key, value });
        mops
    }

    /// Looks into a place and finds this. What was not put there by anybody who is known was put there by
    /// somebody else.
    fn find(&mut self, index: usize, place: usize, goods: Goods) -> Vec<Mop> {
        match self.taken.get(&place) {
            Some((_, KnownEntry { goods: Some(there), .. })) if *there != goods => {
                self.put(index, place, None)
            }
            _ => vec![self.read(place)],
        }
    }

    fn transaction(&mut self, index: usize, act: &BookAct) -> Option<Vec<Mop>> {
        Some(match act {
            BookAct::Place { place, entry } => self.put(index, *place, entry.key),
            BookAct::Again { place, key } if self.first.get(key) == Some(place) => {
                let (key, value) = (self.key(*key), ReadValue::Scalar(self.number(*place)));
                vec![Mop::Read { key, value }, self.read(*place)]
            }
            // An answer with another number says that the key had no order yet.
            BookAct::Again { place, key } => self.put(index, *place, Some(*key)),
            BookAct::Find { place, goods: Some(goods) } => self.find(index, *place, *goods),
            BookAct::Find { place, goods: None } => vec![self.read_free(*place)],
            BookAct::Page { from, limit, goods } => {
                let mut mops: Vec<Mop> = Vec::new();
                for (place, goods) in (*from..).zip(goods) {
                    mops.extend(self.find(index, place, *goods));
                }
                mops.extend((goods.len() < *limit).then(|| self.read_free(from + goods.len())));
                mops
            }
            BookAct::Contradiction => return None,
        })
    }
}
