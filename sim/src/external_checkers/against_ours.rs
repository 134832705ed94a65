//! Our own checks and these say the same of small random histories, most of them wrong.

use std::collections::BTreeSet;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use toystore_actors::domain::{Order, OrderNumber, ProductName, Quantity, RequestId};
use toystore_checks::data::{History, Invocation, Operation, Response};
use toystore_checks::promises::judge_history;
use toystore_checks::promises::products::{StockEffect, StockStep, StockVerdict, search as search_by_ours};
use toystore_checks::time::Nanos;

use super::search::search;
use super::stock::{KnownStock, Stock, StockAct};
use super::timed::TimedOperation;
use super::{Finding, judge};
use crate::history_file::HistoryFile;
use crate::plan::Setup;

fn name() -> ProductName {
    ProductName::new("toy-0").expect("valid")
}

fn quantity() -> Quantity {
    Quantity::new(1).expect("valid")
}

fn order(number: u64) -> Order {
    Order { number: OrderNumber::new(number), name: name(), quantity: quantity(), receipt: None }
}

fn place(key: &str) -> Invocation {
    Invocation::Place { key: RequestId::new(key).expect("valid"), name: name(), quantity: quantity() }
}

fn operation(invocation: Invocation, response: Response, invoked: Nanos, returned: Nanos) -> Operation {
    Operation { client: 0, invocation, invoked, returned, response }
}

/// What nobody knows of, and some orders, lookups and pages with random answers.
fn random_orders(rng: &mut SmallRng) -> History {
    // Whoever was told nothing may have placed any order that is in the book.
    let unknown = (0..8).map(|nobody| operation(place(&format!("n{nobody}")), Response::Unknown, 0, 0));
    let mut operations: Vec<Operation> = unknown.collect();
    for at in 0..rng.random_range(2..7) {
        let from = rng.random_range(1..16);
        let until = from + rng.random_range(1..8);
        let number = rng.random_range(1..5);
        let find = Invocation::Find { number: OrderNumber::new(number) };
        let (asked, told) = match rng.random_range(0..6) {
            0..=2 => (place(&format!("k{at}")), Response::Placed { number: OrderNumber::new(number) }),
            3 => (find, Response::Found { order: Some(order(number)) }),
            4 => (find, Response::Found { order: None }),
            _ => {
                let orders = (1..=rng.random_range(0..4)).map(order).collect();
                (Invocation::Page { after: OrderNumber::NONE, limit: 3 }, Response::Orders { orders })
            }
        };
        operations.push(operation(asked, told, from, until));
    }
    History { operations, ..History::default() }
}

#[test]
fn of_orders() {
    let mut rng = SmallRng::seed_from_u64(1);
    let setup = Setup::draw(1, &BTreeSet::new());
    let (mut fit, mut broken) = (0, 0);
    for _ in 0..5000 {
        let history = random_orders(&mut rng);
        let found = judge_history(&history);
        let ours = !found.is_empty();
        for report in judge(&HistoryFile::simulated(&setup, &history), None) {
            if report.of == "the order book" {
                let theirs = report.finding != Finding::Kept;
                assert_eq!(theirs, ours, "{history:?}\n{report}\n{found:?}");
            }
        }
        if ours { broken += 1 } else { fit += 1 }
    }
    assert!(fit > 500 && broken > 500, "{fit} fit, {broken} do not");
}

fn random_steps(rng: &mut SmallRng) -> Vec<StockStep> {
    let steps = rng.random_range(1..6);
    let step = |_| {
        let from = rng.random_range(0..12);
        let until = if rng.random_bool(0.1) { Nanos::MAX } else { from + rng.random_range(1..8) };
        let effect = if rng.random_bool(0.5) {
            StockEffect::Sell(rng.random_range(1..3))
        } else {
            StockEffect::See(rng.random_range(0..5))
        };
        StockStep { effect, from, until, number: None, what: String::new() }
    };
    (0..steps).map(step).collect()
}

#[test]
fn of_a_products_stock() {
    let mut rng = SmallRng::seed_from_u64(1);
    let (mut fit, mut broken) = (0, 0);
    for _ in 0..3000 {
        let steps = random_steps(&mut rng);
        let fits = fits_by_todc_utils(&steps, 3, 4);
        assert_eq!(search_by_ours(&steps, &[], 3, 4) == StockVerdict::Fits, fits, "{steps:?}");
        if fits { fit += 1 } else { broken += 1 }
    }
    assert!(fit > 300 && broken > 300, "{fit} fit, {broken} do not");
}

/// What `todc-utils` says.
fn fits_by_todc_utils(steps: &[StockStep], pieces: u64, restock_to: u64) -> bool {
    let known = KnownStock { pieces: Some(pieces), restock_to: Some(restock_to) };
    let mut acts = vec![TimedOperation { act: StockAct::Begin(known), from: 0, until: Some(0), line: 0 }];
    acts.extend(steps.iter().filter_map(|step| {
        let until = Some(step.until).filter(|until| *until < Nanos::MAX);
        let effect = match step.effect {
            StockEffect::Sell(pieces) => StockAct::Sell { pieces, certain: until.is_some() },
            StockEffect::See(pieces) => StockAct::See { pieces: until.map(|_| pieces)? },
        };
        Some(TimedOperation {
            act: effect,
            from: step.from + 1,
            until: until.map(|until| until + 1),
            line: 0,
        })
    }));
    search::<Stock>(&acts).fits()
}
