//! One product's stock: sales take pieces, a restock fills an empty shelf, and whoever looks sees what is there.
//!
//! Products are judged one by one: a history is linearizable if it is for each object by itself (Herlihy and
//! Wing 1990, theorem 1). Restocks are in no history; that one took place shows when something is there again.

use std::collections::{BTreeMap, BTreeSet};

use todc_utils::Specification;

use super::search::Object;
use super::{Timed, book};
use crate::clock::Nanos;
use crate::lines::{Asked, Line, Lines, Outcome};

/// What an operation does or sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// How it began, as far as that is known.
    Begin(Shelf),
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
pub(crate) struct Shelf {
    pub pieces: Option<u64>,
    /// How many there are after a restock.
    pub restock_to: Option<u64>,
}

impl Shelf {
    fn with(self, pieces: Option<u64>) -> Option<Shelf> {
        Some(Shelf { pieces, ..self })
    }

    /// After somebody saw so many; none if that cannot be.
    fn seen(self, seen: u64) -> Option<Shelf> {
        match self.pieces {
            None => self.with(Some(seen)),
            Some(pieces) if pieces == seen => Some(self),
            Some(0) if self.restock_to.is_none_or(|restocked| restocked == seen) => self.with(Some(seen)),
            Some(_) => None,
        }
    }

    /// After so many were sold; none if they are not there.
    fn sold(self, sold: u64) -> Option<Shelf> {
        match (self.pieces, self.restock_to) {
            (None, _) | (Some(0), None) => self.with(None),
            (Some(0), Some(pieces)) | (Some(pieces), _) => self.with(Some(pieces.checked_sub(sold)?)),
        }
    }
}

/// The specification.
pub(crate) struct Stock;

impl Specification for Stock {
    type State = Shelf;
    type Operation = Act;

    fn init() -> Shelf {
        Shelf { pieces: None, restock_to: None }
    }

    fn apply(act: &Act, shelf: &Shelf) -> (bool, Shelf) {
        let next = match *act {
            Act::Begin(shelf) => Some(shelf),
            Act::Rebuild { pieces } => shelf.with(Some(pieces)),
            Act::Sell { pieces, certain: true } => shelf.sold(pieces),
            Act::Sell { pieces, certain: false } => shelf.sold(pieces).or(Some(*shelf)),
            Act::Refuse { asked, left: Some(left) } if left < asked => shelf.seen(left),
            Act::Refuse { left: None, .. } => Some(*shelf),
            Act::Refuse { .. } | Act::Miss => None,
            Act::See { pieces } => shelf.seen(pieces),
        };
        (next.is_some(), next.unwrap_or(*shelf))
    }
}

impl Object for Stock {
    fn state_bytes(_: usize) -> usize {
        size_of::<Shelf>()
    }

    fn known_at(operations: &[Timed<Act>], now: Nanos) -> Vec<Timed<Act>> {
        let begun = operations.iter().filter(|operation| operation.from <= now);
        let known = begun.filter_map(|operation| match (operation.until, operation.act) {
            (Some(until), _) if until <= now => Some(operation.clone()),
            (_, Act::Sell { pieces, .. }) => {
                let act = Act::Sell { pieces, certain: false };
                Some(Timed { act, until: None, ..operation.clone() })
            }
            _ => None,
        });
        known.collect()
    }
}

/// What a history says of a product.
pub(super) fn acts(lines: &Lines, name: &str, restock_to: Option<u64>) -> Vec<Timed<Act>> {
    let shelf = match &lines.opening {
        Some(opening) => {
            Shelf { pieces: opening.initial.get(name).copied(), restock_to: Some(opening.restock_to) }
        }
        None => Shelf { pieces: None, restock_to },
    };
    let mut acts = vec![Timed { act: Act::Begin(shelf), from: 0, until: Some(0), line: 0 }];
    let rebuilt = lines.opening.iter().flat_map(|opening| &opening.rebuilt);
    acts.extend(rebuilt.map(|rebuilt| {
        let act = Act::Rebuild { pieces: rebuilt.stock.get(name).copied().unwrap_or(0) };
        Timed { act, from: rebuilt.at_ns, until: Some(rebuilt.at_ns), line: 1 }
    }));
    let surely = surely_placed(lines, name);
    for (index, line) in lines.operations.iter().enumerate() {
        // Nothing took place before the beginning.
        let from = line.invoked_ns.max(1);
        let told = act(line, name).map(|act| match act {
            Act::Sell { certain: false, .. } => (act, None),
            act => (act, Some(from.max(line.returned_ns))),
        });
        for (act, until) in told.into_iter().chain(forgotten(lines, line, name)) {
            let (act, until) = match (act, until) {
                (Act::Sell { pieces, certain: false }, None) => match surely.get(&pieces) {
                    Some(told) => (Act::Sell { pieces, certain: true }, Some(from.max(*told))),
                    None => (act, None),
                },
                (act, until) => (act, until),
            };
            acts.push(Timed { act, from, until, line: lines.line_of(index) });
        }
    }
    acts
}

fn act(line: &Line, name: &str) -> Option<Act> {
    Some(match (&line.asked, &line.outcome) {
        (Asked::Order { name: of, quantity, .. }, outcome) if of == name => match outcome {
            Outcome::Placed(_) => Act::Sell { pieces: *quantity, certain: true },
            Outcome::OutOfStock(message) => Act::Refuse { asked: *quantity, left: left(message) },
            _ => Act::Sell { pieces: *quantity, certain: false },
        },
        (Asked::Query { name: of }, Outcome::Product(product)) if of == name => {
            Act::See { pieces: product.quantity }
        }
        (Asked::Query { name: of }, Outcome::Absent) if of == name => Act::Miss,
        (Asked::List {}, Outcome::Products(products)) => {
            match products.iter().find(|product| product.name == name) {
                Some(product) => Act::See { pieces: product.quantity },
                None => Act::Miss,
            }
        }
        (Asked::ListPage { .. }, Outcome::Products(products)) => {
            let product = products.iter().find(|product| product.name == name)?;
            Act::See { pieces: product.quantity }
        }
        _ => return None,
    })
}

/// What may have been sold besides, of an order, when the catalog was made anew: it had sold it before, and has forgotten
/// that; or it has forgotten that it refused it, and a late copy of the request bought. Since when, and until when.
fn forgotten(lines: &Lines, line: &Line, name: &str) -> Option<(Act, Option<Nanos>)> {
    let Asked::Order { name: of, quantity } = &line.asked else { return None };
    let act = Act::Sell { pieces: *quantity, certain: false };
    let rebuilt = lines.opening.iter().flat_map(|opening| &opening.rebuilt).map(|rebuilt| rebuilt.at_ns);
    let last = rebuilt.max().filter(|last| of == name && line.invoked_ns < *last)?;
    match line.outcome {
        Outcome::OutOfStock(_) => (line.returned_ns < last).then_some((act, None)),
        Outcome::Placed(_) if line.returned_ns < last => None,
        _ => Some((act, Some(last))),
    }
}

/// How many pieces the store's words say are left.
fn left(message: &str) -> Option<u64> {
    message.strip_suffix(" left")?.rsplit(' ').next()?.parse().ok()
}

/// Orders whose shopper was told nothing, and which were all placed nevertheless: as many orders of so many pieces
/// were shown to somebody as are missing. By pieces, when the last of them was first shown.
fn surely_placed(lines: &Lines, name: &str) -> BTreeMap<u64, Nanos> {
    let mut missing: BTreeMap<u64, usize> = BTreeMap::new();
    let mut acknowledged = BTreeSet::new();
    let mut shown: BTreeMap<u64, (u64, Nanos)> = BTreeMap::new();
    for line in &lines.operations {
        match (&line.asked, &line.outcome) {
            (Asked::Order { .. } | Asked::Repeat { .. }, Outcome::Placed(number)) => {
                acknowledged.insert(*number);
            }
            (Asked::Order { name: of, .. }, Outcome::OutOfStock(_))
                if of == name && !lines.refusal_forgotten(line) => {}
            (Asked::Order { name: of, quantity }, _) if of == name => {
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
