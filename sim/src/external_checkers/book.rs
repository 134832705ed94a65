//! The order book: a list of orders, to which one is added under the next number.
//!
//! An order whose shopper was told nothing is in the book if its number was shown to somebody or lies below
//! one that was told; which of several such orders has which number, nobody can know.

use std::collections::{BTreeMap, BTreeSet};

use todc_utils::Specification;
use toystore_checks::time::Nanos;

use super::search::SearchedObject;
use super::timed::TimedOperation;
use crate::history_file::{HistoryFile, HistoryLine, LineCall, LineOrder, LineOutcome};

/// What an order is of: each product and quantity has a number of its own.
pub(super) type Goods = u32;
/// Whose order it is: each key has a number of its own.
pub(super) type Key = u32;

/// An order in the book, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct KnownEntry {
    pub key: Option<Key>,
    pub goods: Option<Goods>,
}

/// What an operation does or sees. Places count from 0, at the first order of this history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BookAct {
    /// The order comes to be in this place.
    Place { place: usize, entry: KnownEntry },
    /// The key's order is in this place.
    Again { place: usize, key: Key },
    /// This is in this place, or nothing is.
    Find { place: usize, goods: Option<Goods> },
    /// These are all that there are from this place on, or as many as were asked for.
    Page { from: usize, limit: usize, goods: Vec<Goods> },
    /// An answer that is none to the question.
    Contradiction,
}

/// The specification.
pub(super) struct Book;

impl Specification for Book {
    type State = Vec<KnownEntry>;
    type Operation = BookAct;

    fn init() -> Vec<KnownEntry> {
        Vec::new()
    }

    fn apply(act: &BookAct, book: &Vec<KnownEntry>) -> (bool, Vec<KnownEntry>) {
        let same = |entry: &KnownEntry, goods: Goods| entry.goods.is_none_or(|of| of == goods);
        let fits = match act {
            BookAct::Place { place, entry } => {
                if book.len() == *place {
                    let mut book = book.clone();
                    book.push(*entry);
                    return (true, book);
                }
                false
            }
            BookAct::Again { place, key } => book.get(*place).is_some_and(|entry| entry.key == Some(*key)),
            BookAct::Find { place, goods: None } => book.len() <= *place,
            BookAct::Find { place, goods: Some(goods) } => {
                book.get(*place).is_some_and(|entry| same(entry, *goods))
            }
            BookAct::Page { from, limit, goods } => {
                let there = book.get(*from..).unwrap_or_default();
                goods.len() == there.len().min(*limit)
                    && there.iter().zip(goods).all(|(entry, goods)| same(entry, *goods))
            }
            BookAct::Contradiction => false,
        };
        (fits, book.clone())
    }
}

impl SearchedObject for Book {
    fn state_bytes(operations: usize) -> usize {
        operations * size_of::<KnownEntry>() / 2
    }

    fn known_at(operations: &[TimedOperation<BookAct>], now: Nanos) -> Vec<TimedOperation<BookAct>> {
        let returned =
            |operation: &TimedOperation<BookAct>| operation.until.is_some_and(|until| until <= now);
        let told = operations.iter().filter(|operation| returned(operation));
        let end = told.filter_map(|operation| operation.act.end()).max().unwrap_or(0);
        let known = operations.iter().filter_map(|operation| match operation.act {
            _ if returned(operation) => Some(operation.clone()),
            BookAct::Place { place, .. } if place < end && operation.from <= now => {
                Some(TimedOperation { until: None, ..operation.clone() })
            }
            _ => None,
        });
        known.collect()
    }
}

impl BookAct {
    /// How long the book is at least, if this is so.
    fn end(&self) -> Option<usize> {
        match self {
            BookAct::Place { place, .. }
            | BookAct::Again { place, .. }
            | BookAct::Find { place, goods: Some(_) } => Some(place + 1),
            BookAct::Page { from, goods, .. } if !goods.is_empty() => Some(from + goods.len()),
            _ => None,
        }
    }
}

/// The orders that an answer shows.
pub(super) fn shown(outcome: &LineOutcome) -> &[LineOrder] {
    match outcome {
        LineOutcome::Order(order) => std::slice::from_ref(order),
        LineOutcome::Orders(orders) => orders,
        _ => &[],
    }
}

/// An order that somebody asked for.
#[derive(Debug, Clone)]
struct AskedOrder {
    goods: Goods,
    /// When it was first asked for.
    from: Nanos,
    line: usize,
    /// The answers that tell its number: when, and in which line.
    told: Vec<(Nanos, u64, usize, Goods)>,
    refused: bool,
}

struct BookReader<'l> {
    history: &'l HistoryFile,
    goods: BTreeMap<(&'l str, u64), Goods>,
    keys: BTreeMap<&'l str, Key>,
    asked: BTreeMap<Key, AskedOrder>,
    /// The number before the first of this history.
    base: u64,
}

/// What a history says of the order book.
///
/// # Errors
/// When there are more orders than anybody can have asked for; says which.
pub(super) fn acts(history: &HistoryFile) -> Result<Vec<TimedOperation<BookAct>>, String> {
    let mut reader = BookReader {
        history,
        goods: BTreeMap::new(),
        keys: BTreeMap::new(),
        asked: BTreeMap::new(),
        base: base(history),
    };
    for (index, line) in history.operations.iter().enumerate() {
        reader.ask(line, history.line_of(index));
    }
    let mut acts = reader.placed();
    acts.extend(reader.unacknowledged(&acts)?);
    for (index, line) in history.operations.iter().enumerate() {
        let Some(act) = reader.seen(line) else { continue };
        let until = Some(line.invoked_ns.max(line.returned_ns));
        acts.push(TimedOperation { act, from: line.invoked_ns, until, line: history.line_of(index) });
    }
    Ok(acts)
}

/// A deployed store may have had orders before; it is not known of which numbers but by the first that is told.
fn base(history: &HistoryFile) -> u64 {
    let numbers = history.operations.iter().flat_map(|line| {
        let placed = match line.outcome {
            LineOutcome::Placed(number) => Some(number),
            _ => None,
        };
        placed.into_iter().chain(shown(&line.outcome).iter().map(|order| order.number))
    });
    if history.opening.is_some() { 0 } else { numbers.min().unwrap_or(1).saturating_sub(1) }
}

impl<'l> BookReader<'l> {
    fn goods(&mut self, name: &'l str, quantity: u64) -> Goods {
        let next = Goods::try_from(self.goods.len()).unwrap_or(Goods::MAX);
        *self.goods.entry((name, quantity)).or_insert(next)
    }

    fn place(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.base + 1)?).ok()
    }

    fn ask(&mut self, line: &'l HistoryLine, at: usize) {
        let (name, quantity, repeated) = match &line.call {
            LineCall::Order { name, quantity } => (name, *quantity, false),
            LineCall::Repeat { name, quantity } => (name, *quantity, true),
            _ => return,
        };
        let goods = self.goods(name, quantity);
        let next = Key::try_from(self.keys.len()).unwrap_or(Key::MAX);
        let Some(key) = line.key.as_deref().map(|key| *self.keys.entry(key).or_insert(next)) else { return };
        let new = AskedOrder { goods, from: line.invoked_ns, line: at, told: Vec::new(), refused: false };
        let asking = self.asked.entry(key).or_insert(new);
        if !repeated {
            (asking.goods, asking.line) = (goods, at);
            asking.refused =
                matches!(line.outcome, LineOutcome::OutOfStock(_)) && !self.history.refusal_forgotten(line);
        }
        asking.from = asking.from.min(line.invoked_ns);
        if let LineOutcome::Placed(number) = line.outcome {
            asking.told.push((line.returned_ns.max(line.invoked_ns), number, at, goods));
        }
    }

    /// What was acknowledged: the first time that a key is told its number it was placed, and then it is there.
    fn placed(&mut self) -> Vec<TimedOperation<BookAct>> {
        let mut acts = Vec::new();
        for asking in self.asked.values_mut() {
            asking.told.sort_unstable();
        }
        for (key, asking) in &self.asked {
            for (nth, (at, number, line, goods)) in asking.told.iter().enumerate() {
                let act = match (self.place(*number), nth) {
                    (None, _) => BookAct::Contradiction,
                    // The key was used for something else, which has to be refused.
                    _ if *goods != asking.goods => BookAct::Contradiction,
                    (Some(place), 0) => BookAct::Place {
                        place,
                        entry: KnownEntry { key: Some(*key), goods: Some(asking.goods) },
                    },
                    (Some(place), _) => BookAct::Again { place, key: *key },
                };
                acts.push(TimedOperation { act, from: asking.from, until: Some(*at), line: *line });
            }
        }
        acts
    }

    /// The orders that are in the book and were acknowledged to nobody: those who were told nothing must have
    /// placed them.
    fn unacknowledged(
        &mut self,
        placed: &[TimedOperation<BookAct>],
    ) -> Result<Vec<TimedOperation<BookAct>>, String> {
        let mut known: BTreeMap<usize, Goods> = BTreeMap::new();
        let mut end = placed.iter().filter_map(|operation| operation.act.end()).max().unwrap_or(0);
        let history = self.history;
        for order in history.operations.iter().flat_map(|line| shown(&line.outcome)) {
            let goods = self.goods(&order.name, order.quantity);
            let Some(place) = self.place(order.number) else { continue };
            known.entry(place).or_insert(goods);
            end = end.max(place + 1);
        }
        let places = placed.iter().filter_map(|operation| match operation.act {
            BookAct::Place { place, .. } => Some(place),
            _ => None,
        });
        let taken: BTreeSet<usize> = places.collect();
        let mut unheard: Vec<&AskedOrder> =
            self.asked.values().filter(|asking| asking.told.is_empty() && !asking.refused).collect();
        unheard.sort_by_key(|asking| asking.from);
        let mut left: BTreeMap<Goods, usize> = BTreeMap::new();
        for asking in &unheard {
            *left.entry(asking.goods).or_default() += 1;
        }
        let mut spare = unheard.len();
        let mut acts = Vec::new();
        for place in (0..end).filter(|place| !taken.contains(place)) {
            let goods = known.get(&place).copied();
            let of_these = |asking: &&&AskedOrder| goods.is_none_or(|goods| asking.goods == goods);
            let enough = goods.is_none_or(|goods| left.get(&goods).is_some_and(|left| *left > 0));
            let (Some(first), true, 1..) = (unheard.iter().find(of_these), enough, spare) else {
                let number = self.base + 1 + place as u64;
                return Err(format!(
                    "order {number} is in the book, but whoever asked for such an order was told of another number"
                ));
            };
            spare -= 1;
            if let Some(left) = goods.and_then(|goods| left.get_mut(&goods)) {
                *left -= 1;
            }
            let act = BookAct::Place { place, entry: KnownEntry { key: None, goods } };
            acts.push(TimedOperation { act, from: first.from, until: None, line: first.line });
        }
        Ok(acts)
    }

    fn seen(&mut self, line: &'l HistoryLine) -> Option<BookAct> {
        Some(match (&line.call, &line.outcome) {
            (LineCall::Lookup { number } | LineCall::LookupAt { number, .. }, LineOutcome::Order(order)) => {
                let goods = self.goods(&order.name, order.quantity);
                match self.place(*number) {
                    Some(place) if *number == order.number => BookAct::Find { place, goods: Some(goods) },
                    _ => BookAct::Contradiction,
                }
            }
            // One replica's own book may lag behind: only the leader's says that there is none.
            (LineCall::Lookup { number }, LineOutcome::Absent) => {
                BookAct::Find { place: self.place(*number)?, goods: None }
            }
            (LineCall::Page { after, limit }, LineOutcome::Orders(orders)) => {
                self.page(*after, *limit, orders)
            }
            _ => return None,
        })
    }

    fn page(&self, after: u64, limit: u32, orders: &[LineOrder]) -> BookAct {
        let gapless = orders.iter().zip(after + 1..).all(|(order, number)| order.number == number);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if !gapless || orders.len() > limit {
            return BookAct::Contradiction;
        }
        // What was there before this history is not judged.
        let before = usize::try_from(self.base.saturating_sub(after)).unwrap_or(usize::MAX);
        let ours = orders.iter().filter(|order| order.number > self.base);
        let goods = ours.map(|order| self.goods_of(order)).collect();
        let from = self.place(after + 1).unwrap_or(0);
        BookAct::Page { from, limit: limit.saturating_sub(before), goods }
    }

    fn goods_of(&self, order: &LineOrder) -> Goods {
        // All goods that were shown are known since the book's length was determined.
        self.goods.get(&(order.name.as_str(), order.quantity)).copied().unwrap_or(Goods::MAX)
    }
}
