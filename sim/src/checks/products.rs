//! Product queries are linearizable, also those that a cache answers.
//!
//! Each product is an object of its own: sales take pieces, a restock fills an empty shelf, and a query (a
//! list, a refusal that says how many are left) sees how many there are. The search is the just-in-time
//! linearization of Lowe ("Testing for linearizability", 2017): it walks along the history and keeps every
//! state that is possible, that is the stock and which of the operations under way have taken place; an
//! operation has to take place no later than its return. A query that fits the stock can always take place
//! at once, because it changes nothing, so only sales and restocks branch.

use std::collections::{BTreeMap, BTreeSet};

use toystore_actors::catalog::ProductSeed;
use toystore_actors::domain::{OrderNumber, ProductName, RequestId};

use crate::audit::Audit;
use crate::clock::Nanos;
use crate::history::{Asked, History, Operation, Rebuild, Told};
use crate::report::{Violation, seconds};

const PROMISE: &str = "linearizable product queries";

/// So many states at once are too many to go on.
const MOST_STATES: usize = 200_000;

/// What an operation does to one product's stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Sell(u64),
    See(u64),
}

#[derive(Debug, Clone)]
struct Step {
    act: Act,
    from: Nanos,
    until: Nanos,
    /// The order that it became, of a sale.
    number: Option<OrderNumber>,
    /// For the report.
    what: String,
}

/// From then on there are so many pieces: what the orders up to that number have left.
#[derive(Debug, Clone, Copy)]
struct Rebuilt {
    at: Nanos,
    pieces: u64,
    through: OrderNumber,
}

/// What became of the search.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Fits,
    /// There were too many possibilities to try.
    Undecided,
    /// No order of the operations fits; why, for a person.
    Broken(Vec<String>),
}

/// The orders in the books by their keys, which tell what became of those whose outcome their shopper does not know.
type Ordered<'a> = BTreeMap<&'a RequestId, OrderNumber>;

/// Checks every product.
pub(super) fn check(
    history: &History,
    audit: &Audit,
    products: &[ProductSeed],
    restock_to: u64,
    undecided: &mut u64,
) -> Option<Violation> {
    let catalog: Vec<_> = products.iter().map(|product| product.name.clone()).collect();
    let initial: BTreeMap<_, _> =
        products.iter().map(|product| (product.name.clone(), product.quantity)).collect();
    let entries = audit.books.values().flatten();
    let ordered: Ordered<'_> = entries.filter_map(|entry| Some((entry.key()?, entry.number))).collect();
    for (name, stock) in &initial {
        let steps = steps(history, name, &ordered);
        let rebuilds = rebuilds(history, name);
        match search(&steps, &rebuilds, *stock, restock_to) {
            Verdict::Fits => {}
            Verdict::Undecided => *undecided += 1,
            Verdict::Broken(facts) => {
                let began = format!("{name} began with {stock} pieces");
                return Some(Violation::new(PROMISE, [vec![began], facts].concat()));
            }
        }
    }
    let found = history.operations.iter().find_map(|operation| existence(operation, &initial));
    found.or_else(|| history.operations.iter().find_map(|operation| sequence(operation, &catalog)))
}

/// A list has the products that follow one another in the catalog, from the one on that was asked for.
fn sequence(operation: &Operation, catalog: &[ProductName]) -> Option<Violation> {
    let (after, limit) = match &operation.asked {
        Asked::List => (&None, catalog.len()),
        Asked::ListPage { after, limit } => (after, usize::try_from(*limit).unwrap_or(usize::MAX)),
        _ => return None,
    };
    let place = |name: &ProductName| catalog.iter().position(|product| product == name);
    let first = match after {
        None => Some(0),
        Some(name) => place(name).map(|place| place + 1),
    };
    let right = match (&operation.told, first) {
        (Told::Products { products }, Some(first)) => {
            products.iter().map(|product| &product.name).eq(catalog.iter().skip(first).take(limit))
        }
        (told, first) => *told == Told::Unknown || (*told == Told::UnknownProduct && first.is_none()),
    };
    if right {
        return None;
    }
    let fact =
        format!("client {}: {:?} was answered {:?}", operation.client, operation.asked, operation.told);
    Some(Violation::new(PROMISE, [fact]))
}

/// What is there is found, what is not is not.
fn existence(operation: &Operation, initial: &BTreeMap<ProductName, u64>) -> Option<Violation> {
    let (name, there) = match (&operation.asked, &operation.told) {
        (Asked::Query { name }, Told::Product { product }) => (name, product.is_some()),
        (Asked::Place { name, .. }, Told::UnknownProduct) => (name, false),
        (Asked::Place { name, .. }, Told::Placed { .. }) => (name, true),
        _ => return None,
    };
    if there == initial.contains_key(name) {
        return None;
    }
    let fact = format!(
        "client {} at {}: {:?} was answered {:?}",
        operation.client,
        seconds(operation.returned),
        operation.asked,
        operation.told
    );
    Some(Violation::new(PROMISE, [fact]))
}

/// What is left of a product after each time that the catalog was rebuilt.
fn rebuilds(history: &History, name: &ProductName) -> Vec<Rebuilt> {
    let rebuilt = |rebuild: &Rebuild| {
        let pieces = rebuild.stock.get(name).copied().unwrap_or(0);
        Rebuilt { at: rebuild.at, pieces, through: rebuild.through }
    };
    history.rebuilds.iter().map(rebuilt).collect()
}

fn steps(history: &History, name: &ProductName, ordered: &Ordered<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    let rebuilt = history.rebuilds.iter().map(|rebuild| rebuild.at).max().unwrap_or(0);
    for operation in &history.operations {
        let mut push = |act, until, what: String| {
            let who = format!(
                "client {} from {} to {}: {what}",
                operation.client,
                seconds(operation.invoked),
                seconds(operation.returned)
            );
            let number = match (&operation.asked, &operation.told) {
                (_, Told::Placed { number }) => Some(*number),
                (Asked::Place { key, .. }, _) => ordered.get(key).copied(),
                _ => None,
            };
            steps.push(Step { act, from: operation.invoked, until, number, what: who });
        };
        match (&operation.asked, &operation.told) {
            (Asked::Place { name: of, quantity, key }, Told::Placed { number }) if of == name => {
                let what = format!("bought {quantity} (key {key}, order {number})");
                push(Act::Sell(u64::from(quantity.get())), operation.returned, what);
            }
            // What a catalog sold that has forgotten it since is in no book, but was seen to be gone.
            (Asked::Place { name: of, quantity, key }, Told::Unknown)
                if of == name && (ordered.contains_key(key) || operation.invoked < rebuilt) =>
            {
                push(
                    Act::Sell(u64::from(quantity.get())),
                    Nanos::MAX,
                    format!("bought {quantity} (key {key}), unknowingly"),
                );
            }
            (Asked::Place { name: of, quantity, key }, Told::NotEnough { left }) if of == name => {
                push(
                    Act::See(*left),
                    operation.returned,
                    format!("could not buy {quantity} (key {key}): {left} left"),
                );
                // It has also forgotten whom it refused: a late copy of the request bought.
                if ordered.contains_key(key) && operation.returned < rebuilt {
                    let what = format!("bought {quantity} (key {key}), although it was refused before");
                    push(Act::Sell(u64::from(quantity.get())), Nanos::MAX, what);
                }
            }
            (Asked::Query { name: of }, Told::Product { product: Some(product) }) if of == name => {
                push(
                    Act::See(product.quantity),
                    operation.returned,
                    format!("saw {} in stock", product.quantity),
                );
            }
            (Asked::List | Asked::ListPage { .. }, Told::Products { products }) => {
                for product in products.iter().filter(|product| product.name == *name) {
                    push(
                        Act::See(product.quantity),
                        operation.returned,
                        format!("saw {} in stock, in the list", product.quantity),
                    );
                }
            }
            _ => {}
        }
    }
    steps
}

/// The stock, and which of the operations under way have taken place, as a bit each.
type State = (u64, u64);

struct Search<'s> {
    steps: &'s [Step],
    restock_to: u64,
    /// The operation in each place; none where there is none under way.
    under_way: Vec<Option<usize>>,
    states: BTreeSet<State>,
}

/// Of what happens at the same time, the beginning comes first: such operations overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Begins(usize),
    Rebuilt(usize),
    Ends(usize),
}

fn search(steps: &[Step], rebuilds: &[Rebuilt], initial: u64, restock_to: u64) -> Verdict {
    let mut moments: Vec<(Nanos, Moment)> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        moments.push((step.from, Moment::Begins(index)));
        if step.until < Nanos::MAX {
            moments.push((step.until, Moment::Ends(index)));
        }
    }
    moments.extend(rebuilds.iter().zip(0..).map(|(rebuilt, index)| (rebuilt.at, Moment::Rebuilt(index))));
    moments.sort_unstable();
    let mut search = Search { steps, restock_to, under_way: Vec::new(), states: [(initial, 0)].into() };
    for (_, moment) in moments {
        match moment {
            Moment::Begins(index) => match search.under_way.iter().position(Option::is_none) {
                Some(free) => search.under_way[free] = Some(index),
                None if search.under_way.len() == 64 => return Verdict::Undecided,
                None => search.under_way.push(Some(index)),
            },
            Moment::Rebuilt(index) => search.rebuild(rebuilds[index], index + 1 == rebuilds.len()),
            Moment::Ends(index) if search.end(index) => {}
            Moment::Ends(_) if search.states.len() >= MOST_STATES => return Verdict::Undecided,
            Moment::Ends(index) => return Verdict::Broken(search.facts(index)),
        }
    }
    Verdict::Fits
}

impl Search<'_> {
    /// All states that a state can become while the operations that are under way now are under way; with
    /// `until`, only up to where that place's operation has taken place.
    fn reachable(&self, until: Option<usize>) -> (BTreeSet<State>, BTreeSet<State>) {
        let mut seen = BTreeSet::new();
        let mut arrived = BTreeSet::new();
        let mut open: Vec<State> = self.states.iter().copied().collect();
        while let Some(state) = open.pop() {
            let state = self.look(state);
            if !seen.insert(state) {
                continue;
            }
            if seen.len() >= MOST_STATES {
                break;
            }
            let (stock, done) = state;
            if until.is_some_and(|place| done & 1 << place != 0) {
                arrived.insert(state);
                continue;
            }
            if stock == 0 && self.restock_to > 0 {
                open.push((self.restock_to, done));
            }
            for (place, index) in self.under_way.iter().enumerate() {
                if let Some(Act::Sell(pieces)) = index.map(|index| self.steps[index].act)
                    && done & 1 << place == 0
                    && pieces <= stock
                {
                    open.push((stock - pieces, done | 1 << place));
                }
            }
        }
        (seen, arrived)
    }

    /// Every query under way that fits takes place.
    fn look(&self, (stock, mut done): State) -> State {
        for (place, index) in self.under_way.iter().enumerate() {
            if index.is_some_and(|index| self.steps[index].act == Act::See(stock)) {
                done |= 1 << place;
            }
        }
        (stock, done)
    }

    /// An operation returns: only states in which it has taken place remain. False if there is none.
    fn end(&mut self, index: usize) -> bool {
        let Some(place) = self.under_way.iter().position(|under_way| *under_way == Some(index)) else {
            return false;
        };
        let (seen, arrived) = self.reachable(Some(place));
        if seen.len() >= MOST_STATES {
            self.states = seen;
            return false;
        }
        if arrived.is_empty() {
            return false;
        }
        self.states = arrived.into_iter().map(|(stock, done)| (stock, done & !(1 << place))).collect();
        self.under_way[place] = None;
        true
    }

    /// The catalog is made anew: of the sales, exactly those have taken place that are in the book. After the last time,
    /// what is in no book never takes place.
    fn rebuild(&mut self, rebuilt: Rebuilt, last: bool) {
        let (mut sales, mut sold) = (0, 0);
        for (place, index) in self.under_way.iter().enumerate() {
            let Some(step) = index.map(|index| &self.steps[index]) else { continue };
            if matches!(step.act, Act::Sell(_)) {
                sales |= 1 << place;
                sold |= u64::from(step.number.is_some_and(|number| number <= rebuilt.through)) << place;
            }
        }
        let states = self.reachable(None).0.into_iter();
        self.states = states.map(|(_, done)| (rebuilt.pieces, done & !sales | sold)).collect();
        let steps = self.steps;
        let forgotten =
            |index: &mut usize| matches!(steps[*index].act, Act::Sell(_)) && steps[*index].number.is_none();
        for place in self.under_way.iter_mut().filter(|_| last) {
            let _ = place.take_if(forgotten);
        }
    }

    fn facts(&self, index: usize) -> Vec<String> {
        let possible: BTreeSet<u64> = self.reachable(None).0.into_iter().map(|(stock, _)| stock).collect();
        let possible: Vec<String> = possible.iter().take(12).map(ToString::to_string).collect();
        let step = &self.steps[index];
        let mut facts = vec![
            step.what.clone(),
            format!("in that time the stock could only be {}", possible.join(" or ")),
        ];
        let before =
            self.steps.iter().filter(|other| other.until < step.from && matches!(other.act, Act::Sell(_)));
        if let Some(sale) = before.max_by_key(|other| other.until) {
            facts.push(format!("the last sale that was acknowledged before: {}", sale.what));
        }
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(text: &str) -> Vec<Step> {
        let parse = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let number = |word: &str| word.parse::<u64>().expect("a number");
            let act = match words[0] {
                "sell" => Act::Sell(number(words[1])),
                _ => Act::See(number(words[1])),
            };
            let until = if words[3] == "?" { Nanos::MAX } else { number(words[3]) };
            let order = words.get(4).map(|word| number(word));
            Step { act, from: number(words[2]), until, number: order, what: line.to_owned() }
        };
        text.split(';').map(str::trim).filter(|line| !line.is_empty()).map(parse).collect()
    }

    #[test]
    fn histories_by_hand() {
        // What, how many, from when, until when; the stock begins with 10 and is restocked to 5.
        for (text, fits) in [
            ("", true),
            ("see 10 1 2", true),
            ("see 9 1 2", false),
            ("sell 1 1 2; see 9 3 4", true),
            // A stale hit: the sale was acknowledged before the query was asked.
            ("sell 1 1 2; see 10 3 4", false),
            // The same while the sale is under way.
            ("sell 1 1 4; see 10 3 5", true),
            ("sell 1 1 4; see 9 2 3", true),
            // The new stock was seen, and then the old one again.
            ("sell 1 1 9; see 9 2 3; see 10 4 5", false),
            ("sell 1 1 9; see 9 2 3; see 10 3 5", true),
            // Two sales in either order, but not both ways.
            ("sell 1 1 9; sell 2 1 9; see 8 2 3; see 7 4 5", true),
            ("sell 1 1 9; sell 2 1 9; see 8 2 3; see 9 4 5", false),
            // Nobody knows whether or when, but if seen once, then for ever.
            ("sell 3 1 ?; see 10 2 3; see 7 4 5; see 7 6 7", true),
            ("sell 3 1 ?; see 10 2 3; see 7 4 5; see 10 6 7", false),
            // Sold out, restocked.
            ("sell 10 1 2; see 0 3 4; see 5 5 6", true),
            ("sell 10 1 2; see 5 3 4; see 0 5 6", false),
            ("sell 9 1 2; see 5 3 4", false),
            ("sell 10 1 2; sell 5 3 4; see 0 5 6; sell 2 7 8; see 3 9 10", true),
            // More than there is.
            ("sell 6 1 2; sell 6 3 4", false),
            ("sell 6 1 2; sell 4 3 4; sell 5 5 6; sell 5 5 7", true),
        ] {
            let verdict = search(&steps(text), &[], 10, 5);
            assert_eq!(verdict == Verdict::Fits, fits, "{text}: {verdict:?}");
        }
    }

    /// At 5 the catalog is made anew from a book of one order, so that 7 pieces are left.
    #[test]
    fn a_rebuilt_catalog_has_what_its_book_left() {
        for (text, fits) in [
            ("sell 3 1 2 1; see 7 3 4; see 7 6 7", true),
            // A restock is forgotten.
            ("sell 10 1 2 1; see 5 3 4; see 7 6 7", true),
            ("sell 10 1 2 1; see 5 3 4; see 5 6 7", false),
            // A purchase that is in no book is forgotten, and made again.
            ("sell 3 1 2 1; sell 2 1 9 2; see 5 3 4; see 7 6 7; see 5 10 11", true),
            ("sell 3 1 2 1; sell 2 1 9 2; see 7 10 11", false),
            // One that is in the book is not.
            ("sell 3 1 9 1; see 10 2 3; see 7 6 7; see 7 10 11", true),
            ("sell 3 1 9 1; see 4 10 11", false),
            // One that was never made an order may have been seen, but is forgotten for good.
            ("sell 3 1 2 1; sell 2 3 ?; see 5 4 5; see 7 6 7", true),
            ("sell 3 1 2 1; sell 2 3 ?; see 5 4 5; see 5 6 7", false),
        ] {
            let rebuilt = Rebuilt { at: 5, pieces: 7, through: 1 };
            let verdict = search(&steps(text), &[rebuilt], 10, 5);
            assert_eq!(verdict == Verdict::Fits, fits, "{text}: {verdict:?}");
        }
    }

    /// What `todc-utils` says.
    fn second_opinion(steps: &[Step], pieces: u64, restock_to: u64) -> bool {
        use crate::external_checkers::stock::{Act as Said, Shelf, Stock};
        use crate::external_checkers::{Timed, search};
        let shelf = Shelf { pieces: Some(pieces), restock_to: Some(restock_to) };
        let mut acts = vec![Timed { act: Said::Begin(shelf), from: 0, until: Some(0), line: 0 }];
        acts.extend(steps.iter().filter_map(|step| {
            let until = Some(step.until).filter(|until| *until < Nanos::MAX);
            let act = match step.act {
                Act::Sell(pieces) => Said::Sell { pieces, certain: until.is_some() },
                Act::See(pieces) => Said::See { pieces: until.map(|_| pieces)? },
            };
            Some(Timed { act, from: step.from + 1, until: until.map(|until| until + 1), line: 0 })
        }));
        search::<Stock>(&acts).fits()
    }

    /// The same verdicts as trying every permutation and as `todc-utils`, on small random histories.
    #[test]
    fn agrees_with_trying_everything() {
        use rand::rngs::SmallRng;
        use rand::{RngExt, SeedableRng};
        let mut rng = SmallRng::seed_from_u64(1);
        let (mut fit, mut broken) = (0, 0);
        for _ in 0..3000 {
            let steps: Vec<Step> = (0..rng.random_range(1..6))
                .map(|_| {
                    let from = rng.random_range(0..12);
                    let until = if rng.random_bool(0.1) { Nanos::MAX } else { from + rng.random_range(1..8) };
                    let act = if rng.random_bool(0.5) {
                        Act::Sell(rng.random_range(1..3))
                    } else {
                        Act::See(rng.random_range(0..5))
                    };
                    Step { act, from, until, number: None, what: String::new() }
                })
                .collect();
            let fits = exhaustive(&steps, &mut vec![false; steps.len()], 3);
            assert_eq!(search(&steps, &[], 3, 4) == Verdict::Fits, fits, "{steps:?}");
            assert_eq!(second_opinion(&steps, 3, 4), fits, "{steps:?}");
            if fits { fit += 1 } else { broken += 1 }
        }
        assert!(fit > 300 && broken > 300, "{fit} fit, {broken} do not");
    }

    fn exhaustive(steps: &[Step], done: &mut Vec<bool>, stock: u64) -> bool {
        let open =
            |done: &[bool]| steps.iter().zip(done).any(|(step, done)| !done && step.until < Nanos::MAX);
        if !open(done) {
            return true;
        }
        let first_end =
            steps.iter().zip(&*done).filter(|(_, done)| !**done).map(|(step, _)| step.until).min();
        for index in 0..steps.len() {
            if done[index] || first_end.is_some_and(|end| steps[index].from > end) {
                continue;
            }
            // From nothing, the restock may come first.
            for stock in if stock == 0 { vec![0, 4] } else { vec![stock] } {
                let next = match steps[index].act {
                    Act::Sell(pieces) => stock.checked_sub(pieces),
                    Act::See(seen) => (seen == stock).then_some(stock),
                };
                if let Some(next) = next {
                    done[index] = true;
                    if exhaustive(steps, done, next) {
                        return true;
                    }
                    done[index] = false;
                }
            }
        }
        false
    }
}
