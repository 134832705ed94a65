//! Long random histories of a store that keeps its promises, with orders of unknown outcome and keys that are asked again; and the
//! same with one lie.

use std::collections::BTreeMap;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::domain::{
    Entry, Epoch, Order, OrderNumber, Product, ProductName, Purchase, Quantity, RequestId,
};
use toystore_actors::messages::catalog::Stocked;

use crate::data::{Invocation, Operation, Response};
use crate::live::{BookPage, InventoryPage, LiveJudge, Verdict};
use crate::time::{MILLI, Nanos};

const PRODUCTS: usize = 3;
const CLIENTS: u8 = 8;
const RESTOCK_TO: u64 = 30;
const INITIAL: u64 = 100;

fn name(product: usize) -> ProductName {
    ProductName::new(format!("toy-{product}")).expect("valid")
}

/// What somebody asks, when the store acts on it, and whether the answer is lost.
#[derive(Clone)]
struct Ask {
    client: u8,
    invocation: Invocation,
    invoked: Nanos,
    acts: Option<Nanos>,
    returned: Nanos,
    answer_lost: bool,
}

/// What really happened: the history, the book with times, and the restocks.
struct Truth {
    operations: Vec<Operation>,
    book: Vec<(Nanos, Entry)>,
    restocks: Vec<(Nanos, usize)>,
}

fn ask(rng: &mut SmallRng, client: u8, asked: usize, last: &mut Option<Purchase>, free: Nanos) -> Ask {
    let span = |rng: &mut SmallRng| rng.random_range(MILLI..100 * MILLI);
    let invoked = free + span(rng);
    let acts = invoked + span(rng);
    let invocation = match rng.random_range(0..10) {
        0..4 => {
            let name = name(rng.random_range(0..PRODUCTS));
            let key = RequestId::new(format!("{client}-{asked}")).expect("valid");
            let new =
                Purchase { key, name, quantity: Quantity::new(2 * rng.random_range(1..4)).expect("valid") };
            let again = last.clone().filter(|_| rng.random_bool(0.3));
            let Purchase { key, name, quantity } = last.insert(again.unwrap_or(new)).clone();
            Invocation::Place { key, name, quantity }
        }
        4..8 => Invocation::Query { name: name(rng.random_range(0..PRODUCTS)) },
        8 => Invocation::Find { number: OrderNumber::new(rng.random_range(1..500)) },
        _ => Invocation::List,
    };
    let answer_lost = matches!(invocation, Invocation::Place { .. }) && rng.random_bool(0.05);
    let returned = acts + span(rng);
    if !answer_lost {
        return Ask { client, invocation, invoked, acts: Some(acts), returned, answer_lost };
    }
    // It may happen long after its shopper gave up, or never.
    let late = acts + rng.random_range(0..50) * 100 * MILLI;
    let acts = Some(late).filter(|_| rng.random_bool(0.5));
    Ask { client, invocation, invoked, acts, returned, answer_lost }
}

fn asks(rng: &mut SmallRng, number: usize) -> Vec<Ask> {
    let mut asks = Vec::new();
    for client in 0..CLIENTS {
        let (mut last, mut free) = (None, 0);
        for asked in 0..number / usize::from(CLIENTS) {
            let next = ask(rng, client, asked, &mut last, free);
            free = next.returned;
            asks.push(next);
        }
    }
    asks
}

/// A store that acts on one thing after the other.
struct Model {
    stock: Vec<u64>,
    keys: BTreeMap<RequestId, Response>,
    book: Vec<(Nanos, Entry)>,
    restocks: Vec<(Nanos, usize)>,
}

impl Model {
    fn act(&mut self, at: Nanos, invocation: &Invocation) -> Response {
        let product =
            |(place, pieces): (usize, &u64)| Product { name: name(place), price_cents: 5, quantity: *pieces };
        let place = |of: &ProductName| (0..PRODUCTS).find(|place| name(*place) == *of).expect("a toy");
        match invocation {
            Invocation::Query { name } => {
                let place = place(name);
                Response::Product { product: Some(product((place, &self.stock[place]))) }
            }
            Invocation::List => {
                Response::Products { products: self.stock.iter().enumerate().map(product).collect() }
            }
            Invocation::Find { number } => {
                let place = usize::try_from(number.get() - 1).expect("small");
                Response::Found { order: self.book.get(place).and_then(|(_, entry)| entry.order()) }
            }
            Invocation::Place { key, name, quantity } => {
                if let Some(told) = self.keys.get(key) {
                    return told.clone();
                }
                let (place, pieces) = (place(name), u64::from(quantity.get()));
                let told = match self.stock[place].checked_sub(pieces) {
                    None => Response::NotEnough { left: self.stock[place] },
                    Some(left) => {
                        self.stock[place] = left;
                        let number = OrderNumber::new(self.book.len() as u64 + 1);
                        let purchase = Purchase { key: key.clone(), name: name.clone(), quantity: *quantity };
                        let entry =
                            Entry { number, epoch: Epoch::new(1), purchase: Some(purchase), receipt: None };
                        self.book.push((at, entry));
                        Response::Placed { number }
                    }
                };
                self.keys.insert(key.clone(), told.clone());
                told
            }
            _ => unreachable!("nobody asks that"),
        }
    }
}

fn truth(rng: &mut SmallRng, number: usize) -> Truth {
    let asks = asks(rng, number);
    let mut acts: Vec<(Nanos, usize)> =
        asks.iter().enumerate().filter_map(|(place, ask)| Some((ask.acts?, place))).collect();
    acts.sort_unstable();
    let mut model = Model {
        stock: vec![INITIAL; PRODUCTS],
        keys: BTreeMap::new(),
        book: Vec::new(),
        restocks: Vec::new(),
    };
    let mut told = vec![Response::Unknown; asks.len()];
    for (at, place) in acts {
        for product in 0..PRODUCTS {
            if model.stock[product] == 0 && rng.random_bool(0.2) {
                model.stock[product] = RESTOCK_TO;
                model.restocks.push((at, product));
            }
        }
        told[place] = model.act(at, &asks[place].invocation);
    }
    let operations = asks.into_iter().zip(told).map(|(ask, told)| Operation {
        client: ask.client,
        invocation: ask.invocation,
        invoked: ask.invoked,
        returned: ask.returned,
        response: if ask.answer_lost { Response::Unknown } else { told },
    });
    let mut operations: Vec<_> = operations.collect();
    operations.sort_by_key(|operation| operation.returned);
    Truth { operations, book: model.book, restocks: model.restocks }
}

impl Truth {
    fn inventory(&self, at: Nanos, sold_more: u64) -> InventoryPage {
        let stocked = |product: usize| {
            let of = name(product);
            let sold = self.book.iter().take_while(|(sold, _)| *sold <= at);
            let sold = sold.filter_map(|(_, entry)| entry.purchase.as_ref());
            let sold: u64 = sold
                .filter(|purchase| purchase.name == of)
                .map(|purchase| u64::from(purchase.quantity.get()))
                .sum();
            let restocked = self.restocks.iter().filter(|(when, which)| *when <= at && *which == product);
            let restocked = RESTOCK_TO * restocked.count() as u64;
            Stocked { name: of, price_cents: 5, initial: INITIAL, restocked, sold: sold + sold_more }
        };
        InventoryPage { asked: at, answered: at, products: (0..PRODUCTS).map(stocked).collect() }
    }

    fn page(&self, judge: &LiveJudge, at: Nanos) -> BookPage {
        let after = judge.read_on_from().number;
        let acknowledged = self.book.partition_point(|(when, _)| *when <= at);
        let from = usize::try_from(after.get()).expect("small");
        let entries = self.book[from.min(acknowledged)..acknowledged].iter();
        let entries = entries.map(|(_, entry)| entry.clone()).collect();
        let acknowledged = OrderNumber::new(acknowledged as u64);
        BookPage { asked: at, answered: at, after, entries, acknowledged }
    }

    /// Has it judged in windows of random length, with other readings in between.
    fn judged(&self, rng: &mut SmallRng, sold_more: u64) -> Verdict {
        let mut judge = LiveJudge::new(RESTOCK_TO);
        let (mut now, mut next) = (0, 0);
        while next < self.operations.len() {
            now += rng.random_range(1..500) * MILLI;
            let until = next + self.operations[next..].partition_point(|operation| operation.returned <= now);
            let mut told: Vec<_> = self.operations[next..until].to_vec();
            // Threads tell out of order.
            for place in 1..told.len() {
                if rng.random_bool(0.3) {
                    told.swap(place - 1, place);
                }
            }
            told.into_iter().for_each(|operation| judge.answered(operation));
            next = until;
            let under_way = self.operations[next..].iter().map(|operation| operation.invoked).min();
            judge.advance(under_way.unwrap_or(now).min(now));
            if rng.random_bool(0.7) {
                judge.book(&self.page(&judge, now));
            }
            if rng.random_bool(0.1) {
                judge.inventory(self.inventory(now, sold_more));
            }
        }
        let end = now + 60_000 * MILLI;
        judge.advance(end);
        judge.inventory(self.inventory(end, sold_more));
        judge.advance(end + 1);
        judge.book(&self.page(&judge, end + 2));
        judge.verdict().clone()
    }
}

#[test]
fn what_is_right_is_judged_right() {
    let mut undecided = 0;
    for seed in 0..5 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let truth = truth(&mut rng, 3_000);
        let verdict = truth.judged(&mut rng, 0);
        assert_eq!(verdict.violations, [], "seed {seed}: {verdict:?}");
        assert_eq!(verdict.operations, truth.operations.len() as u64);
        assert!(verdict.acknowledged > 200, "{verdict:?}");
        undecided += verdict.undecided;
    }
    assert!(undecided < 100, "{undecided} of some 10,000 stretches");
}

/// Places of the operations that are of some kind, in the middle of the history.
fn some(rng: &mut SmallRng, truth: &Truth, is: impl Fn(&Operation) -> bool) -> usize {
    let all = truth.operations.iter().enumerate().skip(500).take(2_000);
    let fit: Vec<usize> = all.filter(|(_, operation)| is(operation)).map(|(place, _)| place).collect();
    fit[rng.random_range(0..fit.len())]
}

fn placed(operation: &Operation) -> Option<OrderNumber> {
    match operation.response {
        Response::Placed { number } => Some(number),
        _ => None,
    }
}

#[test]
fn one_lie_is_found() {
    type Lie = fn(&mut SmallRng, &mut Truth) -> u64;
    let stale: Lie = |rng, truth| {
        let place = some(rng, truth, |operation| matches!(operation.invocation, Invocation::Query { .. }));
        // All sales and restocks are even.
        if let Response::Product { product: Some(product) } = &mut truth.operations[place].response {
            product.quantity += 1;
        }
        0
    };
    let not_found: Lie = |rng, truth| {
        let found = |operation: &Operation| matches!(&operation.response, Response::Found { order: Some(Order { number, .. }) } if number.get() < 100);
        let place = some(rng, truth, found);
        truth.operations[place].response = Response::Found { order: None };
        0
    };
    let doubled: Lie = |rng, truth| {
        let place = some(rng, truth, |operation| placed(operation).is_some());
        let number = placed(&truth.operations[place]).expect("placed");
        truth.operations[place].response = Response::Placed { number: number + 1 };
        0
    };
    let lost: Lie = |rng, truth| {
        let place = some(rng, truth, |operation| placed(operation).is_some());
        let number = placed(&truth.operations[place]).expect("placed");
        let entry = &mut truth.book[usize::try_from(number.get() - 1).expect("small")].1;
        let purchase = entry.purchase.as_mut().expect("an order");
        purchase.key = RequestId::new("another").expect("valid");
        0
    };
    let missing: Lie = |rng, truth| {
        let place = some(rng, truth, |operation| placed(operation).is_some());
        let number = placed(&truth.operations[place]).expect("placed");
        truth.book[usize::try_from(number.get() - 1).expect("small")].1.purchase = None;
        0
    };
    let off: Lie = |_, _| 2;
    type Counter = fn(&Verdict) -> u64;
    let rows: [(&str, Lie, Counter); 6] = [
        ("an outdated stock", stale, |verdict| verdict.stale_reads),
        ("an order that is not found", not_found, |verdict| verdict.stale_reads),
        ("another's number", doubled, |verdict| verdict.doubled),
        ("another order in the book", lost, |verdict| verdict.lost),
        ("no order in the book", missing, |verdict| verdict.missing_numbers.min(verdict.lost)),
        ("sold without an order", off, |verdict| verdict.stock_off),
    ];
    for (what, lie, counter) in rows {
        let mut found = 0;
        for seed in 0..2 {
            let mut rng = SmallRng::seed_from_u64(seed);
            let mut truth = truth(&mut rng, 3_000);
            let sold_more = lie(&mut rng, &mut truth);
            found += u64::from(counter(&truth.judged(&mut rng, sold_more)) > 0);
        }
        assert_eq!(found, 2, "{what}");
    }
}
