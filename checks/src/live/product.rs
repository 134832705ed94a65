//! One product's stock, judged a stretch of time at a time.
//!
//! A stretch begins and ends where nothing of the product is under way, but for orders of which nobody knows what became of them:
//! these may take place at any time, and are carried on. What the product may be like at the end of one stretch is where the next begins.
//! When that is too much to search, or something contradicted itself, nothing is known of the stock; it is known again after a
//! stretch without sales in which everybody saw the same.

use std::collections::BTreeSet;

use toystore_actors::domain::{OrderNumber, Purchase};

use crate::promises::products::{Begin, Possibility, StockEffect, StockStep, Walk, walk};
use crate::time::Nanos;

/// So many states at once are too many to go on: some milliseconds of search.
const MOST_STATES: usize = 5_000;

/// So many states are too many to begin with.
const MOST_STATES_BETWEEN: usize = 512;

/// So many orders of unknown outcome are too many to carry on.
const MOST_CARRIED: usize = 8;

/// So many orders of unknown outcome are known of a product; older ones are given up.
const MOST_OPEN: usize = 32;

/// So many steps without an end of the stretch are too many to wait for it.
const MOST_WAITING: usize = 5_000;

/// One step, and for a sale which purchase it is of.
#[derive(Debug)]
struct LiveStep {
    step: StockStep,
    sale: Sale,
}

/// Which purchase a sale is of, none for what is no sale; and when somebody was last told that its outcome is unknown.
type Sale = (Option<Purchase>, Nanos);

/// What is wrong in a stretch, or that nobody can tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Judged {
    Broken(Vec<String>),
    Undecided,
}

/// One product's stock.
#[derive(Debug, Default)]
pub(super) struct ProductStock {
    /// By when they began, once a stretch is looked for.
    waiting: Vec<LiveStep>,
    /// Sales of unknown outcome that began in earlier stretches.
    carried: Vec<LiveStep>,
    /// What the product may be like, with a bit for each carried sale; `None` if nothing is known.
    possible: Option<BTreeSet<Possibility>>,
    /// Every stretch that began before then is judged.
    closed: Nanos,
    /// What began before then cannot be judged, because somebody sold who is not in the history.
    uncertain_until: Nanos,
}

impl ProductStock {
    /// There are so many pieces, and nothing is under way.
    pub(super) fn begins_with(&mut self, pieces: u64) {
        self.possible = Some([(pieces, 0)].into());
    }

    pub(super) fn see(&mut self, step: StockStep) {
        self.add(LiveStep { step, sale: (None, 0) });
    }

    pub(super) fn sell(&mut self, step: StockStep, purchase: Purchase, unknown_since: Nanos) {
        self.add(LiveStep { step, sale: (Some(purchase), unknown_since) });
    }

    fn add(&mut self, step: LiveStep) {
        if step.step.from < self.closed {
            self.uncertain(step.step.until.min(self.closed));
        }
        self.waiting.push(step);
    }

    /// Whether something that began then can still be judged.
    pub(super) fn is_closed(&self, at: Nanos) -> bool {
        at < self.closed
    }

    /// Sales may have taken place until then of which nothing was told.
    pub(super) fn uncertain(&mut self, until: Nanos) {
        self.possible = None;
        self.uncertain_until = self.uncertain_until.max(until);
    }

    fn steps_of<'s>(&'s mut self, purchase: &'s Purchase) -> impl Iterator<Item = &'s mut LiveStep> {
        let all = self.waiting.iter_mut().chain(&mut self.carried);
        all.filter(move |step| step.sale.0.as_ref() == Some(purchase))
    }

    /// A purchase was asked for earlier than was known.
    pub(super) fn earlier(&mut self, purchase: &Purchase, invoked: Nanos) {
        let closed = self.closed;
        for step in self.steps_of(purchase) {
            step.step.from = step.step.from.min(invoked.max(closed));
        }
    }

    /// Somebody was told again that the outcome is unknown.
    pub(super) fn still_unknown(&mut self, purchase: &Purchase, since: Nanos) {
        for step in self.steps_of(purchase) {
            step.sale.1 = step.sale.1.max(since);
        }
    }

    /// What was unknown did take place, no later than then. False if it had been given up.
    pub(super) fn sold(&mut self, purchase: &Purchase, until: Nanos, number: OrderNumber) -> bool {
        let until = until.max(self.closed);
        let mut known = false;
        for step in self.steps_of(purchase) {
            step.step.until = step.step.until.min(until.max(step.step.from));
            step.step.number = Some(number);
            known = true;
        }
        known
    }

    /// What was unknown never takes place.
    pub(super) fn never(&mut self, purchase: &Purchase) {
        self.waiting.retain(|step| step.sale.0.as_ref() != Some(purchase));
        self.drop_carried(|step| step.sale.0.as_ref() == Some(purchase), true);
    }

    /// Stops to wait for what was unknown since before then: who was told by then has told whatever took place.
    pub(super) fn give_up(&mut self, before: Nanos) {
        self.drop_carried(|step| step.step.until == Nanos::MAX && step.sale.1 < before, false);
    }

    /// Takes carried sales out: with `never`, together with the states in which they took place.
    fn drop_carried(&mut self, is_gone: impl Fn(&LiveStep) -> bool, never: bool) {
        let stays: Vec<bool> = self.carried.iter().map(|step| !is_gone(step)).collect();
        if stays.iter().all(|stays| *stays) {
            return;
        }
        let gone: u64 = (0..).zip(&stays).map(|(place, stays)| u64::from(!stays) << place).sum();
        let places: Vec<usize> = (0..stays.len()).filter(|place| stays[*place]).collect();
        let bits = |done: u64| (0..).zip(&places).map(|(to, from): (u32, _)| (done >> from & 1) << to).sum();
        let states = self.possible.take().into_iter().flatten();
        let states = states.filter(|(_, done)| !never || done & gone == 0);
        let states: BTreeSet<Possibility> = states.map(|(stock, done)| (stock, bits(done))).collect();
        self.possible = Some(states).filter(|states| !states.is_empty());
        let mut stays = stays.into_iter();
        self.carried.retain(|_| stays.next().unwrap_or(true));
    }

    /// Judges every stretch that ended before then: all that began before then is there.
    pub(super) fn close(&mut self, through: Nanos, restock_to: u64, mut judged: impl FnMut(Judged)) {
        if self.waiting.is_empty() && self.carried.iter().all(|step| step.step.until == Nanos::MAX) {
            self.closed = self.closed.max(through);
            return;
        }
        self.waiting.sort_by_key(|step| step.step.from);
        while let Some(steps) = self.next_end(through) {
            let carried = self.carried.len();
            let mut stretch = std::mem::take(&mut self.carried);
            stretch.extend(self.waiting.drain(..steps));
            self.closed = match self.waiting.first() {
                Some(next) => next.step.from.min(through),
                None => through,
            };
            self.judge(stretch, carried, restock_to, &mut judged);
        }
        if self.waiting.len() > MOST_WAITING {
            judged(Judged::Undecided);
            self.overflow(through);
        }
    }

    /// How many of the steps that wait are of the stretch that ends first, if one ended before then.
    fn next_end(&self, through: Nanos) -> Option<usize> {
        let ends = |step: &LiveStep| Some(step.step.until).filter(|until| *until < Nanos::MAX);
        let mut reach = self.carried.iter().filter_map(ends).max();
        for (place, next) in self.waiting.iter().enumerate() {
            let begins = next.step.from;
            if reach.is_some_and(|reach| reach < begins.min(through)) {
                return Some(place);
            }
            if begins >= through {
                return None;
            }
            // What may take place at any time does not hold up the end, but has begun.
            reach = reach.max(Some(ends(next).unwrap_or(begins)));
        }
        reach.filter(|reach| *reach < through).map(|_| self.waiting.len())
    }

    /// Judges a stretch, of which the first steps were carried into it.
    fn judge(
        &mut self,
        stretch: Vec<LiveStep>,
        carried: usize,
        restock_to: u64,
        judged: &mut impl FnMut(Judged),
    ) {
        let certain = stretch.iter().skip(carried).all(|step| step.step.from >= self.uncertain_until);
        let (steps, sales): (Vec<StockStep>, Vec<Sale>) =
            stretch.into_iter().map(|LiveStep { step, sale }| (step, sale)).unzip();
        let still_open = || (0..steps.len()).filter(|place| steps[*place].until == Nanos::MAX).collect();
        let (states, open): (_, Vec<usize>) = match self.possible.take().filter(|_| certain) {
            Some(states) => match search(&steps, carried, states, restock_to) {
                Walk::Fits(states, open) => (Some(states), open),
                Walk::Broken(facts) => {
                    judged(Judged::Broken(facts));
                    (None, still_open())
                }
                Walk::Undecided => {
                    judged(Judged::Undecided);
                    (None, still_open())
                }
            },
            None => {
                let open: Vec<usize> = still_open();
                let states = pinned(&steps, open.len()).filter(|_| certain);
                let seen = steps.iter().any(|step| matches!(step.effect, StockEffect::See(_)));
                if states.is_none() && seen {
                    judged(Judged::Undecided);
                }
                (states, open)
            }
        };
        self.possible =
            states.filter(|states| states.len() <= MOST_STATES_BETWEEN && open.len() <= MOST_CARRIED);
        let mut stretch: Vec<_> = steps.into_iter().zip(sales).map(Some).collect();
        let carried = open.into_iter().filter_map(|place| stretch[place].take());
        self.carried = carried.map(|(step, sale)| LiveStep { step, sale }).collect();
        if self.carried.len() > MOST_OPEN {
            self.carried.drain(..self.carried.len() - MOST_OPEN);
        }
    }

    /// Stops to wait for the end of a stretch.
    fn overflow(&mut self, through: Nanos) {
        let until = |step: &LiveStep| Some(step.step.until).filter(|until| *until < Nanos::MAX);
        let until = self.waiting.iter().chain(&self.carried).filter_map(until).max();
        self.uncertain(until.unwrap_or(through).max(through));
        self.carried.append(&mut self.waiting);
        self.carried.retain(|step| step.step.until == Nanos::MAX);
        self.closed = through;
    }

    /// How much is kept of it.
    pub(super) fn kept(&self) -> usize {
        1 + self.waiting.len() + self.carried.len() + self.possible.as_ref().map_or(0, BTreeSet::len)
    }
}

/// First in the order of the numbers, which a store keeps and which leaves little to try. But only where what remains does not
/// depend on the order: a fit in one order says nothing about what other orders could have left.
fn search(steps: &[StockStep], carried: usize, states: BTreeSet<Possibility>, restock_to: u64) -> Walk {
    let pieces = |step: &StockStep| match step.effect {
        StockEffect::Sell(pieces) => pieces,
        StockEffect::See(_) => 0,
    };
    let all: u64 = steps.iter().map(pieces).sum();
    let certain = steps.iter().all(|step| step.until < Nanos::MAX);
    let begin = |states, by_number| Begin {
        states,
        under_way: carried,
        restock_to,
        most_states: MOST_STATES,
        by_number,
    };
    if certain
        && states.iter().all(|(stock, _)| *stock > all)
        && let fits @ Walk::Fits(..) = walk(steps, &[], begin(states.clone(), true))
    {
        return fits;
    }
    walk(steps, &[], begin(states, false))
}

/// What the product may be like after a stretch without sales in which everybody saw the same; any of the open sales, which
/// began at some time, may have taken place before.
fn pinned(steps: &[StockStep], open: usize) -> Option<BTreeSet<Possibility>> {
    let seen = steps.iter().filter_map(|step| match step.effect {
        StockEffect::See(pieces) => Some(Some(pieces)),
        StockEffect::Sell(_) if step.until < Nanos::MAX => Some(None),
        StockEffect::Sell(_) => None,
    });
    let seen: BTreeSet<Option<u64>> = seen.collect();
    let pieces = seen.first().copied().flatten().filter(|_| seen.len() == 1 && open <= MOST_CARRIED)?;
    Some((0..1 << open).map(|taken| (pieces, taken)).collect())
}
