//! Product queries are linearizable, also those that a cache answers.
//!
//! Each product is an object of its own: sales take pieces, a restock fills an empty stock, and a query (a
//! list, a refusal that says how many are left) sees how many there are. The search is the just-in-time
//! linearization of Lowe ("Testing for linearizability", 2017): it walks along the history and keeps every
//! state that is possible, that is the stock and which of the operations under way have taken place; an
//! operation has to take place no later than its return. A query that fits the stock can always take place
//! at once, because it changes nothing, so only sales and restocks branch.

use std::collections::BTreeSet;

use super::step::{StockEffect, StockReset, StockStep};
use crate::time::Nanos;

/// So many states at once are too many to go on.
const MOST_STATES: usize = 200_000;

/// What became of the search.
#[derive(Debug, PartialEq, Eq)]
pub enum StockVerdict {
    /// Some order of the operations fits.
    Fits,
    /// There were too many possibilities to try.
    Undecided,
    /// No order of the operations fits; why, for a person.
    Broken(Vec<String>),
}

/// The stock, and which of the operations under way have taken place, as a bit each.
pub(crate) type Possibility = (u64, u64);

/// So many operations can be under way at once.
const MOST_UNDER_WAY: usize = 64;

/// What is known where a search begins, and how it is to go about it.
pub(crate) struct Begin {
    /// What the product may be like.
    pub(crate) states: BTreeSet<Possibility>,
    /// So many steps, the first ones, are under way already; a state has a bit for each.
    pub(crate) under_way: usize,
    /// Pieces after a restock; zero for none.
    pub(crate) restock_to: u64,
    /// So many states at once are too many to go on.
    pub(crate) most_states: usize,
    /// Whether sales are only tried in the order of their numbers. A store keeps it, but what does not fit so may fit otherwise.
    pub(crate) by_number: bool,
}

/// What became of a walk along the steps.
pub(crate) enum Walk {
    /// They fit. What the product may be like now, with a bit for each of these steps, which may be under way still.
    Fits(BTreeSet<Possibility>, Vec<usize>),
    Undecided,
    Broken(Vec<String>),
}

struct StockSearch<'s> {
    steps: &'s [StockStep],
    begin: Begin,
    /// The operation in each place; none where there is none under way.
    under_way: Vec<Option<usize>>,
}

/// Of what happens at the same time, the beginning comes first: such operations overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Begins(usize),
    Reset(usize),
    Ends(usize),
}

/// Looks for an order of what was done to one product that fits what was seen of it.
#[must_use]
pub fn search(steps: &[StockStep], resets: &[StockReset], initial: u64, restock_to: u64) -> StockVerdict {
    let states = [(initial, 0)].into();
    let begin = Begin { states, under_way: 0, restock_to, most_states: MOST_STATES, by_number: false };
    match walk(steps, resets, begin) {
        Walk::Fits(..) => StockVerdict::Fits,
        Walk::Undecided => StockVerdict::Undecided,
        Walk::Broken(facts) => StockVerdict::Broken(facts),
    }
}

/// As [`search`], from any of several states.
pub(crate) fn walk(steps: &[StockStep], resets: &[StockReset], begin: Begin) -> Walk {
    let mut moments: Vec<(Nanos, Moment)> = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        if index >= begin.under_way {
            moments.push((step.from, Moment::Begins(index)));
        }
        if step.until < Nanos::MAX {
            moments.push((step.until, Moment::Ends(index)));
        }
    }
    moments.extend(resets.iter().zip(0..).map(|(reset, index)| (reset.at, Moment::Reset(index))));
    moments.sort_unstable();
    let under_way = (0..begin.under_way).map(Some).collect();
    let mut search = StockSearch { steps, begin, under_way };
    for (_, moment) in moments {
        match moment {
            Moment::Begins(index) => match search.under_way.iter().position(Option::is_none) {
                Some(free) => search.under_way[free] = Some(index),
                None if search.under_way.len() == MOST_UNDER_WAY => return Walk::Undecided,
                None => search.under_way.push(Some(index)),
            },
            Moment::Reset(index) => search.reset(resets[index], index + 1 == resets.len()),
            Moment::Ends(index) if search.end(index) => {}
            Moment::Ends(_) if search.begin.states.len() >= search.begin.most_states => {
                return Walk::Undecided;
            }
            Moment::Ends(index) => return Walk::Broken(search.facts(index)),
        }
    }
    search.ended()
}

impl StockSearch<'_> {
    /// All states that a state can become while the operations that are under way now are under way; with
    /// `until`, only up to where that place's operation has taken place.
    fn reachable(&self, until: Option<usize>) -> (BTreeSet<Possibility>, BTreeSet<Possibility>) {
        let mut seen = BTreeSet::new();
        let mut arrived = BTreeSet::new();
        let mut open: Vec<Possibility> = self.begin.states.iter().copied().collect();
        while let Some(state) = open.pop() {
            let state = self.look(state);
            if !seen.insert(state) {
                continue;
            }
            if seen.len() >= self.begin.most_states {
                break;
            }
            let (stock, done) = state;
            if until.is_some_and(|place| done & 1 << place != 0) {
                arrived.insert(state);
                continue;
            }
            if stock == 0 && self.begin.restock_to > 0 {
                open.push((self.begin.restock_to, done));
            }
            for (place, index) in self.under_way.iter().enumerate() {
                if let Some(StockEffect::Sell(pieces)) = index.map(|index| self.steps[index].effect)
                    && done & 1 << place == 0
                    && pieces <= stock
                    && !(self.begin.by_number && self.has_an_earlier_number(place, done))
                {
                    open.push((stock - pieces, done | 1 << place));
                }
            }
        }
        (seen, arrived)
    }

    /// Whether a sale under way that has not taken place has a lower number.
    fn has_an_earlier_number(&self, place: usize, done: u64) -> bool {
        let number = |index: &Option<usize>| index.and_then(|index| self.steps[index].number);
        let Some(own) = number(&self.under_way[place]) else { return false };
        let mut others = self.under_way.iter().enumerate();
        others.any(|(other, index)| done & 1 << other == 0 && number(index).is_some_and(|other| other < own))
    }

    /// Every query under way that fits takes place.
    fn look(&self, (stock, mut done): Possibility) -> Possibility {
        for (place, index) in self.under_way.iter().enumerate() {
            if index.is_some_and(|index| self.steps[index].effect == StockEffect::See(stock)) {
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
        if seen.len() >= self.begin.most_states {
            self.begin.states = seen;
            return false;
        }
        if arrived.is_empty() {
            return false;
        }
        self.begin.states = arrived.into_iter().map(|(stock, done)| (stock, done & !(1 << place))).collect();
        self.under_way[place] = None;
        true
    }

    /// The catalog is made anew: of the sales, exactly those have taken place that are in the book. After the last time,
    /// what is in no book never takes place.
    fn reset(&mut self, reset: StockReset, last: bool) {
        let (mut sales, mut sold) = (0, 0);
        for (place, index) in self.under_way.iter().enumerate() {
            let Some(step) = index.map(|index| &self.steps[index]) else { continue };
            if matches!(step.effect, StockEffect::Sell(_)) {
                sales |= 1 << place;
                sold |= u64::from(step.number.is_some_and(|number| number <= reset.through)) << place;
            }
        }
        let states = self.reachable(None).0.into_iter();
        self.begin.states = states.map(|(_, done)| (reset.pieces, done & !sales | sold)).collect();
        let steps = self.steps;
        let forgotten = |index: &mut usize| {
            matches!(steps[*index].effect, StockEffect::Sell(_)) && steps[*index].number.is_none()
        };
        for place in self.under_way.iter_mut().filter(|_| last) {
            let _ = place.take_if(forgotten);
        }
    }

    /// What remains: the stock, with a bit for each operation that is under way still.
    fn ended(self) -> Walk {
        let places: Vec<usize> =
            (0..self.under_way.len()).filter(|place| self.under_way[*place].is_some()).collect();
        let open = places.iter().filter_map(|place| self.under_way[*place]).collect();
        let bits = |done: u64| {
            let bit = |(to, from): (usize, &usize)| (done >> from & 1) << to;
            places.iter().enumerate().map(bit).sum()
        };
        Walk::Fits(self.begin.states.into_iter().map(|(stock, done)| (stock, bits(done))).collect(), open)
    }

    fn facts(&self, index: usize) -> Vec<String> {
        let possible: BTreeSet<u64> = self.reachable(None).0.into_iter().map(|(stock, _)| stock).collect();
        let possible: Vec<String> = possible.iter().take(12).map(ToString::to_string).collect();
        let step = &self.steps[index];
        let mut facts = vec![
            step.what.clone(),
            format!("in that time the stock could only be {}", possible.join(" or ")),
        ];
        let before = self
            .steps
            .iter()
            .filter(|other| other.until < step.from && matches!(other.effect, StockEffect::Sell(_)));
        if let Some(sale) = before.max_by_key(|other| other.until) {
            facts.push(format!("the last sale that was acknowledged before: {}", sale.what));
        }
        facts
    }
}
