//! Queries while others order.

use anyhow::Result;

use super::{Bench, Contestant, median, ratio, take_turns};
use crate::contestants::store::Shape;
use crate::report::{ms, rate};

const CLIENTS: usize = 256;

/// Of a hundred requests.
const ORDERS: u32 = 20;

/// As many products as the cache keeps by default; queries and orders are of the same ones.
const PRODUCTS: usize = 10;

/// Measures and reports.
///
/// # Errors
/// When the store does not start or breaks.
pub fn run(bench: &mut Bench) -> Result<()> {
    let mut rows = Vec::new();
    for shape in [Shape::Five, Shape::Up] {
        let store = bench.store(if shape == Shape::Five { "mixed-five" } else { "mixed-up" }, shape)?;
        let names = &bench.product_names()[..PRODUCTS.min(bench.products)];
        let (alone, mixed) = (store.queries(names), store.mixed(names, ORDERS));
        let mut contestants = [
            Contestant::new("queries alone", "", |plan| alone.measure(plan)),
            Contestant::new("queries among orders", "", |plan| mixed.measure(plan)),
        ];
        let outcomes = take_turns(&mut contestants, &bench.plan(CLIENTS), bench.rounds)?;
        for (label, rounds) in ["queries alone", "80 % queries, 20 % orders"].iter().zip(&outcomes) {
            for (kind, name) in ["queries", "orders"].iter().enumerate().take(rounds[0].kinds.len()) {
                let of = |value: &dyn Fn(&crate::load::Series) -> f64| {
                    median(rounds.iter().map(|outcome| value(&outcome.kinds[kind])))
                };
                rows.push(vec![
                    format!("{}: {label}: {name}", shape.label()),
                    rate(of(&crate::load::Series::rate)),
                    ms(of(&|series| series.ms(0.5))),
                    ms(of(&|series| series.ms(0.99))),
                    rounds.iter().map(|outcome| outcome.kinds[kind].failed).sum::<u64>().to_string(),
                ]);
            }
        }
        let grown = ratio(&outcomes[1], &outcomes[0], |outcome| outcome.kinds[0].ms(0.99));
        bench.report.bar(
            format!("p99 of queries among orders ÷ of queries alone, {}", shape.label()),
            format!("{grown:.2}"),
            "≤ 3",
            grown <= 3.0,
        );
    }
    bench.report.text(&format!(
        "## Queries among orders\n\n{CLIENTS} connections, {PRODUCTS} products for both; {} rounds of {} s in turn, medians.\n",
        bench.rounds,
        bench.length.as_secs()
    ))?;
    bench.report.table(&["load", "a second", "p50 ms", "p99 ms", "refused"], &rows)
}
