//! Histories by hand, and small random ones against trying everything.

use super::search::{StockVerdict, search};
use super::step::{StockEffect, StockReset, StockStep};
use crate::examples::order_number;
use crate::time::Nanos;

fn steps(text: &str) -> Vec<StockStep> {
    let parse = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: &str| word.parse::<u64>().expect("a number");
        let effect = match words[0] {
            "sell" => StockEffect::Sell(number(words[1])),
            _ => StockEffect::See(number(words[1])),
        };
        let until = if words[3] == "?" { Nanos::MAX } else { number(words[3]) };
        let order = words.get(4).map(|word| order_number(number(word)));
        StockStep { effect, from: number(words[2]), until, number: order, what: line.to_owned() }
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
        assert_eq!(verdict == StockVerdict::Fits, fits, "{text}: {verdict:?}");
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
        let rebuilt = StockReset { at: 5, pieces: 7, through: order_number(1) };
        let verdict = search(&steps(text), &[rebuilt], 10, 5);
        assert_eq!(verdict == StockVerdict::Fits, fits, "{text}: {verdict:?}");
    }
}

/// The same verdicts as trying every permutation, on small random histories.
#[test]
fn agrees_with_trying_everything() {
    use rand::rngs::SmallRng;
    use rand::{RngExt, SeedableRng};
    let mut rng = SmallRng::seed_from_u64(1);
    let (mut fit, mut broken) = (0, 0);
    for _ in 0..3000 {
        let steps: Vec<StockStep> = (0..rng.random_range(1..6))
            .map(|_| {
                let from = rng.random_range(0..12);
                let until = if rng.random_bool(0.1) { Nanos::MAX } else { from + rng.random_range(1..8) };
                let effect = if rng.random_bool(0.5) {
                    StockEffect::Sell(rng.random_range(1..3))
                } else {
                    StockEffect::See(rng.random_range(0..5))
                };
                StockStep { effect, from, until, number: None, what: String::new() }
            })
            .collect();
        let fits = exhaustive(&steps, &mut vec![false; steps.len()], 3);
        assert_eq!(search(&steps, &[], 3, 4) == StockVerdict::Fits, fits, "{steps:?}");
        if fits { fit += 1 } else { broken += 1 }
    }
    assert!(fit > 300 && broken > 300, "{fit} fit, {broken} do not");
}

fn exhaustive(steps: &[StockStep], done: &mut Vec<bool>, stock: u64) -> bool {
    let open = |done: &[bool]| steps.iter().zip(done).any(|(step, done)| !done && step.until < Nanos::MAX);
    if !open(done) {
        return true;
    }
    let first_end = steps.iter().zip(&*done).filter(|(_, done)| !**done).map(|(step, _)| step.until).min();
    for index in 0..steps.len() {
        if done[index] || first_end.is_some_and(|end| steps[index].from > end) {
            continue;
        }
        // From nothing, the restock may come first.
        for stock in if stock == 0 { vec![0, 4] } else { vec![stock] } {
            let next = match steps[index].effect {
                StockEffect::Sell(pieces) => stock.checked_sub(pieces),
                StockEffect::See(seen) => (seen == stock).then_some(stock),
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
