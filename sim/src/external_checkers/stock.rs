//! One product's stock: sales take pieces, a restock fills an empty stock, and whoever looks sees what is there.
//!
//! Products are judged one by one: a history is linearizable if it is for each object by itself (Herlihy and
//! Wing 1990, theorem 1). Restocks are in no history; that one took place shows when something is there again.

use std::collections::{BTreeMap, BTreeSet};

use todc_utils::Specification;
use toystore_checks::time::Nanos;

use super::book;
use super::search::SearchedObject;
use super::timed::TimedOperation;
use crate::history_file::{HistoryFile, HistoryLine, LineCall, LineOutcome, StockLeft};

/// What an operation does or sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StockAct {
    /// How it began, as far as that is known.
    Begin(KnownStock),
    /// An operator had the catalog made anew, which has so many since.
    Rebuild { pieces: u64 },
    /// Pieces are sold. What nobody was told of may just as well not have happened.
    Sell { pieces: u64, certain: bool },
    /// So many are left, which is less than were asked for; it is not always said how many.
    Refuse { asked: u64, left: Option<u64> },
    /// So many are there.
    See { pieces: u64 },
    /// There is no such product.
    Miss,
}

/// What is there; none while nobody knows it, which fits everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KnownStock {
    pub pieces: Option<u64>,
    /// How many there are after a restock.
    pub restock_to: Option<u64>,
}

impl KnownStock {
    fn with(self, pieces: Option<u64>) -> Option<KnownStock> {
        Some(KnownStock { pieces, ..self })
    }

    /// After somebody saw so many; none if that cannot be.
    fn seen(self, seen: u64) -> Option<KnownStock> {
        match self.pieces {
            None => self.with(Some(seen)),
            Some(pieces) if pieces == seen => Some(self),
            Some(0) if self.restock_to.is_none_or(|restocked| restocked == seen) => self.with(Some(seen)),
            Some(_) => None,
        }
    }

    /// After so many were sold; none if they are not there.
    fn sold(self, sold: u64) -> Option<KnownStock> {
        match (self.pieces, self.restock_to) {
            (None, _) | (Some(0), None) => self.with(None),
            (Some(0), Some(pieces)) | (Some(pieces), _) => self.with(Some(pieces.checked_sub(sold)?)),
        }
    }
}

/// The specification.
pub(crate) struct Stock;

impl Specification for Stock {
    type State = KnownStock;
    type Operation = StockAct;

    fn init() -> KnownStock {
        KnownStock { pieces: None, restock_to: None }
    }

    fn apply(act: &StockAct, stock: &KnownStock) -> (bool, KnownStock) {
        let next = match *act {
            StockAct::Begin(stock) => Some(stock),
            StockAct::Rebuild { pieces } => stock.with(Some(pieces)),
            StockAct::Sell { pieces, certain: true } => stock.sold(pieces),
            StockAct::Sell { pieces, certain: false } => stock.sold(pieces).or(Some(*stock)),
            StockAct::Refuse { asked, left: Some(left) } if left < asked => stock.seen(left),
            StockAct::Refuse { left: None, .. } => Some(*stock),
            StockAct::Refuse { .. } | StockAct::Miss => None,
            StockAct::See { pieces } => stock.seen(pieces),
        };
        (next.is_some(), next.unwrap_or(*stock))
    }
}

impl SearchedObject for Stock {
    fn state_bytes(_: usize) -> usize {
        size_of::<KnownStock>()
    }

    fn known_at(operations: &[TimedOperation<StockAct>], now: Nanos) -> Vec<TimedOperation<StockAct>> {
        let begun = operations.iter().filter(|operation| operation.from <= now);
        let known = begun.filter_map(|operation| match (operation.until, operation.act) {
            (Some(until), _) if until <= now => Some(operation.clone()),
            (_, StockAct::Sell { pieces, .. }) => {
                let act = StockAct::Sell { pieces, certain: false };
                Some(TimedOperation { act, until: None, ..operation.clone() })
            }
            _ => None,
        });
        known.collect()
    }
}

/// What a history says of a product.
pub(super) fn acts(
    history: &HistoryFile,
    name: &str,
    restock_to: Option<u64>,
) -> Vec<TimedOperation<StockAct>> {
    let stock = match &history.opening {
        Some(opening) => {
            KnownStock { pieces: opening.initial.get(name).copied(), restock_to: Some(opening.restock_to) }
        }
        None => KnownStock { pieces: None, restock_to },
    };
    let mut acts = vec![TimedOperation { act: StockAct::Begin(stock), from: 0, until: Some(0), line: 0 }];
    let rebuilt = history.opening.iter().flat_map(|opening| &opening.rebuilt);
    acts.extend(rebuilt.map(|rebuilt| {
        let act = StockAct::Rebuild { pieces: rebuilt.stock.get(name).copied().unwrap_or(0) };
        TimedOperation { act, from: rebuilt.at_ns, until: Some(rebuilt.at_ns), line: 1 }
    }));
    let surely = certainly_placed(history, name);
    for (index, line) in history.operations.iter().enumerate() {
        // Nothing took place before the beginning.
        let from = line.invoked_ns.max(1);
        let told = act(line, name).map(|act| match act {
            StockAct::Sell { certain: false, .. } => (act, None),
            act => (act, Some(from.max(line.returned_ns))),
        });
        for (act, until) in told.into_iter().chain(forgotten(history, line, name)) {
            let (act, until) = match (act, until) {
                (StockAct::Sell { pieces, certain: false }, None) => match surely.get(&pieces) {
                    Some(told) => (StockAct::Sell { pieces, certain: true }, Some(from.max(*told))),
                    None => (act, None),
                },
                (act, until) => (act, until),
            };
            acts.push(TimedOperation { act, from, until, line: history.line_of(index) });
        }
    }
    acts
}

fn act(line: &HistoryLine, name: &str) -> Option<StockAct> {
    Some(match (&line.call, &line.outcome) {
        (LineCall::Order { name: of, quantity, .. }, outcome) if of == name => match outcome {
            LineOutcome::Placed(_) => StockAct::Sell { pieces: *quantity, certain: true },
            LineOutcome::OutOfStock(StockLeft(left)) => StockAct::Refuse { asked: *quantity, left: *left },
            _ => StockAct::Sell { pieces: *quantity, certain: false },
        },
        (LineCall::Query { name: of }, LineOutcome::Product(product)) if of == name => {
            StockAct::See { pieces: product.quantity }
        }
        (LineCall::Query { name: of }, LineOutcome::Absent) if of == name => StockAct::Miss,
        (LineCall::List {}, LineOutcome::Products(products)) => {
            match products.iter().find(|product| product.name == name) {
                Some(product) => StockAct::See { pieces: product.quantity },
                None => StockAct::Miss,
            }
        }
        (LineCall::ListPage { .. }, LineOutcome::Products(products)) => {
            let product = products.iter().find(|product| product.name == name)?;
            StockAct::See { pieces: product.quantity }
        }
        _ => return None,
    })
}

/// What may have been sold besides, of an order, when the catalog was made anew: it had sold it before, and has forgotten
/// that; or it has forgotten that it refused it, and a late copy of the request bought. Since when, and until when.
fn forgotten(history: &HistoryFile, line: &HistoryLine, name: &str) -> Option<(StockAct, Option<Nanos>)> {
    let LineCall::Order { name: of, quantity } = &line.call else { return None };
    let act = StockAct::Sell { pieces: *quantity, certain: false };
    let rebuilt = history.opening.iter().flat_map(|opening| &opening.rebuilt).map(|rebuilt| rebuilt.at_ns);
    let last = rebuilt.max().filter(|last| of == name && line.invoked_ns < *last)?;
    match line.outcome {
        LineOutcome::OutOfStock(_) => (line.returned_ns < last).then_some((act, None)),
        LineOutcome::Placed(_) if line.returned_ns < last => None,
        _ => Some((act, Some(last))),
    }
}

/// Orders whose shopper was told nothing, and which were all placed nevertheless: as many orders of so many pieces
/// were shown to somebody as are missing. By pieces, when the last of them was first shown.
fn certainly_placed(history: &HistoryFile, name: &str) -> BTreeMap<u64, Nanos> {
    let mut missing: BTreeMap<u64, usize> = BTreeMap::new();
    let mut acknowledged = BTreeSet::new();
    let mut shown: BTreeMap<u64, (u64, Nanos)> = BTreeMap::new();
    for line in &history.operations {
        match (&line.call, &line.outcome) {
            (LineCall::Order { .. } | LineCall::Repeat { .. }, LineOutcome::Placed(number)) => {
                acknowledged.insert(*number);
            }
            (LineCall::Order { name: of, .. }, LineOutcome::OutOfStock(_))
                if of == name && !history.refusal_forgotten(line) => {}
            (LineCall::Order { name: of, quantity }, _) if of == name => {
                *missing.entry(*quantity).or_default() += 1
            }
            _ => {}
        }
        for order in book::shown(&line.outcome).iter().filter(|order| order.name == name) {
            let first = shown.entry(order.number).or_insert((order.quantity, line.returned_ns));
            first.1 = first.1.min(line.returned_ns);
        }
    }
    let mut found: BTreeMap<u64, (usize, Nanos)> = BTreeMap::new();
    for (_, (pieces, at)) in shown.into_iter().filter(|(number, _)| !acknowledged.contains(number)) {
        let found = found.entry(pieces).or_default();
        *found = (found.0 + 1, found.1.max(at));
    }
    let surely = found.into_iter().filter(|(pieces, (count, _))| missing.get(pieces) == Some(count));
    surely.map(|(pieces, (_, at))| (pieces, at)).collect()
}
